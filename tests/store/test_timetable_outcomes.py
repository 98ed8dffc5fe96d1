"""How the timetable's runs went is stored: the last success, the last failure by kind and place, the next time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from circles.store import db, jobs
from circles.store.context import Context
from circles.store.monitoring import timetable
from circles.store.queue.timetable import Timetable
from tests.helpers import change, rows

SECRET = "mira@example.org needs a ramp"


class Entry:
    """An entry of the timetable that fails as often as it is told."""

    def __init__(self) -> None:
        self.name = f"test.{uuid4().hex}"
        self.fails = 0
        self.hangs = False
        jobs.every(self.name, "*/5 * * * *")(self._do)

    async def _do(self, context: Context) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            self.fails -= 1
            raise RuntimeError(SECRET)


@pytest_asyncio.fixture
async def entry() -> AsyncIterator[Entry]:
    made = Entry()
    yield made
    del jobs._timetable[made.name]


async def test_a_failure_is_logged_and_stored_by_kind_and_place(
    context: Context, entry: Entry, capfd: pytest.CaptureFixture[str]
) -> None:
    entry.fails = 2
    await timetable.announce(context, {entry.name: "*/5 * * * *"})
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await jobs.run_timetable(context, entry.name)
    (row,) = await rows(context, "select * from timetable_entries where name = $1", entry.name)
    assert (row["failures"], row["succeeded_at"]) == (2, None)
    assert row["failed_at"] is not None
    assert row["failure"].startswith("RuntimeError at store/test_timetable_outcomes.py:")
    logged = "".join(capfd.readouterr())
    assert "a timetable entry failed" in logged
    assert entry.name in logged
    assert SECRET not in logged


async def test_an_entry_that_failed_or_was_stopped_runs_again_soon(context: Context, entry: Entry) -> None:
    runs = Timetable({entry.name: ("0 0 1 1 *", entry._do)})
    connection = await db.connect(context.settings.database_url)
    next_run = "select next_run, now() as now from pgqueuer_schedules where entrypoint = $1"

    async def run() -> float:
        """Run it as if it were due. Returns in how many seconds it is due again."""
        await change(
            context, "update pgqueuer_schedules set next_run = now() where entrypoint = $1", entry.name
        )
        await runs.announce(connection, context)
        await runs.start_due(connection, context)
        if entry.hangs:
            await asyncio.sleep(0)
            runs.cancel()
        while runs.is_running:
            await asyncio.sleep(0)
            await runs.store_outcomes(connection)
        (row,) = await rows(context, next_run, entry.name)
        return (row["next_run"] - row["now"]).total_seconds()

    try:
        await runs.announce(connection, context)
        entry.fails = 1
        assert 0 < await run() <= 300
        entry.hangs = True
        assert await run() <= 0
        entry.hangs = False
        await run()
        (row,) = await rows(context, "select * from timetable_entries where name = $1", entry.name)
        assert row["failures"] == 1
        assert row["succeeded_at"] >= row["failed_at"]
    finally:
        await connection.close()


async def test_what_is_overdue_stays_so_until_it_succeeds(context: Context, entry: Entry) -> None:
    await timetable.announce(context, {entry.name: "*/5 * * * *"})
    await change(context, "update timetable_entries set due_at = now() - interval '1 hour'")
    await timetable.announce(context, {entry.name: "*/5 * * * *"})
    overdue = "select due_at < now() as overdue from timetable_entries where name = $1"
    assert (await rows(context, overdue, entry.name))[0]["overdue"]
    entry.fails = 1
    with pytest.raises(RuntimeError):
        await jobs.run_timetable(context, entry.name)
    assert (await rows(context, overdue, entry.name))[0]["overdue"]
    await jobs.run_timetable(context, entry.name)
    assert not (await rows(context, overdue, entry.name))[0]["overdue"]


async def test_another_time_in_a_new_version_counts_at_once(context: Context, entry: Entry) -> None:
    for cron, day in (("0 0 1 1 *", 1), ("0 0 2 1 *", 2)):
        await timetable.announce(context, {entry.name: cron})
        (row,) = await rows(context, "select due_at from timetable_entries where name = $1", entry.name)
        assert row["due_at"].day == day
