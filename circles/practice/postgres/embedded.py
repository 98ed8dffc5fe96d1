"""The embedded PostgreSQL: started for practice and for the tests when no DATABASE_URL names another one.

It listens on no network, only on a socket in a folder that nobody else may enter. A lock held by the running
Circles says whether the data is in use; what a killed Circles left behind is cleared up by the next start.
"""

from __future__ import annotations

import fcntl
import locale
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import quote

from circles.practice.postgres import place as postgres_place
from circles.practice.postgres.place import DatabaseRefused, Place

VERSION = "16"
PATIENCE = 120.0  # seconds a database may take to come up: after a crash it replays its log first
SOCKET_MOST = 100  # bytes of a socket's path; systems allow 104 to 108
LOG_MOST = 5_000_000  # bytes after which the log is begun anew
SOCKETS = "circles-db-"
SETUP = Path(__file__).resolve().parents[3] / "sql" / "setup" / "embedded.sql"

# No network, UTC, and a log without what people wrote: neither statements nor the values in their details.
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Embedded:
    """A running embedded database. `url` is what asyncpg connects with."""

    def __init__(self, place: Place, lock: int) -> None:
        self._place = place
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    @classmethod
    def start(cls, data_dir: Path, *, say: Callable[[str], object] = print) -> Embedded:
        """Start the database of a data folder, making it when there is none, and wait until it answers.

        Raises DatabaseRefused, whose text is for the person who started Circles.
        """
        place = postgres_place.choose(data_dir, say)
        database = cls(place, take_lock(place.home, data_dir))
        try:
            stop_orphan(place.cluster)
            programs = postgres_place.programs(place)
            if not place.cluster.exists():
                say("Preparing the database; this happens once ...")
                initialise(place, programs)
            check_version(place.cluster)
            database._launch(programs)
        except BaseException:
            database.stop()
            raise
        return database

    @property
    def url(self) -> str:
        """The address of the database, as asyncpg reads it."""
        return (
            f"postgresql://circles@/circles?host={quote(str(self._sockets), safe='/')}&port={OPTIONS['port']}"
        )

    @property
    def pid(self) -> int:
        """The process of the running database."""
        if self._child is None:
            raise DatabaseRefused("The embedded database is not running.")
        return self._child.pid

    def _launch(self, programs: Path) -> None:
        """Start the server. The workers of a killed one may need a moment to leave: then try again."""
        sockets = self._sockets = make_socket_folder(self._place)
        options = {**OPTIONS, "unix_socket_directories": f'"{sockets}"'}
        command = [str(programs / "postgres"), "-D", str(self._place.cluster)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        patience = time.monotonic() + PATIENCE
        while True:
            with open_log(self._place) as log:
                begin = log.tell()
                self._child = popen(command, self._place, stdout=log, stderr=log)
            if self._answers(patience):
                return
            said = self._place.log.read_bytes()[begin:].decode(errors="replace")
            if "pre-existing shared memory" not in said or time.monotonic() > patience:
                raise DatabaseRefused(f"The database did not start. It says:\n{said[-1500:]}")
            time.sleep(0.3)

    def _answers(self, patience: float) -> bool:
        """Wait until the server says it is ready; False when it has ended or patience has."""
        child = self._child
        while child is not None and child.poll() is None and time.monotonic() < patience:
            lines = read_pid_file(self._place.cluster)
            if len(lines) > 7 and lines[0] == str(child.pid) and lines[7] == "ready":
                return True
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """Stop the database: it ends what is open, writes everything down and is gone. Twice does no harm."""
        if self._child is not None:
            for sign, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                self._child.send_signal(sign)
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(seconds)
                    break
            self._child = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Embedded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def address(sockets: str) -> str:
    """The address of the database whose socket lies in a folder."""
    return f"postgresql://circles@/circles?host={quote(sockets, safe='/')}&port={OPTIONS['port']}"


def running(data_dir: Path) -> str | None:
    """The address of the database that a running Circles keeps on this data, if there is one."""
    if not data_dir.is_dir():
        return None
    place = postgres_place.choose(data_dir, lambda _: None)
    try:
        os.close(take_lock(place.home, data_dir))
    except DatabaseRefused:
        lines = read_pid_file(place.cluster)
        return address(lines[4]) if len(lines) > 7 and lines[7] == "ready" else None
    return None


def take_lock(home: Path, data_dir: Path) -> int:
    """Hold the lock of a database's home until the process ends.

    Raises DatabaseRefused when another process holds it.
    """
    handle = os.open(home / "postgres.lock", os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise DatabaseRefused(
            f"Another Circles is running on the data in {data_dir}. Stop it first, or choose another folder "
            "and port: make run DATA_DIR=.data2 PORT=8001"
        ) from error
    return handle


def popen(command: list[str], place: Place, **streams: Any) -> subprocess.Popen[bytes]:
    """Start one of PostgreSQL's programs as its account, apart from our terminal: Ctrl-C is for us alone."""
    apart: dict[str, Any] = {
        "cwd": "/",
        "env": {"PATH": os.defpath, "LC_ALL": "C"},
        "start_new_session": True,
    }
    try:
        return subprocess.Popen[bytes](command, **apart, **place.account.run_as(), **streams)
    except OSError as error:
        raise DatabaseRefused(f"The database could not be started: {error.strerror}.") from error


def initialise(place: Place, programs: Path) -> None:
    """Make the data in a folder beside, then give it its name: what is interrupted never has that name."""
    for left in place.folder.glob("cluster.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = place.folder / f"cluster.new-{os.getpid()}"
    letters = ["--locale=C", f"--lc-ctype={letters_known()}", "--encoding=UTF8"]
    access = ["--username=circles", "--auth-local=trust", "--auth-host=reject"]
    run([str(programs / "initdb"), "--no-instructions", *letters, *access, "-D", str(new)], place)
    run([str(programs / "postgres"), "--single", "-D", str(new), "template1"], place, SETUP.read_bytes())
    new.rename(place.cluster)


def letters_known() -> str:
    """The first locale of this machine that knows letters beyond a to z, so that É and é are one letter."""
    before = locale.setlocale(locale.LC_CTYPE)
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            locale.setlocale(locale.LC_CTYPE, before)
            return name
    return "C"


def run(command: list[str], place: Place, given: bytes = b"") -> None:
    """Run one of PostgreSQL's programs. Raises DatabaseRefused, with what it said, when it fails."""
    child = popen(command, place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = child.communicate(given)[0].decode(errors="replace")
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if child.returncode or "ERROR:" in said:
        raise DatabaseRefused(
            f"The database could not be prepared. {Path(command[0]).name} says:\n{said[-1500:]}"
        )


def check_version(cluster: Path) -> None:
    """Refuse data that another version of PostgreSQL wrote."""
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != VERSION:
        raise DatabaseRefused(
            f"The data in {cluster} was written by PostgreSQL {found}; this Circles brings {VERSION}. Go "
            "back to the Circles that wrote it, or move the data to another PostgreSQL and set DATABASE_URL."
        )


def make_socket_folder(place: Place) -> Path:
    """A new short folder for the socket, which only the database's account (and root) may enter."""
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        too_long = len(os.fsencode(base)) + len(SOCKETS) + len("12345678/.s.PGSQL.5432") > SOCKET_MOST
        if too_long or set(base) & set(',"\\'):
            continue
        try:
            folder = Path(tempfile.mkdtemp(prefix=SOCKETS, dir=base))
        except OSError:
            continue
        place.account.give(folder)
        if place.account.may_enter(folder):
            return folder
        folder.rmdir()
    raise DatabaseRefused("There is no folder for the database's socket. Set TMPDIR to a short path.")


def open_log(place: Place) -> BinaryIO:
    """Open the database's log to write on, begun anew when it has grown large."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    handle = os.fdopen(os.open(place.log, flags, 0o600), "ab")
    if handle.tell() > LOG_MOST:
        handle.truncate(0)
    if place.account.other:
        os.fchown(handle.fileno(), place.account.uid, place.account.gid)
    return handle


def read_pid_file(cluster: Path) -> list[str]:
    """The lines a running server writes: its process first, its socket's folder fifth, its state eighth."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def stop_orphan(cluster: Path) -> None:
    """Clear up after a Circles that was killed. Call it with the lock held: no server is then in use."""
    lines = read_pid_file(cluster)
    if len(lines) < 5 or not lines[0].isdigit():
        return
    pid = int(lines[0])
    for sign, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if not is_server(pid, cluster):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        wait_gone(pid, cluster, seconds)
    sockets = Path(lines[4])
    if sockets.name.startswith(SOCKETS) and not sockets.is_symlink():
        shutil.rmtree(sockets, ignore_errors=True)
    disown(cluster, pid)


def wait_gone(pid: int, cluster: Path, seconds: float) -> None:
    """Wait until a server has ended, at most so many seconds."""
    end = time.monotonic() + seconds
    while is_server(pid, cluster) and time.monotonic() < end:
        time.sleep(0.02)


def is_server(pid: int, cluster: Path) -> bool:
    """Whether a process is the PostgreSQL server of this data. One that ended but was not reaped is not."""
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
        said = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
    return b"postgres" in said and os.fsencode(cluster) in said


def disown(cluster: Path, pid: int) -> None:
    """Let the server's note of a dead server name us instead, when its number lives on as some other process.

    PostgreSQL would otherwise refuse to start. With its parent in the note it still looks for workers left.
    """
    lines = read_pid_file(cluster)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        if lines and lines[0] == str(pid):
            handle = os.open(cluster / "postmaster.pid", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
            with os.fdopen(handle, "w") as note:
                note.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
