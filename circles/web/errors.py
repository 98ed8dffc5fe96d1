"""What a person is told when something went wrong: what happened, what is safe, what to do."""

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

log = structlog.get_logger("faults")

# status: (title, what happened and what to do)
WORDS = {
    400: ("This request could not be read", "Nothing was changed. Please go back and try again."),
    403: ("This is not yours to change", "Nothing was changed. If you think it should be, ask an organizer."),
    404: (
        "There is nothing here",
        "The address may be mistyped, or the page may be private. Your bookings are safe.",
    ),
    405: ("This page cannot be used that way", "Nothing was changed. Please go back and try again."),
    408: ("The request took too long", "Nothing was changed. Please try again."),
    422: ("This could not be done", "Nothing was changed."),
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


def _answer(request: Request, status: int, reasons: tuple[str, ...] = ()) -> Response:
    title, words = WORDS.get(status, WORDS[400 if status < 500 else 500])
    if not hasattr(request.state, "person"):
        request.state.person = None
    response = render.page(
        request,
        "error.html",
        status,
        title=title,
        happened=" ".join(reasons),
        safe=words,
        todo="",
        reference="",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def not_found(request: Request, _: Exception) -> Response:
    """404, the same for what is not there and what is somebody else's."""
    return _answer(request, 404)


async def not_allowed(request: Request, _: Exception) -> Response:
    """403."""
    return _answer(request, 403)


async def refused(request: Request, error: Exception) -> Response:
    """422 with every reason, where no form could show them."""
    reasons = error.reasons if isinstance(error, Refused) else ()
    return _answer(request, 422, tuple(reason.text for reason in reasons))


async def http(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: an unknown address, a method, a body that is too large.

    No door was gone through, so nobody looked yet who is signed in; the page's head must not look signed out.
    """
    if not hasattr(request.state, "person"):
        request.state.person = await access.signed_in_person(request)
    return _answer(request, error.status_code if isinstance(error, HTTPException) else 500)


def too_much(scope: Scope) -> Response:
    """413, for a body that was refused before any page could read it."""
    return _answer(Request(scope), 413)


async def gone(request: Request, _: Exception) -> Response:
    """Whoever asked went away before all of it came: a newer look took its place, or a phone lost its network.

    Nobody reads this answer, and nothing is wrong here, so nothing is logged.
    """
    return Response(status_code=400)


async def surprise(request: Request, error: Exception) -> Response:
    """500: logged by kind and place, never by text; the page tells nothing of it."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    log.error("unexpected", error=type(error).__name__, route=_without_tokens(request), places=places)
    return _answer(request, 500)


def _without_tokens(request: Request) -> str:
    """The route's pattern, not the address: an address may hold a private token."""
    found = request.scope.get("route")
    return getattr(found, "path", "") or request.url.path.split("/")[1]


handlers: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    NotFound: not_found,
    NotAllowed: not_allowed,
    Refused: refused,
    HTTPException: http,
    ClientDisconnect: gone,
    Exception: surprise,
}
