"""Error pages: what happened, what is safe, what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from circles.base.errors import NotAllowed, NotFound, Refused, describe
from circles.store import db
from circles.web import access, htmx, render
from circles.web.sent import interrupted, origin

log = structlog.get_logger("errors")
RETRY_AFTER = "5"  # seconds

# status: (title, what happened and what to do)
TEXTS = {
    400: (
        "This request could not be read",
        "Nothing was changed. Go back: what you typed is still in the form. Then please try again.",
    ),
    403: ("This is not yours to change", "Nothing was changed. If you think it should be, ask an organizer."),
    404: (
        "There is nothing here",
        "The address may be mistyped, or the page may be private. Your bookings are safe.",
    ),
    405: ("This page cannot be used that way", "Nothing was changed. Please go back and try again."),
    408: (
        "The request took too long",
        "Nothing was changed. Go back: what you typed is still in the form. Then please try again.",
    ),
    422: ("This could not be done", "Nothing was changed. Go back: what you typed is still there."),
    413: (
        "That was too much at once",
        "Nothing was saved. Go back: what you typed is still in the form. Please shorten it, or choose a smaller "
        "file, and try again. A picture or a list may have up to 5 MB.",
    ),
    429: (
        "Please wait a little",
        "There were many tries in a short time. Nothing was lost. Try again later.",
    ),
    500: (
        "Something went wrong on our side",
        "What you saved before is safe. Please try again in a few minutes.",
    ),
    503: (
        "Please try again in a moment",
        "The site cannot reach its records just now. What you saved before is safe, and the site comes back by itself.",
    ),
}


def _error_page(request: Request, status: int, reasons: tuple[str, ...] = ()) -> Response:
    title, text = TEXTS.get(status, TEXTS[400 if status < 500 else 500])
    if not hasattr(request.state, "person"):
        request.state.person = None
    response = render.page(
        request,
        "error.html",
        status,
        title=title,
        happened=" ".join(reasons),
        safe=text,
        todo="",
        may_try_again=status == 503 and request.method == "GET",
        reference=getattr(request.state, "request_id", "") if status >= 500 else "",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def not_found(request: Request, _: Exception) -> Response:
    """404, the same for a row that does not exist and one of somebody else."""
    return _error_page(request, 404)


async def not_allowed(request: Request, _: Exception) -> Response:
    """403."""
    return _error_page(request, 403)


async def refused(request: Request, error: Exception) -> Response:
    """422 with every reason, where no form shows them."""
    reasons = error.reasons if isinstance(error, Refused) else ()
    return _error_page(request, 422, tuple(reason.text for reason in reasons))


async def unreadable(request: Request, _: Exception) -> Response:
    """400 for a character that no text of the database has (NUL), in a field or an address that nobody types."""
    return _error_page(request, 400)


async def http_error(request: Request, error: Exception) -> Response:
    """An HTTPException of Starlette: an unknown path or method, a body that is too large.

    No route ran, so the signed-in person is found here, for the head of the page.
    """
    if isinstance(error, HTTPException) and error.status_code == 404 and (path := _without_slash(request)):
        return RedirectResponse(path, 307)
    if not hasattr(request.state, "person"):
        try:
            request.state.person = await access.signed_in_person(request)
        except db.Unavailable:  # the address is as unknown without the name in the head
            request.state.person = None
    return _error_page(request, error.status_code if isinstance(error, HTTPException) else 500)


def _without_slash(request: Request) -> str:
    """The path of a page, where the address has slashes behind it; empty for any other address."""
    path = request.url.path.rstrip("/")
    scope = {**request.scope, "path": path}
    if path == request.url.path or not origin.safe_path(path):
        return ""
    if not any(
        isinstance(one, Route) and one.matches(scope)[0] is not Match.NONE for one in request.app.routes
    ):
        return ""
    return f"{quote(path)}?{request.url.query}" if request.url.query else quote(path)


def body_too_large(scope: Scope) -> Response:
    """413, for a body that was refused before a handler could read it."""
    return _error_page(Request(scope), 413)


async def disconnected(request: Request, _: Exception) -> Response:
    """400, which nobody reads: the client closed the connection before its body had arrived. Not logged."""
    return Response(status_code=400)


async def unavailable(request: Request, error: Exception) -> Response:
    """503 for a fault of the database: with the form that was sent, or as an error page. Logged by kind and place."""
    assert isinstance(error, db.Unavailable)  # noqa: S101 (what the table below says)
    log.warning(
        "the database was unavailable",
        route=route_of(request.scope),
        **describe(error) | {"error": error.kind},
    )
    return _to_try_again(await interrupted.response(request, error) or _error_page(request, 503))


async def cut_off(request: Request, error: BaseException) -> Response:
    """503 for a request that this process has no time left to finish. Needs no database. Logged by kind and place.

    What was sent may have been saved or not, and is shown again; what has not arrived is not waited for.
    """
    log.warning(
        "the process stops before a request is done", route=route_of(request.scope), **describe(error)
    )
    response = None
    if hasattr(request.state, "sent_pairs") or htmx.is_htmx(request):
        response = await interrupted.response(request, db.Unavailable(error, unsure=True))
    response = _to_try_again(response or _error_page(request, 503))
    response.headers["Connection"] = "close"
    return response


def _to_try_again(response: Response) -> Response:
    response.headers["Retry-After"] = RETRY_AFTER
    response.headers["Cache-Control"] = "no-store"
    return response


async def unexpected(request: Request, error: Exception) -> Response:
    """500, or 503 where the database was at fault.

    `log_unexpected` is called once the response is sent, by the outermost middleware.
    """
    if isinstance(error, db.Unavailable):
        return await unavailable(request, error)
    return _error_page(request, 500)


def route_of(scope: Scope) -> str:
    """The pattern of the route, never the path, which may hold a key or an id."""
    return getattr(scope.get("route"), "path", "") or "no route"


def log_unexpected(error: Exception, *, route: str) -> None:
    """Log an exception that nobody caught by type and places, never by its text, which may hold personal data."""
    log.error("unexpected", route=route, **describe(error))


handlers: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    NotFound: not_found,
    NotAllowed: not_allowed,
    Refused: refused,
    HTTPException: http_error,
    ClientDisconnect: disconnected,
    db.Unavailable: unavailable,
    db.CharacterNotInRepertoireError: unreadable,
    db.UntranslatableCharacterError: unreadable,
    Exception: unexpected,
}
