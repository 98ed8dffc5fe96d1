"""Two workers with the same reminders: each is mailed once, and twice without the lock."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from circles.reminders import actions
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, rows, value
from tests.reminders.helpers import HOUR, add_seat, remind, reminder_mails

WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)
WITHOUT_LOCK = actions.SQL.lock_batch.sql.replace("for update of reminders", "")


async def planned_batch(context: Context, cast: Cast) -> str:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    await jobs.run_timetable(context, "reminders.plan")
    return str(await value(context, "select batch from reminders"))


async def test_two_workers_with_one_batch_send_it_once(
    context: Context, cast: Cast, database_url: str
) -> None:
    batch = await planned_batch(context, cast)
    first = await asyncpg.connect(database_url)
    holding = first.transaction()
    await holding.start()
    await first.execute("select from reminders for update")
    workers = [asyncio.create_task(actions.send(context, batch=batch)) for _ in range(2)]
    async with asyncio.timeout(60):
        while await value(context, WAITING) < 2:  # both have begun, and neither has read it
            await asyncio.sleep(0.01)
    await holding.rollback()
    await first.close()
    await asyncio.gather(*workers)
    assert len(await reminder_mails(context)) == 1


async def test_without_the_lock_they_send_it_twice(
    context: Context, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both read the batch before one of them has marked it."""
    batch = await planned_batch(context, cast)
    both = asyncio.Barrier(2)
    make_mail = actions._mail

    async def meet(*arguments: Any) -> Any:
        await both.wait()
        return await make_mail(*arguments)

    def read(tx: db.Tx, *, batch: str) -> Any:
        return rows_of(tx, batch)

    async def rows_of(tx: Any, batch: str) -> Any:
        for row in await tx.fetch(WITHOUT_LOCK.replace(":batch", "$1"), batch):
            yield row

    naive = SimpleNamespace(lock_batch=read, mark_sent=actions.SQL.mark_sent, delete=actions.SQL.delete)
    monkeypatch.setattr(actions, "SQL", naive)
    monkeypatch.setattr(actions, "_mail", meet)
    await asyncio.gather(*(actions.send(context, batch=batch) for _ in range(2)))
    assert len(await reminder_mails(context)) == 2


async def test_two_timetables_at_once_plan_it_once(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    await asyncio.gather(*(actions.plan(context) for _ in range(4)))
    assert len(await rows(context, "select id from reminders")) == 1
    assert len(await remind(context)) == 1


async def test_a_worker_that_dies_on_the_way_leaves_all_of_it_to_the_next(
    context: Context, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    batch_ends = RuntimeError("killed")

    async def die(*_: Any, **__: Any) -> None:
        raise batch_ends

    await jobs.run_timetable(context, "reminders.plan")
    with monkeypatch.context() as patched:
        patched.setattr("circles.reminders.actions.mail.enqueue", die)
        with pytest.raises(RuntimeError):
            await actions.send(context, batch=str(await value(context, "select batch from reminders")))
    assert await reminder_mails(context) == []
    await change(context, "update pgqueuer set execute_after = now()")
    assert len(await remind(context)) == 1
