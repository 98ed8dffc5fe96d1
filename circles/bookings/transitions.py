"""Steps that the verbs of bookings share: lock a booking, confirm it, end it, enqueue its calendar mail.

A verb locks the gathering first and the booking second, everywhere, so that two verbs take turns and never deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from circles import payments
from circles.base.errors import or_not_found
from circles.base.moves import check_move
from circles.bookings.passes import uses
from circles.bookings.rules import MOVES, State
from circles.bookings.waiting_list import offers
from circles.store import audit, db, jobs

SQL = db.queries("bookings/bookings")


async def lock(tx: db.Tx, booking_id: UUID) -> db.Record:
    """Lock a booking's gathering and then the booking; returns the booking. Raises NotFound."""
    or_not_found(await SQL.lock_gathering(tx, booking_id=booking_id))
    return await SQL.lock(tx, booking_id=booking_id)


async def record_confirmed(tx: db.Tx, row: db.Record, why: str) -> None:
    """Record that a locked booking was confirmed. The caller enqueues its invite."""
    check_move(MOVES, row["state"], "confirmed")
    await audit.record(
        tx,
        "booking.confirmed",
        row["id"],
        actor_id=row["person_id"],
        before=row["state"],
        after="confirmed",
        why=why,
    )
    if row["must_agree"]:  # the guidelines changed while the seat was held
        await jobs.enqueue(tx, "bookings.ask_again", guidelines_id=row["guidelines_id"], key=str(row["id"]))


async def end(
    tx: db.Tx,
    row: db.Record,
    state: State,
    cause: str,
    *,
    actor_id: UUID | None = None,
    offers_seat: bool = True,
) -> None:
    """End a locked booking as lapsed or canceled, with what was to be paid for it in addition.

    Its seat is offered to the first person on the waiting list.

    actor_id: None for the site itself. offers_seat: False where the gathering loses that seat in the same change.
    """
    check_move(MOVES, row["state"], state)
    await SQL.end(tx, booking_id=row["id"], state=state, cause=cause)
    await audit.record(
        tx, f"booking.{state}", row["id"], actor_id=actor_id, before=row["state"], after=state, why=cause
    )
    if row["state"] == "confirmed":
        await payments.end_additions(tx, row["id"])
    if row["kind"] == "free":  # it may be on a pass
        await uses.follow_end(tx, row["id"], cause, actor_id=actor_id)
    if cause == "no_checkout":
        await offers.reinstate(tx, row["id"])
    if offers_seat:
        await offers.offer_seats(tx, row["gathering_id"])


async def send_invite(tx: db.Tx, booking_id: UUID) -> None:
    """Enqueue the invite of a confirmed booking."""
    await jobs.enqueue(tx, "invites.send", booking_id=booking_id, key=str(booking_id))


async def send_invites(tx: db.Tx, booking_ids: Sequence[UUID]) -> None:
    """Enqueue one mail with the invites of bookings that were confirmed together."""
    if len(booking_ids) > 1:
        ids = [str(booking_id) for booking_id in booking_ids]
        await jobs.enqueue(tx, "invites.send_several", booking_ids=ids, key=ids[0])
    elif booking_ids:
        await send_invite(tx, booking_ids[0])


async def withdraw_invite(
    tx: db.Tx, booking_id: UUID, cause: str, reason: str = "", was: datetime | None = None
) -> None:
    """Enqueue the mail that a booking ended. was: the start the person knows, when it moves in the same change."""
    more: dict[str, Any] = {"was": was.isoformat()} if was else {}
    await jobs.enqueue(
        tx, "invites.withdraw", booking_id=booking_id, cause=cause, reason=reason, key=str(booking_id), **more
    )
