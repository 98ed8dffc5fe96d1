"""Every form, sent after the sign-in ended, or while the database fails: everything typed is there again."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from circles.practice import demo
from circles.store.context import Context
from circles.web.access import ANONYMOUS
from tests.cast import Cast
from tests.conftest import Browser
from tests.helpers import change, rows
from tests.web.outages import no_database, troubled
from tests.web.pages import read_page
from tests.web.walk import Seen, forms_by_route, signed_in, site_routes

EVENTS = "select what, count(*) from events where what not like 'sign_in.%' group by what order by what"
TYPED = "Typed “this” <b>& that</b>"

# Of the POST routes that need a sign-in, so many forms are on pages of the demo community at least, and so many of them
# write, even with what the tests type.
FORMS = 70
WRITING_FORMS = 30


def guarded(routes: list[Route]) -> set[str]:
    """The paths of the POST routes that need a sign-in."""
    return {
        route.path
        for route in routes
        if "POST" in (route.methods or ()) and getattr(route.endpoint, "access", None) not in ANONYMOUS
    }


async def collect(context: Context, app: Starlette) -> dict[str, Seen]:
    """A form of every POST route that needs a sign-in and that the demo community shows to somebody."""
    found = await forms_by_route(context, app)
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
    if "has no place here" in answer.text:
        return "something is left over"
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
