"""A seat moved to another week, and what it costs changed, on a phone with JavaScript and on a desktop without."""

from __future__ import annotations

import icalendar
import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Site
from tests.browser.test_access import is_for_everybody
from tests.helpers import rows


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_seat_moved_to_another_week(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    circle = await site.circle()
    gathering = await site.gathering(circle)
    later = await site.gathering(circle, days=14)
    member = await site.member("Nell")
    booking = await site.paid_seat(gathering, member)
    await site.mail_to(member.email, method="REQUEST")
    visitor = await visit(live=live, phone=phone, calm=True)
    await visitor.come_in(member)
    await visitor.open(f"/bookings/{booking}")
    await visitor.follow("Move to another date")
    await visitor.reads("Move to another date")
    if live:
        await is_for_everybody(visitor)
    await visitor.page.locator(f'a[href="/bookings/{booking}/move?to={later}"]').click()
    await visitor.reads("Move my seat")
    await visitor.sees("there is nothing to pay")
    if live:
        await is_for_everybody(visitor)
    await visitor.press("Move my seat")
    await visitor.is_told("Your seat is at")
    await visitor.reads("Your seat is confirmed")
    assert await site.ask("select gathering_id from bookings where id = $1", booking) == later

    await visitor.reads_mail(member.email, subject="moved to", method="REQUEST")
    await expect(visitor.page.get_by_text("is at the date you chose now").first).to_be_attached()
    mails = await rows(
        site.context,
        "select calendar from mails where to_address = $1 and calendar is not null order by created_at",
        member.email,
    )
    first, last = [icalendar.Calendar.from_ical(mail["calendar"]).events[0] for mail in mails]
    assert first["uid"] == last["uid"]
    assert last.sequence > first.sequence
    assert last.start == await site.ask("select starts_at from gatherings where id = $1", later)


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_seat_that_costs_less(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    gathering, member = await site.gathering(), await site.member("Nell")
    booking = await site.paid_seat(gathering, member)
    visitor = await visit(live=live, phone=phone, calm=True)
    await visitor.come_in(member)
    await visitor.open(f"/bookings/{booking}")
    await visitor.follow("Change what you pay")
    await visitor.page.locator("#f-amount").fill("30")
    if live:
        await is_for_everybody(visitor)
    await visitor.press("See what this means")
    await visitor.sees("goes back to the card you paid with")
    await visitor.press("Change it")
    await visitor.is_told("What you pay for this seat is changed.")
    await visitor.sees("Your seat costs $30 now.")
    assert await site.ask("select amount from bookings where id = $1", booking) == 3000
