"""Makes .venv and fills it from a lock: `python scripts/setup.py runtime` or `dev`. Standard library only.

A stamp per lock says what .venv holds. It is taken away before anything is installed and written after, so
whatever interrupts the installing leaves no stamp, and the next run makes .venv anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(root: Path, kind: str) -> None:
    """Bring root/.venv to what requirements/<kind>.txt says. Does nothing when it already is."""
    with alone(root):
        wanted = fingerprint(root, kind)
        if stamp(root, kind) == wanted and starts(root):
            return
        if not (stamp(root, "runtime") and starts(root)):
            make(root)
        fill(root, kind)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold a lock on the requirements folder: two makes at once must not fill one .venv."""
    handle = os.open(root / "requirements", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def fingerprint(root: Path, kind: str) -> str:
    """What a stamp must say: the lock's hash and the Python the packages were chosen for."""
    lock = (root / "requirements" / f"{kind}.txt").read_bytes()
    return f"{hashlib.sha256(lock).hexdigest()} {sys.version[:4]}"


def stamp(root: Path, kind: str) -> str:
    """What .venv was last filled with, or nothing."""
    try:
        return stamp_path(root, kind).read_text()
    except OSError:
        return ""


def stamp_path(root: Path, kind: str) -> Path:
    """Where the stamp of one lock lies."""
    return root / ".venv" / f"{kind}.stamp"


def starts(root: Path) -> bool:
    """Whether .venv has a Python that starts and is of the version asked for."""
    ask = "import sys; from importlib.util import find_spec as f; print(sys.version[:4], bool(f('pip')))"
    try:
        said = subprocess.run([python(root), "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.stdout == f"{sys.version[:4]} True\n"


def python(root: Path) -> str:
    """The Python of .venv."""
    return str(root / ".venv" / "bin" / "python")


def make(root: Path) -> None:
    """A new, empty .venv with pip. What stood there is cleared away."""
    print("Making .venv ...", flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(root / ".venv")
    except subprocess.CalledProcessError:
        sys.exit("Python's venv has no pip to give. On Debian or Ubuntu: apt-get install python3-venv")


def fill(root: Path, kind: str) -> None:
    """Install a lock, with no stamp standing while that lasts."""
    for one in ("runtime", "dev"):
        stamp_path(root, one).unlink(missing_ok=True)
    install(root, kind)
    write_stamps(root, kind)


def install(root: Path, kind: str) -> None:
    """Install exactly what the lock says; every file is checked against its hash."""
    lock = root / "requirements" / f"{kind}.txt"
    print(
        f"Installing {lock.read_text().count('==')} locked packages into .venv (this happens once) ...",
        flush=True,
    )
    # Without --no-compile pip compiles every file of every package, which takes longer than all the rest.
    checked = ["--no-deps", "--require-hashes", "--no-compile"]
    quiet = ["-qq", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore"]
    command = [python(root), "-m", "pip", "install", *checked, *quiet, "--requirement", str(lock)]
    if subprocess.run(command, check=False).returncode:
        sys.exit("The packages could not be installed; pip says why above. The same command tries again.")


def write_stamps(root: Path, kind: str) -> None:
    """Say what .venv holds now. The dev lock holds everything of the runtime lock, at the same versions."""
    for one in ("runtime", "dev") if kind == "dev" else ("runtime",):
        stamp_path(root, one).write_text(fingerprint(root, one))


if __name__ == "__main__":
    main(ROOT, sys.argv[1])
