"""What happens to bookings when a host changes their gathering: it is canceled, moved, or has fewer seats.

Each function is called inside the transaction that changes the gathering, which holds the gathering's lock.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from circles import payments
from circles.bookings import transitions
from circles.bookings.screening import closing
from circles.bookings.waiting_list import offers
from circles.store import audit, db, jobs

SQL = db.queries("bookings/host_changes")


async def cancel_all(tx: db.Tx, gathering_id: UUID, reason: str, *, actor_id: UUID) -> None:
    """End every booking of a gathering that was canceled, every request for a seat there, and its waiting list.

    reason: what the host writes to the members.

    Confirmed ones end here and are refunded in full. Held ones end when Stripe has closed their checkouts,
    each in a job of its own.
    """
    await close_for_gathering(tx, gathering_id, actor_id=actor_id)
    await SQL.unseat_walk_ins(tx, gathering_id=gathering_id, capacity=0)
    for row in await db.rows(SQL.active_of_gathering(tx, gathering_id=gathering_id)):
        if row["state"] == "held":
            await _release_soon(tx, row["id"])
            continue
        await _cancel_and_refund(tx, row, "gathering_cancelled", actor_id)
        await transitions.withdraw_invite(tx, row["id"], "gathering_cancelled", reason)


async def close_for_gathering(tx: db.Tx, gathering_id: UUID, *, actor_id: UUID | None) -> None:
    """Close what people wait for at a gathering that is canceled or removed: requests for a seat, the waiting list."""
    await closing.close_for_gathering(tx, gathering_id, actor_id=actor_id)
    await offers.close(tx, gathering_id, "gathering_cancelled")


async def take_seats_back(
    tx: db.Tx, gathering_id: UUID, booking_ids: Collection[UUID], *, actor_id: UUID, line: str = ""
) -> None:
    """End the bookings of those who give up their seat, since the gathering has fewer seats.

    Confirmed ones are refunded in full. Held ones end at once too, for their seat is gone when this commits; their
    checkouts are closed in a job each, and a member who paid before that is refunded in full. line: what the host
    writes to them.
    """
    for row in await db.rows(SQL.active_of_gathering(tx, gathering_id=gathering_id)):
        if row["id"] not in booking_ids:
            continue
        if row["state"] == "held":
            await transitions.end(tx, row, "lapsed", "by_host", actor_id=actor_id, offers_seat=False)
            await _release_soon(tx, row["id"])
        else:
            await _cancel_and_refund(tx, row, "by_host", actor_id)
        await transitions.withdraw_invite(tx, row["id"], "by_host", line, was=row["starts_at"])


async def _release_soon(tx: db.Tx, booking_id: UUID) -> None:
    await jobs.enqueue(tx, "bookings.release", booking_id=booking_id, key=str(booking_id))


async def _cancel_and_refund(tx: db.Tx, row: db.Record, cause: str, actor_id: UUID) -> None:
    """End a confirmed booking that its member did not end, with a full refund."""
    await transitions.end(tx, row, "cancelled", cause, actor_id=actor_id, offers_seat=False)
    await payments.refund_everything(tx, row["id"], cause)


async def allow_full_refunds(tx: db.Tx, gathering_id: UUID) -> None:
    """Let every member with a seat cancel with a full refund until the start, since the time moved."""
    for row in await db.rows(SQL.refund_in_full(tx, gathering_id=gathering_id)):
        await audit.record(
            tx, "booking.may_cancel", row["id"], before=row["state"], after=row["state"], why="time moved"
        )


async def make_room(tx: db.Tx, gathering_id: UUID, capacity: int, community_seats: int) -> None:
    """Before a gathering gets fewer seats: take back offers that do not fit, and move who is beyond onto free seats."""
    await SQL.unseat_walk_ins(tx, gathering_id=gathering_id, capacity=capacity)
    await offers.make_room(tx, gathering_id, capacity, community_seats)
    await SQL.reseat(tx, gathering_id=gathering_id, capacity=capacity)
    await offers.reseat(tx, gathering_id, capacity)


async def follow_change(tx: db.Tx, gathering_id: UUID, *, moved: bool) -> None:
    """After a gathering was changed: its waiting list is told of a new time, and offered the seats that it has more."""
    await offers.follow(tx, gathering_id, moved=moved)


async def end_wait(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> None:
    """Somebody who waits is in the room: what they were offered is free. The caller holds the gathering's lock."""
    await offers.accept(tx, gathering_id, person_id)
