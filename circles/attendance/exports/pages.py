"""The organizers' pages: the overview, all bookings, and the export of attendance with its log."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from circles.attendance.exports import actions, queries, rules
from circles.attendance.exports.rules import BookingsFilter, Selection
from circles.base import clock
from circles.base.english import Labels
from circles.base.errors import Refused
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import long_pager

# What a booking's state is called on the page.
STATE_NAMES = Labels(
    {"held": "Held", "confirmed": "Confirmed", "cancelled": "Canceled", "lapsed": "Not taken up"}
)
SEAT_NAMES = Labels({"paid": "Paid", "community": "Community", "free": "Free"})


async def bookings(request: Request) -> Response:
    selection = BookingsFilter.read(request.query_params)
    async with access.context(request).db.reading() as tx:
        rows, choices = await queries.bookings_page(tx, selection)
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "attendance/exports/bookings.html",
        bookings=rows,
        form=Form({"state": selection.state, "circle": str(selection.circle or "")}),
        states=[("", "All states"), *STATE_NAMES.items()],
        circles=[("", "All circles"), *choices.circles],
        are_all=choices.are_all,
        state_names=STATE_NAMES,
        seat_names=SEAT_NAMES,
        total=total,
        pager=long_pager(selection.window, [row["id"] for row in rows], total, rules.PER_PAGE, selection.url),
    )


async def attendance(request: Request) -> Response:
    today = clock.now().date()
    circles = ",".join(request.query_params.getlist("circle"))
    typed = {"from": str(rules.month_before(today)), "to": str(today), "circle": circles}
    return await _export_page(request, Form(typed))


async def export(request: Request) -> Response:
    """POST: begin an export, which is logged, and stream it."""
    context, form = access.context(request), await Form.read(request)
    try:
        selection = rules.read_selection(
            form.value("from"), form.value("to"), form.value("circle").split(",")
        )
        export_id = await actions.begin_export(context, actor_id=request.state.person.id, selection=selection)
    except Refused as refused:
        return await _export_page(request, form.add(refused.reasons), 422)
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
        choices = await queries.circle_choices(tx, rules.circle_ids(form.value("circle")))
        log = await queries.export_log(tx)
    return render.page(
        request,
        "attendance/exports/export.html",
        status,
        form=form,
        circles=[(*circle, "") for circle in choices.circles],
        are_all=choices.are_all,
        log=log,
    )
