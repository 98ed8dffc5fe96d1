"""The page that asks once before a draft circle is thrown away."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Refused
from circles.hosting.circle import discard_actions as actions
from circles.web import access, render
from circles.web.forms import Form


async def ask(request: Request) -> Response:
    """What goes with it, and the one button."""
    return await _page(request, Form())


async def _page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.look(tx, access.path_id(request), request.state.person)
    status = 200 if form.ok else 422
    return render.page(
        request,
        "hosting/circle/discard.html",
        status,
        form=form,
        circle=row,
        problems=[] if form.all_errors else actions.problems(row),
    )


async def discard(request: Request) -> Response:
    """Throw it away."""
    try:
        await actions.discard_circle(access.context(request), request.state.person, access.path_id(request))
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return await _page(request, form)
    return render.see_other("/host/circles", notice="The draft is gone.")
