"""Mending: what has one right answer is read from Stripe by the same ways as always."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from circles.payments import gateway, sync
from circles.payments.balance import calls, readings
from circles.payments.connect import transfers
from circles.payments.gateway import RefusedByStripe
from circles.payments.refunds import disputes, states
from circles.store import db
from circles.store.context import Context

SQL = db.queries("payments/reconciliation")
CHECKOUTS = db.queries("payments/checkouts")

# Reads what a balance transaction of Stripe's is of, which is not known here, and moves ours where it is ours.
Mender = Callable[[Context, db.Record], Awaitable[None]]


async def mend_transaction(context: Context, row: db.Record) -> None:
    """Read what a transaction that nobody placed is of. Raises Unreachable."""
    mender = MENDERS.get(row["movement"])
    if mender is None or row["kind"] in ("twice", "currency_differs"):
        return
    try:
        await mender(context, row)
    except RefusedByStripe:
        return  # Stripe does not know it any more: a person decides


async def _sync_payment(context: Context, row: db.Record) -> None:
    """Sync the checkout that the payment's metadata names, if it is the one that this money came by."""
    if row["reference"] is None:
        return
    async with context.db.reading() as tx:
        checkout = await CHECKOUTS.checkout_of(tx, reference=row["reference"])
    if checkout is None or checkout["state"] == "paid":
        return
    if checkout["stripe_id"] is None:
        # Its call was never answered; repeated, it says which checkout it made, and how that ended.
        await sync.resolve_unknown_checkout(context, row["reference"])
        return
    snapshot = await gateway.retrieve_checkout(context, checkout["stripe_id"])
    if snapshot.payment_intent == row["payment_intent"]:
        await sync.apply(context, checkout["booking_id"], snapshot)


async def _read_refund(context: Context, row: db.Record) -> None:
    snapshot = await gateway.retrieve_refund(context, row["source_id"])
    async with context.db.transaction() as tx:
        await states.apply(tx, context, snapshot)


async def _read_dispute(context: Context, row: db.Record) -> None:
    snapshot = await gateway.retrieve_dispute(context, row["source_id"])
    async with context.db.transaction() as tx:
        await disputes.apply(tx, snapshot)


async def _settle_transfer(context: Context, row: db.Record) -> None:
    transfer_id = await calls.retrieve_transfer_of(context, row["id"])
    async with context.db.reading() as tx:
        checkout_id = await SQL.payment_of_transfer(tx, transfer_id=transfer_id)
    if checkout_id:
        await transfers.settle(context, checkout_id=str(checkout_id))


MENDERS: dict[str, Mender] = {
    "payment": _sync_payment,
    "refund": _read_refund,
    "refund_returned": _read_refund,
    "dispute": _read_dispute,
    "dispute_returned": _read_dispute,
    "transfer": _settle_transfer,
}


async def mend_own(context: Context, row: db.Record) -> str:
    """Read what Stripe has of a movement of ours that it did not list. Raises Unreachable.

    Returns the kind of what differs still, or "".
    """
    movement = row["movement"]
    try:
        if movement == "payment":
            return await _find_payment(context, row)
        if movement.startswith("refund"):
            return await _find_refund(context, row)
        if movement == "transfer":
            return "" if await _read_transactions_of(context, row["key"]) else "transfer_not_there"
        await readings.store(context, [await calls.retrieve_transaction(context, row["key"])])
    except RefusedByStripe:
        return f"{movement.partition('_')[0]}_not_there"
    return ""


async def _find_payment(context: Context, row: db.Record) -> str:
    charge = await calls.retrieve_charge_of(context, row["payment_intent"]) if row["payment_intent"] else ""
    if not charge:
        return "payment_not_there"
    return "" if await _read_transactions_of(context, charge) else "fee_unknown"


async def _find_refund(context: Context, row: db.Record) -> str:
    if await _read_transactions_of(context, row["key"]):
        return ""
    snapshot = await gateway.retrieve_refund(context, row["key"])
    async with context.db.transaction() as tx:
        await states.apply(tx, context, snapshot)
    # One that failed before any money moved is in our books as sent and come back, and in Stripe's not at all.
    return "refund_not_there" if snapshot.is_live else ""


async def _read_transactions_of(context: Context, source: str) -> bool:
    """Whether Stripe has a transaction of an object; it is stored."""
    is_there = False
    async for listed in calls.transactions_of(context, source):
        await readings.store(context, listed)
        is_there = is_there or bool(listed)
    return is_there
