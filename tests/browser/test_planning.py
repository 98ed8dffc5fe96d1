"""A facilitator plans half a year in one go, and later moves one evening of it that somebody has a seat in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, expect

from circles.base import clock
from tests.browser.conftest import Visit
from tests.browser.journeys import as_host, goes_back
from tests.browser.site import Site, until
from tests.browser.visitor import Visitor

NEW_YORK = ZoneInfo("America/New_York")
LOOK, MOVE = "Show what will change", "Change it"


async def at_a_new_schedule(visitor: Visitor, circle: UUID, first: date, time: str) -> None:
    """The form of a weekly schedule for half a year, its dates in view."""
    await visitor.open(f"/host/circles/{circle}")
    await visitor.follow("Make a schedule")
    await visitor.fill("First date", str(first))
    for number, day in enumerate(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ):
        box = visitor.page.get_by_role("checkbox", name=day)
        if await box.is_checked() != (number == first.weekday()):
            await box.press("Space")
    await visitor.pick("On a date")
    await visitor.fill("Last date", str(first + timedelta(weeks=25)))
    await write_the_start(visitor, time)
    await visitor.press("Show the dates")


async def write_the_start(visitor: Visitor, time: str) -> None:
    """Write when it starts. With JavaScript the dates follow, and with them the buttons below."""
    async with visitor.swapped(only_live=True):
        await visitor.fill("Start", time)
        await visitor.page.get_by_label("Start", exact=True).press("Tab")


def evenings(visitor: Visitor) -> Locator:
    """The gatherings ahead on the page of a circle for its hosts."""
    ahead = visitor.page.locator("section", has=visitor.page.get_by_role("heading", name="Ahead", exact=True))
    return ahead.get_by_role("listitem")


async def starts(site: Site, circle: UUID) -> list[datetime]:
    """When the gatherings of a circle start, on its own clock."""
    found = await site.ask(
        "select array_agg(wall_start order by wall_start) from gatherings where circle_id = $1", circle
    )
    return found or []


async def test_planning_half_a_year_in_one_go(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id)
    first = datetime.now(NEW_YORK).date() + timedelta(days=7)
    holiday = clock.format_date(first + timedelta(weeks=4))
    await at_a_new_schedule(visitor, circle, first, "18:00")
    await expect(visitor.page.get_by_role("button", name="Skip ")).to_have_count(26)
    async with visitor.swapped():
        await visitor.press(f"Skip {holiday}")
    await expect(visitor.button(f"Take back {holiday}")).to_have_attribute("aria-pressed", "true")
    await visitor.sees(f"Every {first:%A}, 6:00 pm to 7:30 pm New York time")
    await visitor.sees("not on ")
    assert await starts(site, circle) == []  # nothing is planted before it is saved
    await visitor.press("Save the schedule")
    await visitor.is_told("The schedule is saved. 25 gatherings are open for booking")
    expected = [first + timedelta(weeks=week) for week in range(26) if week != 4]
    assert [each.date() for each in await starts(site, circle)] == expected
    assert {each.hour for each in await starts(site, circle)} == {18}
    await expect(evenings(visitor)).to_have_count(25)
    other = await visit(live=live, phone=True)
    await other.open(f"/circles/{circle}")
    await other.sees(clock.format_date(first))


async def test_moving_one_evening_that_somebody_has_a_seat_in(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id, late_refund_percent=0)
    tomorrow = datetime.now(NEW_YORK).date() + timedelta(days=1)
    await at_a_new_schedule(visitor, circle, tomorrow, "18:00")
    await visitor.press("Save the schedule")
    await visitor.is_told("The schedule is saved.")
    evening = await site.ask(
        "select id from gatherings where circle_id = $1 order by starts_at limit 1", circle
    )
    payer, member = await visit(live=live, phone=True), await site.member("Remy")
    await payer.come_in(member)
    await site.paid_seat(evening, member, 6000)
    await site.mail_to(member.email, method="REQUEST")

    await evenings(visitor).first.get_by_role("link", name="Change").click()
    await visitor.fill("Start", "20:15")
    await visitor.press(LOOK)
    await visitor.sees("1 gathering changes")
    await visitor.sees("1 person gets a mail with the new entry for the calendar.")
    await visitor.sees("all they paid comes back")
    assert (await starts(site, circle))[0].hour == 18  # it was only shown
    await visitor.press(MOVE)
    await visitor.is_told("It is changed. 1 person is being told.")
    walls = await starts(site, circle)
    assert f"{walls[0]:%H:%M}" == "20:15"
    assert {each.hour for each in walls[1:]} == {18}
    await visitor.open(f"/host/circles/{circle}")
    await expect(evenings(visitor).filter(has_text="Changed by hand")).to_have_count(1)

    await payer.reads_mail(member.email, subject="moved to", method="REQUEST")
    await payer.sees("8:15")
    await payer.open("/my/gatherings")
    await payer.sees("8:15")
    await payer.follow("Your booking")
    await payer.reads("This has changed")
    await payer.follow("Cancel my seat")
    await payer.press("Cancel my seat")
    await payer.reads("Your seat was canceled")
    await payer.sees(goes_back("All of the $60"))

    async def refunded() -> bool:
        return (
            await site.ask(
                "select sum(money_rows.amount) from money_rows join bookings on bookings.id = booking_id "
                "where gathering_id = $1 and money_rows.kind = 'refund'",
                evening,
            )
            == -6000
        )

    await until(refunded, "the refund")


async def test_the_form_shows_only_what_the_rhythm_asks_for(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live, phone=True)
    circle = await site.circle(host=host.id)
    await visitor.open(f"/host/circles/{circle}/schedules/new")
    weekdays, dates = (
        visitor.page.get_by_text("Weekdays, if by weeks"),
        visitor.page.get_by_label("The dates, if you list them"),
    )
    await expect(weekdays).to_be_visible()
    await expect(dates).to_be_hidden()
    await visitor.pick("On the dates I list")
    await expect(weekdays).to_be_hidden()
    first = datetime.now(NEW_YORK).date() + timedelta(days=9)
    listed = [first, first + timedelta(days=12), first + timedelta(days=40)]
    async with visitor.swapped(only_live=True):
        await dates.fill("\n".join(str(day) for day in listed))
        await dates.press("Tab")
    await visitor.press("Show the dates")
    await expect(visitor.page.get_by_role("button", name="Skip ")).to_have_count(3)
    await visitor.press("Save the schedule")
    await visitor.is_told("3 gatherings are open for booking")
    assert [each.date() for each in await starts(site, circle)] == listed
    await visitor.page.get_by_role("link", name="End", exact=False).first.click()
    await visitor.reads("End this schedule?")
