"""Reads of the reports: the rows of one report, and the circles to choose from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.reports.catalog import Report
from circles.reports.funder import rules as funder
from circles.reports.funder.rules import FunderReport
from circles.reports.rules import Period, Selection
from circles.reports.tables import Section
from circles.store import db

SQL = db.queries("reports/reports")
QUERIES: dict[str, Any] = {
    "attendance": SQL.attendance,
    "returns": SQL.returns,
    "waiting": SQL.waiting,
    "amounts": SQL.amounts,
    "hours": SQL.hours,
}

# With more circles than this, the form names the chosen one alone.
MAX_CHOICES = 200


async def sections(tx: db.Tx, report: Report, selection: Selection) -> list[Section]:
    """What a report says of a selection. One query."""
    rows = [dict(row) for row in await db.rows(QUERIES[report.query](tx, **selection.arguments))]
    return list(report.sections(rows, selection))


async def funder_report(tx: db.Tx, period: Period) -> FunderReport:
    """The funder's report of months that are over. Two queries."""
    needed = funder.months_needed(period)
    totals = await SQL.funder_totals(tx, since=period.first, until=period.until)
    rows = SQL.funder_parts(
        tx, since=needed.first, until=period.until, again_until=funder.again_until(period)
    )
    return funder.build(period, dict(totals), [dict(row) for row in await db.rows(rows)])


async def circle_choices(tx: db.Tx, chosen: UUID | None) -> list[tuple[str, str]]:
    """The circles to choose from, as (id, name), the chosen one first."""
    rows = await db.rows(SQL.circles(tx, chosen=chosen, most=MAX_CHOICES))
    return [(str(row["id"]), row["name"]) for row in rows]
