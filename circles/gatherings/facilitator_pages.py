"""The public page of a facilitator: who they are, what they learned, how they hold a circle, which circles."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import directory, people
from circles.base.errors import NotFound
from circles.gatherings import rules
from circles.store import db
from circles.web import access, render
from circles.web.cookies import viewer_zone

SQL = db.queries("hosting/hosts")


async def facilitator(request: Request) -> Response:
    """One facilitator, for everybody. Three queries."""
    facilitator_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        found = (await people.profiles(tx, [facilitator_id])).get(facilitator_id)
        if found is None or not found.has_page:
            raise NotFound
        circles = await db.rows(SQL.circles_held(tx, person=facilitator_id))
        listing = await directory.own_listing(tx, facilitator_id)
    viewer = request.state.person
    return render.page(
        request,
        "gatherings/facilitator.html",
        facilitator=found,
        circles=circles,
        listing=listing if listing and listing.state == "shown" else None,
        formats=rules.FORMATS,
        is_me=viewer is not None and viewer.id == found.id,
        viewer_zone=viewer_zone(request),
    )
