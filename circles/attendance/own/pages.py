"""A member's own attendance as a page and as CSV."""

from __future__ import annotations

from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.letters import actions as letters
from circles.attendance.own import queries
from circles.attendance.own.queries import marking_of
from circles.attendance.periods import Period, format_hours, read_period
from circles.base import clock, reading
from circles.base.errors import Reason
from circles.imports import csv_file
from circles.web import access, cookies, render
from circles.web.forms import Form

PER_PAGE = 50

HEADINGS = ("Date", "Start", "Time zone", "Circle", "Mark", "Late", "Left early", "Hours")


def today_of(request: Request) -> date:
    """The day it is for the visitor."""
    return clock.local_day(clock.now(), "UTC", cookies.viewer(request))


def period_of(request: Request) -> tuple[Period, list[Reason]]:
    """The period in the address, and every reason against it."""
    return read_period(request.query_params, today_of(request))


def period_form(request: Request, period: Period, reasons: list[Reason]) -> Form:
    """The form of a period: as it was typed where it was refused."""
    typed = {name: request.query_params.get(name, "") for name in period.typed}
    return Form(typed if reasons else period.typed).add(reasons)


async def attendance(request: Request) -> Response:
    period, reasons = period_of(request)
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    person_id = request.state.person.id
    async with access.context(request).db.reading() as tx:
        totals = await queries.totals(tx, person_id, period)
        rows = await queries.visits(tx, person_id, period, after=after, most=PER_PAGE + 1)
        own_letters = await letters.own_letters(tx, person_id, "attended")
    return render.page(
        request,
        "attendance/own/attendance.html",
        422 if reasons else 200,
        form=period_form(request, period, reasons),
        period=period,
        totals=totals,
        visits=[(row, marking_of(row)) for row in rows[:PER_PAGE]],
        more=rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else None,
        letters=own_letters,
        hours=format_hours,
    )


async def attendance_csv(request: Request) -> Response:
    """Somebody's own attendance in a period. A period that cannot be read is the page with its reasons."""
    period, reasons = period_of(request)
    if reasons:
        return await attendance(request)
    async with access.context(request).db.reading() as tx:
        rows = await queries.visits(tx, request.state.person.id, period)
    lines = [
        (
            f"{row['wall_start']:%Y-%m-%d}",
            f"{row['wall_start']:%H:%M}",
            row["zone"],
            row["circle_cell"],
            row["mark"] or "not marked",
            _yes(row["late"]),
            _yes(row["left_early"]),
            f"{row['length_minutes'] / 60:.2f}" if row["mark"] == "came" else "0.00",
        )
        for row in rows
    ]
    return csv_file(f"attendance-{period.first}-to-{period.last}.csv", [HEADINGS, *lines])


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
