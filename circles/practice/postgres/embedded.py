"""The embedded PostgreSQL: started for practice and for the tests when no DATABASE_URL names another one.

It listens only on a socket in a private folder. A file lock held by the running Circles marks the data as in use;
the server and files left by a killed Circles are removed by the next start.
"""

from __future__ import annotations

import ctypes
import fcntl
import locale
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import quote

from circles.practice.postgres.location import DatabaseRefused, Location, choose_location, find_programs

VERSION = "16"
START_TIMEOUT = 120.0  # seconds to start: after a crash the log is replayed first
MAX_SOCKET_PATH = 100  # bytes; systems allow 104 to 108
MAX_LOG = 5_000_000  # bytes after which the log is truncated
SOCKETS = "circles-db-"
SETUP = Path(__file__).resolve().parents[3] / "sql" / "setup" / "embedded.sql"

# No network, UTC, and a log without personal data: errors of statements are left out, since their texts hold values.
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "random_page_cost": "1.1",  # of a solid-state disk; the default is of one that turns
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
}


class Embedded:
    """A running embedded database. url: its address for asyncpg; pid: of its server process."""

    def __init__(self, location: Location, lock: int) -> None:
        self._location = location
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    @classmethod
    def start(cls, data_dir: Path, *, report: Callable[[str], object] = print) -> Embedded:
        """Start the database of a data folder, creating it when there is none, and wait until it is ready.

        Raises DatabaseRefused.
        """
        location = choose_location(data_dir, report)
        database = cls(location, take_lock(location.home, data_dir))
        try:
            stop_orphan(location.cluster)
            programs = find_programs(location)
            if not location.cluster.exists():
                report("Preparing the database; this happens once ...")
                initialize(location, programs)
            check_version(location.cluster)
            database._launch(programs)
        except BaseException:
            database.stop()
            raise
        return database

    @property
    def url(self) -> str:
        return _address(str(self._sockets))

    @property
    def pid(self) -> int:
        if self._child is None:
            raise DatabaseRefused("The embedded database is not running.")
        return self._child.pid

    def _launch(self, programs: Path) -> None:
        """Start the server; try again while the workers of a killed one are still ending."""
        sockets = self._sockets = make_socket_folder(self._location)
        options = {**OPTIONS, "unix_socket_directories": f'"{sockets}"'}
        command = [str(programs / "postgres"), "-D", str(self._location.cluster)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            with open_log(self._location) as log:
                begin = log.tell()
                self._child = start_program(command, self._location, stdout=log, stderr=log)
            if self._wait_ready(deadline):
                return
            output = self._location.log.read_bytes()[begin:].decode(errors="replace")
            if "pre-existing shared memory" not in output or time.monotonic() > deadline:
                raise DatabaseRefused(f"The database did not start. It says:\n{output[-1500:]}")
            time.sleep(0.3)

    def _wait_ready(self, deadline: float) -> bool:
        """Wait for the server. Returns whether it is ready; False once it ended or the deadline passed."""
        child = self._child
        while child is not None and child.poll() is None and time.monotonic() < deadline:
            lines = read_pid_file(self._location.cluster)
            if len(lines) > 7 and lines[0] == str(child.pid) and lines[7] == "ready":
                return True
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """Stop the database after a checkpoint. Idempotent."""
        if self._child is not None:
            for signal_number, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
                self._child.send_signal(signal_number)
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


def _address(sockets: str) -> str:
    return f"postgresql://circles@/circles?host={quote(sockets, safe='/')}&port={OPTIONS['port']}"


def running(data_dir: Path) -> str | None:
    """The address of the database that another process runs on this data, if there is one."""
    if not data_dir.is_dir():
        return None
    location = choose_location(data_dir, lambda _: None)
    try:
        os.close(take_lock(location.home, data_dir))
    except DatabaseRefused:
        lines = read_pid_file(location.cluster)
        return _address(lines[4]) if len(lines) > 7 and lines[7] == "ready" else None
    return None


def take_lock(home: Path, data_dir: Path) -> int:
    """Take the file lock of a database's home. Raises DatabaseRefused when another process holds it."""
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


def start_program(command: list[str], location: Location, **streams: Any) -> subprocess.Popen[bytes]:
    """Start a program as the database's account, in a process group of its own, which Ctrl-C does not reach."""
    isolation: dict[str, Any] = {
        "preexec_fn": end_with_parent,
        "cwd": "/",
        "env": {"PATH": os.defpath, "LC_ALL": "C"},
        "start_new_session": True,
    }
    # With a function to call in the child, Python runs its own functions around the fork, and an interrupt during those
    # is lost. So signals wait until the child is there.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    child = None
    try:
        child = subprocess.Popen[bytes](
            command, **isolation, **location.account.process_arguments(), **streams
        )
        return child
    except OSError as error:
        raise DatabaseRefused(f"The database could not be started: {error.strerror}.") from error
    finally:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        except BaseException:  # the interrupt that waited: nobody would know of the child
            if child is not None:
                child.kill()
                child.wait()
            raise


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_with_parent() -> None:
    """In a new child: take signals again, and have Linux stop it (a fast shutdown) when its parent is killed.

    Called after the change of the account, which would undo it (prctl(2), PR_SET_PDEATHSIG). Elsewhere the next start
    stops what is left.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def initialize(location: Location, programs: Path) -> None:
    """Create the data under a temporary name, then rename it: an interrupted start leaves no half database."""
    for unfinished in location.folder.glob("cluster.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    new = location.folder / f"cluster.new-{os.getpid()}"
    encoding = ["--locale=C", f"--lc-ctype={unicode_ctype()}", "--encoding=UTF8"]
    access = ["--username=circles", "--auth-local=trust", "--auth-host=reject"]
    run([str(programs / "initdb"), "--no-instructions", *encoding, *access, "-D", str(new)], location)
    run([str(programs / "postgres"), "--single", "-D", str(new), "template1"], location, SETUP.read_bytes())
    new.rename(location.cluster)


def unicode_ctype() -> str:
    """The first available locale with Unicode letters, so that É and é compare as one letter."""
    before = locale.setlocale(locale.LC_CTYPE)
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            locale.setlocale(locale.LC_CTYPE, before)
            return name
    return "C"


def run(command: list[str], location: Location, stdin: bytes = b"") -> None:
    """Run a program to its end. Raises DatabaseRefused with its output when it fails."""
    child = start_program(
        command, location, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        output = child.communicate(stdin)[0].decode(errors="replace")
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if child.returncode or "ERROR:" in output:
        raise DatabaseRefused(
            f"The database could not be prepared. {Path(command[0]).name} says:\n{output[-1500:]}"
        )


def check_version(cluster: Path) -> None:
    """Raise DatabaseRefused for data that another version of PostgreSQL wrote."""
    version = (cluster / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise DatabaseRefused(
            f"The data in {cluster} was written by PostgreSQL {version}; this Circles brings {VERSION}. Go "
            "back to the Circles that wrote it, or move the data to another PostgreSQL and set DATABASE_URL."
        )


def make_socket_folder(location: Location) -> Path:
    """A new short folder for the socket, which only the database's account (and root) may enter."""
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        too_long = len(os.fsencode(base)) + len(SOCKETS) + len("12345678/.s.PGSQL.5432") > MAX_SOCKET_PATH
        if too_long or set(base) & set(',"\\'):
            continue
        try:
            folder = Path(tempfile.mkdtemp(prefix=SOCKETS, dir=base))
        except OSError:
            continue
        location.account.take_over(folder)
        if location.account.may_enter(folder):
            return folder
        folder.rmdir()
    raise DatabaseRefused("There is no folder for the database's socket. Set TMPDIR to a short path.")


def open_log(location: Location) -> BinaryIO:
    """Open the database's log for appending, truncated when it is longer than MAX_LOG."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    handle = os.fdopen(os.open(location.log, flags, 0o600), "ab")
    if handle.tell() > MAX_LOG:
        handle.truncate(0)
    if location.account.is_other:
        os.fchown(handle.fileno(), location.account.uid, location.account.gid)
    return handle


def read_pid_file(cluster: Path) -> list[str]:
    """The lines a running server writes: its process first, its socket's folder fifth, its state eighth."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def stop_orphan(cluster: Path) -> None:
    """Stop the server of a Circles that was killed and remove its socket. The caller must hold the lock."""
    lines = read_pid_file(cluster)
    if len(lines) < 5 or not lines[0].isdigit():
        return
    pid = int(lines[0])
    for signal_number, seconds in ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if not is_server(pid, cluster):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        _wait_gone(pid, cluster, seconds)
    sockets = Path(lines[4])
    if sockets.name.startswith(SOCKETS) and not sockets.is_symlink():
        shutil.rmtree(sockets, ignore_errors=True)
    claim_pid_file(cluster, pid)


def _wait_gone(pid: int, cluster: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while is_server(pid, cluster) and time.monotonic() < end:
        time.sleep(0.02)


def is_server(pid: int, cluster: Path) -> bool:
    """Whether a process is the PostgreSQL server of this data. One that ended but was not reaped is not."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
        command = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
    return b"postgres" in command and os.fsencode(cluster) in command


def claim_pid_file(cluster: Path, pid: int) -> None:
    """Write our own process id to the PID file of a dead server whose id another process has by now.

    PostgreSQL would otherwise refuse to start. It accepts its parent's id, and still checks for remaining workers.
    """
    lines = read_pid_file(cluster)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        if lines and lines[0] == str(pid):
            handle = os.open(cluster / "postmaster.pid", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
            with os.fdopen(handle, "w") as pid_file:
                pid_file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
