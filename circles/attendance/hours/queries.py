"""Reads of what somebody hosted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from circles.attendance.periods import Period
from circles.base.english import Labels
from circles.base.row import Row
from circles.store import db

SQL = db.queries("attendance/hours")

# In one file or on one print.
MAX_ROWS = 10_000

PARTS = Labels({"lead": "Lead", "co": "Co-facilitator", "stand_in": "Stand-in"})


@dataclass(frozen=True, slots=True)
class Hours:
    """What somebody hosted in a period, by month and circle. Gatherings to which nobody came are not counted."""

    rows: Sequence[Row]

    def sum(self, column: str) -> int:
        """The sum of gatherings, minutes, people or empty."""
        return sum(row[column] for row in self.rows)

    @property
    def months(self) -> list[tuple[date, int, int, int]]:
        """Each month with its gatherings, minutes and people; those with nothing counted are left out."""
        found = []
        for month, rows in groupby(self.rows, key=lambda row: row["month"]):
            of_month = Hours(list(rows))
            if of_month.sum("gatherings"):
                found.append(
                    (month, of_month.sum("gatherings"), of_month.sum("minutes"), of_month.sum("people"))
                )
        return found


async def months(tx: db.Tx, person_id: UUID, period: Period) -> Hours:
    """What somebody hosted in a period, in sums."""
    return Hours(await db.rows(SQL.months(tx, person=person_id, **period.arguments)))


async def hosted(
    tx: db.Tx, person_id: UUID, period: Period, *, after: UUID | None = None, most: int = MAX_ROWS
) -> list[db.Record]:
    """The gatherings that somebody hosted in a period, the newest first."""
    return await db.rows(SQL.page(tx, person=person_id, **period.arguments, after=after, most=most))
