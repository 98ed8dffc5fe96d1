"""What a host made is changed for one evening, and put back: the run sheet, the time; and a schedule ends."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Member, Site
from tests.browser.test_planning import LOOK, MOVE, at_a_new_schedule, evenings, starts, write_the_start
from tests.browser.visitor import Visitor
from tests.cast import add_booking

NEW_YORK = ZoneInfo("America/New_York")


async def test_a_run_sheet_for_one_evening_that_prints_on_one_page(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id)
    gathering = await site.gathering(circle)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.follow("Run sheet")
    await visitor.sees("90 minutes in all, just as long as the gathering.")
    await visitor.follow("Change it for this gathering")
    theme = visitor.page.get_by_role("group", name="Step 5", exact=True)
    await theme.get_by_label("Minutes", exact=True).fill("15")
    await theme.get_by_label("What to say and do", exact=True).fill("Bring the stones from the beach.")
    await visitor.press("Move up: Theme")  # whatever was typed is saved with it
    await expect(visitor.page.get_by_label("Name", exact=True).nth(3)).to_have_value("Theme")
    await visitor.button("Save").first.click()
    await visitor.page.wait_for_load_state()
    await visitor.is_told("The run sheet is saved.")
    await visitor.sees("the steps take 5 minutes more than there are")
    line = visitor.page.get_by_role("row").filter(has_text="Theme")
    await expect(line).to_contain_text("6:15 pm")
    await expect(line).to_contain_text("Bring the stones from the beach.")
    for paper, edge in (("Letter", "0"), ("Letter", "0.8in"), ("A4", "0.5in"), ("A4", "2cm")):
        margin: Any = dict.fromkeys(("top", "bottom", "left", "right"), edge)
        body = await visitor.page.pdf(format=paper, margin=margin)
        assert len(re.findall(rb"/Type\s*/Page\b", body)) == 1, (paper, edge)
    await visitor.open(f"/host/circles/{circle}/run-sheet")
    await visitor.sees_not("stones")  # the circle's own is as it was
    await visitor.open(f"/host/gatherings/{gathering}/run-sheet")
    await visitor.press("Follow the circle’s run sheet again")
    await visitor.sees_not("stones")


async def planned(visitor: Visitor, site: Site, host: Member) -> UUID:
    """A weekly schedule at 18:00 of a new circle, saved."""
    circle = await site.circle(host=host.id)
    first = datetime.now(NEW_YORK).date() + timedelta(days=3)
    await at_a_new_schedule(visitor, circle, first, "18:00")
    await visitor.press("Save the schedule")
    await visitor.is_told("The schedule is saved.")
    return circle


async def hours(site: Site, circle: UUID) -> list[int]:
    """At what hour the gatherings of a circle start."""
    return [each.hour for each in await starts(site, circle)]


async def change_the_start(visitor: Visitor, time: str, do: str, *, followed: bool = False) -> None:
    """Write another start, look at what it does, and do it. followed: the dates on the page follow the form."""
    if followed:
        await write_the_start(visitor, time)
    else:
        await visitor.fill("Start", time)
    await visitor.press(LOOK)
    await visitor.press(do)


async def test_what_was_changed_by_hand_outlives_the_rule_until_it_is_put_back(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await planned(visitor, site, host)
    many = len(await starts(site, circle))
    await evenings(visitor).nth(1).get_by_role("link", name="Change").click()
    await change_the_start(visitor, "20:00", MOVE)
    await visitor.is_told("It is changed. Nobody needs to be told.")
    assert await hours(site, circle) == [18, 20, *[18] * (many - 2)]

    await visitor.open(f"/host/circles/{circle}")
    await visitor.page.locator("#schedules").get_by_role("link", name="Change").click()
    await change_the_start(visitor, "19:00", "Change the schedule", followed=True)
    await visitor.is_told("The schedule is changed.")
    assert await hours(site, circle) == [19, 20, *[19] * (many - 2)]
    marked = evenings(visitor).filter(has_text="Changed by hand")
    await expect(marked).to_have_count(1)

    await marked.get_by_role("link", name="Change").click()
    await visitor.follow("Put it back as its schedule has it")
    await visitor.reads("Put this gathering back?")
    await visitor.sees("moves to")
    await visitor.press("Put it back")
    await visitor.is_told("It follows its schedule again.")
    assert await hours(site, circle) == [19] * many
    await visitor.open(f"/host/circles/{circle}")
    await visitor.sees_not("Changed by hand")


async def test_a_schedule_ends_and_what_is_booked_stays(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await planned(visitor, site, host)
    many = len(await starts(site, circle))
    evening = await site.ask(
        "select id from gatherings where circle_id = $1 order by starts_at offset 2 limit 1", circle
    )
    await add_booking(site.context, evening, (await site.member("Remy")).id)
    await visitor.open(f"/host/circles/{circle}")
    await visitor.page.locator("#schedules").get_by_role("link", name="End").click()
    await visitor.reads("End this schedule?")
    await visitor.sees("with seats taken stays as planned.")
    await visitor.press(f"End it and remove {many - 1} that nobody booked")
    await visitor.is_told("The schedule has ended.")
    await visitor.sees("No schedule yet.")
    await expect(evenings(visitor)).to_have_count(1)
