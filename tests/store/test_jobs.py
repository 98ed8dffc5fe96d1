"""The queue: jobs are transactional, retried with backoff, and store no texts of exceptions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pgqueuer import AsyncpgDriver, Queries

from circles.store import jobs
from circles.store.context import Context
from circles.store.queue import worker

SECRET = "mira@example.org is over quota"


class Bench:
    """A job that does what it is told and remembers what it was called with."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.name = f"test.{uuid4().hex}"
        self.done: list[dict[str, Any]] = []
        self.fails = 0
        jobs.job(self.name, attempts=2)(self._do)

    async def _do(self, context: Context, **payload: Any) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError(SECRET)
        self.done.append(payload)

    async def ask(self, **how: Any) -> None:
        async with self.context.db.transaction() as tx:
            await jobs.enqueue(tx, self.name, **how)

    async def kept(self, what: str) -> Any:
        async with self.context.db.reading() as tx:
            return await tx.fetchval(f"select {what} from pgqueuer where entrypoint = $1", self.name)

    async def later(self) -> None:
        """Time passes, and what waits is due."""
        async with self.context.db.transaction() as tx:
            await tx.execute("update pgqueuer set execute_after = now()")
        await jobs.drain(self.context)


@pytest_asyncio.fixture
async def bench(context: Context) -> AsyncIterator[Bench]:
    found = Bench(context)
    yield found
    del jobs._tasks[found.name]


@given(st.integers(0, 100_000))
def test_the_wait_doubles_up_to_a_quarter_of_an_hour_however_often_it_failed(attempt: int) -> None:
    wait = worker.wait_after(attempt)
    assert timedelta(seconds=2) <= wait <= timedelta(minutes=15)
    assert worker.wait_after(attempt + 1) == min(wait * 2, timedelta(minutes=15))


async def test_a_job_is_called_with_its_payload(bench: Bench) -> None:
    some_id = uuid4()
    await bench.ask(booking_id=some_id, count=3)
    await jobs.drain(bench.context)
    assert bench.done == [{"booking_id": str(some_id), "count": 3}]
    await jobs.drain(bench.context)
    assert len(bench.done) == 1


async def test_a_job_whose_transaction_rolls_back_never_was(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        async with bench.context.db.transaction() as tx:
            await jobs.enqueue(tx, bench.name)
            _ = 1 / 0
    await jobs.drain(bench.context)
    assert bench.done == []


async def test_an_unknown_job_cannot_be_enqueued(context: Context) -> None:
    async with context.db.transaction() as tx:
        with pytest.raises(KeyError, match=r"no such job"):
            await jobs.enqueue(tx, "nobody.knows")


async def test_jobs_of_one_key_are_one_while_they_wait(bench: Bench) -> None:
    for _ in range(3):
        await bench.ask(key="the same")
    await bench.ask(key="another")
    await jobs.drain(bench.context)
    assert len(bench.done) == 2
    await bench.ask(key="the same")
    await jobs.drain(bench.context)
    assert len(bench.done) == 3


async def test_a_second_of_one_key_leaves_the_transaction_whole(bench: Bench) -> None:
    await bench.ask(key="the same")
    async with bench.context.db.transaction() as tx:
        await jobs.enqueue(tx, bench.name, key="the same")
        assert await tx.fetchval("select 1") == 1


@pytest.mark.parametrize("key", ["", "a key"])
async def test_a_job_is_stored_as_the_queue_itself_stores_it(bench: Bench, key: str) -> None:
    columns = (
        "priority, execute_after - now() as delay, status, entrypoint, payload, headers::text, attempts, "
        "queue_manager_id, slot, replace(dedupe_key, 'theirs', '') as key"
    )
    async with bench.context.db.transaction() as tx:
        await jobs.enqueue(tx, bench.name, after=timedelta(hours=1), key=key, count=3)
        await Queries(AsyncpgDriver(tx)).enqueue(  # pyright: ignore[reportArgumentType]
            bench.name,
            b'{"count": 3}',
            execute_after=timedelta(hours=1),
            dedupe_key=f"{bench.name}:{key}theirs" if key else None,
        )
        ours, theirs = await tx.fetch(f"select {columns} from pgqueuer order by id")
        assert ours == theirs
        log = "select status, priority, entrypoint, traceback from pgqueuer_log order by job_id"
        ours, theirs = await tx.fetch(log)
        assert ours == theirs


async def test_a_delayed_job_waits(bench: Bench) -> None:
    await bench.ask(after=timedelta(hours=1))
    await jobs.drain(bench.context)
    assert bench.done == []
    await bench.later()
    assert len(bench.done) == 1


async def test_a_failure_is_tried_again_and_others_go_on(bench: Bench) -> None:
    bench.fails = 1
    await bench.ask(which="first")
    await jobs.drain(bench.context)
    await bench.ask(which="second")
    await jobs.drain(bench.context)
    assert bench.done == [{"which": "second"}]
    assert await bench.kept("execute_after > now() + interval '1 second'")
    await bench.later()
    assert bench.done == [{"which": "second"}, {"which": "first"}]


async def test_a_job_that_fails_too_often_is_kept_with_the_line_but_not_the_text(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.fails = 99
    await bench.ask()
    await jobs.drain(bench.context)
    for _ in range(3):
        await bench.later()
    assert bench.fails == 99 - 3  # once, and two retries
    assert await bench.kept("status::text") == "failed"
    async with bench.context.db.reading() as tx:
        said = str([tuple(row.values()) for row in await tx.fetch("select * from pgqueuer_log")])
    said += "".join(capfd.readouterr())
    assert "RuntimeError at store/test_jobs.py:" in said
    assert SECRET not in said
    assert "mira@" not in said
