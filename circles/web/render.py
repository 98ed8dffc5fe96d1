"""Responses: a template with the context of every page, redirects."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Send

from circles.base import clock
from circles.store.templates import render
from circles.web import cookies
from circles.web.sent import filling, origin, problems
from circles.web.sent.kept import INTERRUPTED

MAX_SHARED = 256  # pages, of 5 to 30 kB
_NAME = secrets.token_hex(16)  # stands in a shared page for the name, and in no text that anybody wrote


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


@dataclass(frozen=True, slots=True)
class _Reader:
    """All that a shared page may read of the signed-in person: anything else raises, and is shown to nobody."""

    name: str
    is_host: bool
    is_organizer: bool


def shared_page(request: Request, template: str, status: int, **context: Hashable) -> Response:
    """A page that is alike for everybody but for their name, kept rendered by all that it shows.

    For the response to a POST, with no forms of its own.
    """
    person = request.state.person
    if person is None or cookies.notice(request):
        return page(request, template, status, **context)
    roles = (person.is_host, person.is_organizer)

    def render_it(common: dict[str, Any]) -> str:
        return render(template, **common, person=_Reader(_NAME, *roles), **context)

    html = _kept(request, template, status, (roles, *context.items()), render_it)
    return HTMLResponse(
        origin.add_fields(request, html.replace(_NAME, escape(person.name))), status_code=status
    )


def visitors_page(
    request: Request, template: str, shown: tuple[Hashable, ...], context: Callable[[], dict[str, Any]]
) -> Response:
    """A page of GET, kept rendered for visitors by all that it shows beside the visitor's clock.

    context: what the template reads; it follows from `shown`, and is asked for when the page is rendered.
    """
    is_own = request.state.person or cookies.notice(request) or getattr(request.state, "kept", None)
    if is_own or request.method != "GET":
        return page(request, template, **context())

    def render_it(common: dict[str, Any]) -> str:
        return problems.name_questions(render(template, **common, request=request, person=None, **context()))

    return HTMLResponse(origin.add_fields(request, _kept(request, template, 200, shown, render_it)))


def _kept(
    request: Request,
    template: str,
    status: int,
    shown: tuple[Hashable, ...],
    render_it: Callable[[dict[str, Any]], str],
) -> str:
    """The HTML of a page by all that it shows, rendered when it is not kept yet."""
    viewer, settings = cookies.viewer(request), request.app.state.context.settings
    # The year, because a date names its year only when it is not this one.
    key = (template, status, request.url.path, viewer, clock.now().year, settings.community.number, shown)
    pages: dict[Hashable, str] = request.app.state.shared_pages
    if key not in pages:
        if len(pages) >= MAX_SHARED:
            pages.clear()
        common = {"path": request.url.path, "settings": settings, "viewer": viewer}
        pages[key] = render_it(common | {"notice": None, "status": status})
    return pages[key]


def see_other(url: str, *, notice: str = "", kind: str = "good") -> Response:
    """303 See Other (RFC 9110, 15.4.4), with a notice for the next page."""
    response = RedirectResponse(url, status_code=303)
    if notice:
        cookies.set_notice(response, notice, kind)
    return response


class Download(StreamingResponse):
    """A file streamed as it is made. When the browser goes away, its generator is closed at once."""

    def __init__(self, chunks: AsyncGenerator[bytes], filename: str, media_type: str) -> None:
        disposition = {"Content-Disposition": f'attachment; filename="{filename}"'}
        super().__init__(chunks, media_type=media_type, headers=disposition)
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Send every chunk, and close their generator whatever happens."""
        async with aclosing(self._chunks):
            await super().stream_response(send)
