"""What no webhook ever told: the timetable asks Stripe about whatever is not settled."""

from __future__ import annotations

from circles.payments.checkout import look_soon
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/payments")


@jobs.every("payments.reconcile", "*/2 * * * *")
async def reconcile(context: Context) -> None:
    """Go on from wherever a crash, a lost webhook or an outage left checkouts and refunds."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.never_opened(tx)):
            await jobs.enqueue(
                tx, "payments.forsake", booking_id=row["booking_id"], key=str(row["booking_id"])
            )
        for row in await db.rows(SQL.to_look_at(tx)):
            await look_soon(tx, row["booking_id"])
        for row in await db.rows(SQL.refunds_to_try_again(tx)):
            await jobs.enqueue(tx, "payments.refund", operation_id=row["id"], key=str(row["id"]))


@jobs.every("payments.tidy", "41 4 * * *")
async def tidy(context: Context) -> None:
    """Forget webhooks that are long past."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_events(tx)
