"""The organizers' pages: the overview, all bookings, and the export of attendance with its log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from circles import directory, payments
from circles.attendance.register import actions, rules
from circles.attendance.register.rules import BookingsFilter, Wanted
from circles.base import clock
from circles.base.errors import Refused
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import pager

# What a booking's state is called on the page.
STATE_NAMES = {"held": "Held", "confirmed": "Confirmed", "cancelled": "Cancelled", "lapsed": "Not taken up"}


async def overview(request: Request) -> Response:
    """The week behind and the week ahead, registers with gaps, and money that needs a hand."""
    async with access.context(request).db.reading() as tx:
        rows = await actions.fortnight(tx)
        troubles = await payments.failed_calls(tx)
        therapists = await directory.to_do(tx)
    return render.page(
        request,
        "attendance/exports/overview.html",
        numbers=rules.numbers(rows),
        ahead=[row for row in rows if row["starts_at"] > row["now"]],
        to_keep=rules.to_keep(rows),
        troubles=troubles,
        therapists=therapists,
    )


async def bookings(request: Request) -> Response:
    """Every booking, by state and circle, with what was paid and given back."""
    query = request.query_params
    wanted = rules.read_bookings_filter(
        query.get("state", ""), query.get("circle", ""), query.get("page", "1")
    )
    async with access.context(request).db.reading() as tx:
        found, circles = await actions.bookings_page(tx, wanted)
    total = found[0]["total"] if found else 0
    return render.page(
        request,
        "attendance/exports/bookings.html",
        bookings=found,
        form=Form({"state": wanted.state, "circle": str(wanted.circle or "")}),
        states=[("", "All states"), *STATE_NAMES.items()],
        circles=[("", "All circles"), *((row["id"], row["name"]) for row in circles)],
        state_names=STATE_NAMES,
        total=total,
        pager=pager(wanted.page, total, actions.PAGE, partial(_address, wanted)),
    )


def _address(wanted: BookingsFilter, page: int) -> str:
    chosen = {"state": wanted.state, "circle": wanted.circle or "", "page": page}
    return "/organize/bookings?" + urlencode({name: value for name, value in chosen.items() if value})


async def attendance(request: Request) -> Response:
    """Choose what to export; below, who exported what."""
    today = clock.now().date()
    return await _export_page(request, Form({"from": str(_month_before(today)), "to": str(today)}))


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


async def attendance_csv(request: Request) -> Response:
    """The file itself, streamed. Noted in the log before the first row leaves."""
    context = access.context(request)
    query = request.query_params
    typed = {
        "from": query.get("from", ""),
        "to": query.get("to", ""),
        "circle": ",".join(query.getlist("circle")),
    }
    try:
        wanted = rules.read_wanted(typed["from"], typed["to"], typed["circle"].split(","))
        export_id = await actions.begin_export(context, person_id=request.state.person.id, wanted=wanted)
    except Refused as refused:
        form = Form(typed)
        form.add(refused.reasons)
        return await _export_page(request, form, 422)
    return Download(actions.export(context, export_id, wanted), wanted)


class Download(StreamingResponse):
    """A file sent as it is made. When the browser goes away, its making ends at once."""

    def __init__(self, chunks: Any, wanted: Wanted) -> None:
        super().__init__(
            chunks,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{wanted.filename}"'},
        )
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Send every chunk, and close what makes them whatever happens."""
        async with aclosing(self._chunks):
            await super().stream_response(send)


async def _export_page(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        circles, log = await actions.export_page(tx)
    names = {str(row["id"]): row["name"] for row in circles}
    return render.page(
        request,
        "attendance/exports/export.html",
        status,
        form=form,
        circles=[(str(row["id"]), row["name"], "") for row in circles],
        log=[(row, _circle_names(row["filters"]["circles"], names)) for row in log],
    )


def _circle_names(ids: Iterable[str], names: dict[str, str]) -> str:
    return ", ".join(names.get(each, "a circle that is gone") for each in ids) or "All circles"
