"""After a gathering: closing its register, and what one host hands over to the next."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from circles import directory
from circles.attendance.register import rules
from circles.attendance.register.actions import keep_tap
from circles.attendance.room import rules as room_rules
from circles.attendance.room.actions import HOLDS
from circles.attendance.room.rules import Guest, Tap
from circles.base.errors import NotFound, refuse_if
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("attendance/room")
REGISTER = db.queries("attendance/register")


@dataclass(frozen=True, slots=True)
class After:
    """A gathering that has begun: its row, who had a seat, and the notes about them."""

    gathering: db.Record
    seats: list[Guest]
    members: list[tuple[UUID, str]]
    notes: list[db.Record]

    @property
    def counts(self) -> rules.Counts:
        """How many came, and so on."""
        return rules.count(seat.mark for seat in self.seats)

    @property
    def came(self) -> list[Guest]:
        """Whoever came: to one of them something may be suggested."""
        return [seat for seat in self.seats if seat.mark == "came"]

    @property
    def unmarked(self) -> list[rules.Seat]:
        """Whoever the register says nothing of yet."""
        return room_rules.unmarked(self.seats)


async def after(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> After:
    """A gathering as its hosts look back on it, in three queries. Raises NotFound, for a helper too."""
    row = await _held(tx, gathering_id, person_id)
    seats = await db.rows(SQL.expected(tx, gathering=gathering_id))
    notes = await db.rows(SQL.notes_of_circle(tx, circle=row["circle_id"], gathering=gathering_id))
    members = [(each["person_id"], each["name"]) for each in seats]
    return After(row, [Guest.of(each) for each in seats], members, notes)


async def _held(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> db.Record:
    row = await SQL.room(tx, id=gathering_id, person=person_id)
    if row is None or row["part"] not in HOLDS:
        raise NotFound
    return row


async def close(context: Context, *, person_id: UUID, gathering_id: UUID, absent: bool = False) -> None:
    """Close a register. absent: whoever is not marked yet is marked absent first. Twice is once.

    Raises NotFound, and Refused while people are not marked or the gathering has not begun.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_register(tx, id=gathering_id)
        row = await _held(tx, gathering_id, person_id)
        if row["closed_at"]:
            return
        gaps = [each for each, mark in await _marks(tx, gathering_id) if not mark]
        begun = row["starts_at"] <= row["now"]
        refuse_if(room_rules.closing_problems(row["state"], begun, 0 if absent else len(gaps)))
        for booking in sorted(gaps):
            if await REGISTER.lock_seat(tx, booking=booking, gathering=gathering_id):
                await keep_tap(tx, Tap(key=uuid4(), booking=booking, mark="absent", ago=0), person_id)
        await SQL.close_register(tx, id=gathering_id, who=person_id)
        await audit.record(tx, "register.closed", gathering_id, who=person_id, before="open", after="closed")


async def _marks(tx: db.Tx, gathering_id: UUID) -> list[tuple[UUID, str]]:
    return [(row["id"], row["mark"]) for row in await db.rows(SQL.marks(tx, gathering=gathering_id))]


async def reopen(context: Context, *, person_id: UUID, gathering_id: UUID) -> None:
    """Open a closed register again, so that a mark can be put right. Raises NotFound."""
    async with context.db.transaction() as tx:
        await SQL.lock_register(tx, id=gathering_id)
        row = await _held(tx, gathering_id, person_id)
        if row["closed_at"]:
            await SQL.open_register(tx, id=gathering_id)
            await audit.record(
                tx, "register.reopened", gathering_id, who=person_id, before="closed", after="open"
            )


async def write_note(
    context: Context, *, person_id: UUID, gathering_id: UUID, values: dict[str, str]
) -> None:
    """Hand something over about somebody who had a seat. Raises NotFound, and Refused with every reason.

    With the tick "look", the member gets the suggestion of a look at the directory; of the note they hear nothing.
    """
    async with context.db.reading() as tx:
        row = await _held(tx, gathering_id, person_id)
        seats = await db.rows(SQL.expected(tx, gathering=gathering_id))
    note = room_rules.read_note(values, [each["person_id"] for each in seats])
    look = values.get("look") == "on"
    if look:
        await directory.may_suggest(context, person_id=note["about"], by=person_id)
    async with context.db.transaction() as tx:
        row = await _held(tx, gathering_id, person_id)
        written = await SQL.write_note(
            tx, circle=row["circle_id"], gathering=gathering_id, who=person_id, **note
        )
        await audit.record(tx, "note.written", written, who=person_id, after="kept")
        if look:
            await directory.suggest(
                tx, context, person_id=note["about"], by=person_id, suggestion=directory.Suggestion()
            )


async def take_note_away(context: Context, *, person_id: UUID, note_id: UUID) -> UUID:
    """Take a note away that one wrote. Returns its gathering's id. Raises NotFound."""
    async with context.db.transaction() as tx:
        row = await SQL.take_note_away(tx, id=note_id, who=person_id)
        if row is None:
            raise NotFound
        await audit.record(tx, "note.taken_away", note_id, who=person_id, before="kept")
        return row["gathering_id"]


async def notes(tx: db.Tx, circle_id: UUID, person_id: UUID) -> tuple[db.Record, list[db.Record]]:
    """A circle and what was handed over in it. Raises NotFound but for its hosts and organizers."""
    circle = await SQL.noted_circle(tx, id=circle_id, person=person_id)
    if circle is None:
        raise NotFound
    return circle, await db.rows(SQL.notes_of_circle(tx, circle=circle_id, gathering=None))


@jobs.every("attendance.forget_notes", "43 * * * *")
async def forget_notes(context: Context) -> None:
    """Forget every note older than 30 days."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_old_notes(tx)):
            await audit.record(tx, "note.forgotten", row["id"], before="kept")
