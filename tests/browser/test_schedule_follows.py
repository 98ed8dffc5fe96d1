"""The dates of a schedule follow its form while it is filled in, and a press skips one, with no new page."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import expect

from circles.base import clock
from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Site
from tests.browser.test_planning import write_the_start


@pytest.fixture
def live() -> bool:
    """Without JavaScript a press shows the dates: the journeys of planning say so."""
    return True


async def test_the_dates_follow_the_form(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id)
    async with visitor.swapped():
        await visitor.open(f"/host/circles/{circle}/schedules/new")
    await visitor.page.evaluate("() => { document.body.dataset.first = 'yes'; }")
    words = visitor.page.locator("#dates-words")
    await expect(words).to_contain_text("6:00 pm to ")
    await write_the_start(visitor, "19:15")
    await expect(words).to_contain_text("7:15 pm to ")
    for rhythm, says in (
        ("By months, on a date such as the 15th", "of every month"),
        ("On the dates I list", "Please list the dates"),
        ("By weeks, on chosen weekdays", "Every "),
    ):
        async with visitor.swapped():
            await visitor.pick(rhythm)
        await visitor.sees(says)
    skip = visitor.page.get_by_role("button", name="Skip ").nth(1)
    second = (await skip.get_attribute("value") or "").removeprefix("skip:")
    async with visitor.swapped():
        await skip.press("Enter")
    await expect(words).to_contain_text("not on ")
    back = visitor.button(f"Take back {clock.format_date(date.fromisoformat(second))}")
    await expect(back).to_be_focused()
    await expect(visitor.page.locator("[name='skipped']")).to_have_value(second)
    assert await visitor.page.evaluate("() => document.body.dataset.first") == "yes"
    await visitor.press("Save the schedule")
    await visitor.is_told("The schedule is saved.")
