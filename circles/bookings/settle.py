"""How bookings follow their checkouts: confirmed when paid, lapsed when not, refunded when paid too late."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import payments, people
from circles.base.errors import Refused, refuse_if
from circles.bookings import actions, end_rules, transitions
from circles.bookings.amounts import actions as amounts
from circles.bookings.passes import settle as passes
from circles.bookings.receipts import actions as receipts
from circles.bookings.waiting_list import offers
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/bookings")
SEVERAL = db.queries("bookings/several")

# Seats that were lost although they were paid, each with the reason of its refund.
Lost = list[tuple[db.Record, str]]


async def settle(tx: db.Tx, context: Context, settled: payments.Settled) -> None:
    """Move bookings by the outcome of their checkout, see payments.on_settled. Idempotent.

    Raises Refused when it is "accepted" and a seat cannot be given.

    Called inside the transaction that moves the checkout, after its money is in the ledger.
    """
    if settled.covers == "addition":
        await _settle_addition(tx, context, settled)
        return
    if settled.covers == "pass":
        await passes.settle(tx, context, settled)
        return
    if len(settled.lines) > 1:  # several gatherings are always locked in the order of their ids
        await SQL.lock_gatherings(tx, booking_ids=settled.booking_ids)
    lost: Lost = []
    confirmed = [id for id in settled.booking_ids if await _settle_booking(tx, context, id, settled, lost)]
    await transitions.send_invites(tx, confirmed)
    for why in dict.fromkeys(reason for _, reason in lost):
        await _apologize(tx, context, [row for row, reason in lost if reason == why], why)


async def _settle_addition(tx: db.Tx, context: Context, settled: payments.Settled) -> None:
    """A seat costs what was paid for it in addition; what it cannot cost goes back to the person who paid it."""
    line = settled.lines[0]
    row = await transitions.lock(tx, line.booking_id)
    if settled.outcome in ("paid", "accepted"):
        if await amounts.apply_addition(tx, row, line.amount):
            await receipts.mail_of_reference(tx, context.settings, settled.reference)
            return
        back = await payments.refund_addition(tx, line.booking_id, settled.reference, "not_needed")
        subject = "your additional payment comes back to you"
        await _mail_money_news(tx, context, row, "addition_back", subject, amount=back)
    elif settled.outcome == "debit_failed":
        subject = "your additional payment did not arrive"
        await _mail_money_news(tx, context, row, "addition_failed", subject, amount=line.amount)


async def _settle_booking(
    tx: db.Tx, context: Context, booking_id: UUID, settled: payments.Settled, lost: Lost
) -> bool:
    """Move one of the bookings of a checkout. Returns whether that confirmed it. lost: is added to."""
    row = await transitions.lock(tx, booking_id)
    if settled.outcome == "accepted":
        await _give_seat(tx, row)
        return True
    if settled.outcome == "paid":
        return await _settle_paid(tx, row, lost)
    if row["state"] == "held":
        await _let_go(tx, context, row, settled)
    return False


async def _settle_paid(tx: db.Tx, row: db.Record, lost: Lost) -> bool:
    """Confirm a booking whose money is here, or send that back. Returns whether it was confirmed."""
    if row["state"] == "held" and row["gathering_state"] == "cancelled":
        await transitions.end(tx, row, "lapsed", "gathering_cancelled")
        await _refund_all(tx, row, "gathering_cancelled", lost)
    elif row["state"] == "held" and row["ends_at"] <= row["now"]:
        await transitions.end(tx, row, "lapsed", "paid_late")
        await _refund_all(tx, row, "gathering_over", lost)
    elif row["state"] == "held" and await people.stays_suspended(tx, row["person_id"]):
        await transitions.end(tx, row, "lapsed", "paid_late")
        await _refund_all(tx, row, "suspended", lost)
    elif row["state"] == "held":
        await SQL.confirm(tx, booking_id=row["id"])
        await transitions.record_confirmed(tx, row, "paid")
        return True
    elif row["state"] == "lapsed" and row["left_over"] > 0:
        return await _settle_late_payment(tx, row, lost)
    return False


async def _let_go(tx: db.Tx, context: Context, row: db.Record, settled: payments.Settled) -> None:
    """End a held seat that nobody paid, and tell the member where they could not know it.

    A debit that failed is told once, whatever number of seats it was to pay.
    """
    # Also where they let it go: the timetable tells who was not told that a gathering was canceled (awaited_jobs).
    let_go, gathering_canceled = row["let_go_at"] is not None, row["gathering_state"] == "cancelled"
    cause = end_rules.end_cause(settled.outcome, let_go=let_go, gathering_canceled=gathering_canceled)
    await transitions.end(tx, row, "lapsed", cause)
    if gathering_canceled:
        await transitions.withdraw_invite(tx, row["id"], cause)
    elif settled.outcome == "debit_failed" and row["id"] == settled.reference and not gathering_canceled:
        amount, subject = sum(line.amount for line in settled.lines), "your payment did not arrive"
        more = {"amount": amount, "seats": len(settled.lines)}
        await _mail_money_news(tx, context, row, "payment_failed", subject, **more)


async def _give_seat(tx: db.Tx, row: db.Record) -> None:
    """Confirm a booking for money that a person judged right, in its own seat or one that is free. Raises Refused.

    It keeps the amount that really came, and its own copy of the scale includes that.
    """
    refuse_if(end_rules.give_refusals(row))
    await SQL.keep_amount(tx, booking_id=row["id"])
    if row["state"] == "held":
        await SQL.confirm(tx, booking_id=row["id"])
    elif not await _seat_again(tx, row):
        raise Refused(end_rules.NO_SEAT_TO_GIVE)
    await transitions.record_confirmed(tx, row, "given by an organizer")


async def _seat_again(tx: db.Tx, row: db.Record) -> bool:
    """Give a lapsed booking a free seat, if there is one; another that was offered to its person goes on."""
    is_seated = bool(await SQL.seat_again(tx, booking_id=row["id"]))
    if is_seated:
        await offers.offer_seats(tx, row["gathering_id"])
    return is_seated


async def _settle_late_payment(tx: db.Tx, row: db.Record, lost: Lost) -> bool:
    """Money for a seat that was lost: a seat again if one is free, else a full refund with an apology.

    A member whose seat the host took back gets no other one by having paid meanwhile. Returns whether there is a seat.
    """
    taken_back = row["end_cause"] == "by_host"
    if not taken_back and await _seat_again(tx, row):
        await transitions.record_confirmed(tx, row, "paid late, a seat was free")
        return True
    if not taken_back and row["end_cause"] != "gathering_cancelled":
        await SQL.paid_late(tx, booking_id=row["id"])
    await audit.record(tx, "booking.paid_late", row["id"], before="lapsed", after="lapsed")
    await _refund_all(tx, row, await _lost_reason(tx, row), lost)
    return False


async def _lost_reason(tx: db.Tx, row: db.Record) -> str:
    """Why money that came late goes back, for the mail."""
    if row["end_cause"] in ("by_host", "gathering_cancelled"):
        return row["end_cause"]
    if await people.stays_suspended(tx, row["person_id"]):
        return "suspended"
    return "gathering_over" if row["ends_at"] <= row["now"] else "paid_late"


async def _refund_all(tx: db.Tx, row: db.Record, reason: str, lost: Lost) -> None:
    """Refund all that was paid and not refunded yet; one mail apologizes for all that one payment lost."""
    await payments.refund_everything(tx, row["id"], reason)
    lost.append((row, reason))


async def _apologize(tx: db.Tx, context: Context, rows: list[db.Record], reason: str) -> None:
    """Mail one apology for the seats that were lost for the same reason."""
    subject = "your payment comes back to you"
    total = sum(row["left_over"] for row in rows)
    await _mail_money_news(tx, context, rows[0], "apology", subject, reason=reason, rows=rows, total=total)


async def _mail_money_news(
    tx: db.Tx, context: Context, row: db.Record, kind: str, subject: str, **more: Any
) -> None:
    """Tell the member what became of a payment of a locked booking. more: what the mail says besides."""
    person = (await people.by_ids(tx, [row["person_id"]]))[row["person_id"]]
    of_booking = await receipts.of_booking(tx, row["id"])
    await mail.send(
        tx,
        context.settings,
        kind,
        to=person.email,
        to_name=person.name,
        subject=f"{row['discreet_name']}: {subject}",
        person_id=person.id,
        row=row,
        receipts=of_booking,
        **more,
    )


@jobs.job("bookings.release", group="money")
async def release(context: Context, booking_id: str) -> None:
    """Job: end the checkout of a held seat. Raises Unreachable when Stripe does not answer: the queue tries again.

    Where a bank or a person still decides a payment, their decision settles the booking. Where the same checkout pays
    other seats, it stays open for them.
    """
    async with context.db.transaction() as tx:
        if await _end_alone(tx, UUID(booking_id)):
            return
    if await payments.release(context, UUID(booking_id)) == "unreachable":
        raise payments.Unreachable


async def _end_alone(tx: db.Tx, booking_id: UUID) -> bool:
    """End a held seat of a gathering that was canceled, while the same checkout pays others; whether it pays any."""
    row = await transitions.lock(tx, booking_id)
    if not await SEVERAL.others_wait_for_payment(tx, booking_id=booking_id):
        return False
    if row["state"] == "held" and row["gathering_state"] == "cancelled":
        await transitions.end(tx, row, "lapsed", "gathering_cancelled")
        await transitions.withdraw_invite(tx, booking_id, "gathering_cancelled")
    return True


@jobs.job("bookings.let_go", group="money")
async def release_let_go(context: Context, booking_id: str) -> None:
    """Job: end the checkout of a seat that was let go while Stripe was away, or by a process that ended meanwhile.

    The timetable repeats it until Stripe answers.
    """
    await payments.release(context, UUID(booking_id))


@jobs.every("bookings.lapse", "* * * * *")
async def sync_overdue_holds(context: Context) -> None:
    """Sync the checkouts of holds past their time. Stripe's answer frees a seat, never the clock alone.

    Checkouts that a request left behind before they were made are started.
    """
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.left_checkouts(tx, after=actions.LEFT_AFTER, most=200)):
            reference = str(row["reference"])
            if row["is_addition"]:
                await jobs.enqueue(tx, "bookings.start_addition", reference=reference, key=reference)
            else:
                await jobs.enqueue(tx, "bookings.start_checkout", booking_id=reference, key=reference)
        for row in await db.rows(SQL.overdue(tx, most=200)):
            if row["is_let_go"]:
                await jobs.enqueue(tx, "bookings.let_go", booking_id=row["id"], key=str(row["id"]))
            else:
                await payments.sync_checkout_soon(tx, row["id"])
