"""Finds a Chromium for the browser tests, or installs one: `python -m tests.browser.find [--install]`.

In this order: CIRCLES_CHROMIUM, a browser on the PATH, playwright's own download, and with --install a new
download by playwright, then (Debian or Ubuntu, as root) the system's package. Prints the path, or the command
to type.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Debian's build without windows comes first: it is the same engine, and three times as quick to test with.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = NAMES[:2]
TYPE_THIS = """No Chromium was found, and none could be installed. Type one of these, then `make test` again:
  .venv/bin/python -m playwright install --with-deps chromium
  sudo apt-get install chromium-headless-shell   (or chromium)
or name one you have: CIRCLES_CHROMIUM=/path/to/chromium make test"""


class NoBrowser(Exception):
    """There is no browser, and what could be tried to get one did not work."""


def chromium() -> str:
    """The path of a Chromium that starts. Raises NoBrowser where there is none."""
    for path in candidates():
        if starts(path):
            return path
    raise NoBrowser(TYPE_THIS)


def candidates() -> Iterator[str]:
    """Every place where a Chromium may be, best first. A named one is the only one."""
    named = os.environ.get("CIRCLES_CHROMIUM")
    if named:
        yield named
        return
    yield from filter(None, map(shutil.which, NAMES))
    downloaded = playwright_path()
    if downloaded:
        yield downloaded


def playwright_path() -> str:
    """Where playwright's own download lies, or nothing. Asked in another process: here a loop may run."""
    ask = (
        "from playwright.sync_api import sync_playwright as start\n"
        "with start() as one: print(one.chromium.executable_path)"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    path = said.stdout.strip()
    return path if path and Path(path).exists() else ""


def starts(path: str) -> bool:
    """Whether this program starts and says a version."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and any(part[:1].isdigit() for part in said.stdout.split())


def install() -> str:
    """Find a Chromium, or try each way of installing one. Raises NoBrowser when nothing works."""
    for attempt in (None, by_playwright, by_apt):
        if attempt:
            attempt()
        try:
            return chromium()
        except NoBrowser:
            if os.environ.get("CIRCLES_CHROMIUM"):
                raise NoBrowser("CIRCLES_CHROMIUM names no browser that starts.") from None
    raise NoBrowser(TYPE_THIS)


def by_playwright() -> None:
    """Let playwright download its own Chromium."""
    _say_and_run([sys.executable, "-m", "playwright", "install", "chromium"])


def by_apt() -> None:
    """Debian and Ubuntu, as root: the system's package."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _say_and_run(["apt-get", "update"])
        for package in PACKAGES:
            _say_and_run(["apt-get", "install", "-y", "--no-install-recommends", package])
            if shutil.which(package):
                return


def _say_and_run(command: list[str]) -> None:
    """Run a program with all it says on stderr: stdout is for the path alone."""
    print("No Chromium found; trying:", " ".join(command), file=sys.stderr, flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, stdout=sys.stderr, check=False, env=quietly)


def main(find: Callable[[], str]) -> None:
    """Print the path, or end with the command to type."""
    try:
        print(find())
    except NoBrowser as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(install if "--install" in sys.argv[1:] else chromium)
