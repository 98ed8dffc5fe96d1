"""The worker: a job ends done, or given up after its last try; whatever else happens to it, it is queued again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from circles.store import db, jobs
from circles.store.context import Context
from circles.store.queue import worker
from circles.store.queue.timetable import Timetable
from circles.store.queue.worker import Worker
from tests.helpers import change, rows

READ_ONLY = asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction")


class Scene:
    """Declared jobs of one test, and workers for them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.names: list[str] = []
        self.started: list[str] = []
        self.done: list[str] = []
        self.go_on = asyncio.Event()

    def job(self, do: Callable[[], Any] | None = None, **declared: Any) -> str:
        """Declare a job that waits for `go_on`, or does what is given."""
        name = f"test.{uuid4().hex}"
        self.names.append(name)

        async def run(_: Context) -> None:
            self.started.append(name)
            await (do() if do else self.go_on.wait())
            self.done.append(name)

        jobs.job(name, **declared)(run)
        return name

    async def ask(self, name: str, times: int = 1) -> None:
        async with self.context.db.transaction() as tx:
            for _ in range(times):
                await jobs.enqueue(tx, name)

    @asynccontextmanager
    async def working(self, grace: float = 60) -> AsyncIterator[asyncio.Event]:
        """A worker during the block; afterwards it is stopped, and its jobs have `grace` seconds."""
        stop = asyncio.Event()
        tasks = {name: jobs._tasks[name] for name in self.names}
        working = asyncio.create_task(Worker(self.context, tasks, Timetable({})).run(stop, grace=grace))
        try:
            yield stop
        finally:
            stop.set()
            await working

    async def queued(self, name: str) -> list[tuple[str, int, bool]]:
        """State, attempts and whether it is due, of each job of this name that is in the queue."""
        found = await rows(
            self.context,
            "select status::text, attempts, execute_after <= now() as due from pgqueuer "
            "where entrypoint = $1 order by id",
            name,
        )
        return [(row["status"], row["attempts"], row["due"]) for row in found]


@pytest_asyncio.fixture
async def scene(context: Context) -> AsyncIterator[Scene]:
    made = Scene(context)
    yield made
    for name in made.names:
        jobs._tasks.pop(name, None)


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


async def until_queued(scene: Scene, name: str, expected: list[tuple[str, int, bool]]) -> None:
    async with asyncio.timeout(60):
        while await scene.queued(name) != expected:
            await asyncio.sleep(0.02)


async def fail() -> None:
    raise RuntimeError


async def test_a_job_that_is_stopped_is_queued_again(scene: Scene) -> None:
    name = scene.job()
    await scene.ask(name)
    async with scene.working(grace=0):
        await until(lambda: scene.started)
    assert await scene.queued(name) == [("queued", 0, True)]
    scene.go_on.set()
    await jobs.drain(scene.context)
    assert (scene.done, await scene.queued(name)) == ([name], [])


async def test_a_job_that_ends_in_time_is_done_though_the_worker_was_stopped(scene: Scene) -> None:
    name = scene.job()
    await scene.ask(name)
    async with scene.working() as stop:
        await until(lambda: scene.started)
        stop.set()
        scene.go_on.set()
    assert (scene.done, await scene.queued(name)) == ([name], [])


async def test_what_workers_did_is_counted_for_metrics(scene: Scene) -> None:
    well, failing = scene.job(), scene.job(fail, attempts=2)
    scene.go_on.set()
    await scene.ask(well, 3)
    await scene.ask(failing)
    await jobs.drain(scene.context)
    await change(scene.context, "update pgqueuer set execute_after = now()")
    await jobs.drain(scene.context)
    counted = await rows(
        scene.context, "select kind, runs, failures, seconds >= 0 as timed from job_counts order by kind"
    )
    by_kind = {row["kind"]: (row["runs"], row["failures"], row["timed"]) for row in counted}
    assert by_kind == {well: (3, 0, True), failing: (2, 2, True)}


@pytest.mark.parametrize("ends", ["well", "failing"])
async def test_how_a_job_ended_is_stored_once_the_database_takes_it(
    scene: Scene, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0
    real = Worker._store_outcomes

    async def refuse(self: Worker, connection: db.Connection) -> None:
        nonlocal refused
        if self._outcomes and refused < 3:
            refused += 1
            raise READ_ONLY
        await real(self, connection)

    monkeypatch.setattr(Worker, "_store_outcomes", refuse)
    monkeypatch.setattr(worker, "MIN_PAUSE", 0.01)
    scene.go_on.set()
    name = scene.job(fail if ends == "failing" else None)
    await scene.ask(name)
    async with scene.working():
        await until_queued(scene, name, [("queued", 1, False)] if ends == "failing" else [])
    assert (refused, scene.started) == (3, [name])


@pytest.mark.parametrize(
    "error",
    [
        READ_ONLY,
        asyncpg.DiskFullError("no space left"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionRefusedError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_counts_as_no_attempt(scene: Scene, error: Exception) -> None:
    async def meet() -> None:
        raise db.Unavailable(error) from error

    name = scene.job(meet, attempts=0)
    await scene.ask(name)
    await jobs.drain(scene.context)
    assert await scene.queued(name) == [("queued", 0, False)]


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("twice"),
        RuntimeError(),
        db.Unavailable(asyncpg.QueryCanceledError("too slow")),
        db.Unavailable(asyncpg.OutOfMemoryError("too much")),
    ],
    ids=str,
)
async def test_whatever_else_fails_is_given_up_after_its_last_try(scene: Scene, error: Exception) -> None:
    async def meet() -> None:
        raise error

    name = scene.job(meet, attempts=0)
    await scene.ask(name)
    await jobs.drain(scene.context)
    assert [state for state, _, _ in await scene.queued(name)] == ["failed"]


async def test_a_job_that_cannot_work_yet_has_not_failed(scene: Scene) -> None:
    async def wait() -> None:
        raise jobs.TryAgain(timedelta(minutes=1))

    name = scene.job(wait, attempts=0)
    await scene.ask(name)
    await jobs.drain(scene.context)
    assert await scene.queued(name) == [("queued", 0, False)]


async def claim_elsewhere(context: Context, name: str, *, seconds: int) -> None:
    """Another worker claimed the job and sent its last heartbeat so many seconds ago."""
    await change(
        context,
        "update pgqueuer set status = 'picked', queue_manager_id = $1, heartbeat = now() - make_interval(secs => $2) "
        "where entrypoint = $3",
        uuid4(),
        seconds,
        name,
    )


async def test_the_claims_of_a_killed_worker_are_free_soon_and_those_of_a_living_one_never(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SETTLING", 0.0)
    monkeypatch.setattr(worker, "BEAT", 0.05)
    monkeypatch.setattr(worker, "POLL", 0.05)
    scene.go_on.set()
    killed, living = scene.job(), scene.job()
    for name, seconds in ((killed, 31), (living, 0)):
        await scene.ask(name)
        await claim_elsewhere(scene.context, name, seconds=seconds)
    async with scene.working():
        await until_queued(scene, killed, [])
    assert scene.done == [killed]
    assert [state for state, _, _ in await scene.queued(living)] == ["picked"]


async def test_a_job_that_kills_its_worker_is_given_up_too(scene: Scene) -> None:
    name = scene.job(attempts=2)
    await scene.ask(name)
    await change(scene.context, "update pgqueuer set attempts = 3 where entrypoint = $1", name)
    await jobs.drain(scene.context)
    assert (scene.started, await scene.queued(name)) == ([], [("failed", 3, True)])


async def test_a_running_job_keeps_its_claim(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEAT", 0.05)
    monkeypatch.setattr(worker, "POLL", 0.05)
    name = scene.job()
    await scene.ask(name)
    late = "update pgqueuer set heartbeat = now() - interval '1 hour' where entrypoint = $1"
    beats = "select from pgqueuer where entrypoint = $1 and heartbeat > now() - interval '1 minute'"
    async with scene.working():
        await until(lambda: scene.started)
        await change(scene.context, late, name)
        async with asyncio.timeout(60):
            while not await rows(scene.context, beats, name):
                await asyncio.sleep(0.02)
        scene.go_on.set()


async def test_a_failure_is_not_stored_on_a_claim_that_another_worker_has_by_now(scene: Scene) -> None:
    async def lose_the_claim() -> None:
        await claim_elsewhere(scene.context, name, seconds=0)
        raise RuntimeError

    name = scene.job(lose_the_claim)
    await scene.ask(name)
    async with scene.working():
        await until(lambda: scene.started)
    assert [state for state, _, _ in await scene.queued(name)] == ["picked"]


@pytest.mark.parametrize("hanging", worker.GROUPS)
async def test_jobs_that_hang_take_the_places_of_their_own_group_only(scene: Scene, hanging: str) -> None:
    slow = scene.job(group=hanging)
    others = [scene.job(lambda: asyncio.sleep(0), group=group) for group in worker.GROUPS if group != hanging]
    await scene.ask(slow, 2 * worker.GROUPS[hanging])
    async with scene.working():
        await until(lambda: len(scene.started) == worker.GROUPS[hanging])
        for name in others:
            await scene.ask(name, 3)
        await until(lambda: sorted(scene.done) == sorted(others * 3))
        assert scene.started.count(slow) == worker.GROUPS[hanging]
        scene.go_on.set()
        await until(lambda: scene.done.count(slow) == 2 * worker.GROUPS[hanging])


async def test_after_an_outage_the_pause_begins_anew_and_never_grows_over_five_seconds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    outages = iter([True] * 7 + [False] + [True] * 2 + [False])
    pauses: list[float] = []
    stop = asyncio.Event()
    real = Worker._step

    async def step(self: Worker, connection: db.Connection, *, claims: bool) -> None:
        if next(outages):
            raise READ_ONLY
        await real(self, connection, claims=claims)
        self._wait = -1.0  # the sleep of a worker that is well

    async def sleep(_: Worker, seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 11:
            stop.set()

    monkeypatch.setattr(Worker, "_step", step)
    monkeypatch.setattr(Worker, "_sleep", sleep)
    await Worker(scene.context, {}, Timetable({})).run(stop, grace=0)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, -1.0, 0.5, 1.0, -1.0]
