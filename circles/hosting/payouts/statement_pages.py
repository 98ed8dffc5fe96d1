"""A facilitator's own statements: their list with what is due, each month as a page that prints, and as CSV."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import NotFound, or_not_found
from circles.hosting.payouts import statement_rules as rules
from circles.hosting.payouts.statement_rules import CurrencyStatement
from circles.imports import csv_file
from circles.payments import shares
from circles.store import db
from circles.web import access, render

SQL = db.queries("hosting/statements")


async def statements(request: Request) -> Response:
    """What is due, the months, what was paid out, and the terms of the circles that somebody leads."""
    context, person_id = access.context(request), request.state.person.id
    async with context.db.reading() as tx:
        months = await db.rows(SQL.months_of(tx, person=person_id))
        payouts = await db.rows(SQL.payouts_of(tx, person=person_id))
        circles = await db.rows(SQL.terms_of_lead(tx, person=person_id))
    zone, today = shares.community_zone(context), shares.community_today(context)
    return render.page(
        request,
        "hosting/payouts/statements.html",
        balances=[
            rules.balance_words(due, currency) for currency, due in rules.balances(months, payouts).items()
        ],
        months=[(f"{row['month']:%Y-%m}", clock.format_month(row["month"]), row) for row in months],
        payouts=[(clock.format_date(row["paid_on"], today), row) for row in payouts],
        circles=[_terms(row, zone, today) for row in circles],
        why_later=rules.WHY_LATER,
    )


def _terms(row: db.Record, zone: str, today: date) -> dict[str, object]:
    """What the community keeps of a circle now, an example of it, and what changes when."""
    terms, currency = shares.terms_of(row), row["currency"]
    changes_on = clock.wall_time(row["changes_at"], zone).date() if row["changes_at"] else None
    return {
        "name": row["name"],
        "words": shares.describe(terms, currency),
        "example": shares.example(terms, row["suggested"], currency) if row["suggested"] else "",
        "changes_on": clock.format_date(changes_on, today) if changes_on else "",
        "later": shares.describe(shares.terms_of(row, "later_"), currency) if changes_on else "",
        "waits": row["waits"],
    }


async def statement(request: Request) -> Response:
    """One month; the same for everybody who never was paid as for a month that is not closed."""
    month, parts, closed_at = await _load(request)
    return render.page(
        request,
        "hosting/payouts/statement.html",
        month=clock.format_month(month),
        path_month=f"{month:%Y-%m}",
        parts=parts,
        ways=rules.WAYS,
        balance_words=rules.balance_words,
        closed_at=closed_at,
        why_later=rules.WHY_LATER,
    )


async def statement_csv(request: Request) -> Response:
    """The same as CSV."""
    month, parts, _ = await _load(request)
    return csv_file(f"statement-{month:%Y-%m}.csv", rules.csv_rows(month, parts))


async def _load(request: Request) -> tuple[date, list[CurrencyStatement], object]:
    """The month of the address with what it says. Raises NotFound."""
    month, person_id = or_not_found(rules.parse_month(request.path_params["month"])), request.state.person.id
    ends = shares.month_after(month) - timedelta(days=1)
    async with access.context(request).db.reading() as tx:
        closed = or_not_found(await SQL.closed_month(tx, month=month))
        lines = await db.rows(SQL.lines_of(tx, person=person_id, month=month))
        carried = await db.rows(SQL.carried(tx, person=person_id, month=month, begins=month, ends=ends))
    parts = rules.by_currency(lines, carried)
    if not parts:
        raise NotFound
    return month, parts, closed["closed_at"]
