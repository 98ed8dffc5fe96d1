"""After a gathering: close and reopen its register, write notes for the next host."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from circles import directory
from circles.attendance.afterwards import rules
from circles.attendance.register import actions as register_actions
from circles.attendance.register.actions import Register
from circles.attendance.register.rules import MAY_RUN, Seat, unmarked
from circles.base.errors import NotFound, or_not_found, refuse_if
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("attendance/afterwards")

# Locked in one transaction.
MAX_CLOSED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class After(Register):
    """The register of a gathering with the notes written after it."""

    notes: list[db.Record]

    @property
    def members(self) -> list[tuple[UUID, str]]:
        return [(seat.person_id, seat.name) for seat in self.seats]

    @property
    def came(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.mark == "came"]

    @property
    def unmarked(self) -> list[Seat]:
        return unmarked(self.seats)


async def after(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> After:
    """A gathering with its register and notes, in three queries. Raises NotFound, for a helper too."""
    row = await _gathering(tx, gathering_id, actor_id)
    seats = await register_actions.seats(tx, gathering_id)
    notes = await db.rows(SQL.notes_of_circle(tx, circle=row["circle_id"], gathering=gathering_id))
    return After(row, seats, notes)


async def _gathering(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    row = await register_actions.hosted_gathering(tx, gathering_id, actor_id)
    if row["part"] not in MAY_RUN:
        raise NotFound
    return row


async def close_register(
    context: Context, *, actor_id: UUID, gathering_id: UUID, rest_absent: bool = False
) -> None:
    """Close a register. rest_absent: seats without a mark are marked absent first. Idempotent.

    Raises NotFound, and Refused while marks are missing or the gathering has not begun.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_gathering(tx, id=gathering_id)
        row = await _gathering(tx, gathering_id, actor_id)
        if row["closed_at"]:
            return
        marks = await register_actions.marks(tx, gathering_id)
        gaps = [booking for booking, marking in marks.items() if not marking.mark]
        begun = row["starts_at"] <= row["now"]
        refuse_if(rules.closing_refusals(row["state"], begun, 0 if rest_absent else len(gaps)))
        await register_actions.mark_rest_absent(tx, gathering_id, actor_id=actor_id)
        await SQL.close_register(tx, id=gathering_id, actor_id=actor_id)
        await audit.record(
            tx, "register.closed", gathering_id, actor_id=actor_id, before="open", after="closed"
        )


async def reopen_register(
    context: Context, *, actor_id: UUID, gathering_id: UUID, values: dict[str, str]
) -> None:
    """Open a closed register again, so that a mark can be corrected. Idempotent.

    Raises NotFound, and Refused without a reason, which stands in the record of the register.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_gathering(tx, id=gathering_id)
        row = await _gathering(tx, gathering_id, actor_id)
        if not row["closed_at"]:
            return
        why = rules.read_reason(values)
        await SQL.reopen_register(tx, id=gathering_id)
        await audit.record(
            tx, "register.reopened", gathering_id, actor_id=actor_id, before="closed", after="open", why=why
        )


@jobs.every("attendance.close_registers", "27 * * * *")
async def close_old_registers(context: Context) -> None:
    """Close the registers that nobody closed. Whoever has no mark then is still without one."""
    while True:
        async with context.db.transaction() as tx:
            closed = await db.rows(
                SQL.close_old_registers(tx, age=rules.CLOSES_AFTER, most=MAX_CLOSED_AT_ONCE)
            )
            for row in closed:
                await audit.record(
                    tx, "register.closed", row["id"], before="open", after="closed", why="By itself"
                )
        if len(closed) < MAX_CLOSED_AT_ONCE:
            return


async def write_note(context: Context, *, actor_id: UUID, gathering_id: UUID, values: dict[str, str]) -> None:
    """Write a note about a member with a seat. Raises NotFound, and Refused with every reason.

    With the box "look" ticked, the member also gets a suggestion of the directory. They never learn of the note.
    """
    async with context.db.reading() as tx:
        await _gathering(tx, gathering_id, actor_id)
        seats = await register_actions.seats(tx, gathering_id)
    note = rules.read_note(values, [seat.person_id for seat in seats])
    suggests = values.get("look") == "on"
    async with context.db.transaction() as tx:
        row = await _gathering(tx, gathering_id, actor_id)
        note_id = await SQL.write_note(
            tx, circle=row["circle_id"], gathering=gathering_id, actor_id=actor_id, **note
        )
        await audit.record(tx, "note.written", note_id, actor_id=actor_id, after="kept")
        if suggests:
            await directory.suggest(
                tx, context, actor_id=actor_id, person_id=note["about"], suggestion=directory.Suggestion()
            )


async def delete_note(context: Context, *, actor_id: UUID, note_id: UUID) -> UUID:
    """Delete a note that the actor wrote. Returns its gathering's id. Raises NotFound."""
    async with context.db.transaction() as tx:
        gathering_id = or_not_found(await SQL.delete_note(tx, id=note_id, actor_id=actor_id))
        await audit.record(tx, "note.taken_away", note_id, actor_id=actor_id, before="kept")
        return gathering_id


async def notes(tx: db.Tx, circle_id: UUID, actor_id: UUID) -> tuple[db.Record, list[db.Record]]:
    """A circle and its notes, for its hosts and organizers. Raises NotFound for anybody else."""
    circle = or_not_found(await SQL.circle_for_notes(tx, id=circle_id, actor_id=actor_id))
    return circle, await db.rows(SQL.notes_of_circle(tx, circle=circle_id, gathering=None))


@jobs.every("attendance.forget_notes", "43 * * * *")
async def forget_notes(context: Context) -> None:
    """Delete every note older than 30 days."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_old_notes(tx)):
            await audit.record(tx, "note.forgotten", row["id"], before="kept")
