"""The verbs of bookings: take a seat, let it go, cancel it, and follow what became of the money.

Whoever changes a booking locks its gathering first and the booking second, everywhere, so that two verbs take
turns and never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from circles import gatherings, guidelines, payments, people
from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.bookings import rules
from circles.bookings.rules import Booking, Desk, Mine, Refund, Wish
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import Offer
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/bookings")

NO_CHECKOUT = Reason(
    "no_checkout",
    "The card company cannot be reached just now. Nothing was charged, and the seat was let go again. "
    "What you typed is still here. Please try again in a few minutes.",
)


async def desk(tx: db.Tx, person_id: UUID, gathering_id: UUID) -> tuple[Offer, Desk]:
    """A gathering and what the desk must know of this person there, in two queries. Raises NotFound."""
    offer = await gatherings.offer(tx, gathering_id)
    row = await SQL.desk(tx, gathering_id=gathering_id, person_id=person_id)
    mine = None
    if row["id"]:
        mine = Mine(**{name: row[name] for name in Mine.__slots__})
    room = screening_rules.room_of(row)
    if row["apart"]:  # to them it is a gathering like any other that is full
        offer = replace(offer, seats_taken=offer.capacity)
    return offer, Desk(row["now"], row["version_id"], row["guidelines"], mine, row["held"], room)


async def other_dates(tx: db.Tx, person_id: UUID, offer: Offer) -> list[db.Record]:
    """The next dates of this circle at which this person can still have a seat."""
    return await db.rows(
        SQL.other_dates(tx, circle_id=offer.circle_id, gathering_id=offer.gathering_id, person_id=person_id)
    )


async def book(
    context: Context,
    person: people.Person,
    gathering_id: UUID,
    *,
    choice: str,
    amount: str | int,
    version_id: UUID | None,
    agreed: bool,
    currency: str = "",
) -> Booking:
    """Take a seat: confirmed at once when it costs nothing, else held, with a checkout to pay at.

    choice: "amount" or "community"; amount: as typed, or minor units; version_id: the guidelines they read.
    Raises NotFound, AlreadyBooked, Full, OutOfDate when the guidelines changed meanwhile, or Refused with every
    reason; also Refused "no_checkout" when Stripe cannot be reached, and then the seat is free again.
    """
    wish = Wish(choice, amount, version_id, agreed, currency)
    async with context.db.reading() as tx:
        offer, found = await desk(tx, person.id, gathering_id)
    rules.check(offer, found, wish)  # most refusals need no transaction
    async with context.db.transaction() as tx:
        offer, booking = await _take_seat(tx, person.id, offer, found, wish)
        await audit.record(
            tx,
            f"booking.{booking.state}",
            booking.id,
            actor_id=person.id,
            after=booking.state,
            why=booking.kind,
        )
        if booking.held_until:
            await payments.prepare(tx, booking.id, booking.amount, booking.currency, booking.held_until)
        else:
            await _invite(tx, booking.id)
    return await _open_checkout(context, offer, booking) if booking.held_until else booking


async def _take_seat(
    tx: db.Tx, person_id: UUID, offer: Offer, found: Desk, wish: Wish
) -> tuple[Offer, Booking]:
    """Take the seat that was looked at; when somebody else was faster, look again to say why, or to try again."""
    for _ in range(2):
        amount = rules.check(offer, found, wish)
        row = await SQL.take_seat(
            tx,
            gathering_id=offer.gathering_id,
            person_id=person_id,
            kind=rules.kind_of(wish, offer.scale, amount),
            amount=amount,
            currency=offer.scale.currency,
            minimum=offer.scale.minimum,
            maximum=offer.scale.maximum,
            refund_hours=offer.refund_hours,
            late_percent=offer.late_refund_percent,
            acceptance_id=await guidelines.accept(tx, person_id, found.version_id),
            hold_minutes=rules.HOLD_MINUTES,
        )
        if row:
            return offer, Booking(**row)
        offer, found = await desk(tx, person_id, offer.gathering_id)
    rules.check(offer, found, wish)
    raise rules.Full(offer)


async def _open_checkout(context: Context, offer: Offer, booking: Booking) -> Booking:
    """Ask Stripe for the page to pay at, outside any transaction; without one the seat is let go again."""
    page = f"{context.settings.base_url}/bookings/{booking.id}"
    try:
        url = await payments.start(
            context,
            booking.id,
            amount=booking.amount,
            currency=booking.currency,
            name=offer.discreet_name,
            statement=context.settings.statement_name,
            success_url=page,
            cancel_url=f"{page}/stopped",
            hold_minutes=rules.HOLD_MINUTES,
        )
    except payments.Unreachable:
        # The address to pay at was never handed out, so nobody can pay for the seat that is freed here.
        async with context.db.transaction() as tx:
            row = await _lock(tx, booking.id)
            if row["state"] == "held":
                await _end(tx, row, "lapsed", "no_checkout")
        raise Refused(NO_CHECKOUT) from None
    return replace(booking, checkout_url=url)


async def let_go(context: Context, person: people.Person, booking_id: UUID) -> str:
    """Give up a held seat. It is free once Stripe says that it can no longer be paid.

    Returns the state it is in then: "lapsed", "confirmed" when it was paid already, or "held" when Stripe
    cannot be reached; the seat then frees itself when its time is over. Raises NotFound.
    """
    async with context.db.transaction() as tx:
        if not await SQL.ask_to_let_go(tx, booking_id=booking_id, person_id=person.id):
            return await _state_of(tx, person, booking_id)
        await audit.record(
            tx, "booking.let_go_asked", booking_id, actor_id=person.id, before="held", after="held"
        )
    await payments.release(context, booking_id)
    async with context.db.reading() as tx:
        return await _state_of(tx, person, booking_id)


async def _state_of(tx: db.Tx, person: people.Person, booking_id: UUID) -> str:
    state = await SQL.state_of(tx, booking_id=booking_id, person_id=person.id)
    if state is None:
        raise NotFound
    return state


async def cancel(context: Context, person: people.Person, booking_id: UUID, *, shown: int) -> Refund:
    """Cancel a confirmed booking before its start: free the seat, pay back what the terms say, tell about it.

    shown: the refund the person saw, in minor units. Cancelling twice is cancelling once. Raises NotFound,
    Refused, or OutOfDate when the refund is another by now.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, booking_id)
        if row["person_id"] != person.id:
            raise NotFound
        paid = await payments.paid_total(tx, booking_id)
        refund = refund_for(row, paid)
        if row["state"] == "cancelled":
            return Refund(0, 0, "This seat was cancelled already.")
        _refuse_cancelling(row)
        if refund.amount != shown:
            raise OutOfDate(Reason("refund_changed", f"Time has passed since you looked. {refund.sentence}"))
        await _end(tx, row, "cancelled", "by_member", who=person.id)
        if refund.amount:
            await payments.refund(tx, booking_id, refund.amount, "by_member")
        await _withdraw(tx, booking_id, "by_member")
    return refund


def refund_for(row: db.Record, paid: int) -> Refund:
    """What cancelling now would bring back, under the terms the person booked with. paid: minor units.

    Whoever has not agreed to guidelines that changed since then may go with all of it, until the start.
    """
    if row["must_agree"]:
        return rules.refund_due(paid, row["starts_at"], row["now"], 0, 100, row["currency"])
    return rules.refund_due(
        paid,
        row["starts_at"],
        row["now"],
        row["refund_hours"],
        row["late_refund_percent"],
        row["currency"],
        full_until=row["full_refund_until"],
    )


def _refuse_cancelling(row: db.Record) -> None:
    if row["state"] == "held":
        raise Refused(Reason("not_paid_yet", "This seat is not paid yet. You can let it go instead."))
    if row["state"] == "lapsed":
        raise Refused(Reason("ended_already", "This booking has ended already."))
    if row["starts_at"] <= row["now"]:
        raise Refused(Reason("has_begun", "The gathering has begun, so it can no longer be cancelled."))


async def settle(tx: db.Tx, context: Context, booking_id: UUID, outcome: str) -> None:
    """Follow what became of a booking's checkout: "paid", "expired" or "failed". Safe to repeat.

    Called inside the transaction that moves the checkout, after its money is in the ledger.
    """
    row = await _lock(tx, booking_id)
    called_off = row["gathering_state"] == "cancelled"
    if outcome != "paid":
        if row["state"] == "held":
            let_go = row["let_go_at"] is not None
            cause = rules.end_cause(outcome, let_go=let_go, gathering_cancelled=called_off)
            await _end(tx, row, "lapsed", cause)
    elif row["state"] == "held" and called_off:
        await _end(tx, row, "lapsed", "gathering_cancelled")
        await _pay_back(tx, context, row, "gathering_cancelled")
    elif row["state"] == "held":
        await SQL.confirm(tx, booking_id=booking_id)
        await _confirmed(tx, row, "paid")
    elif row["state"] == "lapsed" and row["left_over"] > 0:
        await _paid_late(tx, context, row)


async def _paid_late(tx: db.Tx, context: Context, row: db.Record) -> None:
    """Money for a seat that was lost: a seat again if one is free, else all of it back, with an apology.

    Whose seat the host took back gets no other one by having paid meanwhile.
    """
    taken_back = row["end_cause"] == "by_host"
    if not taken_back and await SQL.seat_again(tx, booking_id=row["id"]):
        await _confirmed(tx, row, "paid late, a seat was free")
        return
    if not taken_back and row["end_cause"] != "gathering_cancelled":
        await SQL.came_late(tx, booking_id=row["id"])
    await audit.record(tx, "booking.paid_late", row["id"], before="lapsed", after="lapsed")
    await _pay_back(tx, context, row, "by_host" if taken_back else "paid_late")


async def _confirmed(tx: db.Tx, row: db.Record, why: str) -> None:
    await audit.record(
        tx,
        "booking.confirmed",
        row["id"],
        actor_id=row["person_id"],
        before=row["state"],
        after="confirmed",
        why=why,
    )
    await _invite(tx, row["id"])
    if row["must_agree"]:  # the guidelines changed while the seat was held
        await jobs.enqueue(tx, "bookings.ask_again", guidelines_id=row["guidelines_id"], key=str(row["id"]))


async def _pay_back(tx: db.Tx, context: Context, row: db.Record, reason: str) -> None:
    """Pay back all that nobody asked back yet, and write the apology."""
    await payments.refund(tx, row["id"], row["left_over"], reason)
    person = (await people.by_ids(tx, [row["person_id"]]))[row["person_id"]]
    await mail.send(
        tx,
        context.settings,
        "apology",
        to=person.email,
        to_name=person.name,
        subject=f"{row['discreet_name']}: your payment comes back to you",
        person_id=person.id,
        row=row,
        reason=reason,
    )


async def gathering_cancelled(
    tx: db.Tx, context: Context, gathering_id: UUID, reason: str, who: UUID
) -> None:
    """End every booking of a gathering that was called off, inside the transaction that cancels it.

    Confirmed ones end here and are paid back in full. Held ones end when Stripe has closed their checkouts,
    each in a job of its own.
    """
    for row in await db.rows(SQL.active_of_gathering(tx, gathering_id=gathering_id)):
        if row["state"] == "held":
            await jobs.enqueue(tx, "bookings.release", booking_id=row["id"], key=str(row["id"]))
            continue
        await _call_off(tx, row, "gathering_cancelled", who)
        await _withdraw(tx, row["id"], "gathering_cancelled", reason)


async def _call_off(tx: db.Tx, row: db.Record, cause: str, who: UUID) -> None:
    """End a confirmed booking that its member did not end, and pay back all of it."""
    await _end(tx, row, "cancelled", cause, who=who)
    paid = await payments.paid_total(tx, row["id"])
    if paid:
        await payments.refund(tx, row["id"], paid, cause)


async def seats_taken_back(
    tx: db.Tx, context: Context, gathering_id: UUID, booking_ids: Sequence[UUID], who: UUID
) -> None:
    """End the bookings of those who give up their seat, inside the transaction that leaves fewer seats.

    Confirmed ones are paid back in full. Held ones end at once too, for their seat is gone when this commits; their
    checkouts are closed in a job each, and whoever was faster and paid gets all of it back.
    """
    for row in await db.rows(SQL.active_of_gathering(tx, gathering_id=gathering_id)):
        if row["id"] not in booking_ids:
            continue
        if row["state"] == "held":
            await _end(tx, row, "lapsed", "by_host", who=who)
            await jobs.enqueue(tx, "bookings.release", booking_id=row["id"], key=str(row["id"]))
        else:
            await _call_off(tx, row, "by_host", who)
        await _withdraw(tx, row["id"], "by_host", was=row["starts_at"])


async def gathering_moved(tx: db.Tx, context: Context, gathering_id: UUID) -> None:
    """Let everybody with a seat cancel with all of it coming back until the start, since the time moved."""
    for row in await db.rows(SQL.refund_in_full(tx, gathering_id=gathering_id)):
        await audit.record(
            tx, "booking.may_cancel", row["id"], before=row["state"], after=row["state"], why="time moved"
        )


async def gathering_tightened(tx: db.Tx, gathering_id: UUID, capacity: int) -> None:
    """Move those on seats that a gathering will not have any more onto free ones."""
    await SQL.reseat(tx, gathering_id=gathering_id, capacity=capacity)


@jobs.job("bookings.release")
async def release(context: Context, booking_id: str) -> None:
    """Close the checkout of a held seat. Raises while Stripe cannot be reached, so that it is tried again."""
    if await payments.release(context, UUID(booking_id)) == "unreachable":
        raise payments.Unreachable


@jobs.every("bookings.lapse", "* * * * *")
async def lapse(context: Context) -> None:
    """Have Stripe asked about holds past their time. A seat is freed by Stripe's word, never by the clock."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.overdue(tx, most=200)):
            await payments.sync_checkout_soon(tx, row["id"])


async def find_active(context: Context, person_id: UUID, gathering_id: UUID) -> UUID | None:
    """The held or confirmed booking of a person at a gathering, in one query."""
    async with context.db.reading() as tx:
        return await SQL.active_booking(tx, gathering_id=gathering_id, person_id=person_id)


async def seen(tx: db.Tx, person: people.Person, booking_id: UUID) -> db.Record:
    """One booking of this person with all that its pages show, in one query. Raises NotFound."""
    row = await SQL.seen(tx, booking_id=booking_id, person_id=person.id)
    if row is None:
        raise NotFound
    return row


async def _lock(tx: db.Tx, booking_id: UUID) -> db.Record:
    if await SQL.lock_gathering(tx, booking_id=booking_id) is None:
        raise NotFound
    return await SQL.lock(tx, booking_id=booking_id)


async def _end(tx: db.Tx, row: db.Record, state: str, cause: str, *, who: UUID | None = None) -> None:
    await SQL.end(tx, booking_id=row["id"], state=state, cause=cause)
    await audit.record(
        tx, f"booking.{state}", row["id"], actor_id=who, before=row["state"], after=state, why=cause
    )


async def _invite(tx: db.Tx, booking_id: UUID) -> None:
    await jobs.enqueue(tx, "invites.send", booking_id=booking_id, key=str(booking_id))


async def _withdraw(
    tx: db.Tx, booking_id: UUID, cause: str, reason: str = "", was: datetime | None = None
) -> None:
    """Tell of the end. was: the start as the person knows it, when it moves in the same change."""
    more: dict[str, Any] = {"was": was.isoformat()} if was else {}
    await jobs.enqueue(
        tx, "invites.withdraw", booking_id=booking_id, cause=cause, reason=reason, key=str(booking_id), **more
    )
