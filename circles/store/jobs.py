"""The queue: jobs enqueued in the caller's transaction, the worker that carries them out, the timetable."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from circles.base.errors import CirclesError
from circles.store import db
from circles.store.context import Context

# The queue is imported when it is first used: every process declares jobs, and it takes long to import.
if TYPE_CHECKING:
    from pgqueuer import Job, PgQueuer, Queries
    from pgqueuer.models import Schedule

log = structlog.get_logger("jobs")
SQL = db.queries("store/jobs")

Handler = Callable[..., Awaitable[None]]
H = TypeVar("H", bound=Handler)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)


class GaveUp(CirclesError):
    """A job that failed too often: the kind and the place of its last fault."""


@dataclass(frozen=True, slots=True)
class _Task:
    do: Handler
    attempts: int


_tasks: dict[str, _Task] = {}
_timetable: dict[str, tuple[str, Callable[[Context], Awaitable[None]]]] = {}


def job(name: str, *, attempts: int = 12) -> Callable[[H], H]:
    """Declare the function that carries out a job: `async def f(house, **payload)`.

    It may run more than once (after a crash, or after raising), so it must be safe to repeat. After
    `attempts` retries, each waited for twice as long as the last (2 s up to 15 min), the job is kept as
    failed and /healthz says so.
    """

    def declare(do: H) -> H:
        _tasks[name] = _Task(do, attempts)
        return do

    return declare


def every(name: str, cron: str) -> Callable[[Callable[[Context], Awaitable[None]]], Any]:
    """Declare a function of the timetable: `async def f(house)`. Two workers run it once between them."""

    def declare(do: Callable[[Context], Awaitable[None]]) -> Callable[[Context], Awaitable[None]]:
        _timetable[name] = (cron, do)
        return do

    return declare


async def enqueue(
    tx: db.Tx, name: str, *, after: timedelta | None = None, key: str | None = None, **payload: Any
) -> None:
    """Put a job on the queue in the caller's transaction: it exists only if that commits.

    after: how long to wait; key: while a job with this key waits or runs, another is not added.
    payload: what the function is called with, as JSON (ids as text).
    """
    if name not in _tasks:
        raise KeyError(f"no such job: {name}")
    await _queries(tx).enqueue(
        name,
        json.dumps(payload, default=str).encode(),
        execute_after=after,
        dedupe_key=f"{name}:{key}" if key else None,
        on_conflict="skip",
    )


def _queries(tx: db.Tx) -> Queries:
    from pgqueuer import AsyncpgDriver, Queries

    return Queries(AsyncpgDriver(tx))  # pyright: ignore[reportArgumentType]


def _queuer(context: Context, connection: db.Connection) -> PgQueuer:
    from pgqueuer import PgQueuer

    queuer = PgQueuer.from_asyncpg_connection(connection)
    for name, task in _tasks.items():
        queuer.entrypoint(name, on_failure="hold")(_carrier(context, task))
    for name, (cron, do) in _timetable.items():
        queuer.schedule(name, cron)(_ticker(context, do))
    return queuer


def _carrier(context: Context, task: _Task) -> Callable[[Job], Awaitable[None]]:
    from pgqueuer.errors import RetryRequested

    async def carry(job: Job) -> None:
        try:
            await task.do(context, **json.loads(job.payload or b"{}"))
        except Exception as error:
            # The kind and the place of the fault, never its text, which may hold an address: the queue keeps
            # what it is told here, so the fault itself is not handed on.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            fault = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            log.warning("job failed", job=job.entrypoint, attempt=job.attempts, error=fault)
            if job.attempts >= task.attempts:
                raise GaveUp(fault) from None
            raise RetryRequested(delay=wait_after(job.attempts), reason=fault) from None

    return carry


def wait_after(attempt: int) -> timedelta:
    """How long a job waits after a failed attempt (from 0): twice as long each time, 15 minutes at most."""
    return min(FIRST_WAIT * 2 ** min(attempt, 20), LONGEST_WAIT)


def _ticker(
    context: Context, do: Callable[[Context], Awaitable[None]]
) -> Callable[[Schedule], Awaitable[None]]:
    async def tick(_: Schedule) -> None:
        await do(context)

    return tick


async def work(context: Context, stop: asyncio.Event | None = None) -> None:
    """Carry out jobs and the timetable until `stop` is set. A lost database is waited for."""
    stop = stop or asyncio.Event()
    wait = 1.0
    while not stop.is_set():
        try:
            await _work_once(context, stop)
            wait = 1.0
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("the worker lost its database", error=type(error).__name__, again_in=wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            wait = min(wait * 2, 30.0)


async def _work_once(context: Context, stop: asyncio.Event) -> None:
    connection = await db.connect(context.settings.worker_url)
    try:
        queuer = _queuer(context, connection)
        running = asyncio.create_task(
            queuer.run(
                dequeue_timeout=timedelta(seconds=5),
                max_concurrent_tasks=20,
                shutdown_on_listener_failure=True,
            )
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        queuer.shutdown.set()
        stopping.cancel()
        await asyncio.wait_for(running, 20)
    finally:
        connection.terminate() if stop.is_set() else await connection.close(timeout=5)


async def drain(context: Context) -> None:
    """Carry out every job that is due now, then return. For commands and tests.

    What fails waits for its next attempt like any other job, and is not waited for here.
    """
    connection = await db.connect(context.settings.worker_url)
    try:
        manager = _queuer(context, connection).qm
        running = asyncio.create_task(manager.run(dequeue_timeout=timedelta(milliseconds=200), batch_size=10))
        while not running.done() and await _work_left(context, list(manager.entrypoint_registry)):
            await asyncio.sleep(0.02)
        manager.shutdown.set()
        await running
    finally:
        await connection.close(timeout=5)


async def _work_left(context: Context, names: list[str]) -> int:
    # Asked in one statement: between two, a job could end and leave another behind, unseen by both.
    async with context.db.reading() as tx:
        return await SQL.work_left(tx, names=names)


async def run_timetable(context: Context, name: str) -> None:
    """Do one entry of the timetable now."""
    await _timetable[name][1](context)


@every("jobs.tidy", "17 * * * *")
async def tidy(context: Context) -> None:
    """Forget the log of jobs done more than two weeks ago."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_log(tx)


async def install(connection: db.Connection) -> None:
    """Make or bring up to date the queue's own tables, with pgqueuer's own statements.

    Called by the migration runner under its lock, before our migrations. Safe to repeat.
    """
    queue = _queries(connection)
    if not await queue.has_table("pgqueuer"):
        await queue.install()
    else:
        await queue.upgrade()
