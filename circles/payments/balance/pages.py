"""The organizers' pages of payouts: all of them, and one with what is inside it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import or_not_found
from circles.payments.balance import rules
from circles.store import db
from circles.web import access, render

SQL = db.queries("payments/balance")
PER_PAGE: Final = 50


async def payouts(request: Request) -> Response:
    """GET: the payouts, the newest first, and what Stripe held at the last comparison."""
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(
            SQL.payouts_page(tx, after=request.query_params.get("after", ""), most=PER_PAGE + 1)
        )
        funds = await db.rows(SQL.newest_balances(tx))
    return render.page(
        request,
        "payments/balance/payouts.html",
        payouts=rows[:PER_PAGE],
        after=rows[PER_PAGE - 1]["id"] if len(rows) > PER_PAGE else "",
        funds=funds,
        rules=rules,
        today=clock.now().date(),
    )


async def payout(request: Request) -> Response:
    """GET: one payout with what is inside it."""
    id = request.path_params["payout"]
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.payout(tx, id=id))
        inside = await db.rows(
            SQL.payout_contents(tx, id=id, after=request.query_params.get("after", ""), most=PER_PAGE + 1)
        )
    return render.page(
        request,
        "payments/balance/payout.html",
        payout=row,
        sums=rules.sums_of(row),
        left_over=rules.left_over(row),
        transactions=inside[:PER_PAGE],
        after=inside[PER_PAGE - 1]["id"] if len(inside) > PER_PAGE else "",
        rules=rules,
        today=clock.now().date(),
    )
