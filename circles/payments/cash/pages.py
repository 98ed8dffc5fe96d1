"""The organizers' list of cash: what was noted, by whom, and its sum of the last 31 days."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.english import MAX_COUNTED
from circles.store import db
from circles.web import access, render
from circles.web.paging import Window, long_pager

SQL = db.queries("payments/cash")

PER_PAGE: Final = 50
SUMMED: Final = timedelta(days=31)


async def cash(request: Request) -> Response:
    window = Window.read(request.query_params, PER_PAGE)
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.page(tx, most=MAX_COUNTED + 1, **window.arguments(PER_PAGE)))
        sums = await db.rows(SQL.sums(tx, since=clock.now() - SUMMED))
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "payments/cash/cash.html",
        rows=rows,
        sums=sums,
        pager=long_pager(window, [row["id"] for row in rows], total, PER_PAGE, _url),
    )


def _url(window: Window) -> str:
    pairs = "&".join(f"{name}={value}" for name, value in window.pairs)
    return f"/organize/cash?{pairs}" if pairs else "/organize/cash"
