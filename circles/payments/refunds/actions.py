"""Refunds: request, and send to Stripe. states.py follows what becomes of them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from circles.payments import gateway
from circles.payments.gateway import KeyRefused, RefusedByStripe, Unreachable
from circles.payments.refunds import readings, rules, states
from circles.payments.refunds.rules import AT_STRIPE, OwnRefund, PaymentPart, RefundSnapshot
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/refunds")
CHECKOUTS = db.queries("payments/checkouts")

# More than any payment: all that is left of it.
NO_LIMIT: Final = 2**31
# What Stripe answers when the money has left the payment already, or is held by a dispute. The last is its answer to an
# amount that is more than what is left.
_NOTHING_LEFT = frozenset(("charge_already_refunded", "charge_disputed", "invalid_request_error"))


async def refund(tx: db.Tx, booking_id: UUID, amount: int, reason: str) -> int:
    """Request a refund of up to `amount` (minor units) of what was paid, in the caller's transaction.

    It is taken from the booking's payments, the newest first, each with an operation of its own and never more than
    what is left of it. Returns what will really be refunded, 0 when nothing will. What an open or lost dispute took
    of it is noted, and is for a person to decide on if it comes back.
    """
    return await _refund(tx, booking_id, amount, reason, await _lock_payments(tx, booking_id))


async def refund_everything(tx: db.Tx, booking_id: UUID, reason: str) -> int:
    """Request a refund of all that is left of what was paid, as `refund` does."""
    paid = await CHECKOUTS.received(tx, booking_id=booking_id)
    return await refund(tx, booking_id, paid, reason) if paid else 0


async def refund_addition(tx: db.Tx, booking_id: UUID, reference: UUID, reason: str) -> int:
    """Request a refund of all that is left of one additional payment of a booking, as `refund` does."""
    payments = await _lock_payments(tx, booking_id)
    own = [payment for payment in payments if payment["reference"] == reference]
    return await _refund(tx, booking_id, NO_LIMIT, reason, own)


async def refund_part(
    tx: db.Tx, checkout_id: UUID, booking_id: UUID, amount: int, reason: str, *, by_hand: UUID
) -> int:
    """Request a refund of one payment of a booking, whose checkout the caller has locked; see `refund`.

    by_hand: the row of refunds_by_hand that it carries out.
    """
    payments = await _lock_payments(tx, booking_id, checkout_id)
    return await _refund(tx, booking_id, amount, reason, payments, by_hand)


async def _lock_payments(tx: db.Tx, booking_id: UUID, checkout_id: UUID | None = None) -> list[db.Record]:
    return await db.rows(SQL.lock_payments(tx, booking_id=booking_id, checkout_id=checkout_id))


async def _refund(
    tx: db.Tx,
    booking_id: UUID,
    amount: int,
    reason: str,
    payments: Sequence[db.Record],
    by_hand: UUID | None = None,
) -> int:
    """Request a refund from these payments of a booking, which are locked."""
    money = {row["checkout_id"]: row for row in await db.rows(SQL.money_of(tx, booking_id=booking_id))}
    parts = [
        PaymentPart(booking_id, row["balance"], row["owed"], row["disputed"])
        for row in (money[payment["id"]] for payment in payments)
    ]
    split = rules.split_refund(amount, parts)
    for payment, (sent, disputed) in zip(payments, split, strict=True):
        if sent + disputed:
            await _request(tx, booking_id, payment, sent, disputed, reason, by_hand)
    return sum(sent for sent, _ in split)


async def _request(
    tx: db.Tx,
    booking_id: UUID,
    payment: db.Record,
    refunded: int,
    disputed: int,
    reason: str,
    by_hand: UUID | None,
) -> None:
    operation_id = uuid4()
    parameters = rules.refund_parameters(
        operation_id=operation_id,
        payment_intent=payment["payment_intent"],
        amount=refunded,
        currency=payment["currency"],
        reverses=payment["reverses"],
    )
    await SQL.add_refund(
        tx,
        id=operation_id,
        booking_id=booking_id,
        checkout_id=payment["id"],
        amount=refunded + disputed,
        disputed=disputed,
        reason=reason,
        request=parameters,
        by_hand=by_hand,
    )
    if not refunded:
        await audit.record(tx, "refund.covered", booking_id, after="done", why="dispute")
        return
    await audit.record(tx, "refund.due", booking_id, after="due", why=reason, details={"amount": refunded})
    await jobs.enqueue(tx, "payments.refund", operation_id=operation_id, key=str(operation_id))


@jobs.job("payments.refund", group="money")
async def send(context: Context, *, operation_id: str) -> None:
    """Job: make the call of a refund that is due. Run twice, it refunds once: a retry has the same key."""
    operation = UUID(operation_id)
    async with context.db.transaction() as tx:
        row = await _begin(tx, operation)
    if row is None:
        return
    try:
        snapshot = await _find_or_create(context, row)
    except KeyRefused as error:
        await _note_wait(context, operation, error.kind)
    except Unreachable:
        # It may have happened. The timetable tries again, with the same key.
        await _note_wait(context, operation, "unreachable")
    except RefusedByStripe as error:
        await _refused(context, row, error.code)
    else:
        async with context.db.transaction() as tx:
            await states.apply(tx, context, snapshot)


async def _begin(tx: db.Tx, operation_id: UUID) -> dict[str, Any] | None:
    """The call that is to be made of a refund that is due, stored; None when there is none.

    A new try, or another amount since part of the money went back elsewhere, has a new key: Stripe repeats its answer
    to an old one.
    """
    found = await SQL.begin_refund(tx, id=operation_id)
    if found is None:
        return None
    row = dict(found)
    if row["disputed"]:
        # A bank is deciding about this very money; a second refund would go out beside it.
        await states.fail(tx, operation_id, "disputed", wait=False)
        return None
    request, tries = row["request"] or {}, row["tries"]
    new_try = found["called_before"] is False
    if not new_try and request.get("amount") != _stripe_amount(row):
        new_try, tries = True, tries + 1
    if new_try:
        attempt = str(tries) if tries else ""
        request = rules.refund_parameters(
            operation_id=operation_id,
            payment_intent=row["payment_intent"],
            amount=row["amount"],
            currency=row["currency"],
            attempt=attempt,
            reverses=bool(request.get("reverse_transfer")) and not attempt,
        )
        # The first call of all goes out under the key it was stored with.
        row["idempotency_key"] = (
            rules.idempotency_key(operation_id, attempt) if tries else row["idempotency_key"]
        )
    row |= {"request": request, "tries": tries}
    await SQL.call_refund(
        tx, id=operation_id, request=request, idempotency_key=row["idempotency_key"], tries=tries
    )
    return row


def _stripe_amount(row: dict[str, Any]) -> int:
    return rules.to_stripe(row["amount"], row["currency"])


async def _find_or_create(context: Context, row: dict[str, Any]) -> RefundSnapshot:
    """The refund of this try: one that an earlier call made, or a new one."""
    if not row["called_before"] and not row["tries"]:
        return await gateway.create_refund(context, row["request"], row["idempotency_key"])
    made = await _made_before(context, row)
    if made:
        return made
    created = await gateway.create_refund(context, row["request"], row["idempotency_key"])
    # Stripe repeats its first answer to a key, and much may have happened since.
    return await gateway.retrieve_refund(context, created.id) if row["called_before"] else created


async def _made_before(context: Context, row: dict[str, Any]) -> RefundSnapshot | None:
    listed = await gateway.list_refunds(context, payment_intent=row["payment_intent"])
    own = [refund for refund in listed if refund.operation_id == row["id"]]
    ours = OwnRefund(row["state"], row["stripe_id"], row["stripe_state"], row["failed_ids"])
    return rules.this_try(own, ours, row["request"]["metadata"].get("attempt", ""))


async def _note_wait(context: Context, operation_id: UUID, fault: str) -> None:
    async with context.db.transaction() as tx:
        await SQL.note_wait(tx, id=operation_id, fault=fault, wait=rules.WAIT)


async def _refused(context: Context, row: dict[str, Any], code: str) -> None:
    """Record that Stripe refused a refund, after reading why: the money may have gone back in another way."""
    if code in _NOTHING_LEFT:
        try:
            if row["is_of_finding"]:
                await _cover_finding(context, row)
            else:
                await readings.read_payment(context, row["payment_intent"])
        except (Unreachable, RefusedByStripe):
            await _note_wait(context, row["id"], "unreachable")
            return
    async with context.db.transaction() as tx:
        reverses = "reverse_transfer" in row["request"]
        await states.refused(
            tx, row["id"], row["idempotency_key"], row["amount"], code, again_at_once=reverses
        )


async def _cover_finding(context: Context, row: dict[str, Any]) -> None:
    """Count what went back at Stripe's dashboard against the refund of a finding, whose payment is in no ledger."""
    listed = await gateway.list_refunds(context, payment_intent=row["payment_intent"])
    elsewhere = sum(refund.amount for refund in listed if refund.is_live and refund.operation_id != row["id"])
    async with context.db.transaction() as tx:
        refund = await SQL.lock_refund(tx, id=row["id"])
        part = min(refund["amount"], elsewhere) - refund["covered"]
        if refund["state"] != "due" or part <= 0:
            return
        await SQL.cover(tx, id=row["id"], amount=part, disputed=0)
        await audit.record(tx, "refund.covered", row["about"], why=AT_STRIPE, details={"amount": part})
