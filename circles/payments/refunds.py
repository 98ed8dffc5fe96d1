"""Refunds: request, send, sync with Stripe."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from circles.payments import gateway, rules
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.rules import RefundSnapshot
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/refunds")
CHECKOUTS = db.queries("payments/checkouts")
OPERATIONS = db.queries("payments/operations")


async def refund(tx: db.Tx, booking_id: UUID, amount: int, reason: str) -> int:
    """Request a refund of up to `amount` (minor units) of what was paid, in the caller's transaction.

    Never more than what is left. Returns what will really be refunded, 0 when nothing will.
    """
    checkout = await CHECKOUTS.lock_checkout(tx, booking_id=booking_id)
    if checkout is None:
        return 0
    balance = await OPERATIONS.paid_total(tx, booking_id=booking_id)
    under_way = await SQL.refunds_under_way(tx, booking_id=booking_id)
    refunded = rules.left_to_refund(amount, balance, under_way)
    if refunded == 0:
        return 0
    operation_id = uuid4()
    parameters = rules.refund_parameters(
        operation_id=operation_id,
        payment_intent=checkout["payment_intent"],
        amount=refunded,
        currency=checkout["currency"],
    )
    await SQL.add_refund(
        tx,
        id=operation_id,
        booking_id=booking_id,
        checkout_id=checkout["id"],
        amount=refunded,
        reason=reason,
        request=parameters,
    )
    await audit.record(tx, "refund.due", booking_id, after="due", why=reason, details={"amount": refunded})
    await jobs.enqueue(tx, "payments.refund", operation_id=operation_id, key=str(operation_id))
    return refunded


@jobs.job("payments.refund", group="money")
async def send(context: Context, *, operation_id: str) -> None:
    """Job: make the call of a refund that is due. Run twice, it refunds once: a retry has the same key."""
    operation = UUID(operation_id)
    async with context.db.transaction() as tx:
        row = await SQL.begin_refund(tx, id=operation)
    if row is None:
        return
    try:
        snapshot = await _find_or_create(context, row)
    except Unreachable:
        # It may have happened. The timetable tries again, with the same key.
        async with context.db.transaction() as tx:
            await OPERATIONS.note_fault(tx, operation_id=operation, fault="unreachable")
        return
    except RefusedByStripe as error:
        snapshot = RefundSnapshot("", False, error.code)
    async with context.db.transaction() as tx:
        await _settle(tx, operation, snapshot)


async def _find_or_create(context: Context, row: Any) -> RefundSnapshot:
    if row["called_before"]:
        made = await gateway.find_refund(context, row["request"]["payment_intent"], row["id"])
        if made:
            return made
    return await gateway.create_refund(context, row["request"], row["idempotency_key"])


async def _settle(tx: db.Tx, operation_id: UUID, snapshot: RefundSnapshot) -> None:
    row = await SQL.lock_refund(tx, id=operation_id)
    if "done" not in rules.REFUND_MOVES[row["state"]]:  # settled by another run
        return
    if not snapshot.moved:
        await _fail(tx, row, snapshot.fault)
        return
    await OPERATIONS.operation_done(tx, id=operation_id, stripe_id=snapshot.id)
    await SQL.add_refunded(tx, operation_id=operation_id, stripe_id=snapshot.id)
    await audit.record(tx, "refund.done", row["booking_id"], before=row["state"], after="done")


async def _fail(tx: db.Tx, row: db.Record, fault: str) -> None:
    """Record that a refund failed, to be tried again after a while, MAX_TRIES times."""
    await SQL.refund_failed(tx, id=row["id"], fault=fault, wait=rules.next_wait(row["tries"] + 1))
    await audit.record(tx, "refund.failed", row["booking_id"], before=row["state"], after="failed", why=fault)


# The name of the job stays as it was first chosen: jobs queued by an older version still run.
@jobs.job("payments.look_at_refund", group="money")
async def sync_refund(context: Context, *, stripe_id: str) -> None:
    """Job: read a refund's state from Stripe. One that a bank sent back returns to the ledger and is tried again."""
    async with context.db.reading() as tx:
        row = await SQL.refund_by_stripe_id(tx, stripe_id=stripe_id)
    if row is None or row["state"] != "done":
        return
    snapshot = await gateway.retrieve_refund(context, stripe_id)
    if snapshot.moved:
        return
    async with context.db.transaction() as tx:
        locked = await SQL.lock_refund(tx, id=row["id"])
        if locked["state"] != "done":
            return
        await SQL.add_returned(tx, operation_id=row["id"])
        await _fail(tx, locked, snapshot.fault)
