"""The migration runner, on databases of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from circles.base.settings import Settings
from circles.commands.opening import prepare
from circles.store import db, migrate
from circles.store.migrate import Applied, MigrationRefused, Step
from tests.database import with_database


@pytest_asyncio.fixture
async def empty(server: str) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    name = f"m_{uuid4().hex}"
    connection = await db.connect(server)
    await connection.execute(f'create database "{name}"')
    yield with_database(server, name)
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations."""
    (tmp_path / "0001_first.sql").write_text(
        "create table first (id integer);\ninsert into first values (1);\n"
    )
    (tmp_path / "0002_second.sql").write_text("create table second (id integer);\n")
    return tmp_path


async def ask(url: str, query: str) -> object:
    """One value from a database."""
    connection = await db.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_the_site_s_own_migrations_apply_once(empty: str) -> None:
    applied = await migrate.migrate(empty)
    assert applied == [step.name for step in migrate.read(migrate.FOLDER)]
    assert applied[0] == "0001_house.sql"
    assert await migrate.migrate(empty) == []
    assert await ask(empty, "select count(*) from pgqueuer") == 0


async def test_a_new_file_is_applied_after_the_others(empty: str, folder: Path) -> None:
    assert await migrate.migrate(empty, folder=folder) == ["0001_first.sql", "0002_second.sql"]
    (folder / "0003_third.sql").write_text("alter table first add name text;")
    assert await migrate.migrate(empty, folder=folder) == ["0003_third.sql"]
    assert await ask(empty, "select count(*) from first where name is null") == 1


async def test_a_failing_file_leaves_nothing_and_keeps_what_came_before(empty: str, folder: Path) -> None:
    second = folder / "0002_second.sql"
    second.write_text("create table second (id integer);\nselect 1 / 0;\n")
    refusal = r"0002_second\.sql failed and nothing of it was kept: DivisionByZeroError"
    with pytest.raises(MigrationRefused, match=refusal):
        await migrate.migrate(empty, folder=folder)
    assert await ask(empty, "select to_regclass('second') is null") is True
    assert await ask(empty, "select count(*) from first") == 1
    second.write_text("create table second (id integer);\n")
    assert await migrate.migrate(empty, folder=folder) == ["0002_second.sql"]


async def test_a_row_in_the_way_is_not_shown(empty: str, folder: Path) -> None:
    """PostgreSQL's text has the row; the refusal, which somebody may paste anywhere, has the constraint."""
    (folder / "0002_second.sql").write_text(
        "create table second (email text);\n"
        "insert into second values ('mira@example.org'), ('mira@example.org');\n"
        "alter table second add constraint email_once unique (email);\n"
    )
    with pytest.raises(
        MigrationRefused, match=r"UniqueViolationError \(table second, constraint email_once\)"
    ):
        await migrate.migrate(empty, folder=folder)
    (folder / "0002_second.sql").write_text("select 'mira@example.org'::uuid;\n")
    with pytest.raises(MigrationRefused) as refusal:
        await migrate.migrate(empty, folder=folder)
    assert "mira" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    (folder / "0002_second.sql").write_text("select * from nowhere;\n")
    with pytest.raises(MigrationRefused, match='relation "nowhere" does not exist'):
        await migrate.migrate(empty, folder=folder)


async def test_several_starters_at_once_apply_each_file_once(empty: str, folder: Path) -> None:
    for number in range(3, 9):
        (folder / f"000{number}_more.sql").write_text(
            f"insert into first values ({number}); select pg_sleep(0.02);"
        )
    done = await asyncio.gather(*(migrate.migrate(empty, folder=folder) for _ in range(8)))
    assert sorted(name for names in done for name in names) == sorted(path.name for path in folder.iterdir())
    assert await ask(empty, "select count(*) from first") == 7


async def test_a_process_does_not_wait_for_ever(empty: str, folder: Path) -> None:
    other = await db.connect(empty)
    await other.fetchval("select pg_advisory_lock($1)", migrate.LOCK)
    with pytest.raises(MigrationRefused, match="Another process"):
        await migrate.migrate(empty, folder=folder, max_wait=0.2)
    await other.close()
    assert len(await migrate.migrate(empty, folder=folder)) == 2


async def test_waiting_processes_hold_no_lock_that_an_index_waits_for(empty: str, folder: Path) -> None:
    """A blocking wait would keep a snapshot open, and CREATE INDEX CONCURRENTLY waits for every snapshot."""
    await migrate.migrate(empty, folder=folder)
    other = await db.connect(empty)
    await other.fetchval("select pg_advisory_lock($1)", migrate.LOCK)
    waiting = asyncio.create_task(migrate.migrate(empty, folder=folder))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(5):
        await other.execute("create index concurrently first_id on first (id)")
    await other.close()
    assert await waiting == []


async def test_a_changed_file_is_refused_by_name(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, folder=folder)
    (folder / "0001_first.sql").write_text("create table first (id bigint);\n")
    with pytest.raises(MigrationRefused, match=r"0001_first\.sql has changed since it was applied"):
        await migrate.migrate(empty, folder=folder)


async def check(url: str, folder: Path) -> list[str]:
    """What a process that starts does."""
    database = await db.Database.open(url, size=1)
    try:
        return await migrate.check(database, folder=folder)
    finally:
        await database.close()


async def snapshot(url: str) -> object:
    """Every column of every table, and every record of the runner."""
    return await ask(
        url,
        "select (select jsonb_agg(m order by m.name) from circles_migrations m)"
        " || (select jsonb_agg(c order by c.table_name, c.column_name) from information_schema.columns c"
        " where c.table_schema = 'public')",
    )


async def test_older_code_runs_on_a_newer_database_and_changes_nothing(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, folder=folder)
    (folder / "0002_second.sql").unlink()
    before = await snapshot(empty)
    assert await migrate.migrate(empty, folder=folder) == []
    assert await check(empty, folder) == ["0002_second.sql"]
    assert await snapshot(empty) == before


async def test_older_code_refuses_a_migration_marked_as_incompatible(empty: str, folder: Path) -> None:
    second = folder / "0002_second.sql"
    second.write_text("-- incompatible-with-older-code\ncreate table second (id integer);\n")
    await migrate.migrate(empty, folder=folder)
    assert await check(empty, folder) == []  # for the code that has it, it is as any other
    second.unlink()
    before = await snapshot(empty)
    with pytest.raises(MigrationRefused, match=r"ahead of this code: 0002_second\.sql"):
        await migrate.migrate(empty, folder=folder)
    with pytest.raises(MigrationRefused, match=r"ahead of this code: 0002_second\.sql"):
        await check(empty, folder)
    assert await snapshot(empty) == before


async def test_two_lines_of_development_are_refused(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, folder=folder)
    (folder / "0002_second.sql").unlink()
    (folder / "0003_other.sql").write_text("create table third (id integer);\n")
    with pytest.raises(MigrationRefused, match=r"two lines of development"):
        await migrate.migrate(empty, folder=folder)
    assert await ask(empty, "select to_regclass('third') is null") is True


async def test_a_process_that_starts_says_what_is_missing_and_changes_nothing(
    empty: str, folder: Path
) -> None:
    with pytest.raises(MigrationRefused, match=r"no tables of Circles yet. Run `python -m circles migrate`"):
        await check(empty, folder)
    assert await ask(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0
    await migrate.migrate(empty, folder=folder)
    assert await check(empty, folder) == []
    for number in (3, 4):
        (folder / f"000{number}_more.sql").write_text("select 1;")
    with pytest.raises(MigrationRefused, match=r"lacks 0003_more\.sql and 1 more\. Run `python -m circles"):
        await check(empty, folder)


async def test_the_table_of_an_older_runner_gets_its_last_column(empty: str, folder: Path) -> None:
    await migrate.migrate(empty, folder=folder)
    await ask(empty, "alter table circles_migrations drop column incompatible")
    assert await check(empty, folder) == []
    (folder / "0003_third.sql").write_text("-- incompatible-with-older-code\nselect 1;")
    assert await migrate.migrate(empty, folder=folder) == ["0003_third.sql"]
    assert await ask(empty, "select name from circles_migrations where incompatible") == "0003_third.sql"


async def test_a_lock_that_others_hold_is_not_queued_for(
    empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate.migrate(empty, folder=folder)
    (folder / "0003_third.sql").write_text(
        "set local lock_timeout = '200ms';\nalter table first add name text;"
    )
    other = await db.connect(empty)
    async with other.transaction():
        await other.execute("lock table first")
        with pytest.raises(MigrationRefused, match="lock timeout"):
            await migrate.migrate(empty, folder=folder)
    await other.close()
    (folder / "0003_third.sql").write_text(
        "create table timeout as select current_setting('lock_timeout') as it;"
    )
    assert await migrate.migrate(empty, folder=folder) == ["0003_third.sql"]
    assert await ask(empty, "select it from timeout") == "10s"


def step(name: str) -> Step:
    """A file of which only the name matters."""
    return Step(name, "", "hash")


def test_a_file_that_comes_too_late_is_refused() -> None:
    steps = [step("0001_a.sql"), step("0002_b.sql"), step("0003_c.sql")]
    with pytest.raises(MigrationRefused, match=r"0002_b\.sql comes before 0003_c\.sql"):
        migrate.pending(steps, {"0001_a.sql": Applied("hash"), "0003_c.sql": Applied("hash")})
    assert migrate.pending(steps, {"0001_a.sql": Applied("hash")}) == steps[1:]


@pytest.mark.parametrize(
    ("name", "why"),
    [("12_short.sql", "is no name for a migration"), ("0002_twice.sql", "have the same number")],
)
def test_a_bad_name_is_refused(folder: Path, name: str, why: str) -> None:
    (folder / name).write_text("select 1;")
    with pytest.raises(MigrationRefused, match=why):
        migrate.read(folder)


def production(url: str) -> Settings:
    """Settings of production with this database."""
    return Settings(
        mode="production",
        database_url=url,
        origin="https://circles.test",
        secret=SecretStr("s" * 40),
        smtp_host="mail.test",
        mail_from="circles@circles.test",
        stripe_secret_key=SecretStr("sk_live_x"),
        stripe_webhook_secret=SecretStr("whsec_x"),
    )


async def test_in_production_a_web_process_does_not_migrate(empty: str) -> None:
    with pytest.raises(MigrationRefused, match=r"Run `python -m circles migrate` first"):
        await prepare(production(empty))
    assert await ask(empty, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0
    await migrate.migrate(empty)
    assert await prepare(production(empty)) is False
