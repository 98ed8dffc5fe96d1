"""A member's page of the suggestions made to them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.directory.introductions import suggestions_actions
from circles.directory.listing import cards
from circles.web import access, render


async def suggestions(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await suggestions_actions.list_own(tx, request.state.person.id)
        shown = await cards.cards(tx, {listing_id for row in rows for listing_id in row["listing_ids"]})
    return render.page(
        request,
        "directory/introductions/suggestions.html",
        suggestions=[(row, [shown[id] for id in row["listing_ids"] if id in shown]) for row in rows],
    )


async def delete(request: Request) -> Response:
    await suggestions_actions.delete(
        access.context(request), actor_id=request.state.person.id, suggestion_id=access.path_id(request)
    )
    return render.see_other("/my/suggestions", notice="It is removed. Nobody is told.")
