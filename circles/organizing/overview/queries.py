"""Reads of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from circles.base import clock
from circles.base.clock import Viewer
from circles.organizing.overview import rules
from circles.organizing.overview.rules import Figure
from circles.store import db

SQL = db.queries("organizing/overview")

# Gatherings of the list of the next days.
MAX_LISTED = 20
DAYS_AHEAD = timedelta(days=7)
# A month of more gatherings is not counted for the page, but by the timetable.
MAX_COUNTED_NOW = 600


@dataclass(frozen=True, slots=True)
class Glance:
    """The next gatherings, the beginning of their list alone where has_more; and the figures of the month."""

    ahead: list[db.Record]
    has_more: bool
    figures: list[Figure]


async def glance(tx: db.Tx, viewer: Viewer) -> Glance:
    """The day and the month at a glance. Two queries."""
    now = clock.now()
    this_month = rules.month_of(clock.wall_time(now, viewer.zone or "UTC").date())
    ahead = await db.rows(SQL.next_gatherings(tx, until=now + DAYS_AHEAD, most=MAX_LISTED + 1))
    months = await db.rows(
        SQL.months(
            tx,
            this_month=this_month,
            last_month=rules.months_before(this_month, 1),
            first_month=rules.months_before(this_month, rules.MONTHS - 1),
            most=MAX_COUNTED_NOW,
        )
    )
    figures = rules.figures(rules.newest_counts(months), this_month)
    return Glance(ahead[:MAX_LISTED], len(ahead) > MAX_LISTED, figures)
