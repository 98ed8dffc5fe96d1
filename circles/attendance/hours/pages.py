"""A facilitator's own hours: as a page that prints, and as CSV."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.hours import queries
from circles.attendance.hours.queries import PARTS
from circles.attendance.letters import actions as letters
from circles.attendance.own.pages import period_form, period_of
from circles.attendance.periods import format_hours
from circles.base import clock, reading
from circles.imports import csv_file
from circles.web import access, render

PER_PAGE = 50

HEADINGS = ("Date", "Start", "Time zone", "Circle", "Part", "People who came", "Hours")


async def hours(request: Request) -> Response:
    period, reasons = period_of(request)
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    person_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        months = await queries.months(tx, person_id, period)
        rows = await queries.hosted(tx, person_id, period, after=after, most=PER_PAGE + 1)
        own_letters = await letters.own_letters(tx, person_id, "hosted")
    return render.page(
        request,
        "attendance/hours/hours.html",
        422 if reasons else 200,
        form=period_form(request, period, reasons),
        period=period,
        totals=months,
        months=[(clock.format_month(month), *sums) for month, *sums in months.months],
        hosted=rows[:PER_PAGE],
        more=rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else None,
        letters=own_letters,
        parts=PARTS,
        hours=format_hours,
    )


async def hours_csv(request: Request) -> Response:
    """What somebody hosted in a period, one row a gathering; the page with its reasons for one that cannot be read."""
    period, reasons = period_of(request)
    if reasons:
        return await hours(request)
    async with access.context(request).db.reading() as tx:
        rows = await queries.hosted(tx, request.state.person.id, period)
    lines = [
        (
            f"{row['wall_start']:%Y-%m-%d}",
            f"{row['wall_start']:%H:%M}",
            row["zone"],
            row["circle_cell"],
            PARTS[row["part"]],
            str(row["came"]),
            f"{row['length_minutes'] / 60:.2f}" if row["came"] else "0.00",
        )
        for row in rows
    ]
    return csv_file(f"hours-{period.first}-to-{period.last}.csv", [HEADINGS, *lines])
