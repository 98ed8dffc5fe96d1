"""The verbs of a refund: write it down with the caller's, carry it out once, mend what comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from circles.payments import gateway, rules
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.rules import Returned
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/payments")


async def refund(tx: db.Tx, booking_id: UUID, amount: int, reason: str) -> int:
    """Pay back up to `amount` (minor units) of what was paid, in the caller's transaction.

    Never more than what is left. Answers what is really on its way, 0 when nothing is.
    """
    row = await SQL.lock_checkout(tx, booking_id=booking_id)
    if row is None:
        return 0
    balance = await SQL.paid_total(tx, booking_id=booking_id)
    under_way = await SQL.refunds_under_way(tx, booking_id=booking_id)
    sum_back = rules.left_to_refund(amount, balance, under_way)
    if sum_back == 0:
        return 0
    operation = uuid4()
    words = gateway.refund_parameters(
        operation_id=operation,
        payment_intent=row["payment_intent"],
        amount=sum_back,
        currency=row["currency"],
    )
    await SQL.add_refund(
        tx,
        id=operation,
        booking_id=booking_id,
        checkout_id=row["id"],
        amount=sum_back,
        reason=reason,
        request=words,
    )
    await audit.record(tx, "refund.due", booking_id, after="due", why=reason, details={"amount": sum_back})
    await jobs.enqueue(tx, "payments.refund", operation_id=operation, key=str(operation))
    return sum_back


@jobs.job("payments.refund")
async def carry_out(context: Context, *, operation_id: str) -> None:
    """Carry out a refund that is due. Run twice, it pays back once: every try has the operation's own key."""
    operation = UUID(operation_id)
    async with context.db.transaction() as tx:
        row = await SQL.begin_refund(tx, id=operation)
    if row is None:
        return
    try:
        returned = await _pay_back(context, row)
    except Unreachable:
        # It may have happened. The timetable tries again, with the same key.
        async with context.db.transaction() as tx:
            await SQL.note_fault(tx, operation_id=operation, fault="unreachable")
        return
    except RefusedByStripe as error:
        returned = Returned("", False, error.code)
    async with context.db.transaction() as tx:
        await _settle(tx, operation, returned)


async def _pay_back(context: Context, row: Any) -> Returned:
    if row["called_before"]:
        made = await gateway.find_refund(context, row["request"]["payment_intent"], row["id"])
        if made:
            return made
    return await gateway.create_refund(context, row["request"], row["idempotency_key"])


async def _settle(tx: db.Tx, operation: UUID, returned: Returned) -> None:
    row = await SQL.lock_refund(tx, id=operation)
    if row["state"] != "due":
        return
    if not returned.moved:
        await SQL.refund_failed(tx, id=operation, fault=returned.fault, wait=_rest(row["tries"] + 1))
        await audit.record(
            tx, "refund.failed", row["booking_id"], before="due", after="failed", why=returned.fault
        )
        return
    await SQL.operation_done(tx, id=operation, stripe_id=returned.id)
    await SQL.add_refunded(tx, operation_id=operation, stripe_id=returned.id)
    await audit.record(tx, "refund.done", row["booking_id"], before="due", after="done")


def _rest(tries: int) -> timedelta | None:
    return rules.wait_after(tries) if tries < rules.MAX_TRIES else None


@jobs.job("payments.look_at_refund")
async def look_at_refund(context: Context, *, stripe_id: str) -> None:
    """Ask Stripe about a refund. One that a bank sent back is put into the ledger, and tried again later."""
    async with context.db.reading() as tx:
        row = await SQL.refund_by_stripe_id(tx, stripe_id=stripe_id)
    if row is None or row["state"] != "done":
        return
    returned = await gateway.retrieve_refund(context, stripe_id)
    if returned.moved:
        return
    async with context.db.transaction() as tx:
        locked = await SQL.lock_refund(tx, id=row["id"])
        if locked["state"] != "done":
            return
        await SQL.add_returned(tx, operation_id=row["id"])
        await SQL.refund_failed(tx, id=row["id"], fault=returned.fault, wait=_rest(locked["tries"] + 1))
        await audit.record(
            tx, "refund.failed", locked["booking_id"], before="done", after="failed", why=returned.fault
        )
