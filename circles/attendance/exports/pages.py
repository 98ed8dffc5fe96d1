"""The organizers' pages: the overview, all bookings, and the export of attendance with its log."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from circles import payments
from circles.attendance.exports import actions, queries, rules
from circles.attendance.exports.rules import BookingsFilter, Selection
from circles.base import clock
from circles.base.errors import Refused
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import pager

# What a booking's state is called on the page.
STATE_NAMES = {"held": "Held", "confirmed": "Confirmed", "cancelled": "Canceled", "lapsed": "Not taken up"}


async def overview(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await queries.fortnight(tx)
        failed_calls = await payments.failed_calls(tx)
        todo = await queries.todo(tx)
    return render.page(
        request,
        "attendance/exports/overview.html",
        totals=rules.totals(rows),
        ahead=[row for row in rows if row["starts_at"] > row["now"]],
        with_gaps=rules.with_gaps(rows),
        failed_calls=failed_calls,
        todo=todo,
    )


async def bookings(request: Request) -> Response:
    query = request.query_params
    selection = rules.read_bookings_filter(
        query.get("state", ""), query.get("circle", ""), query.get("page", "1")
    )
    async with access.context(request).db.reading() as tx:
        rows, circles = await queries.bookings_page(tx, selection)
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "attendance/exports/bookings.html",
        bookings=rows,
        form=Form({"state": selection.state, "circle": str(selection.circle or "")}),
        states=[("", "All states"), *STATE_NAMES.items()],
        circles=[("", "All circles"), *((row["id"], row["name"]) for row in circles)],
        state_names=STATE_NAMES,
        total=total,
        pager=pager(selection.page, total, queries.PER_PAGE, partial(_address, selection)),
    )


def _address(selection: BookingsFilter, page: int) -> str:
    values = {"state": selection.state, "circle": selection.circle or "", "page": page}
    return "/organize/bookings?" + urlencode({name: value for name, value in values.items() if value})


async def attendance(request: Request) -> Response:
    today = clock.now().date()
    return await _export_page(request, Form({"from": str(rules.month_before(today)), "to": str(today)}))


async def attendance_csv(request: Request) -> Response:
    context = access.context(request)
    query = request.query_params
    typed = {
        "from": query.get("from", ""),
        "to": query.get("to", ""),
        "circle": ",".join(query.getlist("circle")),
    }
    try:
        selection = rules.read_selection(typed["from"], typed["to"], typed["circle"].split(","))
        export_id = await actions.begin_export(context, actor_id=request.state.person.id, selection=selection)
    except Refused as refused:
        return await _export_page(request, Form(typed).add(refused.reasons), 422)
    return Download(actions.export(context, export_id, selection), selection)


class Download(StreamingResponse):
    """A file streamed as it is made. When the browser goes away, its generator is closed at once."""

    def __init__(self, chunks: Any, selection: Selection) -> None:
        super().__init__(
            chunks,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{selection.filename}"'},
        )
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Send every chunk, and close their generator whatever happens."""
        async with aclosing(self._chunks):
            await super().stream_response(send)


async def _export_page(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        circles, log = await queries.export_page(tx)
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
    return ", ".join(names.get(circle_id, "a circle that is gone") for circle_id in ids) or "All circles"
