"""Connections that were used a moment ago: the next request gets them, and nobody waits for one that is kept."""

from __future__ import annotations

import asyncio
import random

import pytest

from circles.store.context import Context
from circles.store.db import Database, recent
from tests.store.test_deadlines import PATIENT, Open, opened

__all__ = ["opened"]


async def process_of(database: Database) -> int:
    async with database.reading() as tx:
        return await tx.fetchval("select pg_backend_pid()")


async def test_the_next_request_gets_the_connection_without_the_pool(
    context: Context, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "LASTS", 3600)
    async with opened(limits=PATIENT, size=3) as database:
        first = await process_of(database)
        with monkeypatch.context() as patch:
            patch.setattr(recent.Recent, "wait", None)
            assert await process_of(database) == first
            async with database.transaction() as tx:
                assert await tx.fetchval("select pg_backend_pid()") == first
        assert database.pool_states()["pages"].in_use == 0


async def test_whoever_waits_gets_the_next_that_is_free(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        async with database.reading():
            waiting = [asyncio.create_task(process_of(database)) for _ in range(3)]
            while len(database._recent._waiters) < 3:
                await asyncio.sleep(0)
        assert len(set(await asyncio.gather(*waiting))) == 1


async def test_who_gives_up_in_the_moment_of_getting_one_passes_it_on(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        async with database.reading():
            waiting = [asyncio.create_task(process_of(database)) for _ in range(2)]
            while len(database._recent._waiters) < 2:
                await asyncio.sleep(0)
        waiting[0].cancel()  # it was handed the connection, and has not run since
        assert await waiting[1] == await process_of(database)
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        assert database.pool_states()["pages"].in_use == 0


async def test_no_connection_is_lost_however_many_give_up_or_fail(context: Context, opened: Open) -> None:
    draw = random.Random(7)

    async def one() -> None:
        async with database.reading() as tx:
            if draw.random() < 0.2:
                recent.drop(tx)
            if draw.random() < 0.2:
                raise LookupError
            await tx.fetchval("select 1")

    async with opened(limits=PATIENT, size=3) as database:
        tasks = []
        for _ in range(300):
            tasks.append(asyncio.create_task(one()))
            if draw.random() < 0.3:
                await asyncio.sleep(0)
                draw.choice(tasks).cancel()
            if draw.random() < 0.1:
                await database._recent.give_back()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not database._recent._waiters
        held = [database.reading() for _ in range(3)]
        assert len({await (await one.__aenter__()).fetchval("select pg_backend_pid()") for one in held}) == 3
        for connection in held:
            await connection.__aexit__(None, None, None)


async def test_after_a_moment_the_pool_has_all_of_them(
    context: Context, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "LASTS", 0)
    async with opened(limits=PATIENT, size=2) as database:
        async with database.reading(), database.reading():
            pass
        while database._pool.get_idle_size() < 2:
            await asyncio.sleep(0)
        assert len(database._recent) == 0


async def test_what_failed_is_given_back_at_once(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        with pytest.raises(LookupError):
            async with database.reading():
                raise LookupError
        assert len(database._recent) == 0
        assert database._pool.get_idle_size() == 1


async def test_none_is_used_again_after_a_silence(context: Context, opened: Open) -> None:
    async with opened(limits=PATIENT, size=1) as database:
        before = await process_of(database)
        await database._expire()
        assert await process_of(database) != before
