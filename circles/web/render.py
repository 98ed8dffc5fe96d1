"""Pages as responses: a template with what every page is given, redirects, safe paths."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from circles.store.templates import render
from circles.web import cookies


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A template as a page, given the person, the settings, the visitor's zone and the one-line notice."""
    notice = cookies.notice(request)
    about = {
        "request": request,
        "path": request.url.path,
        "person": getattr(request.state, "person", None),
        "settings": request.app.state.context.settings,
        "viewer_zone": cookies.browser_zone(request),
        "notice": notice,
        "status": status,
    }
    response = HTMLResponse(render(template, **(about | context)), status_code=status)
    if notice:
        cookies.delete_notice(response)
    return response


def see_other(url: str, *, notice: str = "", kind: str = "good") -> Response:
    """303 See Other (RFC 9110, 15.4.4), with one line to show on the next page."""
    response = RedirectResponse(url, status_code=303)
    if notice:
        cookies.set_notice(response, notice, kind)
    return response


def safe_path(path: str) -> str:
    """A path on this site to go on to, or an empty string: never another host's address."""
    path = unquote(path) if path.startswith("%2F") else path
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return ""
    return path
