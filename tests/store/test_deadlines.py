"""Deadlines of connections, locks and statements; faults of the database; pools that do not wait for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest

from circles.store import db
from circles.store.context import Context
from circles.store.db import limits, pools, watch
from tests.helpers import value
from tests.tunnel import Tunnel

SHORT = db.Limits(connection=60, lock=0.2, statement=0.2, idle=60)
PATIENT = db.Limits(connection=60, lock=60, statement=60, idle=60)

Open = Callable[..., Any]


@pytest.fixture
def opened(context: Context) -> Open:
    """`async with opened(limits=...) as database`: a database of its own."""

    @asynccontextmanager
    async def enter(url: str = "", **options: Any) -> AsyncIterator[db.Database]:
        database = await db.Database.open(url or context.settings.database_url, **options)
        try:
            yield database
        finally:
            await database.close()

    return enter


async def fault(database: db.Database, query: str) -> db.Unavailable:
    with pytest.raises(db.Unavailable) as raised:
        async with database.transaction() as tx:
            await tx.execute(query)
    return raised.value


async def until_well(database: db.Database) -> None:
    """Wait until a transaction is carried out: with such short deadlines a busy machine may miss one or two."""
    while True:
        with suppress(db.Unavailable):
            async with database.transaction() as tx:
                assert await tx.fetchval("select 1") == 1
                return


def raising(state: str) -> str:
    return f"do $$ begin raise exception 'a row' using errcode = '{state}'; end $$"


@pytest.mark.parametrize("pooler", [False, True], ids=["direct", "behind a pooler"])
async def test_a_statement_ends_in_the_server_at_its_deadline(
    context: Context, opened: Open, pooler: bool
) -> None:
    async with opened(limits=SHORT, pooler=pooler) as database:
        error = await fault(database, "select pg_sleep(600)")
        assert (error.kind, error.is_conflict, error.unsure) == ("QueryCanceledError 57014", False, False)
        with pytest.raises(db.Unavailable):
            async with database.reading() as tx:
                await tx.fetch("select pg_sleep(600)")
        assert not await value(
            context,
            "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'",
        )
        await until_well(database)


@pytest.mark.parametrize("pooler", [False, True], ids=["direct", "behind a pooler"])
async def test_waiting_for_a_lock_ends_at_its_deadline(context: Context, opened: Open, pooler: bool) -> None:
    async with (
        opened(limits=db.Limits(60, 0.2, 60, 60), pooler=pooler) as database,
        context.db.transaction() as tx,
    ):
        await tx.execute("lock table limits")
        error = await fault(database, "lock table limits")
        assert (error.kind, error.is_conflict) == ("LockNotAvailableError 55P03", True)


async def test_deadlines_leave_nothing_behind_in_a_connection_of_the_pooler(
    context: Context, opened: Open
) -> None:
    async with opened(limits=SHORT, pooler=True, size=1) as database:
        async with database.transaction() as tx:
            assert await tx.fetchval("show lock_timeout") == "200ms"
            assert await tx.fetchval("show idle_in_transaction_session_timeout") == "1min"
        async with database._pool.acquire() as connection:
            assert await connection.fetchval("show lock_timeout") == "0"
            assert await connection.fetchval("show statement_timeout") == "0"


async def test_limits_of_a_transaction_take_no_round_trip(context: Context, opened: Open) -> None:
    sent: list[str] = []
    async with opened(
        limits=SHORT, pooler=True, on_query=lambda record: sent.append(record.query)
    ) as database:
        sent.clear()
        async with database.transaction() as tx:
            await tx.fetchval("select 1")
    assert len(sent) == 3
    assert sent[0] == SHORT.begin()


async def test_waiting_for_a_connection_ends_at_its_deadline(opened: Open) -> None:
    async with opened(limits=db.Limits(0.1, 60, 60, 60), size=1) as database:
        async with database.reading() as tx:
            for taken in (database.reading, database.transaction):
                with pytest.raises(db.Unavailable):
                    async with taken():
                        pytest.fail("there is one connection")
            assert await tx.fetchval("select 1") == 1
        async with database.transaction() as tx:
            assert await tx.fetchval("select 1") == 1


async def test_reads_go_on_while_transactions_wait(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "PAGES", PATIENT)
    database = await db.Database.open_for_pages(context.settings.database_url, size=3, with_jobs=True)

    async def lock() -> None:
        async with database.transaction() as tx:
            await tx.execute("lock table limits")

    try:
        async with context.db.transaction() as tx:
            await tx.execute("lock table limits")
            # More transactions than there are connections.
            waiting = [asyncio.create_task(lock()) for _ in range(9)]
            while not await tx.fetchval("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.01)
            for free in (database, database.reserved, database.exports, database.jobs):
                async with free.reading() as other:
                    assert await other.fetchval("select 1") == 1
            async with database.reserved.transaction() as other:
                assert await other.fetchval("select 1") == 1
            assert not any(task.done() for task in waiting)
        await asyncio.gather(*waiting)
    finally:
        await database.close()


@pytest.mark.parametrize(
    "state",
    [
        "40001",
        "40P01",
        "55P03",
        "57014",
        "25006",
        "53100",
        "53200",
        "53300",
        "53400",
        "57P01",
        "57P02",
        "57P03",
        "08000",
        "08006",
        "08P01",
        "58030",
        "25P03",
    ],
)
async def test_a_fault_of_the_database_is_unavailable(context: Context, state: str) -> None:
    error = await fault(context.db, raising(state))
    assert error.kind.endswith(state)
    assert error.is_conflict == (state in ("40001", "40P01", "55P03"))
    assert error.can_read == (error.is_conflict or state in ("25006", "53100", "57014", "25P03"))
    assert "a row" not in str(error)


@pytest.mark.parametrize("state", ["23505", "22012", "42P01", "P0001", "54000", "XX000"])
async def test_any_other_error_is_a_mistake_of_ours(context: Context, state: str) -> None:
    with pytest.raises(db.PostgresError) as raised:
        async with context.db.transaction() as tx:
            await tx.execute(raising(state))
    assert raised.value.sqlstate == state


async def test_an_argument_of_the_wrong_kind_is_a_mistake_of_ours(context: Context) -> None:
    with pytest.raises(db.PostgresError):
        async with context.db.transaction() as tx:
            await tx.fetchval("select $1::integer", "three")


async def test_connections_that_ended_are_replaced(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=3) as database:
        async with database.reading() as one, database.reading() as two:
            ids = [await tx.fetchval("select pg_backend_pid()") for tx in (one, two)]
        for process in ids:  # as a restart of the database ends them
            await value(context, "select pg_terminate_backend($1, 60000)", process)
        for _ in range(3):
            async with database.transaction() as tx:
                assert await tx.fetchval("select pg_backend_pid()") not in ids


async def test_a_connection_that_ends_within_a_transaction_is_unavailable(
    context: Context, opened: Open
) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        with pytest.raises(db.Unavailable) as raised:
            async with database.transaction() as tx:
                process = await tx.fetchval("select pg_backend_pid()")
                await value(context, "select pg_terminate_backend($1, 60000)", process)
                await tx.fetchval("select 1")
        assert not raised.value.unsure
        with pytest.raises(db.Unavailable) as raised:
            async with database.transaction() as tx:
                process = await tx.fetchval("select pg_backend_pid()")
                await value(context, "select pg_terminate_backend($1, 60000)", process)
        assert raised.value.unsure  # lost at the commit: nobody knows
        async with database.transaction() as tx:
            assert await tx.fetchval("select 1") == 1


async def test_a_connection_that_the_server_ended_a_moment_ago_is_unavailable(context: Context) -> None:
    with pytest.raises(db.Unavailable) as refused:
        async with context.db.transaction():
            raise asyncpg.InternalClientError(
                "cannot switch to state 15; another operation (2) is in progress"
            )
    assert refused.value.is_outage
    async with context.db.reading() as tx:
        assert await tx.fetchval("select 1") == 1


async def test_a_server_that_is_not_there_is_unavailable(opened: Open, unused_tcp_port: int) -> None:
    async with opened(
        f"postgresql://x@127.0.0.1:{unused_tcp_port}/x", limits=PATIENT, connects=False
    ) as database:
        error = await fault(database, "select 1")
        assert error.kind == "ConnectionRefusedError"
        assert not error.can_read


async def test_a_server_that_falls_silent_holds_nobody(
    context: Context, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes what is sent, and answers nothing: the client's own deadline, and no wait for a cancellation."""
    monkeypatch.setattr(pools, "MARGIN", 0.1)
    async with Tunnel.open(context.settings.database_url) as tunnel:
        limits = db.Limits(connection=1, lock=60, statement=0.2, idle=60)
        async with opened(tunnel.url, limits=limits, size=2) as database:
            await until_well(database)
            tunnel.pause()
            assert (await fault(database, "select 1")).kind == "TimeoutError"
            assert (await fault(database, "select 1")).kind == "TimeoutError"
            tunnel.resume()
            await until_well(database)


async def test_nobody_waits_for_a_silent_server(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noticed by asking, long before any deadline, and noticed when it answers again."""
    monkeypatch.setattr(pools, "PAGES", PATIENT)
    monkeypatch.setattr(watch, "EVERY", 0.02)
    monkeypatch.setattr(watch, "SUSPECT_AFTER", 0.1)
    monkeypatch.setattr(watch, "ANSWER_WITHIN", 0.2)
    async with Tunnel.open(context.settings.database_url) as tunnel:
        database = await db.Database.open_for_pages(tunnel.url, size=3)
        try:
            await until_well(database)
            tunnel.pause()
            errors = await asyncio.gather(*(fault(database, "select 1") for _ in range(9)))
            assert {error.kind for error in errors} <= {
                "ConnectionDoesNotExistError 08003",
                "SilentDatabaseError",
            }
            assert (await fault(database, "select 1")).kind == "SilentDatabaseError"
            assert (await fault(database.reserved, "select 1")).kind == "SilentDatabaseError"
            tunnel.resume()
            while database._watch.is_silent:
                await asyncio.sleep(0.02)
            await until_well(database)
        finally:
            await database.close()


async def test_a_statement_that_takes_long_is_not_called_silence(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PAGES", PATIENT)
    monkeypatch.setattr(watch, "EVERY", 0.02)
    monkeypatch.setattr(watch, "SUSPECT_AFTER", 0.05)
    monkeypatch.setattr(watch, "ANSWER_WITHIN", 60)
    asked = 0
    answers = watch._answers

    async def count(url: str) -> bool:
        nonlocal asked
        asked += 1
        return await answers(url)

    monkeypatch.setattr(watch, "_answers", count)
    database = await db.Database.open_for_pages(context.settings.database_url, size=3)
    try:
        async with database.reading() as tx:
            while asked < 3:
                assert await tx.fetchval("select 1 from pg_sleep(0.05)") == 1
        assert not database._watch.is_silent
    finally:
        await database.close()


async def test_a_task_that_is_canceled_gives_its_connection_back(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        task = asyncio.create_task(fault(database, "select pg_sleep(600)"))
        while not await value(
            context, "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'"
        ):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.transaction() as tx:
            assert await tx.fetchval("select 1") == 1


async def test_commits_are_counted_within_the_block(context: Context) -> None:
    with db.commits() as counted:
        async with context.db.reading() as tx:
            await tx.fetchval("select 1")
        with pytest.raises(ZeroDivisionError):
            async with context.db.transaction() as tx:
                raise ZeroDivisionError
        assert counted.count == 0
        async with context.db.transaction() as tx:
            await tx.fetchval("select 1")
        assert counted.count == 1
    async with context.db.transaction() as tx:
        await tx.fetchval("select 1")
    assert counted.count == 1


def test_the_client_waits_longer_than_the_server() -> None:
    assert limits.MARGIN >= 1


@pytest.mark.parametrize("pooler", [False, True], ids=["direct", "behind a pooler"])
async def test_one_write_is_committed_or_refused(context: Context, opened: Open, pooler: bool) -> None:
    async with opened(limits=db.Limits(60, 0.2, 60, 60), pooler=pooler) as database:
        with db.commits() as counted:
            async with database.one_write() as tx:
                await tx.execute("create table written ()")
            assert counted.count == 1
        assert await value(context, "select count(*) from written") == 0
        async with context.db.transaction() as other:
            await other.execute("lock table written")
            with db.commits() as counted, pytest.raises(db.Unavailable) as raised:
                async with database.one_write() as tx:
                    await tx.execute("lock table written; insert into written default values")
            assert (raised.value.is_conflict, raised.value.unsure, counted.count) == (True, False, 0)
        with db.commits() as counted, pytest.raises(ZeroDivisionError):
            async with database.one_write():
                raise ZeroDivisionError
        assert counted.count == 0


@pytest.mark.parametrize("error", [TimeoutError(), asyncpg.ConnectionDoesNotExistError()], ids=repr)
async def test_one_write_without_an_answer_may_have_been_done(opened: Open, error: Exception) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        with db.commits() as counted, pytest.raises(db.Unavailable) as raised:
            async with database.one_write():
                raise error
        assert (raised.value.unsure, counted.count) == (True, 1)
        async with database.one_write() as tx:
            assert await tx.fetchval("select 1") == 1
