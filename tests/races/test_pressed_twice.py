"""Buttons that add something, pressed twice at once: one row, and both presses lead to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from circles.web import access
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, value
from tests.hosting.helpers import make_schedule, weekly
from tests.web.pages import read_page

CIRCLE = {
    "name": "First steps home",
    "discreet_name": "Monday group",
    "purpose": "For the weeks after.",
    "format": "facilitated",
    "place": "online",
    "join_link": "https://meet.example.org/monday",
    "zone": "America/New_York",
    "capacity": "8",
    "length_minutes": "90",
    "currency": "USD",
    "minimum": "30",
    "suggested": "45",
    "maximum": "80",
    "community_seats": "1",
    "refund_hours": "48",
    "late_refund_percent": "50",
    "guidelines": "What is said in the circle stays in the circle.",
}
AHEAD = str((datetime.now(UTC) + timedelta(days=40)).date())
SCHEDULE = {
    "kind": "weekly",
    "every": "1",
    "weekdays": "0,1,2,3,4,5,6",
    "first_date": AHEAD,
    "end": "times",
    "times": "3",
    "time": "10:00",
    "length_minutes": "60",
    "capacity": "6",
    "community_seats": "0",
    "then": "save",
}
# What is pressed: the page with the form, where it is posted to, what is typed, and the rows it adds.
PRESSES = {
    "circle": ("/host/circles/new", "/host/circles/new", CIRCLE, "circles where name = 'First steps home'"),
    "copy": ("/host/circles/{circle}", "/host/circles/{circle}/copy", {}, "circles where state = 'draft'"),
    "credential": ("/me", "/me/credentials", {"kind": "KAP training", "body": "A school"}, "credentials"),
    "schedule": ("{new_schedule}", "{new_schedule}", SCHEDULE, "schedules"),
    "note": (
        "{after}",
        "/host/gatherings/{past}/notes",
        {"about": "{mira}", "body": "Take time."},
        "hand_over_notes",
    ),
    "message": (
        "{messages}",
        "{messages}",
        {"to": "all", "reply_to": "", "body": "See you soon.", "then": "keep"},
        "messages",
    ),
}


async def addresses(cast: Cast) -> dict[str, str]:
    """The addresses of a circle, and of its gathering of yesterday with a guest."""
    past = await add_gathering(cast.context, cast.circle, days=-1)
    booking = await add_booking(cast.context, past, cast.mira)
    await add_booking(cast.context, cast.gathering, cast.milo)
    await change(cast.context, "insert into attendance (booking_id, mark) values ($1, 'came')", booking)
    circle = f"/host/circles/{cast.circle}"
    return {
        "circle": str(cast.circle),
        "mira": str(cast.mira),
        "past": str(past),
        "after": f"/host/gatherings/{past}/after",
        "new_schedule": f"{circle}/schedules/new",
        "messages": f"/host/gatherings/{cast.gathering}/messages/new",
    }


async def mark_of(page: Browser, path: str) -> str:
    """The hidden field of a page as it is loaded now."""
    field = re.search(
        r'data-once[^>]*><input[^>]* name="sent-from" value="([0-9a-f]{24}[^"]+)"',
        (await page.get(path)).text,
    )
    assert field
    return unescape(field[1])


async def press_twice(
    cast: Cast, browser: OpenBrowser, what: str, *, marked: bool
) -> tuple[list[httpx2.Response], int]:
    """Press at once in one browser. Returns both responses and how many rows there are more."""
    at = await addresses(cast)
    page_path, path, typed, table = PRESSES[what]
    before = await value(cast.context, f"select count(*) from {table}")
    async with browser(cast.farid) as page:
        field = await mark_of(page, page_path.format(**at))
        mark = {"sent-from": field} if marked else {}
        data = mark | {name: text.format(**at) for name, text in typed.items()}
        responses = await asyncio.gather(*(page.post(path.format(**at), data=data) for _ in range(2)))
    return list(responses), await value(cast.context, f"select count(*) from {table}") - before


@pytest.mark.parametrize("marked", [True, False], ids=["from its page", "without a page"])
@pytest.mark.parametrize("what", PRESSES)
async def test_two_presses_at_once_add_one(cast: Cast, browser: OpenBrowser, what: str, marked: bool) -> None:
    responses, added = await press_twice(cast, browser, what, marked=marked)
    assert [response.status_code for response in responses] == [303, 303]
    assert responses[0].headers["location"] == responses[1].headers["location"]
    assert added == 1


@pytest.mark.parametrize("what", ["circle", "copy", "credential", "note", "message"])
async def test_without_the_guard_they_add_two(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The control: the presses do meet."""

    def unguarded(request: Request, handler: Callable[[Request], Awaitable[Response]]) -> Awaitable[Response]:
        return handler(request)

    monkeypatch.setattr(access.sent_once, "run", unguarded)
    _, added = await press_twice(cast, browser, what, marked=True)
    assert added == 2


async def test_what_was_refused_may_be_sent_again_and_a_fresh_page_means_another(
    cast: Cast, browser: OpenBrowser
) -> None:
    copy = f"/host/circles/{cast.circle}/copy"
    async with browser(cast.farid) as page:
        for _ in range(2):
            refused = await page.post("/me/credentials", data={"kind": "", "body": "A school"})
            assert refused.status_code == 422
        fields = [await mark_of(page, f"/host/circles/{cast.circle}") for _ in range(2)]
        for field in fields:
            assert (await page.post(copy, data={"sent-from": field})).status_code == 303
        again = await page.post(copy, data={"sent-from": fields[1]})  # by the Back button
        assert "sent%20twice" in again.headers["set-cookie"]
    assert await value(cast.context, "select count(*) from circles where state = 'draft'") == 2


async def test_the_same_of_two_people_is_done_for_both(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as one, browser(cast.fern) as other:
        typed = {"kind": "KAP training", "body": "A school"}
        await asyncio.gather(*(page.post("/me/credentials", data=typed) for page in (one, other)))
    assert await value(cast.context, "select count(*) from credentials") == 2


async def test_a_press_whose_process_ended_can_be_made_again(cast: Cast, browser: OpenBrowser) -> None:
    """A key that leads nowhere for a minute is of a process that ended in between."""
    typed = {"kind": "KAP training", "body": "A school"}
    async with browser(cast.farid) as page:
        typed["sent-from"] = await mark_of(page, "/me")
        await page.post("/me/credentials", data=typed)
        await page.post("/me/credentials", data=typed)
        assert await value(cast.context, "select count(*) from credentials") == 1
        await change(
            cast.context, "update sent_forms set location = null, sent_at = now() - interval '61 seconds'"
        )
        assert (await page.post("/me/credentials", data=typed)).status_code == 303
    assert await value(cast.context, "select count(*) from credentials") == 2


# What changes is shown first, then pressed: the page with the form, what is typed, and who presses.
CHANGES = {
    "gathering": ("/host/gatherings/{gathering}/change", {"time": "12:00"}, "farid"),
    "circle": ("/host/circles/{circle}/edit", {"join_link": "https://meet.example.org/other"}, "farid"),
    "schedule": ("/host/schedules/{schedule}", {"time": "20:00"}, "farid"),
    "end of a schedule": ("/host/schedules/{schedule}/end", {"then": "remove"}, "farid"),
    "stand-in": ("/host/gatherings/{gathering}/stand-in", {"who": "host", "host": "{fern}"}, "farid"),
    "lead": ("/host/circles/{circle}/hosts/{fern}/lead", {"then": "do"}, "farid"),
    "host": ("/host/circles/{circle}/hosts/{fern}/remove", {"then": "do"}, "farid"),
    "role": ("/organize/people/{milo}/roles", {"role": "facilitator", "on": "yes"}, "odile"),
    "end of a circle": (
        "/organize/circles/{circle}/end",
        {"reason": "Farid moved away.", "then": "do"},
        "odile",
    ),
    "a date": (
        "/host/circles/{circle}/gatherings/new",
        {"date": AHEAD, "time": "10:00", "then": "draft"},
        "farid",
    ),
    "screening": ("/host/circles/{circle}/screening", {"asks": "call", "then": "save"}, "farid"),
}


async def press_change(cast: Cast, browser: OpenBrowser, what: str) -> list[httpx2.Response]:
    """See what a change does, then press twice at once."""
    schedule = await make_schedule(cast.context, cast, weekly(times=3))
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    await add_booking(cast.context, cast.gathering, cast.mira)
    names = ("circle", "gathering", "fern", "milo")
    at = {name: str(getattr(cast, name)) for name in names} | {"schedule": str(schedule)}
    path, typed, who = CHANGES[what]
    path, typed = path.format(**at), {name: text.format(**at) for name, text in typed.items()}
    async with browser(getattr(cast, who)) as page:
        form = (await page.get(path, params=typed if what == "role" else {})).text
        data = form_values(form, path) | typed
        if "then" not in typed:
            data["then"] = "look"
            data = form_values((await page.post(path, data=data)).text, path) | typed
            data["then"] = "save" if what == "schedule" else "do"
        return list(await asyncio.gather(*(page.post(path, data=data) for _ in range(2))))


def form_values(html: str, path: str) -> dict[str, str]:
    """What a browser would send of the form of a page that has most fields, without a button."""
    forms, _ = read_page(html, path)
    form = max((one for one in forms if one.path == path), key=lambda one: len(one.sends()))
    return dict(form.sends())


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_pressed_twice_is_made_and_not_refused(
    cast: Cast, browser: OpenBrowser, what: str
) -> None:
    responses = await press_change(cast, browser, what)
    assert [response.status_code for response in responses] == [303, 303]
    assert responses[0].headers["location"] == responses[1].headers["location"]
