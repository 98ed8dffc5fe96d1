"""The organizers' pages of bookings: the list with its search, and the story of one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.reading import ids_of_number
from circles.organizing.bookings import queries, rules
from circles.organizing.bookings.rules import BookingsFilter
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager
from circles.web.sent import searched


async def search(request: Request) -> Response:
    """POST: lead to the bookings that match. A name is typed, so it is not sent in an address.

    A booking number leads to its booking, whatever else was chosen.
    """
    form = await Form.read(request)
    text = form.line("q", max_length=100, required=False)
    if ids := ids_of_number(text):
        async with access.context(request).db.reading() as tx:
            numbered = await queries.numbered(tx, ids)
        if numbered:
            return render.see_other(f"/organize/bookings/{numbered}")
    sealed = searched.sealed(request, text)
    chosen = BookingsFilter.read(form.values | {searched.FIELD: sealed, "page": "", "after": ""}, text)
    return render.see_other(chosen.url(Window()))


async def bookings(request: Request) -> Response:
    text = searched.opened(request)
    chosen = BookingsFilter.read(request.query_params, text)
    is_over = bool(request.query_params.get(searched.FIELD)) and not text
    async with access.context(request).db.reading() as tx:
        rows = await queries.page(tx, chosen)
        choices = await queries.circle_choices(tx, [chosen.circle] if chosen.circle else [])
    typed = {
        "q": chosen.text,
        "day": str(chosen.day or ""),
        "time": "past" if chosen.is_past else "",
        "state": chosen.state,
        "circle": str(chosen.circle or ""),
    }
    return render.page(
        request,
        "organizing/bookings/bookings.html",
        bookings=rows,
        form=Form(typed),
        is_over=is_over,
        is_filtered=any(typed.values()),
        times=list(rules.TIMES.items()),
        states=[("", "All states"), *rules.STATE_NAMES.items()],
        circles=[("", "All circles"), *choices.circles],
        are_all=choices.are_all,
        state_names=rules.STATE_NAMES,
        seat_names=rules.SEAT_NAMES,
        pager=long_pager(chosen.window, [row["id"] for row in rows], None, rules.PER_PAGE, chosen.url),
    )


async def booking(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row, story = await queries.story(tx, access.path_id(request))
    return render.page(
        request,
        "organizing/bookings/booking.html",
        booking=row,
        story=story,
        state_names=rules.STATE_NAMES,
        seat_names=rules.SEAT_NAMES,
    )
