"""What a command says of its database before anything starts: real roles, real servers, and a real pooler."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio
from pydantic import ValidationError

from circles.base.settings import Settings
from circles.commands import database_check
from circles.commands.database_check import DatabaseUnusable, check, check_all, describe
from tests.helpers import free_port


async def why(url: str, *, changes_tables: bool = False) -> str:
    with pytest.raises(DatabaseUnusable) as caught:
        await check(url, pooler=False, changes_tables=changes_tables)
    return str(caught.value)


async def test_a_good_database_has_nothing_doubtful(database_url: str) -> None:
    assert await check(database_url, pooler=False) == []
    [first] = await check_all(Settings(database_url=database_url))
    assert first.startswith("The database ")


def test_a_database_is_described_without_its_password() -> None:
    url = "postgresql://circles:p%40ss@db.example.org:5433/community?sslmode=require"
    assert describe(url) == "community at db.example.org:5433, role circles"


def test_a_database_without_a_name_has_that_of_its_role() -> None:
    assert describe("postgresql://circles@db/") == "circles at db, role circles"


async def test_nothing_listening_is_said() -> None:
    said = await why(f"postgresql://circles:secret@127.0.0.1:{free_port()}/circles")
    assert "nothing listens there" in said
    assert "secret" not in said


async def test_a_database_that_is_not_there_is_said(database_url: str) -> None:
    assert "has no database nowhere" in await why(urlsplit(database_url)._replace(path="/nowhere").geturl())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        # Not a real name: a machine without a name server answers late, or otherwise.
        (socket.gaierror(), "its host name is not known"),
        (asyncpg.InvalidPasswordError(), "refuses this password"),
        (asyncpg.InvalidAuthorizationSpecificationError(), "does not let the role circles in"),
        (asyncpg.TooManyConnectionsError(), "has no connection free"),
        (asyncpg.CannotConnectNowError(), "starting or stopping"),
        (asyncpg.UndefinedObjectError(), "one of the parameters after the ?"),
        (asyncpg.InvalidCatalogNameError(), "has no database circles"),
        (asyncpg.TargetServerAttributeNotMatched("none"), "what target_session_attrs asks for"),
        (ConnectionError("rejected SSL upgrade"), "does not offer TLS"),
        (ConnectionResetError(), "ends the connection at once"),
        (OSError(113, "No route to host"), "No route to host"),
        (OverflowError(), "the address is not one"),
        (TimeoutError(), "does not answer"),
    ],
)
async def test_what_a_server_answers_is_put_into_words(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect(_: str, **__: object) -> None:
        raise error

    monkeypatch.setattr(database_check.db, "connect", connect)
    assert said in await why("postgresql://circles:secret@db.example.org/circles")


@pytest_asyncio.fixture
async def role(database_url: str) -> AsyncIterator[str]:
    """The URL of the same database for a role without any rights."""
    owner = await asyncpg.connect(database_url)
    name = f"reader_{os.getpid()}"
    await owner.execute(f'create role "{name}" login')
    try:
        host = (parse_qs(urlsplit(database_url).query).get("host") or [""])[0]
        yield (
            urlsplit(database_url)._replace(netloc=f"{name}@").geturl()
            if host
            else database_url.replace("circles@", f"{name}@")
        )
    finally:
        await owner.execute(f'drop owned by "{name}"; drop role "{name}"')
        await owner.close()


async def test_a_role_without_rights_is_told_which(role: str) -> None:
    assert "The role may not read and write" in await why(role)
    assert "The role may not create tables" in await why(role, changes_tables=True)


async def test_a_role_without_rights_on_sequences_is_told_which(role: str, database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    name = f"reader_{os.getpid()}"
    await owner.execute(f'grant select, insert, update, delete on all tables in schema public to "{name}"')
    assert "may not read and write pgqueuer" in await why(role)
    await owner.execute(f'grant usage on all sequences in schema public to "{name}"')
    await owner.close()
    assert await check(role, pooler=False) == []


async def test_a_database_that_takes_no_writes_is_refused(database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    name = urlsplit(database_url).path.lstrip("/")
    await owner.execute(f'alter database "{name}" set default_transaction_read_only = on')
    try:
        assert "takes no writes now" in await why(database_url)
    finally:
        await owner.execute("set default_transaction_read_only = off")
        await owner.execute(f'alter database "{name}" reset default_transaction_read_only')
        await owner.close()


@pytest.mark.parametrize(("seconds", "said"), [(61, "ahead of"), (-90, "behind")])
async def test_a_clock_that_is_off_is_said(
    database_url: str, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str
) -> None:
    here = datetime.now(UTC) - timedelta(seconds=seconds)
    monkeypatch.setattr(database_check.time, "time", here.timestamp)
    [doubt] = await check(database_url, pooler=False)
    assert said in doubt


@pytest.fixture
def pooler(database_url: str) -> Iterator[str]:
    """The URL of a PgBouncer in transaction mode in front of this test's database."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed, so no pooler was recognized")
    parts = urlsplit(database_url)
    port = free_port()
    host = (parse_qs(parts.query).get("host") or [parts.hostname or ""])[0]
    target = f"host={host} port={(parse_qs(parts.query).get('port') or [parts.port or 5432])[0]} user=circles"
    with tempfile.TemporaryDirectory(prefix="circles-pooler-") as folder:
        Path(folder).chmod(0o711)  # it runs as another account when we are root
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            "auth_type = any\npool_mode = transaction\nunix_socket_dir =\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        account = (
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        )
        command = [*account, program, "-q", str(settings)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_for(port, process)
            try:
                yield f"postgresql://circles@127.0.0.1:{port}{parts.path}"
            finally:
                process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return
        except ConnectionRefusedError:
            pass
    raise AssertionError("the pooler did not start")


async def test_a_transaction_pooler_without_its_setting_is_refused(pooler: str) -> None:
    assert "Set CIRCLES_POOLER=true" in await why(pooler)
    assert await check(pooler, pooler=True) == []
    with pytest.raises(ValidationError, match="the address of the database itself"):
        Settings(database_url=pooler, pooler=True, worker_database_url=pooler)
    with pytest.raises(DatabaseUnusable, match="where jobs and migrations do not work"):
        await check(pooler, pooler=False, setting="CIRCLES_WORKER_DATABASE_URL")


async def test_the_check_leaves_nothing_behind_in_a_pooler(pooler: str) -> None:
    """The names of prepared statements are the same in each process, so the next one would fail on what is left."""
    for _ in range(2):
        await check(pooler, pooler=True)
    connection = await asyncpg.connect(pooler, statement_cache_size=0)
    try:
        assert await connection.fetch("select name from pg_prepared_statements where name <> ''") == []
    finally:
        await connection.close()


async def test_two_direct_connections_are_no_pooler(database_url: str) -> None:
    """The control: what the check compares differs between direct connections, also at the same time."""
    found = await asyncio.gather(*(check(database_url, pooler=False) for _ in range(4)))
    assert found == [[]] * 4
