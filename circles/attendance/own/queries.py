"""Reads of somebody's own attendance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from circles.attendance.periods import Period
from circles.attendance.register.rules import Marking
from circles.base.row import Row
from circles.store import db

SQL = db.queries("attendance/own")

# In one file; more than anybody attends in ten years.
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Totals:
    """What somebody attended in a period, by circle."""

    circles: Sequence[Row]

    def sum(self, column: str) -> int:
        """The sum of gatherings, minutes, late or left_early."""
        return sum(row[column] for row in self.circles)


async def totals(tx: db.Tx, person_id: UUID, period: Period) -> Totals:
    """What somebody attended in a period."""
    return Totals(await db.rows(SQL.totals(tx, person=person_id, **period.arguments)))


async def visits(
    tx: db.Tx, person_id: UUID, period: Period, *, after: UUID | None = None, most: int = MAX_ROWS
) -> list[db.Record]:
    """The gatherings of a period at which somebody was expected or came, the newest first."""
    return await db.rows(SQL.page(tx, person=person_id, **period.arguments, after=after, most=most))


def marking_of(row: Row) -> Marking:
    """What is marked of a visit."""
    return Marking(row["mark"], row["late"], row["left_early"])
