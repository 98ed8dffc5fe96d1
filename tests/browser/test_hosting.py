"""A facilitator plans a circle and a gathering, sees who comes, keeps the register, calls a gathering off."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import as_host, goes_back
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor
from tests.cast import add_booking

GUIDELINES = "## Our promises\n\n- What is said here stays here.\n- Everybody may pass, at any time."


async def fill_in_a_circle(visitor: Visitor, name: str) -> None:
    """All that a circle needs."""
    for label, text in {
        "Name": name,
        "Discreet name": "Monday group",
        "What it is for": "For the **first weeks** after a medicine session.",
        "Link to join, if online": "https://meet.example.org/monday",
        "Length in minutes": "90",
        "Seats": "8",
        "Minimum": "20",
        "Suggested": "40",
        "Maximum": "75",
        "Community seats at each gathering": "1",
        "What everybody agrees to": GUIDELINES,
    }.items():
        await visitor.fill(label, text)
    await visitor.pick("Facilitated circle")
    await visitor.pick("Online")
    await visitor.page.get_by_label("Time zone of the circle").select_option("America/New_York")


async def test_planning_a_circle_and_a_gathering_until_others_see_it(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, _ = await as_host(visit, site, live=live)
    name = f"New ground {uuid4().hex[:8]}"
    await visitor.open("/host")
    await visitor.follow("Plan a circle")
    await fill_in_a_circle(visitor, name)
    await visitor.press("Save")
    await visitor.is_told("The circle is saved as a draft.")
    # First the date, then publishing: nobody can book at a circle that does not meet.
    await visitor.sees("Next: when does it meet?")
    await visitor.sees_not("Publish the circle")
    await visitor.follow("Plan a single date")
    day = (datetime.now(UTC) + timedelta(days=33)).date()  # few others are planned there
    await visitor.fill("Date", str(day))
    await visitor.fill("Start", "18:30")
    await visitor.press("Save as a draft")
    await visitor.press("Publish the circle")
    await visitor.is_told("The circle is published.")
    await visitor.page.locator("#ahead a").first.click()
    await visitor.press("Publish this gathering")
    await visitor.is_told("The gathering is open for booking.")
    other = await visit(live=live)
    await other.open(f"/gatherings?from={day}&to={day}")
    await other.follow(name)
    await other.sees("6:30 pm")
    await other.sees("$20 to $75, $40 suggested")
    await other.sees("Farrah (she/her)")


async def test_the_preview_of_guidelines_keeps_what_was_typed(visit: Visit, site: Site, live: bool) -> None:
    visitor, _ = await as_host(visit, site, live=live)
    await visitor.open("/host/circles/new")
    await fill_in_a_circle(visitor, "Half a plan")
    await visitor.fill("What everybody agrees to", f"{GUIDELINES}\n\n<script>alert(1)</script>")
    async with visitor.swapped():
        await visitor.press("Show how it will read")
    await visitor.reads("How it will read")
    agreement = visitor.page.locator("#guidelines-preview .agreement")
    await expect(agreement.get_by_role("listitem")).to_have_count(2)
    await expect(agreement.locator("script")).to_have_count(0)
    await expect(visitor.page.get_by_label("Name", exact=True)).to_have_value("Half a plan")


async def test_a_plan_that_cannot_be_says_all_that_is_wrong(visit: Visit, site: Site, live: bool) -> None:
    visitor, _ = await as_host(visit, site, live=live)
    visitor.watch.allowed.add(422)
    await visitor.open("/host/circles/new")
    await fill_in_a_circle(visitor, "Too much")
    await visitor.fill("Discreet name", "Ketamine group")
    await visitor.fill("Seats", "60")
    await visitor.fill("Maximum", "10")
    await visitor.press("Save")
    await visitor.reads("A few things need another look")
    await expect(visitor.page.get_by_label("Seats", exact=True)).to_have_value("60")
    await expect(visitor.page.get_by_label("What everybody agrees to")).to_have_value(GUIDELINES)


def row_of(visitor: Visitor, name: str) -> Locator:
    """Somebody's line in the register."""
    return visitor.page.locator(".register-row").filter(has_text=name)


async def mark(visitor: Visitor, name: str, word: str) -> None:
    """Tap a mark in somebody's line."""
    async with visitor.swapped():
        await row_of(visitor, name).get_by_role("button", name=word).click()


async def with_a_register(site: Site, host: Member, *, minutes: int = -10) -> tuple[UUID, UUID]:
    """A gathering that began ten minutes ago, with three people booked. Returns it and the first booking."""
    circle = await site.circle(host=host.id)
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    gathering = await site.gathering(circle, starts_at=start)
    people = [await site.member(name, pronouns="they/them") for name in ("Ada", "Bela", "Cleo")]
    kinds = ("community", "paid", "paid")
    bookings = [
        await add_booking(
            site.context, gathering, person.id, kind=kind, amount=0 if kind == "community" else 4500
        )
        for person, kind in zip(people, kinds, strict=True)
    ]
    return gathering, bookings[0]


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_keeping_the_register_with_one_tap_each(
    visit: Visit, site: Site, live: bool, phone: bool
) -> None:
    visitor, host = await as_host(visit, site, live=live, phone=phone)
    gathering, booking = await with_a_register(site, host)
    await visitor.open("/host")
    await visitor.page.locator(f'main a[href="/host/gatherings/{gathering}"]').click()
    await visitor.page.wait_for_load_state()
    for name in ("Ada", "Bela", "Cleo"):
        await expect(row_of(visitor, name)).to_contain_text("they/them")
        await expect(row_of(visitor, name)).to_contain_text("First time")
    shown = await visitor.page.content()
    assert not re.search(r"\$\s?\d|[Pp]aid|Community", shown), "money on the roster"
    count = visitor.page.locator("#register-count")
    await mark(visitor, "Ada", "Came")
    await expect(count).to_contain_text("1 came")
    await mark(visitor, "Bela", "Absent")
    await expect(count).to_contain_text("1 absent")
    await mark(visitor, "Cleo", "Excused")
    await expect(count).to_contain_text("1 excused")
    await mark(visitor, "Bela", "Came")  # came late
    await expect(count).to_contain_text("2 came")
    await mark(visitor, "Cleo", "Excused")  # taken away again
    await expect(count).to_contain_text("1 not marked yet")
    await expect(row_of(visitor, "Ada").get_by_role("button", name="Came")).to_have_attribute(
        "aria-pressed", "true"
    )
    await visitor.page.reload()
    await expect(count).to_contain_text("2 came")
    assert await site.ask("select mark from attendance where booking_id = $1", booking) == "came"


async def test_the_register_prints_as_a_list_to_tick(visit: Visit, site: Site) -> None:
    visitor, host = await as_host(visit, site, live=False)
    gathering, _ = await with_a_register(site, host)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.page.emulate_media(media="print")
    await expect(row_of(visitor, "Ada")).to_be_visible()
    await expect(row_of(visitor, "Ada").locator(".marks-print")).to_be_visible()
    for on_screen_only in (".practice-bar", ".site-head", ".site-foot", ".marks-form >> nth=0"):
        await expect(visitor.page.locator(on_screen_only)).to_be_hidden()


async def test_calling_a_gathering_off_tells_and_pays_back_everybody(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, host = await as_host(visit, site, live=live)
    gathering = await site.gathering(await site.circle(host=host.id))
    payer, member = await visit(live=live), await site.member("Remy")
    await payer.come_in(member)
    await site.paid_seat(gathering, member, 6000)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.follow("Cancel this gathering")
    await visitor.sees("1 person has a seat.")
    await visitor.fill("The reason", "The heating in the house is broken.")
    await visitor.press("Cancel the gathering")
    await visitor.is_told("The gathering is canceled.")
    await payer.reads_mail(member.email, method="CANCEL")
    await payer.sees("The heating in the house is broken.")
    await payer.sees("$60")
    await payer.open("/my/gatherings")
    await payer.sees(goes_back("All of the $60"))

    async def refunded() -> bool:
        return (
            await site.ask(
                "select sum(money_rows.amount) from money_rows join bookings on bookings.id = booking_id "
                "where gathering_id = $1 and money_rows.kind = 'refund'",
                gathering,
            )
            == -6000
        )

    await until(refunded, "the refund")
    await payer.open(f"/gatherings/{gathering}")
    await payer.sees("canceled")
