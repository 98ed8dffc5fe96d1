"""Every form, sent after the sign-in ended, or while the database fails: everything typed is there again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from urllib.parse import urldefrag, urlencode, urlsplit
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.routing import Match, Route

from circles import people
from circles.practice import demo
from circles.store.context import Context
from circles.web.access import ANONYMOUS
from tests.cast import Cast
from tests.conftest import Browser
from tests.helpers import change, rows
from tests.web.outages import no_database, troubled
from tests.web.pages import PostedForm, read_page

WHO = ("mira", "farid", "ruth", "ines", "wren", "odile")
PAGES_PER_ROUTE = 3
EVENTS = "select what, count(*) from events where what not like 'sign_in.%' group by what order by what"
TYPED = "Typed “this” <b>& that</b>"

# Of the POST routes that need a sign-in, so many forms are on pages of the demo community at least, and so many of them
# write, even with what the tests type.
FORMS = 70
WRITING_FORMS = 30


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


def guarded(routes: list[Route]) -> set[str]:
    """The paths of the POST routes that need a sign-in."""
    return {
        route.path
        for route in routes
        if "POST" in (route.methods or ()) and getattr(route.endpoint, "access", None) not in ANONYMOUS
    }


async def signed_in(page: Browser, context: Context, who: str) -> None:
    async with context.db.transaction() as tx:
        person = await people.by_email(tx, f"{who}@example.org")
        assert person
        token = await people.start_sign_in(tx, person.id)
    page.cookies.set("sign-in", token, domain="circles.test")


async def look_around(page: Browser, who: str, routes: list[Route]) -> list[Seen]:
    """Follow every link, a few pages of each route, and collect the forms."""
    seen: list[Seen] = []
    counts: dict[str, int] = {}
    done: set[str] = set()
    ahead = [
        "/",
        "/me",
        "/my/gatherings",
        "/host",
        "/organize",
        "/organize/people",
        "/my/listing",
        "/gatherings",
    ]
    while ahead:
        path = ahead.pop(0)
        route = route_of(urlsplit(path).path, "GET", routes)
        if path in done or route is None or counts.get(route.path, 0) >= PAGES_PER_ROUTE:
            continue
        done.add(path)
        counts[route.path] = counts.get(route.path, 0) + 1
        answer = await page.get(path)
        if answer.status_code == 303:
            ahead.append(answer.headers["location"])
        if answer.status_code != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        forms, links = read_page(answer.text, urlsplit(path).path)
        seen += [Seen(who, path, form) for form in forms]
        ahead += [urldefrag(link).url for link in links if link.startswith("/")]
    return seen


async def collect(context: Context, app: Starlette) -> dict[str, Seen]:
    """A form of every POST route that the demo community shows to somebody, by the route's path."""
    found: dict[str, Seen] = {}
    for who in WHO:
        async with Browser(app) as page:
            await signed_in(page, context, who)
            for seen in await look_around(page, who, site_routes(app)):
                route = route_of(seen.form.path, "POST", site_routes(app))
                if route is not None:
                    found.setdefault(route.path, seen)
    return {path: found[path] for path in found.keys() & guarded(site_routes(app))}


def own(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a form sends, without where it was sent from."""
    return [pair for pair in pairs if pair[0] != "sent-from"]


async def send_and_come_back(context: Context, app: Starlette, seen: Seen, *, by_htmx: bool) -> str:
    """Fill the form in, send it after the sign-in ended, sign in again. Returns what is wrong, if anything."""
    seen.form.fill_in(TYPED)
    sent = seen.form.sends()
    await change(context, "delete from limits")
    async with Browser(app) as page:
        await signed_in(page, context, seen.who)
        await change(context, "update sign_ins set ended_at = now() where ended_at is null")
        headers = {"HX-Request": "true"} if by_htmx else {}
        body = urlencode(sent)
        answer = await page.post(
            seen.form.path,
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"} | headers,
        )
        if (answer.status_code, "HX-Redirect" in answer.headers) != (
            (200, True) if by_htmx else (303, False)
        ):
            return f"answered {answer.status_code}"
        to = answer.headers["HX-Redirect" if by_htmx else "location"]
        if httpx2.URL(to).path != "/sign-in" or httpx2.URL(to).params.get("next") != seen.page:
            return f"led to {to}"
        await signed_in(page, context, seen.who)
        again = await page.get(seen.page)
    forms, _ = read_page(again.text, urlsplit(seen.page).path)
    shown = [own(form.sends()) for form in forms if form.path == seen.form.path]
    if own(sent) not in shown:
        return f"sent {own(sent)}, shown {shown}"
    return "" if "You were signed out" in again.text else "no word of it"


async def send_to(context: Context, app: Starlette, seen: Seen) -> httpx2.Response:
    async with Browser(app) as page:
        await signed_in(page, context, seen.who)
        return await page.post(
            seen.form.path,
            content=urlencode(seen.form.sends()),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )


async def lost_while_writing(context: Context, app: Starlette, seen: Seen) -> str | None:
    """Send a form while no transaction comes to its end. Returns what is wrong; None where nothing is written."""
    async with troubled(app, context, "53100", 99):
        answer = await send_to(context, app, seen)
    if answer.status_code in (200, 303, 404, 422):
        return None
    if answer.status_code != 503:
        return f"answered {answer.status_code}"
    forms, _ = read_page(answer.text, urlsplit(seen.page).path)
    shown = [own(form.sends()) for form in forms if form.path == seen.form.path]
    if own(seen.form.sends()) not in shown:
        return f"sent {own(seen.form.sends())}, shown {shown}"
    words = ("Our records are busy", "This is not saved yet")
    return "" if any(text in answer.text for text in words) else "no word of it"


async def lost_without_database(context: Context, app: Starlette, seen: Seen) -> str:
    async with no_database(app, context):
        answer = await send_to(context, app, seen)
    forms, _ = read_page(answer.text, seen.form.path)
    shown = [form.sends() for form in forms if form.path == seen.form.path]
    sent = seen.form.sends()
    return "" if (answer.status_code, shown) == (503, [sent]) else f"{answer.status_code}: {sent}, {shown}"


async def test_every_form_is_filled_in_again(context: Context, app: Starlette) -> None:
    await demo.load(context)
    found = await collect(context, app)
    assert len(found) >= FORMS
    events = await rows(context, EVENTS)
    wrong = {
        path: trouble
        for number, (path, seen) in enumerate(sorted(found.items()))
        if (trouble := await send_and_come_back(context, app, seen, by_htmx=number % 2 == 1))
    }
    assert not wrong, "\n".join(f"{path}: {trouble[:900]}" for path, trouble in wrong.items())
    assert await rows(context, EVENTS) == events  # nothing was carried out
    lost = {path: await lost_while_writing(context, app, seen) for path, seen in found.items()}
    assert sum(trouble is not None for trouble in lost.values()) >= WRITING_FORMS, lost
    lost |= {
        f"{path} without": await lost_without_database(context, app, seen) for path, seen in found.items()
    }
    assert not any(lost.values()), "\n".join(
        f"{path}: {trouble[:900]}" for path, trouble in lost.items() if trouble
    )
    assert await rows(context, EVENTS) == events


async def test_no_route_loses_what_was_typed(cast: Cast, app: Starlette) -> None:
    """Of every route, sent without its form and for a row that is gone: shown on the nearest page, to be copied."""
    await change(cast.context, "update people set is_facilitator = true where name = 'Odile'")
    wrong = []
    for path in sorted(guarded(site_routes(app)) - {"/sign-in/discard"}):
        await change(cast.context, "delete from limits")
        url = re.sub(r"\{\w+\}", str(uuid4()), path)
        async with Browser(app) as page:
            answer = await page.post(url, data={"words": TYPED, "csrf": "123"})
            back = httpx2.URL(answer.headers["location"]).params.get("next") or "/gatherings"
            await signed_in(page, cast.context, "odile")
            shown = await page.get(back)
        if escape(TYPED) not in shown.text:
            wrong.append((path, back, shown.status_code, shown.headers.get("location")))
    assert not wrong
