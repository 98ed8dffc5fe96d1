"""Responses: a template with the context of every page, redirects, safe paths."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from circles.store.templates import render
from circles.web import cookies


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A template as a page, with the signed-in person, the settings, the visitor's zone and the notice."""
    notice = cookies.notice(request)
    common = {
        "request": request,
        "path": request.url.path,
        "person": getattr(request.state, "person", None),
        "settings": request.app.state.context.settings,
        "viewer_zone": cookies.browser_zone(request),
        "notice": notice,
        "status": status,
    }
    response = HTMLResponse(render(template, **(common | context)), status_code=status)
    if notice:
        cookies.delete_notice(response)
    return response


def see_other(url: str, *, notice: str = "", kind: str = "good") -> Response:
    """303 See Other (RFC 9110, 15.4.4), with a notice for the next page."""
    response = RedirectResponse(url, status_code=303)
    if notice:
        cookies.set_notice(response, notice, kind)
    return response


def safe_path(path: str) -> str:
    """The path, if it leads to this site, else an empty string: an open redirect would lead to another host."""
    path = unquote(path) if path.startswith("%2F") else path
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return ""
    return path
