"""The next dates of a circle for other sites: as a page in a frame and as JSON."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from circles.base.clock import NOBODY
from circles.base.errors import or_not_found
from circles.gatherings.cards import GatheringDate
from circles.gatherings.sharing import rules
from circles.store import db, templates
from circles.web import access
from circles.web.headers import CSP

SQL = db.queries("gatherings/sharing")

# Any site may show the frame. It runs no scripts, sends no form and loads nothing but our style sheet.
FRAME_CSP = (
    CSP.replace("script-src 'self'", "script-src 'none'")
    .replace("connect-src 'self'", "connect-src 'none'")
    .replace("frame-ancestors 'none'", "frame-ancestors *")
    .replace("form-action 'self' https://checkout.stripe.com", "form-action 'none'")
)
PUBLIC = {"Cache-Control": f"public, max-age={rules.MAX_AGE}", "Cross-Origin-Resource-Policy": "cross-origin"}


async def frame(request: Request) -> Response:
    """The next dates of a circle for a frame on another site: no names, no cookies, alike for everybody."""
    context = access.context(request)
    async with context.db.reading() as tx:
        row = or_not_found(await SQL.next_dates(tx, id=access.path_id(request), most=rules.MAX_DATES))
    html = templates.render(
        "gatherings/frame.html",
        circle=row,
        path=rules.circle_path(row["id"], row["slug"]),
        dates=GatheringDate.read(row["ahead"]),
        base_url=context.settings.base_url,
        settings=context.settings,
        viewer=NOBODY,
    )
    return HTMLResponse(
        html, headers={**PUBLIC, "Content-Security-Policy": FRAME_CSP, "X-Robots-Tag": "noindex, noai"}
    )


async def as_json(request: Request) -> Response:
    """The same for programs of other sites, which may read it from any page (CORS)."""
    context = access.context(request)
    async with context.db.reading() as tx:
        row = or_not_found(await SQL.next_dates(tx, id=access.path_id(request), most=rules.MAX_DATES))
    answer = rules.as_json(row, GatheringDate.read(row["ahead"]), context.settings.base_url)
    return JSONResponse(answer, headers={**PUBLIC, "Access-Control-Allow-Origin": "*"})
