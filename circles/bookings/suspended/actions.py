"""Letting go of everything that a suspended person has ahead."""

from __future__ import annotations

from uuid import UUID

from circles import payments
from circles.bookings import end_rules, transitions
from circles.bookings.passes import ending as passes
from circles.bookings.screening import closing
from circles.bookings.waiting_list import offers
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("bookings/suspended")
WAITS = db.queries("bookings/waiting_list")


async def ahead(tx: db.Tx, person_id: UUID) -> list[db.Record]:
    """The seats that somebody has ahead, and their places on waiting lists, by time."""
    return await db.rows(SQL.ahead(tx, person_id=person_id))


async def let_all_go(context: Context, person_id: UUID, *, refund: str, actor_id: UUID | None) -> None:
    """Let go of every seat and place ahead of somebody who is suspended, one after the other. Idempotent.

    refund: what comes back of each: "all", "terms" (of its circle), "none". A seat whose payment a bank or Stripe still
    decides stays held until it is known; then the timetable comes here again.
    """
    async with context.db.transaction() as tx:
        await closing.close_of_person(tx, person_id, actor_id=actor_id)
    async with context.db.reading() as tx:
        held = await db.rows(SQL.held_ahead(tx, person_id=person_id))
    for row in held:
        await _release(context, row["id"], actor_id)
    async with context.db.reading() as tx:
        rows = await ahead(tx, person_id)
    for row in rows:
        if row["is_wait"]:
            await _end_wait(context, row["gathering_id"], row["id"])
        elif row["state"] == "confirmed":
            await _end_seat(context, row["id"], refund, actor_id)
    await passes.end_of_person(context, person_id, refund=refund, actor_id=actor_id)


async def _release(context: Context, booking_id: UUID, actor_id: UUID | None) -> None:
    """Give up a held seat, with those that the same checkout pays, as their person could."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.note_let_go(tx, booking_id=booking_id)):
            await audit.record(
                tx, "booking.let_go_asked", row["id"], actor_id=actor_id, before="held", after="held"
            )
    await payments.release(context, booking_id)


async def _end_wait(context: Context, gathering_id: UUID, wait_id: UUID) -> None:
    async with context.db.transaction() as tx:
        await WAITS.lock_gathering(tx, gathering_id=gathering_id)
        await SQL.end_wait(tx, wait_id=wait_id)
        await offers.lapse_and_offer(tx, gathering_id)


async def _end_seat(context: Context, booking_id: UUID, refund: str, actor_id: UUID | None) -> None:
    async with context.db.transaction() as tx:
        row = await transitions.lock(tx, booking_id)
        if row["state"] != "confirmed" or row["starts_at"] <= row["now"]:
            return
        terms = end_rules.refund_for(row)
        await transitions.end(tx, row, "cancelled", "taken_off", actor_id=actor_id)
        if refund == "all":
            await payments.refund_everything(tx, booking_id, "taken_off")
        elif refund == "terms" and terms.amount:
            await payments.refund(tx, booking_id, terms.amount, "taken_off")


async def end_double(tx: db.Tx, booking_id: UUID, *, actor_id: UUID) -> None:
    """Let go of one of two seats of a person with two accounts, with a full refund. The gathering is locked."""
    row = await transitions.lock(tx, booking_id)
    await transitions.end(tx, row, "cancelled", "taken_off", actor_id=actor_id, offers_seat=False)
    await payments.refund_everything(tx, booking_id, "taken_off")


async def offer_free_seats(tx: db.Tx, gathering_id: UUID) -> None:
    """Offer what came free at a locked gathering."""
    await offers.lapse_and_offer(tx, gathering_id)
