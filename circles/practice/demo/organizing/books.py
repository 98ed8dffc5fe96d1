"""What the practice Stripe has of the demo community: weekly payouts, a dispute, and a first comparison."""

from __future__ import annotations

from datetime import timedelta

from circles import payments
from circles.base import clock
from circles.practice.stripe import disputes, payouts
from circles.store import db
from circles.store.context import Context

SQL = db.queries("practice/demo")
# Payouts leave once a week, for so long.
WEEKS = 16


async def add_books(context: Context) -> None:
    """Add payouts and a dispute to a demo community that was just loaded, and have a worker read all of it."""
    now = clock.now()
    async with context.db.transaction() as tx:
        await payouts.pay_out_past(tx, [now - timedelta(weeks=n, days=1) for n in reversed(range(WEEKS))])
        await disputes.open_dispute(tx, await SQL.payment_to_dispute(tx), "product_not_received")
        await payments.compare_soon(tx)
