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
from circles.store import db
from circles.store.context import Context
from circles.web import cookies, htmx
from circles.web.sent import interrupted, kept
from circles.web.sent import once as sent_once

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
    form_page: str = "",
    once: bool = False,
) -> Route:
    """A route with its access level. max_body: bytes, where the site's own limit is too small or too large.

    form_page: the page that its form is on, where that is neither this path nor above it. once: it adds something, so
    that a second press leads where the first one did. `request.state.person` is the signed-in person, or None.
    """

    async def run(request: Request) -> Response:
        return await interrupted.once_more(request, handler)

    async def endpoint(request: Request) -> Response:
        await _find_person(request, level)
        _check_path(request)
        await kept.find(request)  # before the level is checked: a 404 shows what was typed, to be copied
        if refusal := await _refusal(request, level):
            return refusal
        try:
            response = await (sent_once.run(request, run) if once else run(request))
        finally:
            await request.close()  # files that were sent to a form without a field for them
        kept.after(request, response)
        cookies.write_notice(response, context(request).settings)
        if _is_private(request, level):
            response.headers["Cache-Control"] = "no-store"
        return response

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    endpoint.access = level  # pyright: ignore[reportFunctionMemberAccess]
    built = Route(path, endpoint, methods=list(methods), max_body_size=max_body)
    built.form_page = form_page  # pyright: ignore[reportAttributeAccessIssue]
    return built


def post(
    path: str,
    handler: Handler,
    level: Access,
    *,
    max_body: int | None = None,
    form_page: str = "",
    once: bool = False,
) -> Route:
    """A route for POST alone."""
    return route(path, handler, level, ["POST"], max_body=max_body, form_page=form_page, once=once)


def form(
    path: str, show: Handler, submit: Handler, level: Access, *, max_body: int | None = None
) -> tuple[Route, Route]:
    """The two routes of a page with a form, GET and POST, with one access level. max_body: of the POST, in bytes."""
    return route(path, show, level), post(path, submit, level, max_body=max_body)


def _is_private(request: Request, level: Access) -> bool:
    """Whether a page may be for one person only, so that nobody keeps a copy of it."""
    return bool(request.state.person or request.state.is_unknown) or level not in (
        Access.PUBLIC,
        Access.MACHINE,
    )


async def _find_person(request: Request, level: Access) -> None:
    """Set `request.state.person`. A public page that needs no database is shown without one, as to a visitor."""
    request.state.person, request.state.is_unknown = None, False
    if level is Access.MACHINE:
        return
    try:
        request.state.person = await signed_in_person(request)
    except db.Unavailable:
        if level not in ANONYMOUS or request.method != "GET":
            raise
        request.state.is_unknown = True


def _check_path(request: Request) -> None:
    """Raise NotFound for an address with a character that no stored text has: NUL, or half a character."""
    if any("\x00" in value or not value.isprintable() for value in request.path_params.values()):
        raise NotFound


async def signed_in_person(request: Request) -> Any:
    """The person whose sign-in cookie this browser sent, or None."""
    return await find_person(request, cookies.read(request, SIGN_IN))


async def find_person(request: Request, token: str) -> Any:
    """The person of a sign-in, or None."""
    return await request.app.state.find_person(request.app.state.context, token) if token else None


async def _refusal(request: Request, level: Access) -> Response | None:
    """A redirect to the sign-in page where one is needed. Raises NotFound where the person lacks the role."""
    if level is Access.PRACTICE and not request.app.state.context.settings.practice:
        raise NotFound
    if level in ANONYMOUS:
        return None
    person = request.state.person
    if person is None:
        return await _to_sign_in(request)
    if level is Access.FACILITATOR and not (person.is_facilitator or person.is_organizer):
        raise NotFound
    if level is Access.ORGANIZER and not person.is_organizer:
        raise NotFound
    return None


async def _to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back here afterwards. A form that was sent is kept until then."""
    settings = context(request).settings
    page, token = request.url.path, ""
    if request.method == "GET":
        page += f"?{request.url.query}" if request.url.query else ""
    else:
        page, token = await kept.keep(request, cookies.read(request, SIGN_IN))
    url = f"/sign-in?next={quote(page)}" if page else "/sign-in"
    response = htmx.redirect(url) if htmx.wants_part(request) else RedirectResponse(url, status_code=303)
    return kept.remember(response, settings, token)


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
