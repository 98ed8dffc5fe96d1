"""Error pages: what happened, what is safe, what to do."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from circles.base.errors import NotAllowed, NotFound, Refused
from circles.web import access, render

log = structlog.get_logger("errors")

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
        reference="",
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


async def http_error(request: Request, error: Exception) -> Response:
    """An HTTPException of Starlette: an unknown path or method, a body that is too large.

    No route ran, so the signed-in person is found here, for the head of the page.
    """
    if not hasattr(request.state, "person"):
        request.state.person = await access.signed_in_person(request)
    return _error_page(request, error.status_code if isinstance(error, HTTPException) else 500)


def body_too_large(scope: Scope) -> Response:
    """413, for a body that was refused before a handler could read it."""
    return _error_page(Request(scope), 413)


async def disconnected(request: Request, _: Exception) -> Response:
    """400, which nobody reads: the client closed the connection before its body had arrived. Not logged."""
    return Response(status_code=400)


async def unexpected(request: Request, error: Exception) -> Response:
    """500, logged by type and line, never by the exception's text, which may hold personal data."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    log.error("unexpected", error=type(error).__name__, route=_route(request), places=places)
    return _error_page(request, 500)


def _route(request: Request) -> str:
    """The route's pattern, not the path: a path may hold a private token."""
    route = request.scope.get("route")
    return getattr(route, "path", "") or request.url.path.split("/")[1]


handlers: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    NotFound: not_found,
    NotAllowed: not_allowed,
    Refused: refused,
    HTTPException: http_error,
    ClientDisconnect: disconnected,
    Exception: unexpected,
}
