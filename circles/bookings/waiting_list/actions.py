"""The verbs of the waiting list: join it, leave it, take an offered seat; and those of hosts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from circles import guidelines
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.bookings import actions as booking_actions
from circles.bookings import queries as booking_queries
from circles.bookings import rules as booking_rules
from circles.bookings.rules import AlreadyBooked, Booking, BookingInput
from circles.bookings.waiting_list import offers, rules
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("bookings/waiting_list")

# Reasons for which an offer goes on to the next: those that the person cannot change before it lapses.
_GOES_ON = frozenset({"not_approved", "newcomers_full", "newcomers_later", "full"})
CANNOT_NOW = Reason(
    "cannot_now",
    "This seat cannot be booked by you just now, so it is offered to the next person. You keep your place in line.",
)


async def join(context: Context, actor: Person, gathering_id: UUID, sent: BookingInput) -> UUID:
    """Join the waiting list of a full gathering, and agree to its guidelines. Returns the id of the wait. Idempotent.

    Raises NotFound, AlreadyBooked, NotFull, OutOfDate when the guidelines changed meanwhile, or Refused with every
    reason.
    """
    async with context.db.transaction() as tx:
        or_not_found(await SQL.lock_gathering(tx, gathering_id=gathering_id))
        gathering, eligibility = await booking_queries.eligibility(tx, actor.id, gathering_id)
        if eligibility.booking:
            raise AlreadyBooked(eligibility.booking, same=False)
        wait_id = await SQL.active_wait(tx, gathering_id=gathering_id, person_id=actor.id)
        if wait_id:
            return wait_id
        reasons = rules.join_refusals(gathering, eligibility, sent)
        if any(reason.code == "guidelines_changed" for reason in reasons):
            raise OutOfDate(reasons)
        refuse_if(reasons)
        line = rules.line_of(sent, gathering)
        if rules.seats_of_line(gathering, line) > 0:
            raise rules.NotFull
        acceptance_id = await guidelines.accept(tx, actor.id, eligibility.version_id)
        joined = await SQL.join_line(
            tx,
            gathering_id=gathering_id,
            person_id=actor.id,
            line=line,
            amount=booking_rules.read_amount(gathering.scale, sent),
            currency=gathering.scale.currency,
            acceptance_id=acceptance_id,
        )
        return or_not_found(joined)  # nobody who is just being suspended


async def leave(context: Context, actor: Person, wait_id: UUID) -> str:
    """Leave a waiting list; an offered seat goes on to the next. Idempotent. Returns the state; raises NotFound."""
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, actor, wait_id)
        state = {"waiting": "left", "offered": "declined"}.get(row["state"])
        if state is None:
            return row["state"]
        await SQL.end_wait(tx, wait_id=wait_id, state=state, cause="by_member")
        await offers.lapse_and_offer(tx, row["gathering_id"])
        return state


async def _lock_own(tx: db.Tx, actor: Person, wait_id: UUID) -> db.Record:
    """Lock the gathering of somebody's own wait, and then the wait. Raises NotFound."""
    or_not_found(await SQL.lock_gathering_of(tx, wait_id=wait_id))
    row = await SQL.lock(tx, wait_id=wait_id)
    if row is None or row["person_id"] != actor.id:
        raise NotFound
    return row


async def take(
    context: Context,
    actor: Person,
    wait_id: UUID,
    *,
    amount: str = "",
    both: Collection[UUID] = (),
    pass_id: UUID | None = None,
) -> Booking:
    """Book the seat that is offered, or one that is free: held with a checkout, or confirmed at once.

    amount: as typed, where the circle's scale no longer has what they chose when they joined. both: see `book`.
    pass_id: the pass that they take it with, instead of what they chose.
    Raises NotFound, AlreadyBooked, also when it is pressed twice, and Refused, also when the offer lapsed meanwhile;
    then the seat is offered to the next before this returns.
    """
    try:
        async with context.db.transaction() as tx:
            row = await _lock_own(tx, actor, wait_id)
            gathering, booking = await _book(tx, actor, row, amount, both, pass_id)
    except Refused as refused:
        raise await _after_refusal(context, actor, wait_id, refused) from None
    return await booking_actions.with_checkout(context, gathering, booking)


async def _book(
    tx: db.Tx,
    actor: Person,
    row: db.Record,
    amount: str,
    both: Collection[UUID],
    pass_id: UUID | None,
) -> tuple[BookableGathering, Booking]:
    """Turn a locked wait into a booking. Whatever is raised undoes all of it."""
    gathering, eligibility = await booking_queries.eligibility(tx, actor.id, row["gathering_id"])
    if eligibility.booking:
        raise AlreadyBooked(eligibility.booking, same=True)
    refuse_if(
        rules.take_refusals(
            row["state"],
            row["offer_ends_at"],
            row["now"],
            lapses=row["lapses"],
            is_free=row["is_free"],
            must_agree=row["must_agree"],
        )
    )
    await SQL.accept(tx, wait_id=row["id"])
    gathering, eligibility = await booking_queries.eligibility(tx, actor.id, row["gathering_id"])
    # What they agreed to when they joined counts until the guidelines change materially.
    eligibility = replace(eligibility, version_id=row["version_id"])
    sent = _sent(row, gathering, amount, both, pass_id)
    booking = await booking_actions.take_seat_once(tx, actor.id, gathering, eligibility, sent)
    if booking is None:
        raise Refused(CANNOT_NOW)
    await SQL.note_booking(tx, wait_id=row["id"], booking_id=booking.id)
    await booking_actions.follow_booking(tx, booking)
    await offers.offer_seats(tx, row["gathering_id"])  # another seat than the offered one may be theirs
    return gathering, booking


def _sent(
    row: db.Record, gathering: BookableGathering, amount: str, both: Collection[UUID], pass_id: UUID | None
) -> BookingInput:
    """What is booked of a wait: what they chose when they joined, the amount of now, or a seat on a pass."""
    kept = rules.is_amount_kept(gathering.scale, row["line"], row["amount"], row["currency"])
    return BookingInput(
        "pass" if pass_id else row["line"],
        row["amount"] if kept else amount,
        row["version_id"],
        agreed=True,
        currency=row["currency"] if kept else "",
        both=frozenset(both),
        pass_id=pass_id,
    )


async def _after_refusal(context: Context, actor: Person, wait_id: UUID, refused: Refused) -> Refused:
    """Let an offer that is over, or that its person cannot take, go on to the next; returns what they are told."""
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, actor, wait_id)
        if row["state"] == "offered" and not row["must_agree"] and refused.codes & {"cannot_now", *_GOES_ON}:
            await SQL.pass_over(tx, wait_id=wait_id)
            refused = Refused(CANNOT_NOW)
        await offers.lapse_and_offer(tx, row["gathering_id"])
    return refused


async def agree(
    context: Context, actor: Person, wait_id: UUID, *, version_id: UUID | None, agreed: bool
) -> None:
    """Agree to guidelines that changed while somebody waits; a free seat may then be offered to them. Idempotent.

    Raises NotFound, Refused, or OutOfDate when a newer version is in force.
    """
    async with context.db.transaction() as tx:
        row = await _lock_own(tx, actor, wait_id)
        if row["state"] not in ("waiting", "offered"):
            return
        newest = await guidelines.current(tx, row["guidelines_id"])
        reasons = booking_rules.guidelines_refusals(newest.id, version_id, agreed=agreed)
        if version_id != newest.id:
            raise OutOfDate(reasons)
        refuse_if(reasons)
        acceptance_id = await guidelines.accept(tx, actor.id, newest.id)
        await SQL.save_agreement(tx, wait_id=wait_id, acceptance_id=acceptance_id)
        await offers.lapse_and_offer(tx, row["gathering_id"])


async def put_first(
    context: Context, actor: Person, gathering_id: UUID, wait_id: UUID, reason: str
) -> db.Record:
    """Offer somebody a seat out of turn: the one that is free, or the next. Returns their wait. Idempotent.

    Whether they can take it is decided as for everybody, and a host does not learn of it. Raises NotFound and Refused.
    """
    async with context.db.transaction() as tx:
        gathering = or_not_found(await SQL.hosted_gathering(tx, gathering_id=gathering_id, actor_id=actor.id))
        or_not_found(gathering["may_change"] or None)  # helpers read the list
        await SQL.lock_gathering(tx, gathering_id=gathering_id)
        row = or_not_found(await SQL.hosted_wait(tx, wait_id=wait_id, gathering_id=gathering_id))
        why = rules.read_reason(reason)
        if row["state"] == "offered":
            raise Refused(Reason("offered_already", "A seat is offered to them already."))
        if row["state"] != "waiting":
            raise Refused(Reason("not_waiting", "They are no longer on the waiting list."))
        await SQL.put_first(tx, wait_id=wait_id, gathering_id=gathering_id, actor_id=actor.id, reason=why)
        await audit.record(
            tx, "wait.put_first", wait_id, actor_id=actor.id, before="waiting", after="waiting", why=why
        )
        await offers.lapse_and_offer(tx, gathering_id)
        return row
