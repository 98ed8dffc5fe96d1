"""The preview of guidelines while a host writes them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import text
from circles.errors import Refused
from circles.web import htmx, render
from circles.web.forms import Form


async def preview(request: Request) -> Response:
    """Guidelines as those who book will read them: a part for htmx, a page of its own otherwise."""
    form = await Form.read(request)
    try:
        body = text.body(form.value("guidelines"), "guidelines", required=False)
    except Refused as refused:
        form.add(refused.reasons)
        body = ""
    template = "guidelines/_preview.html" if htmx.asked(request) else "guidelines/preview.html"
    status = 200 if form.ok else 422
    return htmx.vary(render.page(request, template, status, form=form, preview=body))
