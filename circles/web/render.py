"""Responses: a template with the context of every page, redirects."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from circles.store.templates import render
from circles.web import cookies
from circles.web.sent import filling, origin, problems
from circles.web.sent.kept import INTERRUPTED


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A template as a page, with the signed-in person, the settings, the visitor's clock and the notice."""
    notice = cookies.notice(request)
    common = {
        "request": request,
        "path": request.url.path,
        "person": getattr(request.state, "person", None),
        "settings": request.app.state.context.settings,
        "viewer": cookies.viewer(request),
        "notice": notice,
        "status": status,
    }
    html = render(template, **(common | context))
    kept = getattr(request.state, "kept", None)
    if kept and not PurePosixPath(template).name.startswith("_"):
        box = "_interrupted_form.html" if INTERRUPTED in request.scope else "_kept_form.html"
        html = filling.fill(html, kept, request.url.path, box=box)
    html = problems.name_questions(html)
    response = HTMLResponse(origin.add_fields(request, html), status_code=status)
    if notice:
        cookies.delete_notice(response, common["settings"])
    return response


def see_other(url: str, *, notice: str = "", kind: str = "good") -> Response:
    """303 See Other (RFC 9110, 15.4.4), with a notice for the next page."""
    response = RedirectResponse(url, status_code=303)
    if notice:
        cookies.set_notice(response, notice, kind)
    return response
