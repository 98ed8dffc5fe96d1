"""The worker: claims jobs, runs them, and stores how each ended. Whatever happens to it, no job is lost.

A claim is a row in state picked with a heartbeat. How a job ended is kept here until the database has taken it, so a
database that is away or refuses writes delays jobs and fails none. The claims of a worker that was killed run out.
docs/decisions/0021-own-worker.md says what pgqueuer's own worker does instead.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from circles.base.errors import CirclesError, kind_and_place
from circles.store import db
from circles.store.context import Context
from circles.store.monitoring import heartbeats
from circles.store.queue.timetable import Timetable

# pgqueuer is imported at its first use: every process declares jobs, and the import is slow.
if TYPE_CHECKING:
    from pgqueuer import Job

log = structlog.get_logger("jobs")
SQL = db.queries("store/worker")

Handler = Callable[..., Awaitable[None]]

# How many jobs of each group a worker runs at a time. Jobs that hang on one neighbor (the mail server, Stripe) take the
# places of their own group and no others. Sign-in codes and money are claimed first.
GROUPS = {"codes": 8, "money": 8, "other": 8, "mail": 8}

MIN_WAIT, MAX_WAIT = timedelta(seconds=2), timedelta(minutes=15)
# Of a job that failed because the database did: it will work as soon as the database does.
OUTAGE_WAIT = timedelta(seconds=2)

# In seconds. A claim without a heartbeat is free after CLAIM, so those of a killed worker within a minute.
CLAIM, BEAT = timedelta(seconds=30), 5.0
# After an outage of the database the others get so long to send their heartbeats before their claims are freed.
SETTLING = 15.0
POLL, LIMITED_POLL, MIN_POLL = 5.0, 0.5, 0.02
ANSWER = 10.0  # a database that takes longer to answer the worker counts as lost
MIN_PAUSE, MAX_PAUSE = 0.5, 5.0  # before it connects again
UNWINDING = 5.0  # for jobs that were canceled, to end

_NEVER = timedelta(days=3650)


class TryAgain(CirclesError):
    """Raised by a job that cannot do its work yet, which is no failure. `wait` is the time until the next try."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("not yet")


@dataclass(frozen=True, slots=True)
class Task:
    """What is declared of a job. at_once: how many run at a time over all workers; 0 is no limit."""

    run: Handler
    attempts: int
    at_once: int
    group: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. status: as the queue stores it. attempts: 1 where it counts as one that failed."""

    status: str
    wait: timedelta = timedelta(0)
    attempts: int = 0
    reason: str = ""
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt that has ended, for metrics."""

    kind: str
    seconds: float
    failed: bool


DONE = Outcome("successful")


class Worker:
    """One worker. A job is `running` from its claim until the database has taken how it ended."""

    def __init__(self, context: Context, tasks: Mapping[str, Task], timetable: Timetable) -> None:
        self._context = context
        self._tasks = tasks
        self._timetable = timetable
        self._id = uuid4()
        self._running: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._runs: list[Run] = []
        self._wake = asyncio.Event()
        self._wait = POLL
        self._beat_at = 0.0
        self._frees_at = 0.0
        self._abandoned = False
        timetable.wake = self._wake.set

    async def run(self, stop: asyncio.Event, *, grace: float) -> None:
        """Work until `stop` is set; what still runs `grace` seconds later is canceled and queued again."""
        stopping = asyncio.create_task(self._stop(stop, grace))
        pause = MIN_PAUSE
        try:
            while not self._has_ended(stop):
                try:
                    async with self._connected() as connection, self._heartbeats(connection):
                        await self._timetable.announce(connection, self._context)
                        while not self._has_ended(stop):
                            await self._step(connection, claims=not stop.is_set())
                            pause = MIN_PAUSE
                            if not self._has_ended(stop):
                                await self._sleep(self._wait)
                except Exception as error:
                    log.warning("the worker lost its database", error=type(error).__name__, again_in=pause)
                    self._wake.clear()
                    await self._sleep(pause)
                    pause = min(pause * 2, MAX_PAUSE)
        finally:
            stopping.cancel()

    async def drain(self) -> None:
        """Run every job that is due, and those they add, then return."""
        async with self._connected() as connection:
            await self._step(connection, claims=True)
            while self._running or await SQL.count_due(connection, names=list(self._tasks)):
                await self._sleep(min(self._wait, 0.05))
                await self._step(connection, claims=True)

    # Stopping

    async def _stop(self, stop: asyncio.Event, grace: float) -> None:
        await stop.wait()
        self._wake.set()
        await asyncio.sleep(grace)
        for _, task in self._running.values():
            task.cancel()
        self._timetable.cancel()
        await asyncio.sleep(UNWINDING)
        self._abandoned = True
        self._wake.set()

    def _has_ended(self, stop: asyncio.Event) -> bool:
        return stop.is_set() and (self._abandoned or not (self._running or self._timetable.is_running))

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    # One connection

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[db.Connection]:
        """A connection of its own, outside the pool, which hears when a job is added."""
        from pgqueuer.domain.settings import db_settings

        async with asyncio.timeout(ANSWER):
            connection = await db.connect(self._context.settings.worker_url)
        try:
            # Behind a transaction pooler nothing is heard, and jobs are found by asking every few seconds.
            async with asyncio.timeout(ANSWER):
                await connection.add_listener(db_settings().channel, self._hear)
            connection.add_termination_listener(lambda _: self._wake.set())
            self._beat_at = 0.0
            self._frees_at = _now() + SETTLING
            yield connection
        except BaseException:
            connection.terminate()
            raise
        await connection.close(timeout=ANSWER)

    @asynccontextmanager
    async def _heartbeats(self, connection: db.Connection) -> AsyncIterator[None]:
        """Store that this process works, for as long as it has a connection."""
        pooled = await heartbeats.is_pooled(connection)
        beating = asyncio.create_task(heartbeats.beat_always(self._context, "worker", pooled=pooled))
        try:
            yield
        finally:
            beating.cancel()

    def _hear(self, *notification: object) -> None:
        if '"insert"' in str(notification[-1]):
            self._wake.set()

    async def _step(self, connection: db.Connection, *, claims: bool) -> None:
        """Store what ended, send heartbeats, claim what is due. Raises TimeoutError and whatever the database does."""
        self._wake.clear()
        self._wait = POLL
        async with asyncio.timeout(ANSWER):
            await self._store_outcomes(connection)
            await self._timetable.store_outcomes(connection)
            if _now() >= self._beat_at:
                await self._beat(connection)
            if claims:
                await self._claim_all(connection)
                await self._timetable.start_due(connection, self._context)

    async def _store_outcomes(self, connection: db.Connection) -> None:
        """Store how jobs ended. Repeated after an answer that was lost, it changes nothing."""
        outcomes = dict(self._outcomes)
        if not outcomes:
            return
        done = [id for id, outcome in outcomes.items() if outcome is DONE]
        ended = [
            {
                "id": id,
                "worker": self._id,
                "status": outcome.status,
                "wait": outcome.wait,
                "attempts": outcome.attempts,
                "reason": outcome.reason,
            }
            for id, outcome in outcomes.items()
            if outcome is not DONE
        ]
        runs = self._runs[:]
        async with connection.transaction():
            if done:
                await SQL.finish(connection, ids=done)
            if ended:
                await SQL.end_attempt(connection, ended)
            if runs:
                await SQL.count_runs(connection, **_summed(runs))
        del self._runs[: len(runs)]
        for id in outcomes:
            del self._outcomes[id], self._running[id]

    async def _beat(self, connection: db.Connection) -> None:
        if self._running:
            await SQL.beat(connection, ids=list(self._running), worker=self._id)
        await self._timetable.beat(connection)
        if _now() >= self._frees_at:
            await SQL.free_claims(connection, names=list(self._tasks), after=CLAIM)
        self._beat_at = _now() + BEAT

    # Claiming

    async def _claim_all(self, connection: db.Connection) -> None:
        """Claim what is due, as far as its group has places, and note when to look again."""
        rows = await db.rows(SQL.next_due(connection, names=list(self._tasks)))
        due_in = {row["name"]: row["seconds"] for row in rows}
        for group in GROUPS:
            names = [name for name in due_in if self._tasks[name].group == group]
            due = [name for name in names if due_in[name] <= 0]
            if due and self._places(group):
                await self._claim(connection, group, due)
            if self._places(group):  # else the end of one of its jobs wakes the worker
                waits = [max(due_in[name], MIN_POLL) if name not in due else LIMITED_POLL for name in names]
                self._wait = min([self._wait, *waits])

    def _places(self, group: str) -> int:
        return GROUPS[group] - sum(of == group for of, _ in self._running.values())

    async def _claim(self, connection: db.Connection, group: str, names: list[str]) -> None:
        from pgqueuer import AsyncpgDriver, Queries
        from pgqueuer.ports.repository import EntrypointExecutionParameter
        from pgqueuer.types import QueueEntrypoint, QueueManagerId

        limits = {
            QueueEntrypoint(name): EntrypointExecutionParameter(concurrency_limit=self._tasks[name].at_once)
            for name in names
        }
        jobs = await Queries(AsyncpgDriver(connection)).dequeue(
            batch_size=self._places(group),
            entrypoints=limits,
            queue_manager_id=QueueManagerId(self._id),
            global_concurrency_limit=None,
            heartbeat_timeout=_NEVER,
        )
        for job in jobs:
            # One that still runs here, whose claim another worker freed after an outage, only gets its claim back.
            if job.id not in self._running:
                self._running[job.id] = group, asyncio.create_task(self._carry_out(job))

    # Running

    async def _carry_out(self, job: Job) -> None:
        started = _now()
        outcome = await self._attempt(job)
        self._outcomes[job.id] = outcome
        self._runs.append(Run(job.entrypoint, _now() - started, outcome.raised))
        self._wake.set()

    async def _attempt(self, job: Job) -> Outcome:
        """Run a job once. Says how it ended and raises nothing, not even when it is canceled."""
        task = self._tasks[job.entrypoint]
        if job.attempts > task.attempts:
            return Outcome("failed", reason="its worker ended again and again")
        try:
            await task.run(self._context, **json.loads(job.payload or b"{}"))
        except asyncio.CancelledError:
            return Outcome("queued", reason="the worker was stopped")
        except TryAgain as error:
            return Outcome("queued", error.wait)
        except Exception as error:
            return _failure(job, task, error)
        return DONE


def _failure(job: Job, task: Task, error: Exception) -> Outcome:
    """The outcome of an attempt that raised: queued again, or kept as failed after the last one."""
    reason = kind_and_place(error)
    log.warning("job failed", job=job.entrypoint, attempt=job.attempts, error=reason)
    if isinstance(error, db.Unavailable) and error.is_outage:
        return Outcome("queued", OUTAGE_WAIT, reason=reason, raised=True)
    if job.attempts >= task.attempts:
        return Outcome("failed", reason=reason, raised=True)
    return Outcome("queued", wait_after(job.attempts), attempts=1, reason=reason, raised=True)


def _summed(runs: list[Run]) -> dict[str, list[Any]]:
    """Runs by kind, as columns."""
    kinds = sorted({run.kind for run in runs})
    of = {kind: [run for run in runs if run.kind == kind] for kind in kinds}
    return {
        "kinds": kinds,
        "runs": [len(of[kind]) for kind in kinds],
        "failures": [sum(run.failed for run in of[kind]) for kind in kinds],
        "seconds": [sum(run.seconds for run in of[kind]) for kind in kinds],
    }


def wait_after(attempt: int) -> timedelta:
    """The wait after a failed attempt (counted from 0): doubled each time, 15 minutes at most."""
    return min(MIN_WAIT * 2 ** min(attempt, 20), MAX_WAIT)


def _now() -> float:
    return asyncio.get_running_loop().time()
