"""Hosts' page of the pool of their circle."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import bookings
from circles.base.errors import or_not_found
from circles.hosting.pool import actions
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/pool")


async def pool(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(
            await SQL.pool_of(tx, id=access.path_id(request), actor_id=request.state.person.id)
        )
    return render.page(
        request,
        "hosting/pool/pool.html",
        circle=row,
        form=Form({"tied": "on" if row["pool_tied"] else ""}),
        words=bookings.pool_words(row["givers"], row["balance"], row["suggested"]),
    )


async def tie(request: Request) -> Response:
    """POST: tie the community seats to the pool, or no longer."""
    form, circle_id = await Form.read(request), access.path_id(request)
    tied = form.checked("tied")
    await actions.tie(access.context(request), request.state.person, circle_id, tied=tied)
    notice = "Community seats are tied to the pool." if tied else "Community seats are not tied to the pool."
    return render.see_other(f"/host/circles/{circle_id}/pool", notice=notice)
