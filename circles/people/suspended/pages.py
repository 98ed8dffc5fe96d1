"""The page that a suspended person sees instead of the site."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.people.suspended import actions, rules
from circles.web import access, cookies, render

COOKIE = "suspended"


async def suspended(request: Request) -> Response:
    """What a suspended person may know. To the sign-in page for everybody else."""
    context = access.context(request)
    keys = context.settings.signing_keys
    person_id = rules.person_of(keys, cookies.read(request, COOKIE), clock.now())
    suspension = None
    if person_id:
        async with context.db.reading() as tx:
            suspension = await actions.current(tx, person_id)
    if suspension is None:
        return render.see_other("/sign-in")
    response = render.page(
        request,
        "people/suspended.html",
        suspension=suspension,
        contact=context.settings.contact,
        robots="noindex",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def lead_there(request: Request, response: Response, person_id: UUID) -> None:
    """Let this browser see the page of a suspended person for an hour."""
    settings = access.context(request).settings
    key = rules.page_key(settings.signing_key(), person_id, clock.now())
    cookies.write(response, settings, COOKIE, key, int(rules.PAGE_LASTS.total_seconds()))
