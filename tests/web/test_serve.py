"""The server process: start, signals, shutdown, with its own database."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from circles import __main__ as commands
from circles.base.settings import Settings
from circles.commands import server
from tests.helpers import free_port

ROOT = Path(__file__).resolve().parents[2]


class Site:
    """One data folder and port, and the process that serves them."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def run(self, command: str = "serve", **environment: str) -> subprocess.Popen[str]:
        """Start a command on this data and port."""
        ours = {n: v for n, v in os.environ.items() if not n.startswith("CIRCLES_") and n != "DATABASE_URL"}
        given = {"PORT": str(self.port), "DATA_DIR": str(self.folder / "my data"), "CIRCLES_ENV_FILE": ""}
        return subprocess.Popen(
            [sys.executable, "-m", "circles", *command.split()],
            cwd=ROOT, env={**ours, **given, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def start(self) -> None:
        """Serve, until /readyz says yes."""
        begun = time.monotonic()
        self.process = self.run()
        while time.monotonic() < begun + 90:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=60) as answer:
                    assert answer.status == 200
                    return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, self.process.communicate()
                time.sleep(0.02)
        raise AssertionError("the site did not come up")

    def stop(self, sign: signal.Signals) -> tuple[int, str, str]:
        """Send a signal; status, and what was said on stdout and stderr. Fails where it takes a minute."""
        assert self.process is not None
        self.process.send_signal(sign)
        said, complained = self.process.communicate(timeout=60)
        which = f"The embedded database in {self.folder / 'my data'}.\n"
        assert complained.startswith(which)
        return self.process.returncode, said, complained.removeprefix(which)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that is not started yet; whatever is left of it is put away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="circles serve "))
    folder.chmod(0o755)
    found = Site(folder)
    # A suite that runs in the background ignores Ctrl-C, and would hand that on to the sites it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield found
    signal.signal(signal.SIGINT, before)
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.communicate()
    found.run("check").communicate()  # starts the database once more and stops it, if a test left it running
    shutil.rmtree(folder)


def test_it_serves_prints_its_url_and_stops_with_everything(site: Site) -> None:
    site.start()
    same_port = site.run()
    other_port = site.run(PORT=str(free_port()))
    checking = site.run("check")
    assert f"Port {site.port} is in use" in same_port.communicate()[1]
    assert "Another Circles is running on the data" in other_port.communicate()[1]
    assert "BROKEN" not in checking.communicate()[0]
    assert [one.returncode for one in (same_port, other_port, checking)] == [1, 1, 0]

    idle = socket.create_connection(("127.0.0.1", site.port))
    status, said, complained = site.stop(signal.SIGINT)
    idle.close()
    assert status == 0
    assert f"is at http://127.0.0.1:{site.port}\n" in said
    assert "no card is charged and no mail leaves" in said
    assert "Ctrl-C stops it.\n" in said
    assert complained == ""
    assert not (site.folder / "my data" / "postgres" / "cluster" / "postmaster.pid").exists()

    site.start()
    status, said, complained = site.stop(signal.SIGTERM)
    assert (status, complained) == (0, "")
    assert "Preparing" not in said
    assert "Planting" not in said


def test_a_killed_site_starts_again(site: Site) -> None:
    site.start()
    status, *_ = site.stop(signal.SIGKILL)
    assert status == -signal.SIGKILL
    site.start()
    status, _, complained = site.stop(signal.SIGINT)
    assert (status, complained) == (0, "")


def test_ctrl_c_during_the_first_start_leaves_nothing_half_done(site: Site) -> None:
    site.process = site.run()
    assert site.process.stdout is not None
    assert "Preparing" in site.process.stdout.readline()
    status, _, complained = site.stop(signal.SIGINT)
    assert "Traceback" not in complained
    assert status == 0
    site.start()
    assert site.stop(signal.SIGINT)[0] == 0


def test_a_port_in_use_is_reported_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(port=taken.getsockname()[1], data_dir=tmp_path / "data")
        with pytest.raises(server.PortRefused, match=f"Port {settings.port} is in use"):
            server.listen(settings)
    assert not (tmp_path / "data").exists()


@pytest.fixture
def signals() -> Iterator[None]:
    """The commands take signals for themselves; give them back."""
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


@pytest.mark.usefixtures("signals")
def test_wrong_settings_are_listed_all_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("CIRCLES_POOL_SIZE", "0")
    assert commands.main(["serve"]) == 1
    said = capsys.readouterr().err
    assert "PORT must be a whole number from 1 to 65535, not 'eighty'." in said
    assert "CIRCLES_POOL_SIZE must be a whole number from 1 to 50" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("signals")
def test_production_without_its_settings_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CIRCLES_MODE", "production")
    assert commands.main(["serve"]) == 1
    assert capsys.readouterr().err.startswith("Production needs: DATABASE_URL, ")
    monkeypatch.setenv("CIRCLES_MODE", "practice")
    monkeypatch.setenv("CIRCLES_STRIPE_SECRET_KEY", "sk_live_123")
    assert commands.main(["demo"]) == 1
    assert "live Stripe key" in capsys.readouterr().err
