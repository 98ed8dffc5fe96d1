"""The room while a gathering runs, and afterwards: taps sent from a phone, closing the register, hand-over notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from circles import gatherings
from circles.attendance.register import rules
from circles.attendance.register.actions import Register, keep_tap
from circles.attendance.room import rules as room_rules
from circles.attendance.room.rules import Guest, Tap
from circles.attendance.run_sheet.actions import sheet
from circles.attendance.run_sheet.rules import Step, total
from circles.base.errors import NotFound, refuse_if
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("attendance/room")
REGISTER = db.queries("attendance/register")

# Who may open a room, close its register and write notes; a helper takes the register and no more.
HOLDS = ("lead", "co", "stand_in")


@dataclass(frozen=True, slots=True)
class Room(Register):
    """A register as its host holds it: who is expected says more, and there are the steps with their minutes."""

    seats: Sequence[Guest]
    people: dict[UUID, UUID]
    steps: list[Step]

    @property
    def opened(self) -> bool:
        """Whether those booked see the way in."""
        return gatherings.room_is_open(self.gathering["opened_at"], self.gathering["starts_at"])

    @property
    def can_open(self) -> bool:
        """Whether the room can be opened now by whoever looks."""
        row = self.gathering
        soon = row["starts_at"] - gatherings.ROOM_OPENS_BEFORE <= row["now"] < row["ends_at"]
        return row["state"] == "open" and soon and not self.opened and self.holds

    @property
    def can_shut(self) -> bool:
        """Whether the room can be shut again by whoever looks."""
        row = self.gathering
        return row["state"] == "open" and self.opened and self.holds and row["now"] < row["ends_at"]

    @property
    def holds(self) -> bool:
        """Whether whoever looks holds this gathering, and does not only help."""
        return self.gathering["part"] in HOLDS

    @property
    def minutes(self) -> int:
        """How long all steps take together."""
        return total(self.steps)

    @property
    def kept_seconds(self) -> int:
        """How long a tab may keep this page, for a reload without a network."""
        row = self.gathering
        times = row["starts_at"], row["ends_at"], row["now"]
        kept = room_rules.kept_for(row["state"], *times, closed=row["closed_at"] is not None)
        return int(kept.total_seconds())


async def room(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> Room:
    """The room of a gathering, in three queries. Raises NotFound for whoever does not hold or help at it."""
    gathering = await _room_row(tx, gathering_id, person_id)
    rows = await db.rows(SQL.expected(tx, gathering=gathering_id))
    steps = (await sheet(tx, "gathering", gathering_id, person_id)).steps
    return Room(
        gathering, [Guest.of(row) for row in rows], {row["id"]: row["person_id"] for row in rows}, steps
    )


async def _room_row(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> db.Record:
    row = await SQL.room(tx, id=gathering_id, person=person_id)
    if row is None:
        raise NotFound
    return row


async def take_taps(
    context: Context, *, person_id: UUID, gathering_id: UUID, taps: Sequence[Tap]
) -> dict[UUID, str]:
    """Take the taps a phone kept, each once; the newest of a person stands. Returns what the register says now.

    A tap on a seat that was given back is let go. Raises NotFound, and Refused while no marks can be made.
    """
    async with context.db.transaction() as tx:
        row = await _room_row(tx, gathering_id, person_id)
        if taps:
            closed = row["closed_at"] is not None
            refuse_if(rules.refusals(row["state"], row["starts_at"], row["now"], "", closed=closed))
            # In one order for everybody, so that two phones never wait for each other.
            for booking in sorted({tap.booking for tap in taps}):
                if await REGISTER.lock_seat(tx, booking=booking, gathering=gathering_id):
                    for tap in (each for each in taps if each.booking == booking):
                        await keep_tap(tx, tap, person_id)
        return {each["id"]: each["mark"] for each in await db.rows(SQL.marks(tx, gathering=gathering_id))}


async def marks(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> dict[UUID, str]:
    """What the register says of every booking. Raises NotFound."""
    await _room_row(tx, gathering_id, person_id)
    return {each["id"]: each["mark"] for each in await db.rows(SQL.marks(tx, gathering=gathering_id))}


@jobs.every("attendance.forget_taps", "41 4 * * *")
async def forget_taps(context: Context) -> None:
    """Forget taps that no phone can still be sending."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_taps(tx)
