"""Half a year booked at once: one form, one payment, one mail, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import AGREE, pay
from tests.browser.site import Site, until
from tests.browser.test_access import is_for_everybody


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_booking_half_a_year_at_once(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    circle, member = await site.circle(), await site.member("Hanna")
    for week in range(26):
        await site.gathering(circle, days=7 * (week + 1))
    visitor = await visit(live=live, phone=phone, calm=True)
    visitor.watch.allowed.add(422)
    await visitor.come_in(member)
    await visitor.open(f"/circles/{circle}")
    await visitor.follow("Book several dates")
    await visitor.reads("Book several dates")
    dates = visitor.page.get_by_role("group", name="Which dates?").get_by_role("checkbox")
    await expect(dates).to_have_count(26)
    for number in range(25):
        await dates.nth(number).press("Space")
    await visitor.fill("Your amount", "50")
    if live:
        await visitor.page.get_by_label("Your amount").blur()
    else:
        await visitor.press("Show the sum")
    await visitor.sees("25 dates, $50 each: $1,250 together.")
    if live:
        await is_for_everybody(visitor)
    await visitor.press("Continue to payment")
    await visitor.sees("Please read the guidelines and tick that you agree to them.")
    await expect(dates.nth(24)).to_be_checked()
    await dates.nth(25).press("Space")
    await visitor.pick(AGREE)
    await visitor.press("Continue to payment")
    await visitor.sees("This page stands in for Stripe")
    await visitor.sees("$1,300")
    await pay(visitor)
    await visitor.reads("Your seat is confirmed")
    await visitor.sees("Booked together")
    if live:
        await is_for_everybody(visitor)
    confirmed = "select count(*) from bookings where person_id = $1 and state = 'confirmed'"
    assert await site.ask(confirmed, member.id) == 26

    async def mailed() -> bool:
        mails = "select count(*) from mails where person_id = $1 and calendar_method = 'REQUEST'"
        return await site.ask(mails, member.id) == 1

    await until(mailed, "the mail with every invite")
    kept = "select 1 + cardinality(more_calendars) from mails where person_id = $1 and calendar_method = 'REQUEST'"
    assert await site.ask(kept, member.id) == 26
