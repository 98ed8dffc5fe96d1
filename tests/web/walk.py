"""A walk through the site as people of the demo community: the pages they reach, and the forms on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.routing import Match, Route

from circles import people
from circles.store.context import Context
from tests.conftest import Browser
from tests.web.pages import PostedForm, read_page

WHO = ("mira", "farid", "ruth", "ines", "wren", "odile")
PAGES_PER_ROUTE = 3
START = (
    "/",
    "/me",
    "/my/gatherings",
    "/host",
    "/organize",
    "/organize/people",
    "/my/listing",
    "/gatherings",
)


@dataclass(slots=True)
class Seen:
    """A form of a page, as somebody sees it."""

    who: str
    page: str
    form: PostedForm


def route_of(path: str, method: str, routes: list[Route]) -> Route | None:
    scope = {"type": "http", "path": path, "root_path": "", "method": method}
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


def site_routes(app: Starlette) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route)]


async def signed_in(page: Browser, context: Context, who: str) -> None:
    async with context.db.transaction() as tx:
        person = await people.by_email(tx, f"{who}@example.org")
        assert person
        token = await people.start_sign_in(tx, person.id)
    page.cookies.set("sign-in", token, domain="circles.test")


@dataclass(slots=True)
class Walk:
    """paths: that are still to be opened. counts: of pages opened, by route."""

    paths: list[str] = field(default_factory=lambda: list(START))
    counts: dict[str, int] = field(default_factory=dict[str, int])


async def walk(
    page: Browser, routes: list[Route], walked: Walk
) -> AsyncIterator[tuple[str, httpx2.Response]]:
    """Follow every link, a few pages of each route. Yields each path and its response."""
    done: set[str] = set()
    while walked.paths:
        path = walked.paths.pop(0)
        route = route_of(urlsplit(path).path, "GET", routes)
        if path in done or route is None or walked.counts.get(route.path, 0) >= PAGES_PER_ROUTE:
            continue
        done.add(path)
        walked.counts[route.path] = walked.counts.get(route.path, 0) + 1
        answer = await page.get(path)
        yield path, answer
        if answer.status_code == 303:
            walked.paths.append(answer.headers["location"])
        elif answer.status_code == 200 and "text/html" in answer.headers.get("content-type", ""):
            _, links = read_page(answer.text, urlsplit(path).path)
            walked.paths += [urldefrag(link).url for link in links if link.startswith("/")]


async def look_around(page: Browser, who: str, routes: list[Route]) -> list[Seen]:
    """Collect the forms of the pages that somebody reaches."""
    seen: list[Seen] = []
    async for path, answer in walk(page, routes, Walk()):
        if answer.status_code == 200 and "text/html" in answer.headers.get("content-type", ""):
            forms, _ = read_page(answer.text, urlsplit(path).path)
            seen += [Seen(who, path, form) for form in forms]
    return seen


async def forms_by_route(context: Context, app: Starlette) -> dict[str, Seen]:
    """A form of every POST route that the demo community shows to somebody, by the route's path."""
    found: dict[str, Seen] = {}
    for who in WHO:
        async with Browser(app) as page:
            await signed_in(page, context, who)
            for seen in await look_around(page, who, site_routes(app)):
                route = route_of(seen.form.path, "POST", site_routes(app))
                if route is not None:
                    found.setdefault(route.path, seen)
    return found
