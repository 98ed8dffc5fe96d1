"""Statements of months: made once a month is over, and never changed."""

from __future__ import annotations

from datetime import date, datetime

from circles.base import clock
from circles.payments.shares import rules
from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("payments/statements")

FEES_AT_ONCE = 500


@jobs.every("payments.close_months", "41 * * * *")
async def close_months(context: Context) -> None:
    """Close what is over now, and add the fees that are known by now."""
    await close_months_before(context, clock.now())
    async with context.db.transaction() as tx:
        await SQL.add_fees(tx, most=FEES_AT_ONCE)


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


async def state_months(tx: db.Tx, zone: str, now: datetime) -> None:
    """Make all statements of months that are over in one transaction, and tell nobody."""
    first, closed = await SQL.first_movement(tx), await SQL.last_closed(tx)
    if first is not None:
        for month, until in rules.months_to_close(clock.wall_time(first, zone).date(), closed, now, zone):
            await _state(tx, month, until)


async def _state(tx: db.Tx, month: date, until: datetime) -> list[db.Record]:
    """Make the statements of a month; returns whom to tell, and nobody where it was closed before."""
    if not await SQL.close_month(tx, month=month, until=until):
        return []
    return await db.rows(
        SQL.add_statements(
            tx,
            month=month,
            until=until,
            least=rules.LEAST,
            fewest=rules.FEWEST,
            waits_since=until - rules.WAITS_FOR_FEWEST,
        )
    )


async def _close(tx: db.Tx, context: Context, month: date, until: datetime) -> None:
    for person in await _state(tx, month, until):
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
