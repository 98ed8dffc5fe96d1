"""The organizers' pages of the pool: by circle for a month, and by month for a circle."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, reading
from circles.base.errors import or_not_found
from circles.bookings.pool import rules
from circles.store import db
from circles.web import access, cookies, render

SQL = db.queries("bookings/pool")
PER_PAGE = 100


async def pool(request: Request) -> Response:
    """What came in and went out with the gatherings of a month, by circle."""
    today = clock.local_day(clock.now(), "UTC", cookies.viewer(request))
    month = rules.read_month(request.query_params.get("month", ""), today)
    after_id = reading.uuid_or_none(request.query_params.get("after", ""))
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(
            SQL.of_month(
                tx,
                since=month,
                until=rules.add_months(month, 1),
                after_id=after_id,
                most=PER_PAGE + 1,
            )
        )
    shown = rows[:PER_PAGE]
    return render.page(
        request,
        "bookings/pool/pool.html",
        rows=[(row, rules.sums_of([row])[0]) for row in shown],
        sums=rules.sums_of(shown),
        more=shown[-1]["id"] if len(rows) > PER_PAGE else None,
        is_first=after_id is None,
        month=clock.format_month(month),
        this=f"{month:%Y-%m}",
        earlier=f"{rules.add_months(month, -1):%Y-%m}",
        later=f"{rules.add_months(month, 1):%Y-%m}",
    )


async def circle(request: Request) -> Response:
    """The pool of one circle, month by month, and what it holds."""
    circle_id: UUID = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.circle(tx, circle_id=circle_id))
        rows = await db.rows(SQL.of_circle(tx, circle_id=circle_id))
    return render.page(
        request,
        "bookings/pool/circle.html",
        circle=row,
        rows=[(clock.format_month(one["month"]), rules.sums_of([one])[0]) for one in rows],
        sums=rules.sums_of(rows),
    )
