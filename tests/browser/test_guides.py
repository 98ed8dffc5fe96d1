"""The guides in a browser: when to come, with and without JavaScript, and a sheet whose words stay where they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import icalendar
import pytest
from playwright.async_api import BrowserContext, Dialog, Request, expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Site
from tests.browser.test_access import is_for_everybody
from tests.browser.visitor import Visitor

SECRET = "the blue door at my grandmother’s"
SHEET = "/guides/reflection"


def in_hours(hours: float) -> datetime:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(second=0, microsecond=0)


async def tell(visitor: Visitor, ends: datetime, *, stage: str = "At the start") -> None:
    """Fill in the form for a session that ends then, with hours in UTC."""
    await visitor.open("/guides/when-to-come")
    await visitor.fill("Day of the medicine session", f"{ends:%Y-%m-%d}")
    await visitor.fill("When it ends, or ended", f"{ends:%H:%M}")
    await visitor.page.get_by_label("Your time zone").select_option("UTC")
    await visitor.pick(stage)


# When to come


async def test_planning_the_weeks_after_a_medicine_session(visit: Visit, site: Site, live: bool) -> None:
    ends, name = in_hours(6), f"Harbor {uuid4().hex[:8]}"
    circle = await site.circle(
        name=name, zone="UTC", place="in_person", city=name, address="1 Pier", join_link=""
    )
    first = ends + timedelta(hours=30)
    for week in range(7):
        await site.gathering(circle, starts_at=first + timedelta(weeks=week))
    visitor = await visit(live=live, phone=True)
    await visitor.open("/")
    await visitor.page.get_by_role("navigation", name="Main").get_by_role("link", name="Guides").click()
    await visitor.follow("When to come")
    await visitor.reads("When to come")
    await tell(visitor, ends)
    await visitor.page.get_by_role("checkbox", name="Online").press("Space")
    await visitor.page.get_by_role("checkbox", name="In person", exact=True).press("Space")
    await visitor.fill("City, if you come in person", name)
    await visitor.press("Show when to come")
    await visitor.reads("The best time for you")
    await visitor.reads("Then every week")
    assert visitor.page.url == f"{site.address}/guides/when-to-come"
    rhythm = visitor.page.locator(".rhythm > li")
    await expect(rhythm).to_have_count(6)
    await expect(rhythm.filter(has_text=name)).to_have_count(6)

    filename, body = await visitor.downloads("Save as a calendar file")
    assert filename == "dates.ics"
    calendar: Any = icalendar.Calendar.from_ical(body)
    kept = [event["dtstart"].dt for event in calendar.events]
    assert kept == [first + timedelta(weeks=week) for week in range(7)]
    assert visitor.page.url == f"{site.address}/guides/when-to-come"

    await rhythm.first.get_by_role("link", name=name).click()
    await visitor.reads(name)
    await expect(visitor.link("Book a seat")).to_be_visible()


async def test_after_a_session_yesterday_the_coming_week_shows(visit: Visit, site: Site, live: bool) -> None:
    """Seats are free three and four days from now alone, after the best time: they show, and can be booked."""
    name = f"Quay {uuid4().hex[:8]}"
    circle = await site.circle(
        name=name, zone="UTC", place="in_person", city=name, address="1 Pier", join_link=""
    )
    for hours in (73, 97):
        await site.gathering(circle, starts_at=in_hours(hours))
    visitor = await visit(live=live, phone=True)
    await visitor.open("/guides/when-to-come")
    if live:
        await expect(visitor.page.get_by_label("Your time zone")).to_have_value("America/New_York")
    await tell(visitor, in_hours(-24), stage="A single session")
    await visitor.page.get_by_role("checkbox", name="Online").press("Space")
    await visitor.page.get_by_role("checkbox", name="In person", exact=True).press("Space")
    await visitor.fill("City, if you come in person", name)
    await visitor.press("Show when to come")
    await visitor.reads("Now is a good time")
    await visitor.sees("Those of the days after help as well.")
    week = visitor.page.get_by_role("region", name="In the days after")
    await expect(week.get_by_role("link", name=name)).to_have_count(2)
    await visitor.reads("Then every week, for as long as it helps")
    await week.get_by_role("link", name=name).first.click()
    await expect(visitor.link("Book a seat")).to_be_visible()


async def test_a_mistake_keeps_what_was_typed(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    visitor.watch.allowed.add(422)
    await tell(visitor, in_hours(6), stage="Later")
    await visitor.page.get_by_role("checkbox", name="Online").press("Space")
    await visitor.press("Show when to come")
    await visitor.sees("Please choose online, in person, or both.")
    await expect(visitor.page.get_by_role("radio", name="Later")).to_be_checked()
    await expect(visitor.page.get_by_label("Day of the medicine session")).not_to_have_value("")


async def test_going_back_shows_an_empty_form(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    await tell(visitor, in_hours(6))
    await visitor.press("Show when to come")
    await visitor.reads("Then every week")
    await visitor.open("/guides")
    await visitor.open("/guides/when-to-come")
    await expect(visitor.page.get_by_label("Day of the medicine session")).to_have_value("")
    assert [each.get("name") for each in await visitor.context.cookies()] == (["zone"] if live else [])
    assert await left_behind(visitor) == []


async def test_the_answers_are_for_everybody(visit: Visit, site: Site) -> None:
    visitor = await visit(calm=True)
    visitor.watch.allowed.add(422)
    await site.gathering(starts_at=in_hours(40))
    await tell(visitor, in_hours(6))
    await visitor.press("Show when to come")
    await visitor.reads("Then every week")
    await is_for_everybody(visitor)
    for box in await visitor.page.locator("[name=pick]").all():
        if await box.is_checked():
            await box.press("Space")
    await visitor.press("Save as a calendar file")
    await visitor.sees("Please choose one date or more")
    await is_for_everybody(visitor)


# The reflection sheet


async def left_behind(visitor: Visitor) -> list[str]:
    """Everything a page may store in this browser, cookies apart; htmx notes in the history that it was there."""
    return await visitor.page.evaluate(
        """async () => [
          ...Object.entries({...localStorage}), ...Object.entries({...sessionStorage}),
          ...(await indexedDB.databases()), ...(await (globalThis.caches ? caches.keys() : [])),
          ...(await navigator.serviceWorker?.getRegistrations() ?? []), history.state,
        ].map(each => JSON.stringify(each)).filter(each => !["null", '{"htmx":true}'].includes(each))"""
    )


def listen(context: BrowserContext) -> list[Request]:
    """Every request from now on, of every page and worker."""
    heard: list[Request] = []
    context.on("request", lambda request: heard.append(request))
    return heard


async def write(visitor: Visitor) -> None:
    await visitor.open(SHEET)
    await visitor.page.get_by_label("What was new to you?").press_sequentially(SECRET)
    await visitor.fill("What insight do you bring back?", f"{SECRET}\n\nand a second line")


async def test_what_is_written_never_leaves_the_browser(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    heard = listen(visitor.context)
    await write(visitor)
    if live:
        await visitor.downloads("Save as a file")
    await visitor.page.keyboard.press("Enter")
    await visitor.page.get_by_label("What does your body say?").press("Control+Enter")
    await visitor.page.wait_for_timeout(500)
    assert await left_behind(visitor) == []
    await visitor.open("/guides")
    told = [f"{each.method} {each.url} {each.post_data or ''} {each.headers}" for each in heard]
    assert len(told) >= 2
    assert not [each for each in told if re.search("blue|door|grandmother|second", each)]
    assert {each.method for each in heard} == {"GET"}
    # The file is made in the page: its address is the browser's own, and no request.
    assert {urlsplit(each.url).scheme for each in heard} <= {"http", "blob"}
    assert SECRET not in str(await visitor.context.storage_state())


async def test_the_file_holds_the_questions_and_the_words(visit: Visit) -> None:
    visitor = await visit()
    await write(visitor)
    name, body = await visitor.downloads("Save as a file")
    assert name == "notes.txt"
    text = body.decode().replace("\r\n", "\n")
    assert f"What was new to you?\n{SECRET}\n" in text
    assert f"What insight do you bring back?\n{SECRET}\n\nand a second line\n" in text
    assert "What does your body say?\n-\n" in text
    assert "ketamine" not in text
    await visitor.sees("notes.txt is among your downloads")


async def test_closing_the_sheet_forgets_it(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    await write(visitor)
    for again in (visitor.page.reload, lambda: visitor.open("/guides"), visitor.page.go_back):
        await again()
        if visitor.page.url.endswith(SHEET):
            await expect(visitor.page.get_by_label("What was new to you?")).to_have_value("")


async def test_leaving_the_sheet_asks_first_until_it_is_kept(visit: Visit) -> None:
    visitor = await visit()
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    visitor.page.on("dialog", stay)
    await write(visitor)
    await visitor.page.get_by_role("link", name="find out when to come").click()
    await expect(visitor.page.get_by_label("What was new to you?")).to_have_value(SECRET)
    assert asked == ["beforeunload"]
    await visitor.downloads("Save as a file")
    await visitor.follow("find out when to come")
    await visitor.reads("When to come")
    assert asked == ["beforeunload"]


async def test_the_sheet_is_for_paper_too(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    await visitor.open(SHEET)
    assert await pages(visitor) == 2  # four questions a page, with lines to write on
    long = "\n".join(f"line {number}" for number in range(60))
    await visitor.fill("What was familiar?", long)
    await visitor.page.emulate_media(media="print")
    await expect(visitor.page.get_by_role("button", name="Save as a file")).to_be_hidden()
    assert await visitor.page.evaluate(
        # All of it is on the paper: in the field, which has grown, or in the text that stands in for it.
        """() => [...document.querySelectorAll(".sheet-paper, textarea")].some(each => each.checkVisibility() &&
             (each.value ?? each.textContent).includes("line 59") && each.scrollHeight <= each.clientHeight + 1)"""
    )


async def pages(visitor: Visitor) -> int:
    """How many pages of paper this is, as most printers are set up."""
    await visitor.page.wait_for_load_state()
    margin: Any = dict.fromkeys(("top", "bottom", "left", "right"), "1.2cm")
    body = await visitor.page.pdf(format="Letter", margin=margin)
    return len(re.findall(rb"/Type\s*/Page\b", body))


async def test_the_card_is_one_page_of_paper(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    await visitor.open("/guides/three-questions")
    assert await pages(visitor) == 1
    await visitor.page.emulate_media(media="print")
    await expect(visitor.page.get_by_text("What they said").first).to_be_visible()
    await expect(visitor.page.get_by_role("link", name="Find a therapist", exact=True).first).to_be_hidden()


# In a crisis


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_in_a_crisis_the_number_is_in_view_at_once(visit: Visit, live: bool, phone: bool) -> None:
    visitor = await visit(live=live, phone=phone)
    await visitor.open("/guides/in-a-crisis")
    call = visitor.link("Call or text 988, day or night")
    await expect(call).to_be_in_viewport()
    await expect(call).to_have_attribute("href", "tel:988")
