"""Counting months for the overview."""

from __future__ import annotations

from datetime import timedelta

from circles.base import clock
from circles.organizing.overview import rules
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/overview")

# Registers are completed for a while after a month is over.
STILL_CHANGES = timedelta(days=35)


@jobs.every("overview.count_months", "19 * * * *")
async def count_months(context: Context) -> None:
    """Count this month and the last ones once more, and earlier ones that were not counted yet."""
    today = clock.now().date()
    this_month = rules.month_of(today)
    first = rules.months_before(this_month, rules.MONTHS - 1)
    async with context.db.transaction() as tx:
        missing = await db.rows(SQL.uncounted(tx, first_month=first, last_month=this_month))
    months = {this_month, rules.month_of(today - STILL_CHANGES), rules.months_before(this_month, 1)}
    for month in sorted(months | {row["month"] for row in missing}, reverse=True):
        async with context.db.transaction() as tx:
            await SQL.count(tx, month=month)
