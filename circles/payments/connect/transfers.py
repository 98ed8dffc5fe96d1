"""Transfers to connected accounts, as Stripe reports them, and the calls that bring them to what is right.

What an account should have of a payment: its part, less what refunds and disputes took of it. What it has is read from
Stripe. Refunds reverse their share with the same call; the rest is reversed, or sent once more, by operations here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from circles.base.errors import or_not_found, refuse_if
from circles.payments.connect import calls, rules
from circles.payments.connect.rules import Call, PaymentSnapshot, ReversalSnapshot, TransferSnapshot
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/connect")
REFUNDS = db.queries("payments/refunds")

_SOON, _LATER = timedelta(minutes=1), timedelta(hours=1)


@jobs.job("payments.settle_transfer", group="money")
async def settle(context: Context, *, checkout_id: str) -> None:
    """Job: bring what an account has of a payment to what it should have. Run twice, it does so once."""
    id = UUID(checkout_id)
    async with context.db.reading() as tx:
        row = await SQL.payment_to_settle(tx, checkout_id=id)
    if row is None or row["state"] != "paid":
        return
    try:
        payment = await calls.retrieve_payment(context, row["payment_intent"])
        transfers = await calls.transfers_of(context, payment)
    except Unreachable:
        await _put_off(context, id, "unreachable", _SOON)
        return
    except RefusedByStripe as error:
        await _put_off(context, id, error.code, _LATER)
        return
    async with context.db.transaction() as tx:
        call = await _decide(tx, row, payment, transfers)
    if call:
        await _make(context, row, call)


async def _put_off(context: Context, checkout_id: UUID, fault: str, wait: timedelta) -> None:
    async with context.db.transaction() as tx:
        await SQL.put_off(tx, checkout_id=checkout_id, fault=fault, wait=wait)


async def _decide(
    tx: db.Tx, row: db.Record, payment: PaymentSnapshot, transfers: Sequence[TransferSnapshot]
) -> db.Record | None:
    """Record what Stripe answered; the operation whose call is to be made, if any. Locks the checkout first."""
    checkout_id = row["checkout_id"]
    await REFUNDS.lock_payment(tx, checkout_id=checkout_id)
    await _record(tx, row, transfers)
    await _compare(tx, row, payment, transfers)
    state = await SQL.lock_connected(tx, checkout_id=checkout_id)
    if state is None or state["settle_at"] != row["settle_at"]:
        return None  # money moved after Stripe was read: the timetable looks again
    if state["is_refunding"]:
        # A refund may have reversed its share, and its answer is not here yet.
        await SQL.put_off(tx, checkout_id=checkout_id, fault="", wait=_SOON)
        return None
    left = [
        (line["transfer_id"], line["amount"])
        for line in await db.rows(SQL.transfers_left(tx, checkout_id=checkout_id))
    ]
    wanted = rules.next_call(state, left)
    operation = await _open_operation(tx, checkout_id, transfers)
    await SQL.note_settled(tx, checkout_id=checkout_id, settle_at=row["settle_at"])
    if wanted is None:
        if operation:  # nothing is left to do for it
            await SQL.operation_done(tx, id=operation["id"], stripe_id=None)
        return None
    return await _begin(tx, row, payment, wanted, operation)


async def _open_operation(
    tx: db.Tx, checkout_id: UUID, transfers: Sequence[TransferSnapshot]
) -> db.Record | None:
    """The operation of a payment that is open, unless Stripe was just read to have done it."""
    operation = await SQL.open_operation(tx, checkout_id=checkout_id)
    if operation is None:
        return None
    made = {
        one.operation_id: one.id
        for transfer in transfers
        for one in (transfer, *transfer.reversals)
        if one.operation_id
    }
    if operation["id"] not in made:
        return operation
    await SQL.operation_done(tx, id=operation["id"], stripe_id=made[operation["id"]])
    return None


async def _begin(
    tx: db.Tx, row: db.Record, payment: PaymentSnapshot, wanted: Call, operation: db.Record | None
) -> db.Record | None:
    """The operation that makes a call, stored before it; None where the one that is open waits."""
    if operation and not operation["may_try"]:
        return None
    id = operation["id"] if operation else uuid4()
    tries = operation["tries"] if operation else 0
    request = rules.call_parameters(wanted, id, row["currency"], row["destination"], payment.group)
    if operation is None:
        await SQL.add_operation(
            tx,
            id=id,
            kind=wanted.kind,
            checkout_id=row["checkout_id"],
            transfer_id=wanted.transfer_id,
            amount=wanted.amount,
            request=request,
        )
    elif operation["kind"] != wanted.kind:
        await SQL.operation_done(tx, id=id, stripe_id=None)
        await SQL.settle_again(tx, checkout_id=row["checkout_id"])
        return None
    elif operation["state"] == "due" and operation["request"] != request:
        # Its call made no difference that can be seen, and another is wanted now: with a key of its own.
        tries += 1
    return await SQL.begin_operation(
        tx,
        id=id,
        amount=wanted.amount,
        transfer_id=wanted.transfer_id,
        tries=tries,
        request=request,
        idempotency_key=rules.idempotency_key(id, tries),
    )


async def _make(context: Context, row: db.Record, operation: db.Record) -> None:
    """Make the call of an operation. Whatever an earlier call of it did was read from Stripe just before."""
    key, request = operation["idempotency_key"], operation["request"]
    try:
        if operation["kind"] == "reverse":
            made = await calls.create_reversal(context, operation["transfer_id"], request, key)
        else:
            made = await calls.create_transfer(context, request, key)
    except Unreachable:
        return  # it may have happened: the timetable reads Stripe, and calls with the same key
    except RefusedByStripe as error:
        await _refused(context, row, operation, error.code)
        return
    async with context.db.transaction() as tx:
        await REFUNDS.lock_payment(tx, checkout_id=row["checkout_id"])
        if isinstance(made, TransferSnapshot):
            await _record(tx, row, [made])
        else:
            await _record_reversal(tx, row, operation["transfer_id"], row["destination"], made)
        await SQL.operation_done(tx, id=operation["id"], stripe_id=made.id)
        # More may have moved meanwhile, or another transfer of it may be next.
        await SQL.settle_again(tx, checkout_id=row["checkout_id"])


async def _refused(context: Context, row: db.Record, operation: db.Record, code: str) -> None:
    wait = rules.next_wait(operation["tries"] + 1)
    async with context.db.transaction() as tx:
        failed = await SQL.operation_failed(
            tx, id=operation["id"], key=operation["idempotency_key"], fault=code, wait=wait
        )
        if failed:
            about = await SQL.about(tx, checkout_id=row["checkout_id"])
            await audit.record(tx, "transfer.refused", about, before="due", after="failed", why=code)


async def _record(tx: db.Tx, row: db.Record, transfers: Sequence[TransferSnapshot]) -> None:
    """Bring transfers and their reversals into our rows, each once; the ledger follows by a trigger."""
    for transfer in transfers:
        await _add(
            tx,
            row,
            destination=transfer.destination,
            kind="transfer",
            amount=transfer.amount,
            stripe_id=transfer.id,
            transfer_id=transfer.id,
            at=transfer.made_at,
        )
        for reversal in transfer.reversals:
            await _record_reversal(tx, row, transfer.id, transfer.destination, reversal)


async def _record_reversal(
    tx: db.Tx, row: db.Record, transfer_id: str, destination: str, reversal: ReversalSnapshot
) -> None:
    await _add(
        tx,
        row,
        destination=destination,
        kind="reversal",
        amount=-reversal.amount,
        stripe_id=reversal.id,
        transfer_id=transfer_id,
        at=reversal.made_at,
    )


async def _add(tx: db.Tx, row: db.Record, *, kind: str, amount: int, **values: object) -> None:
    added = await SQL.add_transfer_row(
        tx, checkout_id=row["checkout_id"], currency=row["currency"], kind=kind, amount=amount, **values
    )
    if added:
        about = await SQL.about(tx, checkout_id=row["checkout_id"])
        what = "transfer.sent" if kind == "transfer" else "transfer.reversed"
        await audit.record(tx, what, about, after=kind, details={"amount": abs(amount)})


async def _compare(
    tx: db.Tx, row: db.Record, payment: PaymentSnapshot, transfers: Sequence[TransferSnapshot]
) -> None:
    """Note where Stripe's part of a payment is another than was asked, for an organizer to look at."""
    differs = rules.payment_differences(
        destination=row["destination"], amount=row["amount"], currency=row["currency"], snapshot=payment
    )
    if not transfers:
        differs["transfer"] = (rules.to_stripe(row["amount"], row["currency"]), 0)
    if any(transfer.currency != row["currency"] for transfer in transfers):
        differs["currency"] = (row["currency"], transfers[0].currency)
    if differs and await SQL.note_difference(tx, checkout_id=row["checkout_id"], differs=differs):
        about = await SQL.about(tx, checkout_id=row["checkout_id"])
        await audit.record(tx, "transfer.differs", about, why=", ".join(sorted(differs)))


async def settle_later(tx: db.Tx, most: int) -> None:
    """Enqueue the settling of every payment of which something moved, or of which a call is to be made."""
    for row in await db.rows(SQL.payments_to_settle(tx, most=most)):
        await jobs.enqueue(
            tx, "payments.settle_transfer", checkout_id=row["checkout_id"], key=str(row["checkout_id"])
        )


async def retry(context: Context, actor_id: UUID, operation_id: UUID) -> None:
    """Make a call again that Stripe refused. Raises NotFound where it is done or settled."""
    async with context.db.transaction() as tx:
        checkout_id = or_not_found(await SQL.retry(tx, id=operation_id))
        about = await SQL.about(tx, checkout_id=checkout_id)
        await audit.record(tx, "transfer.retried", about, actor_id=actor_id, before="failed", after="due")
        await SQL.settle_again(tx, checkout_id=checkout_id)
        await jobs.enqueue(tx, "payments.settle_transfer", checkout_id=checkout_id)


async def settle_by_hand(context: Context, actor_id: UUID, operation_id: UUID, reason: str) -> bool:
    """Note that a person settled what Stripe refused; False where it was done or settled before. Raises Refused."""
    refuse_if(rules.reason_refusals(reason))
    async with context.db.transaction() as tx:
        checkout_id = await SQL.settle(tx, id=operation_id, actor_id=actor_id, reason=reason)
        if checkout_id is None:
            return False
        about = await SQL.about(tx, checkout_id=checkout_id)
        await audit.record(tx, "transfer.settled", about, actor_id=actor_id, after="settled")
        return True


async def see(context: Context, actor_id: UUID, checkout_id: UUID) -> None:
    """Note that a person looked at a part that differs. Nothing of it moves. Raises NotFound."""
    async with context.db.transaction() as tx:
        or_not_found(await SQL.see_difference(tx, checkout_id=checkout_id, actor_id=actor_id))
        about = await SQL.about(tx, checkout_id=checkout_id)
        await audit.record(tx, "transfer.seen", about, actor_id=actor_id, after="seen")
