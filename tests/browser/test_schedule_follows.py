"""The dates of a schedule follow its form while it is filled in, and a press skips one, with no new page."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import expect

from circles.base import clock
from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Site


@pytest.fixture
def live() -> bool:
    """Without JavaScript a press shows the dates: the journeys of planning say so."""
    return True


async def test_the_dates_follow_the_form(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id)
    await visitor.open(f"/host/circles/{circle}/schedules/new")
    await visitor.page.evaluate("() => { document.body.dataset.first = 'yes'; }")
    words = visitor.page.locator("#dates-words")
    await expect(words).to_contain_text("18:00 to ")
    await visitor.fill("Start", "19:15")
    await visitor.page.get_by_label("Start", exact=True).press("Tab")
    await expect(words).to_contain_text("19:15 to ")
    await visitor.pick("By months, on a date such as the 15th")
    await expect(words).to_contain_text("of every month")
    await visitor.pick("On the dates I list")
    await visitor.sees("Please list the dates")
    await visitor.pick("By weeks, on chosen weekdays")
    skip = visitor.page.get_by_role("button", name="Skip ").nth(1)
    second = (await skip.get_attribute("value") or "").removeprefix("skip:")
    await skip.press("Enter")
    await expect(words).to_contain_text("not on ")
    back = visitor.button(f"Take back {clock.say_date(date.fromisoformat(second))}")
    await expect(back).to_be_focused()
    await expect(visitor.page.locator("[name='skipped']")).to_have_value(second)
    assert await visitor.page.evaluate("() => document.body.dataset.first") == "yes"
    await visitor.press("Save the schedule")
    await visitor.is_told("The schedule is saved.")
