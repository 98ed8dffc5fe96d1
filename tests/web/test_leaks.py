"""Nothing that an exception says reaches a log: real processes, in which everything fails with a row in its text."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.leaking import SECRET
from tests.web.test_serve import ROOT, free_port

FORMATS = [{}, {"JSON": "1"}]
PATIENCE = 60


class Program:
    """A command of the site in which everything fails, on a database and with a format of the log."""

    def __init__(
        self, database_url: str, folder: Path, form: dict[str, str], command: str, leaks: str
    ) -> None:
        self.port = free_port()
        self.folder = folder
        environment = {"DATABASE_URL": database_url, "PORT": str(self.port), "DATA_DIR": str(folder)}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.web.leaking", command],
                cwd=ROOT,
                env={**os.environ, **environment, **form, "LEAKS": leaks},
                stdout=out,
                stderr=err,
            )

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 where the connection ended in between."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, type(error).__name__

    def wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while self.get("/readyz")[0] != 200:
            assert self.process.poll() is None, self.read()
            assert time.monotonic() < end
            time.sleep(0.05)

    def wait_for(self, events: set[str]) -> None:
        end = time.monotonic() + PATIENCE
        while not events <= set(json.loads(self.get("/leak/what_happened")[1])):
            assert time.monotonic() < end
            time.sleep(0.1)

    def end(self) -> tuple[str, list[str]]:
        """What it wrote in all, and the lines of standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.read()

    def read(self) -> tuple[str, list[str]]:
        self.process.wait(timeout=2 * PATIENCE)
        err = (self.folder / "err").read_text()
        return (self.folder / "out").read_text() + err, err.splitlines()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A suite that runs in the background ignores Ctrl-C, and would hand that on to what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def assert_format(lines: list[str], form: dict[str, str]) -> None:
    """Each line is one JSON object in the format of production, and none in that of practice mode."""
    for line in lines:
        if form:
            assert {"event", "level", "logger", "timestamp"} <= json.loads(line).keys()
        else:
            assert not line.startswith((" ", "Traceback", "{"))


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("form", FORMATS, ids=["practice", "production"])
def test_a_site_in_which_everything_fails(database_url: str, tmp_path: Path, form: dict[str, str]) -> None:
    site = Program(database_url, tmp_path, form, "serve", "stop")
    try:
        site.wait_until_ready()
        for path in ("/leak/handler", "/leak/middleware"):
            status, text = site.get(path)
            assert status == 500
            assert SECRET not in text
        site.get("/leak/streaming")
        assert site.get("/leak/background") == (200, "sent")
        assert site.get("/leak/others") == (200, "done")
        assert site.get("/leak/behind")[0] == 200
        site.wait_for({"job", "timetable"})
    finally:
        text, lines = site.end()
    assert SECRET not in text
    assert_format(lines, form)
    logged = {
        "unexpected": 4,
        "job failed": 1,
        "a timetable entry failed": 1,
        "starting or stopping failed": 1,
        "Task exception was never retrieved": 1,
        "a thread ended by an exception": 1,
        "an exception that could not be raised": 1,
        "a warning of Python": 1,
        "a message of a library": 4,
    }
    assert {event: text.count(event) >= count for event, count in logged.items()} == dict.fromkeys(
        logged, True
    )
    assert text.count("UniqueViolationError") >= 12


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("form", FORMATS, ids=["practice", "production"])
@pytest.mark.parametrize(("command", "leaks"), [("serve", "start"), ("check", "")])
def test_a_start_or_a_command_that_fails(
    database_url: str, tmp_path: Path, form: dict[str, str], command: str, leaks: str
) -> None:
    text, lines = Program(database_url, tmp_path, form, command, leaks).read()
    assert SECRET not in text
    assert "UniqueViolationError" in text
    assert "Traceback" not in text
    assert_format(lines if command == "check" else lines[:1], form)
