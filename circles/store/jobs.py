"""Background jobs: the queue, the worker, the timetable (cron)."""

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
from circles.store.monitoring import heartbeats, timetable

# pgqueuer is imported at its first use: every process declares jobs, and the import is slow.
if TYPE_CHECKING:
    from pgqueuer import Job, PgQueuer, Queries
    from pgqueuer.models import Schedule

log = structlog.get_logger("jobs")
SQL = db.queries("store/jobs")

Handler = Callable[..., Awaitable[None]]
H = TypeVar("H", bound=Handler)

MIN_WAIT = timedelta(seconds=2)
MAX_WAIT = timedelta(minutes=15)


class GaveUp(CirclesError):
    """A job failed too often. The message has the type and line of the last exception."""


@dataclass(frozen=True, slots=True)
class _Task:
    run: Handler
    attempts: int
    at_once: int
    first: bool


_tasks: dict[str, _Task] = {}
_timetable: dict[str, tuple[str, Callable[[Context], Awaitable[None]]]] = {}


def job(name: str, *, attempts: int = 12, at_once: int = 0, first: bool = False) -> Callable[[H], H]:
    """Declare the function of a job: `async def f(context, **payload)`.

    It may run more than once (after a crash, or after raising), so it must be idempotent. After `attempts`
    retries, each after twice the wait of the last (2 s up to 15 min), the job is kept as failed, which /healthz
    reports.

    at_once: how many may run at a time, over all workers; 0 is no limit. first: it is taken before others, and by a
    part of the worker that carries out nothing else, so that jobs which hang do not delay it.
    """

    def declare(do: H) -> H:
        _tasks[name] = _Task(do, attempts, at_once, first)
        return do

    return declare


def every(name: str, cron: str) -> Callable[[Callable[[Context], Awaitable[None]]], Any]:
    """Declare an entry of the timetable: `async def f(context)`, run by one of the workers.

    cron: five fields, in UTC. Must be safe to repeat. When it raises, that is logged and stored, and it runs again at
    its next time.
    """

    def declare(do: Callable[[Context], Awaitable[None]]) -> Callable[[Context], Awaitable[None]]:
        _timetable[name] = (cron, do)
        return do

    return declare


async def enqueue(
    tx: db.Tx, name: str, *, after: timedelta | None = None, key: str | None = None, **payload: Any
) -> None:
    """Enqueue a job in the caller's transaction: it exists only if that commits.

    after: the delay. key: while a job with this key waits or runs, no other is added. payload: the function's
    arguments, as JSON (ids as text). Raises KeyError for an undeclared name.
    """
    if name not in _tasks:
        raise KeyError(f"no such job: {name}")
    await _queries(tx).enqueue(
        name,
        json.dumps(payload, default=str).encode(),
        priority=int(_tasks[name].first),
        execute_after=after,
        dedupe_key=f"{name}:{key}" if key else None,
        on_conflict="skip",
    )


def _queries(tx: db.Tx) -> Queries:
    from pgqueuer import AsyncpgDriver, Queries

    return Queries(AsyncpgDriver(tx))  # pyright: ignore[reportArgumentType]


def _queuer(context: Context, connection: db.Connection, *, first: tuple[bool, ...]) -> PgQueuer:
    """A worker of the jobs that are `first`, or not, or of both. The timetable is with the others."""
    from pgqueuer import PgQueuer

    queuer = PgQueuer.from_asyncpg_connection(connection)
    for name, task in _tasks.items():
        if task.first in first:
            queuer.entrypoint(name, concurrency_limit=task.at_once, on_failure="hold")(
                _entrypoint(context, task)
            )
    if False in first:
        for name, (cron, _) in _timetable.items():
            queuer.schedule(name, cron)(_scheduled(context, name))
    return queuer


def _entrypoint(context: Context, task: _Task) -> Callable[[Job], Awaitable[None]]:
    from pgqueuer.errors import RetryRequested

    async def run(job: Job) -> None:
        try:
            await task.run(context, **json.loads(job.payload or b"{}"))
        except Exception as error:
            # The type and line of the exception, never its text, which may hold personal data: pgqueuer stores the
            # reason in the database, and the exception is not chained.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            log.warning("job failed", job=job.entrypoint, attempt=job.attempts, error=reason)
            if job.attempts >= task.attempts:
                raise GaveUp(reason) from None
            raise RetryRequested(delay=wait_after(job.attempts), reason=reason) from None

    return run


def wait_after(attempt: int) -> timedelta:
    """The wait after a failed attempt (counted from 0): doubled each time, 15 minutes at most."""
    return min(MIN_WAIT * 2 ** min(attempt, 20), MAX_WAIT)


def _scheduled(context: Context, name: str) -> Callable[[Schedule], Awaitable[None]]:
    async def tick(_: Schedule) -> None:
        with suppress(Exception):  # logged and stored already
            await run_timetable(context, name)

    return tick


async def work(context: Context, stop: asyncio.Event | None = None) -> None:
    """Run jobs and the timetable until `stop` is set. After a lost connection it connects again."""
    stop = stop or asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for first in (True, False):
            group.create_task(_work_always(context, stop, first=first))


async def _work_always(context: Context, stop: asyncio.Event, *, first: bool) -> None:
    wait = 1.0
    while not stop.is_set():
        try:
            await _work_once(context, stop, first=first)
            wait = 1.0
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("the worker lost its database", error=type(error).__name__, again_in=wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            wait = min(wait * 2, 30.0)


async def _work_once(context: Context, stop: asyncio.Event, *, first: bool) -> None:
    connection = await db.connect(context.settings.worker_url)
    beating = None
    try:
        pooled = await heartbeats.is_pooled(connection)
        beating = asyncio.create_task(heartbeats.beat_always(context, "worker", pooled=pooled))
        if not first:
            await timetable.announce(context, {name: cron for name, (cron, _) in _timetable.items()})
        queuer = _queuer(context, connection, first=(first,))
        # The scheduler asks the database every second while it has no entries, so it is left out where it has none.
        runner = queuer.qm if first else queuer
        running = asyncio.create_task(
            runner.run(
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
        if beating:
            beating.cancel()
        connection.terminate() if stop.is_set() else await connection.close(timeout=5)


async def drain(context: Context) -> None:
    """Run every job that is due now, then return. For commands and tests.

    A failed job waits for its next attempt as usual.
    """
    connection = await db.connect(context.settings.worker_url)
    try:
        manager = _queuer(context, connection, first=(True, False)).qm
        running = asyncio.create_task(manager.run(dequeue_timeout=timedelta(milliseconds=200), batch_size=10))
        while not running.done() and await _count_due(context, list(manager.entrypoint_registry)):
            await asyncio.sleep(0.02)
        manager.shutdown.set()
        await running
    finally:
        await connection.close(timeout=5)


async def _count_due(context: Context, names: list[str]) -> int:
    # In one statement: between two, a job could end and add another, counted by neither.
    async with context.db.reading() as tx:
        return await SQL.count_due(tx, names=names)


async def run_timetable(context: Context, name: str) -> None:
    """Run one entry of the timetable now, and store how it went."""
    cron, do = _timetable[name]
    await timetable.run(context, name, cron, do)


def timetable_names() -> list[str]:
    """The names of all entries of the timetable."""
    return list(_timetable)


@every("jobs.tidy", "17 * * * *")
async def delete_old_log(context: Context) -> None:
    """Delete the log of jobs that finished two weeks ago."""
    async with context.db.transaction() as tx:
        await SQL.delete_old_log(tx)


async def install(connection: db.Connection) -> None:
    """Create or upgrade the queue's own tables, with pgqueuer's own statements.

    Called by the migration runner under its lock, before our migrations. Idempotent.
    """
    queue = _queries(connection)
    if not await queue.has_table("pgqueuer"):
        await queue.install()
    else:
        await queue.upgrade()
