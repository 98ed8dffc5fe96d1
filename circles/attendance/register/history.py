"""The record of a register: every mark with who made it and when, and when it was closed and opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.attendance.register.rules import Marking
from circles.base.errors import or_not_found
from circles.base.row import Row
from circles.store import db

SQL = db.queries("attendance/register")

PER_PAGE: Final = 100
MAX_CLOSINGS: Final = 50
# A mark that came so much later than it was made was kept on a phone without a network.
KEPT_ON_PHONE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Entry:
    """One mark of the record."""

    row: Row

    @property
    def line(self) -> UUID:
        """The booking or the walk-in that was marked."""
        return self.row["booking_id"] or self.row["walk_in_id"]

    @property
    def words(self) -> str:
        """What was marked: "came, late"; where a mark was removed, why."""
        marking = Marking(self.row["mark"], self.row["late"], self.row["left_early"])
        if self.row["source"] == "walk_in":
            return "came without a booking" if marking.mark else "taken off the list"
        if self.row["source"] == "seat" and not marking.mark:
            return "mark removed, as the seat ended"
        return marking.words or "mark removed"

    @property
    def note(self) -> str:
        """How it came about, where no host tapped it."""
        notes = {"closing": "as the register closed", "brought_in": "from another list"}
        return notes.get(self.row["source"], "")

    @property
    def came_later(self) -> bool:
        """Whether it was made without a network and came here later."""
        return self.row["received_at"] - self.row["made_at"] > KEPT_ON_PHONE


@dataclass(frozen=True, slots=True)
class History:
    """The record of one register. more: where the next page begins, 0 at its end."""

    gathering: Row
    closings: Sequence[Row]
    entries: Sequence[Entry]
    more: int


async def history(
    tx: db.Tx, gathering_id: UUID, actor_id: UUID, *, line: UUID | None = None, after: int = 0
) -> History:
    """The record of a register, or of one line of it, for its hosts and organizers. Raises NotFound for others."""
    gathering = or_not_found(await SQL.recorded_gathering(tx, id=gathering_id, actor_id=actor_id))
    closings = await db.rows(SQL.closings(tx, gathering=gathering_id, most=MAX_CLOSINGS))
    rows = await db.rows(SQL.record(tx, gathering=gathering_id, line=line, after=after, most=PER_PAGE + 1))
    entries = [Entry(row) for row in rows[:PER_PAGE]]
    return History(gathering, closings, entries, rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else 0)
