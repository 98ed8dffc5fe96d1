"""The verb that books several dates of a circle at once: all of them or none."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid4

from circles import payments
from circles.base.clock import Viewer
from circles.base.errors import Refused
from circles.bookings import actions, rules, transitions
from circles.bookings.passes import uses
from circles.bookings.rules import AlreadyBooked, Booking, BookingInput
from circles.bookings.several import queries
from circles.bookings.several.rules import SEVERAL_HELD, Order, order, same_bookings
from circles.bookings.waiting_list import offers
from circles.payments import Line
from circles.people import Person
from circles.store import db
from circles.store.context import Context

SQL = db.queries("bookings/several")


class _Lost(Exception):
    """Not every seat could be taken, so none is: the transaction is rolled back."""


async def book(
    context: Context,
    actor: Person,
    circle_id: UUID,
    chosen: Collection[UUID],
    sent: BookingInput,
    viewer: Viewer,
) -> Booking:
    """Take a seat at every chosen gathering of a circle, or none: the first of the bookings, with where to pay for all.

    sent: the form, once for all of them; its amount is of each. Confirmed at once when it costs nothing, else held.
    Raises NotFound, AlreadyBooked when it is pressed twice, OutOfDate when the guidelines changed meanwhile, or Refused
    with every reason: "full" names the date whose last seat was just taken, "no_checkout" that Stripe cannot be
    reached, and then the seats are free again.
    """
    lost: frozenset[UUID] = frozenset()
    for _ in range(2):
        wanted = await _order(context, actor, circle_id, chosen, sent, viewer, lost)
        if len(wanted.dates) == 1:
            return await _book_one(context, actor, wanted, sent)
        try:
            async with context.db.transaction() as tx:
                bookings = await _take_seats(tx, actor.id, wanted, sent)
                if rules.uses_pass(sent, wanted.dates[0].gathering.scale) and sent.pass_id:
                    await uses.take(tx, sent.pass_id, [booking.id for booking in bookings])
                await _follow(tx, bookings)
                for date in wanted.dates:
                    if date.eligibility.is_offered:  # they took the lowest free seat instead
                        await offers.offer_seats(tx, date.id)
        except _Lost:
            lost = frozenset(chosen)
            continue
        return await actions.with_checkout(context, wanted.dates[0].gathering, bookings[0])
    wanted = await _order(context, actor, circle_id, chosen, sent, viewer, lost)
    # Each date has a seat for them now, so what is held for them is in the way, or a rule of a room that names nobody.
    raise Refused(SEVERAL_HELD if wanted.amount else rules.FULL)


async def _order(
    context: Context,
    actor: Person,
    circle_id: UUID,
    chosen: Collection[UUID],
    sent: BookingInput,
    viewer: Viewer,
    lost: Collection[UUID],
) -> Order:
    """What is ordered, read anew. Raises as `book`."""
    async with context.db.reading() as tx:
        dates = await queries.dates(tx, actor.id, circle_id)
        bookings = same_bookings(dates, chosen, sent)
        if bookings and await SQL.is_one_step(tx, booking_ids=[booking.id for booking in bookings]):
            raise AlreadyBooked(bookings[0], same=True)
        wanted = order(dates, chosen, sent, viewer, lost)
        if rules.uses_pass(sent, wanted.dates[0].gathering.scale):
            await uses.check(tx, actor.id, sent.pass_id, [date.gathering for date in wanted.dates])
    return wanted


async def _book_one(context: Context, actor: Person, wanted: Order, sent: BookingInput) -> Booking:
    return await actions.book(
        context,
        actor,
        wanted.dates[0].id,
        choice=sent.choice,
        amount=sent.amount,
        version_id=sent.version_id,
        agreed=sent.agreed,
        currency=sent.currency,
        pass_id=sent.pass_id,
    )


async def _take_seats(tx: db.Tx, actor_id: UUID, wanted: Order, sent: BookingInput) -> list[Booking]:
    """Take the seats, in the order of time. Raises _Lost when one cannot be taken."""
    first, ids = wanted.dates[0], {date.id: uuid4() for date in wanted.dates}
    scale = first.gathering.scale
    on_pass = rules.uses_pass(sent, scale)
    rows = await db.rows(
        SQL.take_seats(
            tx,
            gathering_ids=list(ids),
            booking_ids=list(ids.values()),
            first_id=ids[first.id],
            person_id=actor_id,
            kind=rules.kind_of(sent, scale, wanted.amount),
            amount=wanted.amount,
            currency=scale.currency,
            minimum=0 if on_pass else scale.minimum,
            maximum=0 if on_pass else scale.maximum,
            refund_hours=first.gathering.refund_hours,
            late_percent=first.gathering.late_refund_percent,
            version_id=first.eligibility.version_id,
            hold_minutes=payments.HOLD_MINUTES,
            max_held=rules.MAX_HELD,
        )
    )
    taken = {row["id"]: Booking(**row) for row in rows}
    if len(taken) < len(ids):
        raise _Lost
    return [taken[booking_id] for booking_id in ids.values()]


async def _follow(tx: db.Tx, bookings: list[Booking]) -> None:
    """Prepare the checkout of seats that were just taken, or enqueue their invites where there is nothing to pay."""
    first = bookings[0]
    if first.held_until:
        lines = [Line(booking.id, booking.amount) for booking in bookings]
        await payments.prepare_several(tx, lines, first.currency, first.held_until)
    else:
        await transitions.send_invites(tx, [booking.id for booking in bookings])
