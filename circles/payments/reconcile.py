"""Reconciliation: the timetable repeats what a crash, a lost webhook or an outage left unsettled."""

from __future__ import annotations

from circles.payments.refunds.rules import id_at_stripe
from circles.payments.sync import sync_checkout_soon
from circles.store import db, jobs
from circles.store.context import Context

CHECKOUTS = db.queries("payments/checkouts")
REFUNDS = db.queries("payments/refunds")
DISPUTES = db.queries("payments/disputes")
EVENTS = db.queries("payments/events")

# So many refunds and disputes are read again at a time.
MOST = 100


@jobs.every("payments.reconcile", "*/2 * * * *")
async def reconcile(context: Context) -> None:
    """Enqueue a job for every checkout and refund that is not settled and was not tried for a while."""
    async with context.db.transaction() as tx:
        for row in await db.rows(CHECKOUTS.unknown_checkouts(tx)):
            await jobs.enqueue(
                tx, "payments.forsake", booking_id=row["booking_id"], key=str(row["booking_id"])
            )
        for row in await db.rows(CHECKOUTS.checkouts_to_sync(tx)):
            await sync_checkout_soon(tx, row["booking_id"])
        for row in await db.rows(CHECKOUTS.given_up_payments(tx, most=MOST)):
            await jobs.enqueue(tx, "payments.look", stripe_id=row["stripe_id"], key=row["stripe_id"])
        for row in await db.rows(REFUNDS.refunds_to_retry(tx)):
            await jobs.enqueue(tx, "payments.refund", operation_id=row["id"], key=str(row["id"]))
        await _read_again(tx)


async def _read_again(tx: db.Tx) -> None:
    """Enqueue a reading of every refund that is not final, and of disputes."""
    for row in await db.rows(REFUNDS.refunds_to_read(tx, most=MOST)):
        stripe_id = id_at_stripe(row["stripe_id"])
        await jobs.enqueue(tx, "payments.look_at_refund", stripe_id=stripe_id, key=stripe_id)
    for row in await db.rows(DISPUTES.disputes_to_read(tx, most=MOST)):
        await jobs.enqueue(tx, "payments.read_dispute", stripe_id=row["stripe_id"], key=row["stripe_id"])


@jobs.every("payments.tidy", "41 4 * * *")
async def delete_old_events(context: Context) -> None:
    """Delete webhook events that are long past."""
    async with context.db.transaction() as tx:
        await EVENTS.delete_old_events(tx)
