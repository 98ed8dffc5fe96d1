"""Planting: the gatherings of schedules as rows, from today to the horizon, which moves every day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from circles.base import clock
from circles.hosting.schedule import forms, rules
from circles.hosting.schedule.rules import HORIZON, Rule, Terms
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/schedule")

# Schedules planted in one transaction.
BATCH = 200

Wanted = tuple[UUID, date, clock.Moment]


@jobs.every("gatherings.plant", "23 * * * *")
async def plant(context: Context) -> None:
    """Plant every schedule up to the horizon. Idempotent, also when two workers run it at once."""
    while True:
        async with context.db.transaction() as tx:
            if not await plant_some(tx):
                break


async def plant_some(tx: db.Tx) -> int:
    """Plant some schedules that are due and that no other worker has locked. Returns how many there were."""
    rows = await db.rows(SQL.lock_for_planting(tx, horizon_days=HORIZON.days, most=BATCH))
    if rows:
        await plant_rows(tx, rows)
    return len(rows)


async def plant_circle(tx: db.Tx, circle_id: UUID) -> int:
    """Plant the schedules of a circle that the caller has locked. Returns how many gatherings are new."""
    return await plant_rows(tx, await db.rows(SQL.lock_of_circle(tx, circle_id=circle_id)))


async def plant_rows(tx: db.Tx, rows: Iterable[db.Record]) -> int:
    """Plant these schedules, which the caller has locked, up to the horizon. Returns how many are new."""
    today = clock.now().date()
    wanted: list[Wanted] = []
    ids, planted_to = list[UUID](), list[date]()
    for row in rows:
        since = row["planted_until"] + timedelta(days=1) if row["planted_until"] else today
        rule, terms = forms.rule_of(row), forms.terms_of(row)
        until = rules.horizon(rule, today)
        wanted += [(row["id"], day, at) for day, at in due(rule, terms, since, until)]
        ids.append(row["id"])
        planted_to.append(until)
    planted = await _insert(tx, wanted)
    await SQL.planted_to(tx, ids=ids, until=planted_to)
    return planted


def due(rule: Rule, terms: Terms, since: date, until: date) -> list[tuple[date, clock.Moment]]:
    """The dates to plant with the moments they start; one that has begun is left out by the database."""
    early = since - timedelta(days=1)
    return [(day, terms.moment(day)) for day in rules.dates(rule, early, until)]


async def _insert(tx: db.Tx, wanted: list[Wanted]) -> int:
    return await SQL.plant(
        tx,
        schedules=[schedule for schedule, _, _ in wanted],
        dates=[day for _, day, _ in wanted],
        walls=[at.wall for _, _, at in wanted],
        starts=[at.utc for _, _, at in wanted],
        oddities=[at.oddity for _, _, at in wanted],
    )
