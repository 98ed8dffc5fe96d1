"""Statements of months: made once a month is over, and never changed."""

from __future__ import annotations

from datetime import date, datetime

from circles.base import clock
from circles.payments.shares import rules
from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("payments/statements")


@jobs.every("payments.close_months", "41 */3 * * *")
async def close_months(context: Context) -> None:
    """Close what is over now."""
    await close_months_before(context, clock.now())


async def close_months_before(context: Context, now: datetime) -> None:
    """Close every month that is over for long enough, each in a transaction of its own."""
    zone = context.settings.community.zone or "UTC"
    async with context.db.reading() as tx:
        first, closed = await SQL.first_movement(tx), await SQL.last_closed(tx)
    if first is None:
        return
    first_month = clock.wall_time(first, zone).date()
    for month, until in rules.months_to_close(first_month, closed, now, zone):
        async with context.db.transaction() as tx:
            await _close(tx, context, month, until)


async def _close(tx: db.Tx, context: Context, month: date, until: datetime) -> None:
    if not await SQL.close_month(tx, month=month, until=until):
        return
    facilitators = await db.rows(
        SQL.add_statements(
            tx,
            month=month,
            until=until,
            least=rules.LEAST,
            fewest=rules.FEWEST,
            waits_since=until - rules.WAITS_FOR_FEWEST,
        )
    )
    for person in facilitators:
        await mail.send(
            tx,
            context.settings,
            "payout_news",
            to=person["email"],
            to_name=person["name"],
            person_id=person["id"],
            subject="Your statement is ready",
            title=f"Your statement of {clock.format_month(month)}",
            lines=["What came in for your circles, and what is due to you, without names."],
            link=f"{context.settings.base_url}/host/statements/{month:%Y-%m}",
        )
