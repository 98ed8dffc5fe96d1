"""Who may come in. Every route says so when it is declared; a route that does not fails at start-up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Protocol
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


class Who(Enum):
    """Who may come in through a door."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed-in"
    HOST = "host"  # whoever helps to hold some circle: signed in, and the rows decide
    FACILITATOR = "facilitator"
    ORGANIZER = "organizer"
    MACHINE = "machine"  # a webhook, a calendar program, a health check: proves itself in its own way
    PRACTICE = "practice"  # anybody, but only in practice mode


class Person(Protocol):
    """What the door and the page frame need to know of a person."""

    @property
    def id(self) -> UUID:
        """Their id."""
        ...

    @property
    def name(self) -> str:
        """What they want to be called."""
        ...

    @property
    def is_facilitator(self) -> bool:
        """Whether they may host circles."""
        ...

    @property
    def is_organizer(self) -> bool:
        """Whether they run the community."""
        ...


def route(
    path: str, handler: Handler, who: Who, methods: Sequence[str] = ("GET",), *, max_body: int | None = None
) -> Route:
    """A route with its door. max_body: bytes, where the site's own limit is too small or too large."""

    async def enter(request: Request) -> Response:
        request.state.person = None if who is Who.MACHINE else await who_is_it(request)
        turned_away = _turn_away(request, who)
        if turned_away:
            return turned_away
        response = await handler(request)
        if request.state.person or who not in (Who.ANYBODY, Who.MACHINE):
            response.headers["Cache-Control"] = "no-store"
        return response

    enter.__name__ = handler.__name__
    enter.__doc__ = handler.__doc__
    enter.who = who  # pyright: ignore[reportFunctionMemberAccess]
    return Route(path, enter, methods=list(methods), max_body_size=max_body)


def post(path: str, handler: Handler, who: Who, *, max_body: int | None = None) -> Route:
    """The route of a button: it takes what is sent, and there is nothing to see at its address."""
    return route(path, handler, who, ["POST"], max_body=max_body)


def form(
    path: str, show: Handler, take: Handler, who: Who, *, max_body: int | None = None
) -> tuple[Route, Route]:
    """The two routes of a page with a form: one shows it, one takes what was sent, for the same people."""
    return route(path, show, who), post(path, take, who, max_body=max_body)


async def who_is_it(request: Request) -> Any:
    """Who is signed in at this browser, or None."""
    token = cookies.read(request, SIGN_IN)
    return await request.app.state.find_person(request.app.state.context, token) if token else None


def _turn_away(request: Request, who: Who) -> Response | None:
    if who is Who.PRACTICE and not request.app.state.context.settings.practice:
        raise NotFound
    if who in (Who.ANYBODY, Who.MACHINE, Who.PRACTICE):
        return None
    person = request.state.person
    if person is None:
        back = request.url.path if request.method == "GET" else ""
        if request.method == "GET" and request.url.query:
            back += f"?{request.url.query}"
        url = f"/sign-in?next={quote(back)}" if back else "/sign-in"
        return htmx.go_to(url) if htmx.asked(request) else RedirectResponse(url, status_code=303)
    if who is Who.FACILITATOR and not (person.is_facilitator or person.is_organizer):
        raise NotFound
    if who is Who.ORGANIZER and not person.is_organizer:
        raise NotFound
    return None


def check(routes: Iterable[BaseRoute]) -> None:
    """Raise RuntimeError when a route does not say who may come in. Called at start-up."""
    for each in routes:
        if isinstance(each, Mount):
            if each.path != "/static":
                raise RuntimeError(f"the mount {each.path} does not say who may come in")
        elif not isinstance(each, Route) or not isinstance(getattr(each.endpoint, "who", None), Who):
            raise RuntimeError(f"the route {getattr(each, 'path', each)} does not say who may come in")


def context(request: Request) -> Context:
    """The settings and the database, for a handler."""
    return request.app.state.context


def path_id(request: Request, name: str = "id") -> UUID:
    """An id from the address. Raises NotFound for what is no id, the same as for an id that is not there."""
    found = reading.uuid_or_none(request.path_params[name])
    if found is None:
        raise NotFound
    return found
