"""The verbs of moving a seat to another gathering of the same circle: by its member, by a host or an organizer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.bookings import queries, transitions
from circles.bookings import rules as booking_rules
from circles.bookings.agreeing import actions as agreeing
from circles.bookings.given import actions as given
from circles.bookings.moving import rules
from circles.bookings.passes import uses
from circles.bookings.rules import Eligibility
from circles.bookings.waiting_list import offers
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/moving")


@dataclass(frozen=True, slots=True)
class Moved:
    """A seat that was moved. was_id: the gathering it left."""

    booking_id: UUID
    was_id: UUID
    gathering: BookableGathering


async def move(
    context: Context,
    actor: Person,
    booking_id: UUID,
    to_id: UUID,
    *,
    shown: int | None = None,
    version_id: UUID | None = None,
    agreed: bool = False,
    both: Collection[UUID] = (),
) -> Moved:
    """Move the actor's own confirmed seat to another gathering of its circle. Moving it there twice is moving it once.

    shown: what canceling would refund after the move, in minor units, as the person saw it. version_id, agreed: of the
    guidelines, where they are to be agreed to again. both: bookings at overlapping hours that they want all the same.
    Raises NotFound, OutOfDate when the refund or the guidelines changed meanwhile, or Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row, gathering, eligibility = await _lock(tx, booking_id, to_id, owner_id=actor.id)
        if row["gathering_id"] == to_id:
            return Moved(booking_id, to_id, gathering)
        reasons = rules.seat_refusals(row["state"], row["starts_at"], row["moves"], row["now"])
        reasons = reasons or rules.date_refusals(row, gathering, eligibility)
        refuse_if(reasons)
        reasons = rules.member_refusals(
            row, gathering, eligibility, both=both, version_id=version_id, agreed=agreed
        )
        if row["kind"] == "free":
            reasons += await uses.move_refusals(tx, booking_id, gathering.starts_at, gathering.zone)
        if any(reason.code == "guidelines_changed" for reason in reasons):
            raise OutOfDate(reasons)
        refuse_if(reasons)
        refund = rules.refund_after(dict(row), gathering)
        if shown is not None and refund.amount != shown:
            raise OutOfDate(Reason("refund_changed", f"This changed since you looked. {refund.sentence}"))
        if row["must_agree"]:
            await agreeing.accept(tx, row, eligibility.version_id)
            await given.answer(tx, booking_id, actor.id, eligibility.version_id)
        return await _move(tx, context, actor, row, gathering)


async def move_by_host(
    context: Context,
    actor: Person,
    booking_id: UUID,
    to_id: UUID,
    *,
    reason: str,
    also: given.Also = given.nothing,
) -> Moved:
    """Move somebody's confirmed seat to another gathering of its circle, for who hosts the circle and for organizers.

    reason: what the person reads in their mail. They may cancel until the new start with all they paid. Moving it there
    twice is moving it once. Raises NotFound, or Refused with every reason.
    """
    async with context.db.transaction() as tx:
        if not await SQL.may_move(tx, booking_id=booking_id, actor_id=actor.id):
            raise NotFound
        row, gathering, eligibility = await _lock(tx, booking_id, to_id)
        if row["gathering_id"] == to_id:
            return Moved(booking_id, to_id, gathering)
        reasons = rules.seat_refusals(row["state"], row["starts_at"], 0, row["now"])
        reasons = reasons or rules.date_refusals(row, gathering, eligibility)
        refuse_if(reasons if reason.strip() else [*reasons, rules.NO_REASON])
        moved = await _move(tx, context, actor, row, gathering, reason.strip())
        await also(tx)
        return moved


async def _lock(
    tx: db.Tx, booking_id: UUID, to_id: UUID, *, owner_id: UUID | None = None
) -> tuple[db.Record, BookableGathering, Eligibility]:
    """Lock both gatherings and the booking, and read what decides whether it may move. Raises NotFound."""
    or_not_found(await SQL.lock_both(tx, booking_id=booking_id, to_id=to_id))
    row = await transitions.SQL.lock(tx, booking_id=booking_id)
    if owner_id is not None and row["person_id"] != owner_id:
        raise NotFound
    if to_id != row["gathering_id"]:
        await offers.take_up(tx, to_id, row["person_id"], booking_id)
    gathering, eligibility = await queries.eligibility(tx, row["person_id"], to_id)
    return row, gathering, eligibility


async def _move(
    tx: db.Tx,
    context: Context,
    actor: Person,
    row: db.Record,
    gathering: BookableGathering,
    reason: str | None = None,
) -> Moved:
    """Move a locked booking with its calendar entry, and have its person told. reason: of a host, None for a member."""
    booking_id, here, there = row["id"], row["gathering_id"], gathering.gathering_id
    seat = await SQL.take_other_seat(
        tx,
        booking_id=booking_id,
        to_id=there,
        terms_start=rules.terms_start_after(row),
        by_member=reason is None,
    )
    if seat is None:  # the rules of the room, which name nobody
        raise Refused(rules.FULL_THERE)
    await offers.offer_seats(tx, here)
    host = booking_rules.uid_host(context.settings.base_url)
    first_uid = booking_rules.seat_uid(here, row["person_id"], host)
    await SQL.move_invite(tx, booking_id=booking_id, here=here, there=there, first_uid=first_uid)
    await audit.record(
        tx,
        "booking.moved",
        booking_id,
        actor_id=actor.id,
        before=row["state"],
        after=row["state"],
        why=reason or "by member",
        details={"from": str(here), "to": str(there), "by": "member" if reason is None else "host"},
    )
    for gathering_id in (here, there):
        await offers.offer_seats(tx, gathering_id)
    by_host: dict[str, Any] = {} if reason is None else {"reason": reason}
    await jobs.enqueue(tx, "invites.tell_moved", booking_id=booking_id, **by_host)
    return Moved(booking_id, here, gathering)


async def moved_away(tx: db.Tx, gathering_id: UUID) -> list[db.Record]:
    """The seats that moved from a gathering to another one, for somebody who may act for it, the latest first."""
    rows = await db.rows(SQL.moved_away(tx, gathering_id=gathering_id))
    return sorted(rows, key=lambda row: row["at"], reverse=True)
