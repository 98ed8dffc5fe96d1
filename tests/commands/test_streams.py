"""Commands whose standard output or error is closed, full, or read by nobody, and commands that are interrupted."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from circles import __main__ as commands

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(database_url: str) -> Run:
    """Runs a line of a shell, in which circles is the program, on this test's database."""

    def run(line: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CIRCLES_")}
        more = {
            "DATABASE_URL": database_url,
            "CIRCLES_ENV_FILE": "",
        }
        return subprocess.run(
            ["sh", "-c", f'circles() {{ {shlex.quote(sys.executable)} -m circles "$@"; }}; {line}'],
            cwd=ROOT,
            env=kept | more,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize("command", ["--help", "check", "jobs"])
def test_an_output_that_nobody_reads_is_no_fault(shell: Run, command: str) -> None:
    """As with `| head`. The reader has closed its end before the command starts, so every write finds that."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = shell(f"circles {command}", stdout=writing)
    os.close(writing)
    assert ran.returncode == 141 or command == "--help"  # argparse itself passes over it
    assert "Traceback" not in ran.stderr
    assert "exception" not in ran.stderr


def test_an_output_that_cannot_be_written_is_said(shell: Run) -> None:
    ran = shell("circles check >/dev/full")
    assert ran.returncode == 1
    assert "The output cannot be written: No space left on device." in ran.stderr
    assert "exception" not in ran.stderr


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "2>/dev/full"])
def test_a_command_needs_no_standard_error(shell: Run, closed: str) -> None:
    ran = shell(f"circles check {closed}")
    assert ran.returncode == 0
    assert ran.stdout.startswith("holds ")
    assert "BROKEN" not in ran.stdout


def test_closed_streams_are_given_to_no_connection(shell: Run) -> None:
    assert shell("circles check <&- >&- 2>&-").returncode == 0


@pytest.mark.parametrize(("command", "status"), [("check", 130), ("migrate", 130), ("serve", 0), ("work", 0)])
def test_what_was_interrupted_is_not_done(monkeypatch: pytest.MonkeyPatch, command: str, status: int) -> None:
    """A script goes on after status 0: `migrate && restart`. A service that is told to stop has done its work."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run_command", interrupted)
    monkeypatch.setattr(commands.signal, "signal", lambda *_: None)
    assert commands.main([command]) == status


def test_an_interrupt_during_the_imports_shows_no_traceback() -> None:
    """The first import of the command line sends it; what it imports afterwards is never reached."""
    program = (
        "import os, runpy, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'circles.base.errors': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "runpy.run_module('circles', run_name='__main__', alter_sys=True)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (-signal.SIGINT, "")
