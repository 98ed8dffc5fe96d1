"""A facilitator holds a circle with a phone, and the network goes away for a while."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.async_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor
from tests.cast import add_booking

ABOUT_THREE = re.compile(r"^(3:00|2:\d\d)$")  # minutes; the browser goes on counting meanwhile
KEPT = "Kept on this phone; it will be sent when the connection is back."


async def with_a_room(visit: Visit, site: Site, **how: bool) -> tuple[Visitor, UUID, dict[str, UUID]]:
    """A host at a phone, a gathering that begins in five minutes, and the bookings of three people by name."""
    host = await site.member("Farrah", is_facilitator=True)
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=5)
    gathering = await site.gathering(await site.circle(host=host.id), starts_at=start)
    people = {name: await site.member(name, access_needs=needs) for name, needs in NEEDS.items()}
    bookings = {name: await _seat(site, gathering, each) for name, each in people.items()}
    visitor = await visit(phone=True, **how)
    await visitor.come_in(host)
    return visitor, gathering, bookings


NEEDS = {"Ada": "I lip-read.", "Bela": "", "Cleo": ""}


async def _seat(site: Site, gathering: UUID, member: Member) -> UUID:
    return await add_booking(site.context, gathering, member.id, kind="paid", amount=4500)


def row_of(visitor: Visitor, name: str) -> Locator:
    """Somebody's line."""
    return visitor.page.locator(".register-row").filter(has_text=name)


def pressed(visitor: Visitor, name: str, mark: str) -> Locator:
    """The button of a mark that stands."""
    return row_of(visitor, name).locator(f'.mark-{mark}[aria-pressed="true"]')


async def cut(visitor: Visitor) -> None:
    """The network goes away; what is lost to that is no fault of the page."""
    visitor.watch.cut = True
    await visitor.context.set_offline(True)


async def test_the_room_is_opened_with_its_checks(visit: Visit, site: Site, live: bool) -> None:
    visitor, gathering, _ = await with_a_room(visit, site, live=live)
    visitor.watch.allowed.add(422)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.follow("The room")
    await visitor.sees("I lip-read.")
    await visitor.pick("I go ahead alone this time")
    await visitor.press("Open the room")
    await visitor.sees("Please write why you go ahead alone this time.")
    await visitor.fill("If alone: why", "Ruth is ill today")
    await visitor.press("Read the crisis card")
    card = visitor.page.locator("#crisis-card")
    await expect(card).to_be_visible()
    await expect(card.get_by_role("link", name="Call or text 988, day or night")).to_be_visible()
    await card.get_by_role("button", name="Close the card").click()
    await expect(card).to_be_hidden()
    await visitor.pick("I have read the crisis card today")
    await visitor.press("Open the room")
    await visitor.sees("The room is open")
    assert (
        await site.ask("select checks ->> 'why' from gatherings where id = $1", gathering)
        == "Ruth is ill today"
    )


async def test_taps_made_without_a_network_are_kept_and_sent_once(visit: Visit, site: Site) -> None:
    visitor, gathering, bookings = await with_a_room(visit, site)
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await visitor.sees("1 came")
    await expect(visitor.page.locator("#room-line")).to_have_text("Saved")
    await cut(visitor)
    await row_of(visitor, "Bela").get_by_role("button", name="Absent").click()
    await row_of(visitor, "Bela").get_by_role("button", name="Came").click()
    await row_of(visitor, "Bela").get_by_role("button", name="Late").click()
    await row_of(visitor, "Cleo").get_by_role("button", name="Excused").click()
    await visitor.sees(KEPT)
    await visitor.sees("2 came")
    await visitor.sees("1 late")
    await visitor.page.locator(".room-bar").get_by_role("button", name="Crisis card").click()
    await expect(visitor.page.locator("#crisis-card")).to_be_visible()
    await visitor.page.locator("#crisis-card").get_by_role("button", name="Close the card").click()
    marked = (
        "select count(*) from attendance join bookings on bookings.id = booking_id where gathering_id = $1"
    )
    assert await site.ask(marked, gathering) == 1
    await visitor.context.set_offline(False)
    await until(lambda: _all_marked(site, gathering), "the marks")
    await expect(visitor.page.locator("#room-line")).to_have_text("Saved")
    await visitor.page.reload()
    for name, mark in {"Ada": "came", "Bela": "came", "Cleo": "excused"}.items():
        await expect(pressed(visitor, name, mark)).to_be_visible()
        found = await site.ask("select mark from attendance where booking_id = $1", bookings[name])
        assert found == mark
    late = row_of(visitor, "Bela").get_by_role("button", name="Late")
    await expect(late).to_have_attribute("aria-pressed", "true")
    of_bela = (
        "select array_agg(mark || case when late then ' late' else '' end order by made_at) "
        "from register_marks where booking_id = $1"
    )
    assert await site.ask(of_bela, bookings["Bela"]) == [
        "absent",
        "came",
        "came late",
    ]
    taps = "select count(*) from taps join bookings on bookings.id = booking_id where gathering_id = $1"
    assert await site.ask(taps, gathering) == 5


async def _all_marked(site: Site, gathering: UUID) -> bool:
    marked = (
        "select count(*) from attendance join bookings on bookings.id = booking_id where gathering_id = $1"
    )
    return await site.ask(marked, gathering) == 3


async def test_taps_outlive_a_page_that_was_left_before_the_network_came_back(
    visit: Visit, site: Site
) -> None:
    visitor, gathering, bookings = await with_a_room(visit, site)
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await cut(visitor)
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await visitor.sees(KEPT)
    held = await visitor.page.evaluate("() => JSON.stringify(localStorage)")
    assert "Ada" not in held
    await visitor.page.goto("about:blank")
    await visitor.context.set_offline(False)
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await expect(pressed(visitor, "Ada", "came")).to_be_visible()

    async def marked() -> bool:
        return await site.ask("select mark from attendance where booking_id = $1", bookings["Ada"]) == "came"

    await until(marked, "the mark")


async def test_the_timer_goes_by_the_clock(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await with_a_room(visit, site)
    await visitor.page.clock.install(time=datetime.now(UTC))
    await visitor.open(f"/host/gatherings/{gathering}/room")
    name, left = visitor.page.locator("#timer-name"), visitor.page.locator("#timer-left")
    await visitor.press("Start")
    await expect(name).to_have_text("Arriving")
    await cut(visitor)
    await visitor.page.clock.fast_forward("02:00")
    await expect(left).to_have_text(ABOUT_THREE)
    await visitor.press("Next")
    await expect(name).to_have_text("Opening")
    await visitor.press("Back")  # too early: the first step has its own time again
    await expect(name).to_have_text("Arriving")
    await expect(left).to_have_text(ABOUT_THREE)
    await visitor.page.clock.fast_forward("04:00")
    await expect(left).to_have_text(re.compile(r"^1:\d\d over$"))
    await visitor.context.set_offline(False)
    await visitor.page.reload()
    await expect(name).to_have_text("Arriving")
    await expect(left).to_contain_text("over")


async def test_without_javascript_the_room_is_a_register(visit: Visit, site: Site) -> None:
    visitor, gathering, bookings = await with_a_room(visit, site, live=False)
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await visitor.sees("Check-in round")
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await visitor.page.wait_for_load_state()
    await expect(pressed(visitor, "Ada", "came")).to_be_visible()
    await visitor.sees("1 came")
    assert await site.ask("select mark from attendance where booking_id = $1", bookings["Ada"]) == "came"


async def test_afterwards_the_register_is_closed_and_something_handed_over(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, gathering, _ = await with_a_room(visit, site, live=live)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "update gatherings set starts_at = starts_at - interval '20 minutes', "
            "ends_at = ends_at - interval '20 minutes', wall_start = wall_start - interval '20 minutes' where id = $1",
            gathering,
        )
    await visitor.open(f"/host/gatherings/{gathering}/after")
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await visitor.sees("1 came, 2 not marked yet.")
    await visitor.press("Mark the rest absent and close")
    await visitor.sees("Closed: 1 came, 2 absent.")
    await visitor.page.get_by_label("About", exact=True).select_option(label="Ada")
    await visitor.fill("The note", "Ask after her hands.")
    await visitor.press("Save the note")
    await visitor.sees("Ask after her hands.")
