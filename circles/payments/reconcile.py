"""What no webhook ever told: the timetable asks Stripe about whatever is not settled."""

from __future__ import annotations

from circles import db, jobs
from circles.house import House
from circles.payments.actions import look_soon

SQL = db.queries("payments")


@jobs.every("payments.reconcile", "*/2 * * * *")
async def reconcile(house: House) -> None:
    """Go on from wherever a crash, a lost webhook or an outage left checkouts and refunds."""
    async with house.db.transaction() as tx:
        for row in await db.rows(SQL.never_opened(tx)):
            await jobs.enqueue(
                tx, "payments.forsake", booking_id=row["booking_id"], key=str(row["booking_id"])
            )
        for row in await db.rows(SQL.to_look_at(tx)):
            await look_soon(tx, row["booking_id"])
        for row in await db.rows(SQL.refunds_to_try_again(tx)):
            await jobs.enqueue(tx, "payments.refund", operation_id=row["id"], key=str(row["id"]))


@jobs.every("payments.tidy", "41 4 * * *")
async def tidy(house: House) -> None:
    """Forget webhooks that are long past."""
    async with house.db.transaction() as tx:
        await SQL.forget_old_events(tx)
