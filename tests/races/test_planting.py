"""Two worker processes that plant at once plant every date once; without locks and indexes they plant some twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from circles.hosting.schedule import rules as schedule_rules
from circles.store.context import Context
from tests.cast import add_circle, add_person
from tests.races import processes

SCHEDULES = 300


async def prepare(context: Context) -> int:
    """Weekly schedules with nothing planted. Returns how many gatherings are due."""
    lead = await add_person(context, "Lead", is_facilitator=True)
    circle = await add_circle(context, lead)
    first = (datetime.now(UTC) + timedelta(days=2)).date()
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into schedules (circle_id, kind, first_date, weekdays, wall_time, zone, length_minutes, capacity) "
            "select $1, 'weekly', $2, array[$3::int]::smallint[], time '00:00' + i * interval '4 minutes', "
            "'America/New_York', 60, 8 from generate_series(1, $4::int) as i",
            circle,
            first,
            first.weekday(),
            SCHEDULES,
        )
    rule = schedule_rules.Rule("weekly", first, 1, (first.weekday(),))
    today = datetime.now(UTC).date()
    return SCHEDULES * len(schedule_rules.dates(rule, today, today + schedule_rules.HORIZON))


async def race(url: str, *, naive: bool) -> None:
    """Two processes that start together and plant everything."""
    orders = {"url": url, "naive": naive}
    planters = [await processes.start("tests.races.planter", orders) for _ in range(2)]
    for planter in planters:
        processes.write_line(planter)
    lines = await asyncio.gather(*(processes.read_line(planter) for planter in planters))
    assert lines == [b"done\n", b"done\n"]
    for planter in planters:
        await planter.wait()


async def counts(context: Context) -> tuple[int, int]:
    """How many gatherings are planted, and for how many dates of schedules."""
    async with context.db.reading() as tx:
        row = await tx.fetchrow(
            "select count(*) as planted, count(distinct (schedule_id, planned_for)) as dates from gatherings"
        )
    assert row is not None
    return row["planted"], row["dates"]


async def test_two_workers_plant_every_date_once(context: Context, database_url: str) -> None:
    wanted = await prepare(context)
    await race(database_url, naive=False)
    assert await counts(context) == (wanted, wanted)


async def test_without_locks_and_indexes_some_dates_are_planted_twice(
    context: Context, database_url: str
) -> None:
    wanted = await prepare(context)
    async with context.db.transaction() as tx:
        await tx.execute("drop index gathering_planted_once")
        await tx.execute("drop index gathering_once_per_start")
    await race(database_url, naive=True)
    planted, dates = await counts(context)
    assert dates == wanted
    assert planted > wanted
