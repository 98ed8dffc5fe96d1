"""The verbs of a member: book a seat, let a held one go, cancel a confirmed one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from circles import payments
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.bookings import end_rules, queries, rules, transitions
from circles.bookings.end_rules import Refund
from circles.bookings.passes import uses
from circles.bookings.rules import Booking, BookingInput, Eligibility
from circles.bookings.waiting_list import offers
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/bookings")
SEVERAL = db.queries("bookings/several")

# The request that began a payment has ended by then: all its calls to Stripe together have ten seconds.
LEFT_AFTER = timedelta(seconds=15)

NO_CHECKOUT = Reason(
    "no_checkout",
    "The card company cannot be reached just now. Nothing was charged, and the seat was let go again. "
    "What you typed is still here. Please try again in a few minutes.",
)


async def book(
    context: Context,
    actor: Person,
    gathering_id: UUID,
    *,
    choice: str,
    amount: str | int,
    version_id: UUID | None,
    agreed: bool,
    currency: str = "",
    both: Collection[UUID] = (),
    pass_id: UUID | None = None,
) -> Booking:
    """Take a seat: confirmed at once when it costs nothing or is on a pass, else held, with a checkout to pay at.

    choice: "amount", "community" or "pass"; amount: as typed, or minor units; version_id: the guidelines they read;
    both: bookings at overlapping hours that they want all the same; pass_id: the pass that they use.
    Raises NotFound, AlreadyBooked, Full, OutOfDate when the guidelines changed meanwhile, or Refused with every
    reason; also Refused "no_checkout" when Stripe cannot be reached, and then the seat is free again.
    """
    sent = BookingInput(choice, amount, version_id, agreed, currency, frozenset(both), pass_id)
    gathering, booking = await _take_seat(context, actor.id, gathering_id, sent)
    return await with_checkout(context, gathering, booking)


async def _take_seat(
    context: Context, actor_id: UUID, gathering_id: UUID, sent: BookingInput
) -> tuple[BookableGathering, Booking]:
    """Take a seat; when somebody else was faster, read again to find the reason or to retry. Raises as `book`."""
    for _ in range(2):
        async with context.db.reading() as tx:
            gathering, eligibility = await queries.eligibility(tx, actor_id, gathering_id)
        # One that costs nothing is taken by one statement, which locks the gathering for that long alone.
        amount = rules.amount_due(gathering, eligibility, sent)
        is_on_pass = rules.uses_pass(sent, gathering.scale)
        is_one_write = not amount and not eligibility.is_offered and not is_on_pass
        async with context.db.one_write() if is_one_write else context.db.transaction() as tx:
            booking = await take_seat_once(tx, actor_id, gathering, eligibility, sent)
            if booking:
                await follow_booking(tx, booking)
                if (
                    eligibility.is_offered
                ):  # they took the lowest free seat, so the one offered to them is free
                    await offers.offer_seats(tx, gathering_id)
                return gathering, booking
    async with context.db.reading() as tx:
        gathering, eligibility = await queries.eligibility(tx, actor_id, gathering_id)
    rules.amount_due(gathering, eligibility, sent)
    raise rules.Full(gathering)


async def take_seat_once(
    tx: db.Tx, actor_id: UUID, gathering: BookableGathering, eligibility: Eligibility, sent: BookingInput
) -> Booking | None:
    """Take a seat; None when what was read of the gathering and the person is no longer so. Raises as `book`."""
    amount = rules.amount_due(gathering, eligibility, sent)
    scale, on_pass = gathering.scale, rules.uses_pass(sent, gathering.scale)
    if on_pass:
        await uses.check(tx, actor_id, sent.pass_id, [gathering])
    row = await SQL.take_seat(
        tx,
        gathering_id=gathering.gathering_id,
        person_id=actor_id,
        kind=rules.kind_of(sent, scale, amount),
        amount=amount,
        currency=scale.currency,
        minimum=0 if on_pass else scale.minimum,
        maximum=0 if on_pass else scale.maximum,
        refund_hours=gathering.refund_hours,
        late_percent=gathering.late_refund_percent,
        version_id=eligibility.version_id,
        hold_minutes=payments.HOLD_MINUTES,
        max_held=rules.MAX_HELD,
    )
    if row is None:
        return None
    values = dict(row)
    del values["invite"]  # says nothing: the statement enqueued it
    booking = Booking(**values)
    if on_pass and sent.pass_id:
        await uses.take(tx, sent.pass_id, [booking.id])
    return booking


async def follow_booking(tx: db.Tx, booking: Booking) -> None:
    """Prepare the checkout of a seat that was just taken. The invite to one that costs nothing is enqueued with it."""
    if booking.held_until:
        await payments.prepare(tx, booking.id, booking.amount, booking.currency, booking.held_until)


@jobs.job("bookings.start_checkout", group="money")
async def start_left_checkout(context: Context, *, booking_id: str) -> None:
    """Job: start the checkout of a held seat whose request ended before it could, or else free the seat."""
    with suppress(Refused):
        if not await start_again(context, UUID(booking_id)):
            raise jobs.TryAgain(LEFT_AFTER)


async def start_again(context: Context, booking_id: UUID) -> bool:
    """Start the checkout of a seat that is held, where the request that took it ended before that was done.

    Idempotent; False while another call to Stripe is under way. Raises Refused "no_checkout": then the seat is free.
    """
    async with context.db.reading() as tx:
        row = await SQL.unstarted(tx, booking_id=booking_id)
    if row is None:
        return True
    amount, currency = row["amount"], row["currency"]
    return bool(
        await _checkout_address(context, row["discreet_name"], booking_id, amount, currency, is_repeat=True)
    )


async def with_checkout(context: Context, gathering: BookableGathering, booking: Booking) -> Booking:
    """A booking with the address to pay at, where it is held. Raises as `book`."""
    if not booking.held_until:
        return booking
    name = gathering.discreet_name
    address = await _checkout_address(context, name, booking.id, booking.amount, booking.currency)
    return replace(booking, checkout_url=address)


async def _checkout_address(
    context: Context, name: str, booking_id: UUID, amount: int, currency: str, *, is_repeat: bool = False
) -> str:
    """Start the checkout of a held seat, outside any transaction; without one the seat is freed again."""
    page = f"{context.settings.base_url}/bookings/{booking_id}"
    try:
        return await payments.start(
            context,
            booking_id,
            amount=amount,
            currency=currency,
            name=name,
            statement=context.settings.statement_name,
            success_url=f"{page}/paid",
            cancel_url=f"{page}/stopped",
            is_repeat=is_repeat,
        )
    except payments.Unreachable:
        return await _free_unless_open(context, booking_id)


async def _free_unless_open(context: Context, booking_id: UUID) -> str:
    """Free a seat that has no checkout. Raises Refused.

    Where another request got one meanwhile, its address; empty where it is paid already.
    """
    async with context.db.transaction() as tx:
        rows = [await transitions.lock(tx, id) for id in await _lock_together(tx, booking_id)]
        if address := await payments.open_address(tx, context, booking_id):
            return address
        if any(row["state"] == "confirmed" for row in rows):
            return ""
        # Nobody was given an address to pay at, and nobody will be: nobody can pay for the seats that are freed here.
        for row in rows:
            if row["state"] == "held":
                await transitions.end(tx, row, "lapsed", "no_checkout")
    raise Refused(NO_CHECKOUT)


async def _lock_together(tx: db.Tx, booking_id: UUID) -> list[UUID]:
    """The bookings that the same checkout pays, whose gatherings are locked."""
    ids = [row["id"] for row in await db.rows(SEVERAL.paid_together(tx, booking_id=booking_id))]
    await SQL.lock_gatherings(tx, booking_ids=ids)
    return ids


async def look(context: Context, actor: Person, booking_id: UUID, *, is_back: bool) -> None:
    """Have Stripe asked about the checkout of a held seat. Idempotent. Raises NotFound.

    is_back: the person came back from the payment page as having paid, which is noted.
    """
    async with context.db.transaction() as tx:
        row = await queries.own_booking(tx, actor, booking_id)
        if row["state"] == "held":
            if reference := await SQL.left_checkout(tx, booking_id=booking_id, after=LEFT_AFTER):
                await jobs.enqueue(tx, "bookings.start_checkout", booking_id=reference, key=str(reference))
            elif is_back and await SQL.note_return(tx, booking_id=booking_id, actor_id=actor.id):
                await payments.sync_checkout_soon(tx, booking_id)
            else:
                await payments.sync_checkout_for_page(tx, booking_id)


async def let_go(context: Context, actor: Person, booking_id: UUID) -> str:
    """Give up a held seat, with those that the same checkout pays. They are free once it can no longer be paid.

    Returns the state it is in then: "lapsed", "confirmed" when it was paid already, "undecided" while a payment is
    on its way, "looked_at" while a person decides, or "held" when Stripe cannot be reached; the timetable then tries
    again. Raises NotFound.
    """
    async with context.db.transaction() as tx:
        rows = await db.rows(SQL.note_let_go(tx, booking_id=booking_id, actor_id=actor.id))
        if not rows:
            return await _state_of(tx, actor, booking_id)
        for row in rows:
            await audit.record(
                tx, "booking.let_go_asked", row["id"], actor_id=actor.id, before="held", after="held"
            )
    await payments.release(context, booking_id)
    async with context.db.reading() as tx:
        row = await queries.own_booking(tx, actor, booking_id)
    return _WAITING.get(str(row["payment_waits"]), row["state"])


_WAITING: Mapping[str, str] = {"bank": "undecided", "person": "looked_at"}


async def _state_of(tx: db.Tx, actor: Person, booking_id: UUID) -> str:
    return or_not_found(await SQL.state_of(tx, booking_id=booking_id, actor_id=actor.id))


async def cancel(
    context: Context, actor: Person, booking_id: UUID, *, shown: int, shown_back: bool = True
) -> Refund:
    """Cancel a confirmed booking before its start: free the seat, request the refund, notify the member.

    shown: the refund the person saw, in minor units; shown_back: of a seat on a pass, whether they saw that the
    gathering goes back on it. Canceling twice is canceling once. Raises NotFound, Refused, or OutOfDate when that is
    another by now.
    """
    async with context.db.transaction() as tx:
        row = await transitions.lock(tx, booking_id)
        if row["person_id"] != actor.id:
            raise NotFound
        if row["state"] == "cancelled":
            return Refund(0, 0, "This seat was canceled already.")
        refuse_if(end_rules.cancel_refusals(row["state"], row["starts_at"], row["now"]))
        refund = end_rules.refund_for(row)
        on_pass = None
        if row["kind"] == "free":
            on_pass = await uses.check_shown(tx, booking_id, shown=shown, shown_back=shown_back)
        if not on_pass and refund.amount != shown:
            raise OutOfDate(Reason("refund_changed", f"This changed since you looked. {refund.sentence}"))
        await transitions.end(tx, row, "cancelled", "by_member", actor_id=actor.id)
        if refund.amount:
            await payments.refund(tx, booking_id, refund.amount, "by_member")
        await transitions.withdraw_invite(tx, booking_id, "by_member")
    return on_pass or refund


async def note_seen(context: Context, actor: Person, booking_id: UUID, mark: str) -> None:
    """Note that the person of a booking saw what changed. mark: of what they were shown; nothing else is noted."""
    async with context.db.transaction() as tx:
        await SQL.note_seen(tx, booking_id=booking_id, actor_id=actor.id, mark=mark)
