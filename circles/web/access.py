"""Access levels. Every route declares one; a route without one fails at start-up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from circles.base import reading
from circles.base.errors import NotFound
from circles.store.context import Context
from circles.web import cookies, htmx

Handler = Callable[[Request], Awaitable[Response]]
SIGN_IN = "sign-in"


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    HOST = "host"  # any host of any circle: signed in, and each query's WHERE clause decides
    FACILITATOR = "facilitator"
    ORGANIZER = "organizer"
    MACHINE = "machine"  # a webhook, a calendar program, a health check: authenticated by its handler
    PRACTICE = "practice"  # public, but only in practice mode


# Levels that need no signed-in person.
ANONYMOUS = frozenset({Access.PUBLIC, Access.MACHINE, Access.PRACTICE})


def route(
    path: str,
    handler: Handler,
    level: Access,
    methods: Sequence[str] = ("GET",),
    *,
    max_body: int | None = None,
) -> Route:
    """A route with its access level. max_body: bytes, where the site's own limit is too small or too large.

    The handler finds the signed-in person, or None, as `request.state.person`.
    """

    async def endpoint(request: Request) -> Response:
        request.state.person = None if level is Access.MACHINE else await signed_in_person(request)
        refusal = _refusal(request, level)
        if refusal:
            return refusal
        response = await handler(request)
        if request.state.person or level not in (Access.PUBLIC, Access.MACHINE):
            response.headers["Cache-Control"] = "no-store"
        return response

    endpoint.__name__ = handler.__name__
    endpoint.__doc__ = handler.__doc__
    endpoint.access = level  # pyright: ignore[reportFunctionMemberAccess]
    return Route(path, endpoint, methods=list(methods), max_body_size=max_body)


def post(path: str, handler: Handler, level: Access, *, max_body: int | None = None) -> Route:
    """A route for POST alone."""
    return route(path, handler, level, ["POST"], max_body=max_body)


def form(
    path: str, show: Handler, submit: Handler, level: Access, *, max_body: int | None = None
) -> tuple[Route, Route]:
    """The two routes of a page with a form, GET and POST, with one access level. max_body: of the POST, in bytes."""
    return route(path, show, level), post(path, submit, level, max_body=max_body)


async def signed_in_person(request: Request) -> Any:
    """The person whose sign-in cookie this browser sent, or None."""
    token = cookies.read(request, SIGN_IN)
    return await request.app.state.find_person(request.app.state.context, token) if token else None


def _refusal(request: Request, level: Access) -> Response | None:
    """A redirect to the sign-in page where one is needed. Raises NotFound where the person lacks the role."""
    if level is Access.PRACTICE and not request.app.state.context.settings.practice:
        raise NotFound
    if level in ANONYMOUS:
        return None
    person = request.state.person
    if person is None:
        return _to_sign_in(request)
    if level is Access.FACILITATOR and not (person.is_facilitator or person.is_organizer):
        raise NotFound
    if level is Access.ORGANIZER and not person.is_organizer:
        raise NotFound
    return None


def _to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back here afterwards unless a form was sent."""
    url = "/sign-in"
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        url += f"?next={quote(request.url.path + query)}"
    return htmx.redirect(url) if htmx.wants_part(request) else RedirectResponse(url, status_code=303)


def check_routes(routes: Iterable[BaseRoute]) -> None:
    """Raise RuntimeError when a route declares no access level. Called at start-up."""
    for item in routes:
        if isinstance(item, Mount):
            if item.path != "/static":
                raise RuntimeError(f"the mount {item.path} declares no access level")
        elif not isinstance(item, Route) or not isinstance(getattr(item.endpoint, "access", None), Access):
            raise RuntimeError(f"the route {getattr(item, 'path', item)} declares no access level")


def context(request: Request) -> Context:
    """The settings and the database, for a handler."""
    return request.app.state.context


def path_id(request: Request, name: str = "id") -> UUID:
    """An id from the URL. Raises NotFound for what is no id, the same as for an id that does not exist."""
    value = reading.uuid_or_none(request.path_params[name])
    if value is None:
        raise NotFound
    return value
