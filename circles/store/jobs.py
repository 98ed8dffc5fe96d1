"""Background jobs: declaring and enqueuing them, and the timetable (cron). store/queue/worker.py carries them out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from circles.store import db
from circles.store.context import Context
from circles.store.monitoring import timetable
from circles.store.queue.timetable import Timetable
from circles.store.queue.worker import GROUPS, Handler, Task, TryAgain, Worker

# pgqueuer is imported at its first use: every process declares jobs, and the import is slow.
if TYPE_CHECKING:
    from pgqueuer import Queries

__all__ = [
    "TryAgain",
    "drain",
    "enqueue",
    "every",
    "install",
    "job",
    "run_timetable",
    "timetable_names",
    "work",
    "working",
]

SQL = db.queries("store/jobs")

H = TypeVar("H", bound=Handler)

# A state is brought about with its job, so one without a job lost it. It may be in the moment between two commits.
LOST_AFTER = timedelta(minutes=10)
LATELY = timedelta(days=3)  # the hourly look reads what changed since then

log = structlog.get_logger("jobs")

_tasks: dict[str, Task] = {}
_timetable: dict[str, tuple[str, Callable[[Context], Awaitable[None]]]] = {}


def job(name: str, *, attempts: int = 12, at_once: int = 0, group: str = "other") -> Callable[[H], H]:
    """Declare the function of a job: `async def f(context, **payload)`.

    It may run more than once (after a crash, or after raising), so it must be idempotent. After `attempts`
    retries, each after twice the wait of the last (2 s up to 15 min), the job is kept as failed, which /healthz
    reports. Only what the job itself raises counts: not a worker that is stopped, nor a database that is away.

    at_once: how many may run at a time, over all workers; 0 is no limit. group: one of GROUPS, whose places it takes:
    "money" for whatever calls Stripe, "mail" and "codes" for whatever calls the mail server.
    """
    if group not in GROUPS:
        raise ValueError(f"no such group of jobs: {group}")

    def declare(do: H) -> H:
        _tasks[name] = Task(do, attempts, at_once, group)
        return do

    return declare


def every(name: str, cron: str) -> Callable[[Callable[[Context], Awaitable[None]]], Any]:
    """Declare an entry of the timetable: `async def f(context)`, run by one of the workers.

    cron: five fields, in UTC. Must be safe to repeat: when it raises, or its worker ends, it runs again soon.
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
    await SQL.enqueue(
        tx,
        name=name,
        payload=json.dumps(payload, default=str),
        key=key or None,
        urgency=int(_tasks[name].group == "codes"),
        delay=after or timedelta(),
    )


def _queries(tx: db.Tx) -> Queries:
    from pgqueuer import AsyncpgDriver, Queries

    return Queries(AsyncpgDriver(tx))  # pyright: ignore[reportArgumentType]


async def work(context: Context, stop: asyncio.Event) -> None:
    """Run jobs and the timetable until `stop` is set. What still runs when the time to stop is over is queued again."""
    worker = Worker(context, _tasks, Timetable(_timetable))
    await worker.run(stop, grace=context.settings.seconds_to_stop)


@asynccontextmanager
async def working(context: Context, stop: asyncio.Event) -> AsyncIterator[None]:
    """Work beside the block, until it ends or `stop` is set."""
    worker = asyncio.create_task(work(context, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait({worker})


async def drain(context: Context) -> None:
    """Run every job that is due now, then return. For commands and tests.

    A failed job waits for its next attempt as usual.
    """
    await Worker(context, _tasks, Timetable({})).drain()


async def run_timetable(context: Context, name: str) -> None:
    """Run one entry of the timetable now, and store how it went."""
    cron, do = _timetable[name]
    await timetable.run(context, name, cron, do)


def timetable_names() -> list[str]:
    """The names of all entries of the timetable."""
    return list(_timetable)


@every("jobs.mend", "37 * * * *")
async def mend(context: Context) -> None:
    """Enqueue again what a state of the database waits for and whose job is gone, such as an invite."""
    async with context.db.transaction() as tx:
        changed = [row["id"] for row in await db.rows(SQL.changed_bookings(tx, lately=LATELY))]
        await _enqueue_lost(tx, SQL.lately_lost_jobs(tx, grace=LOST_AFTER, booking_ids=changed))


@every("jobs.mend_all", "7 5 * * 0")
async def mend_all(context: Context) -> None:
    """The same for whatever was lost longer ago, such as while no worker ran. It reads every seat ahead."""
    async with context.db.transaction() as tx:
        await _enqueue_lost(tx, SQL.lost_jobs(tx, grace=LOST_AFTER))


async def _enqueue_lost(tx: db.Tx, lost: Any) -> None:
    for row in await db.rows(lost):
        log.warning("a job was lost and is enqueued again", job=row["name"])
        await enqueue(tx, row["name"], key=row["key"], **row["payload"])


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
