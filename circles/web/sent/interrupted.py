"""Forms that the database could not take: run once more, or shown again with all that was typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from circles.base.errors import CirclesError
from circles.store import db
from circles.web import htmx, render
from circles.web.sent import filling, kept, origin
from circles.web.sent.kept import KeptForm

Handler = Callable[[Request], Awaitable[Response]]


async def once_more(request: Request, handler: Handler) -> Response:
    """The handler's response; after a conflict with another transaction it runs a second time.

    Safe for every handler: only where nothing of the first run was committed.
    """
    with db.commits() as committed:
        try:
            return await handler(request)
        except db.Unavailable as error:
            if not error.is_conflict or committed.count:
                raise
    return await handler(request)


async def response(request: Request, error: db.Unavailable) -> Response | None:
    """What a form that was sent gets, and htmx: 503, with everything typed. None for other requests."""
    if htmx.is_htmx(request):
        return _for_htmx(request, error)
    if request.method != "POST" or not request.headers.get("content-type", "").startswith(kept.FORM_TYPES):
        return None
    pairs, has_files = getattr(request.state, "sent_pairs", None) or await kept.read_pairs(request)
    sent_from = origin.read(dict(pairs or ()).get(origin.FIELD, ""))
    page = origin.page_of(request, sent_from)
    form = KeptForm(request.url.path, page, pairs, has_files, "")
    own = None if pairs is None else [pair for pair in pairs if pair[0] != origin.FIELD]
    shown = await _form_page(request, replace(form, pairs=own)) if error.can_read else None
    return shown or _to_send_again(request, form, error)


def _for_htmx(request: Request, error: db.Unavailable) -> Response:
    """A sentence on the page, which else stays as it is. What htmx asked for by itself changes nothing."""
    if request.method != "POST":
        return htmx.keep_page(Response(status_code=503))
    return htmx.retarget(
        render.page(request, "_interrupted_part.html", 503, unsure=error.unsure), "#interruption"
    )


async def _form_page(request: Request, form: KeptForm) -> Response | None:
    """The page that the form is on, as its own route shows it, filled in. None where that fails."""
    target = urlsplit(form.page)
    scope: dict[str, Any] = {
        **request.scope,
        "method": "GET",
        "path": target.path,
        "raw_path": target.path.encode(),
        "query_string": target.query.encode(),
        "headers": [
            pair for pair in request.scope["headers"] if not pair[0].startswith((b"content-", b"hx-"))
        ],
        "state": {},
        kept.INTERRUPTED: form,
    }
    for route in request.app.routes:
        if isinstance(route, Route) and (matched := route.matches(scope))[0] is Match.FULL:
            try:
                page = await route.endpoint(Request({**scope, **matched[1]}))
            except CirclesError:
                return None
            if page.status_code != 200:
                return None
            page.status_code = 503
            return page
    return None


def _to_send_again(request: Request, form: KeptForm, error: db.Unavailable) -> Response:
    """A page that needs no database, with everything typed to be read, and a button that sends the same again."""
    pairs = form.pairs or []
    if not hasattr(request.state, "person"):
        request.state.person = None
    return render.page(
        request,
        "interrupted.html",
        503,
        is_whole=form.pairs is not None,
        pairs=pairs,
        texts=[text for name, text in pairs if name != origin.FIELD and not filling.NO_TEXT.fullmatch(text)],
        has_files=form.has_files,
        unsure=error.unsure,
        back=form.page,
    )
