"""Somebody who has never been here: what a circle is, finding a gathering, whose clock the times are on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Site
from tests.browser.visitor import Visitor


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_from_the_first_page_to_a_gathering(visit: Visit, live: bool, phone: bool) -> None:
    visitor = await visit(live=live, phone=phone)
    await visitor.open("/")
    await visitor.sees("It is not therapy or medical care.")
    await visitor.sees("Nobody sells, brings or doses anything")
    await expect(visitor.page.locator("article.gathering").first).to_be_visible()
    await visitor.follow("More on what a circle is not")
    await visitor.reads("What a circle is not")
    await expect(visitor.page.get_by_role("contentinfo")).to_contain_text("Call or text 988")
    await visitor.follow("Find a gathering")
    await visitor.reads("Gatherings")
    await visitor.page.locator("article.gathering a").first.click()
    await visitor.follow("More about this circle")
    await visitor.reads("Who hosts it")
    await visitor.reads("Session guidelines")
    await visitor.follow("See the next gathering")
    await visitor.reads("What this circle is for")


async def open_filters(visitor: Visitor) -> None:
    """On a phone, and wherever nothing is set yet, the filters may be folded away."""
    field = visitor.page.get_by_label("I can pay up to")
    if not await field.is_visible():
        await visitor.page.locator("details.filters summary").click()
    await expect(field).to_be_visible()


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_filters_live_in_the_address(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    dear = await site.circle(
        name=f"Dear {live}{phone}", minimum=6000, suggested=7000, maximum=9000, community_seats=0
    )
    kind = await site.circle(
        name=f"Kind {live}{phone}", minimum=500, suggested=1000, maximum=2000, format="peer"
    )
    far = (
        datetime.now(ZoneInfo("America/New_York")) + timedelta(days=150)
    ).date()  # nothing else is planned there
    for circle in (dear, kind):
        await site.gathering(circle, days=150)
    visitor = await visit(live=live, phone=phone)
    await visitor.open(f"/gatherings?from={far}")
    await visitor.sees(f"Dear {live}{phone}")
    await open_filters(visitor)
    async with visitor.swapped(only_live=True):
        await visitor.page.get_by_label("Format").select_option("peer")
    await visitor.fill("I can pay up to", "12")
    async with visitor.swapped():
        await visitor.press("Show")
    await visitor.page.wait_for_url("**/gatherings?*means=12*")
    asked = parse_qs(urlsplit(visitor.page.url).query)
    assert (asked["format"], asked["from"]) == (["peer"], [str(far)])
    await visitor.sees(f"Kind {live}{phone}")
    await visitor.sees_not(f"Dear {live}{phone}")
    again = await visit(live=live, phone=phone)  # the address alone says it all
    await again.open(f"/gatherings?{urlsplit(visitor.page.url).query}")
    await again.sees(f"Kind {live}{phone}")
    await again.sees_not(f"Dear {live}{phone}")
    await expect(again.page.get_by_label("I can pay up to")).to_have_value("12")


async def test_going_back_undoes_a_filter(visit: Visit, live: bool) -> None:
    visitor = await visit(live=live)
    await visitor.open("/gatherings")
    all_of_them = await visitor.page.locator("article.gathering").count()
    await open_filters(visitor)
    async with visitor.swapped():
        await visitor.page.get_by_label("Where", exact=True).select_option("online")
        if not live:
            await visitor.press("Show")
    await visitor.page.wait_for_url("**/gatherings?*where=online*")
    await visitor.sees("for your filters")
    if live:
        await expect(visitor.page.get_by_role("status").filter(has_text="for your filters")).to_have_count(1)
    await visitor.page.go_back()
    await visitor.page.wait_for_url("**/gatherings")
    await expect(visitor.page.locator("article.gathering")).to_have_count(all_of_them)
    await expect(visitor.page.locator(".site-head")).to_be_visible()


def evening_in_new_york(days: int) -> datetime:
    """Six in the evening in New York, so many days from now."""
    day = datetime.now(ZoneInfo("America/New_York")) + timedelta(days=days)
    return day.replace(hour=18, minute=0, second=0, microsecond=0).astimezone(UTC)


async def test_times_show_on_the_visitors_own_clock_first(visit: Visit, site: Site, live: bool) -> None:
    gathering = await site.gathering(starts_at=evening_in_new_york(3))
    visitor = await visit(live=live, zone="America/Los_Angeles")
    await visitor.open("/gatherings?part=afternoon")
    if not live:  # a browser without JavaScript does not tell its zone: its person can
        await visitor.sees("We do not know your time zone, so days and times are each circle’s own.")
        await visitor.follow("Choose your time zone")
        await visitor.page.get_by_label("Time zone", exact=True).select_option("America/Los_Angeles")
        await visitor.press("Show times for me")
    # Six in the evening in New York is an afternoon in Los Angeles, on the very first page too.
    await visitor.sees("Days and times are in your time zone, Los Angeles.")
    await expect(visitor.page.locator(f'article a[href="/gatherings/{gathering}"]')).to_have_count(1)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.sees("3:00 pm; 6:00 pm in New York")
