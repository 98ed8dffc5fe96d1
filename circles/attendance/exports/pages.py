"""The organizers' pages: the overview, and all bookings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.exports import queries, rules
from circles.attendance.exports.rules import BookingsFilter
from circles.base.english import Labels
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
