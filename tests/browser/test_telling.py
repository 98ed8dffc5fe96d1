"""What a host changes is told, after a look at who is: a circle, a schedule in one mail; members read was and now."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import as_host
from tests.browser.site import Site, until
from tests.browser.test_planning import at_a_new_schedule
from tests.cast import add_booking
from tests.helpers import send_invites
from tests.hosting.test_hosts import add_host

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_another_address_of_a_circle_is_told_after_a_preview(
    visit: Visit, site: Site, live: bool, phone: bool
) -> None:
    host, farrah = await as_host(visit, site, live=live, phone=phone)
    circle = await site.circle(
        host=farrah.id, place="in_person", city="Newark", address="12 Elm Street", join_link=""
    )
    cody = await site.member("Cody", is_facilitator=True)
    await add_host(site.context, circle, cody.id, "co")
    nell = await site.member("Nell")
    bookings = [
        await add_booking(site.context, await site.gathering(circle, days=days), nell.id) for days in (7, 14)
    ]
    await send_invites(site.context)

    await host.open(f"/host/circles/{circle}/edit")
    await host.fill("Address, if in person", "3 Oak Lane")
    await host.button("Save").last.click()
    await host.page.wait_for_load_state()
    await host.reads("What will happen")
    await host.sees("Address: was 12 Elm Street, now 3 Oak Lane")
    await host.sees("1 person with a seat in 2 gatherings ahead gets a mail")
    await host.sees("Told by mail as hosts: Cody.")
    told = "select count(*) from mails where kind in ('changed', 'host_changes') and to_address = any($1)"
    assert await site.ask(told, [nell.email, cody.email]) == 0
    assert await site.ask("select address from circles where id = $1", circle) == "12 Elm Street"
    await host.press("Save and tell them")
    await host.is_told("The circle is saved. 2 people are being told.")
    await until(lambda: site.ask(f"{told} having count(*) = 2", [nell.email, cody.email]), "both mails")

    member = await visit(live=live, phone=phone)
    await member.come_in(nell)
    await member.reads_mail(nell.email, subject="2 gatherings changed", method="REQUEST")
    text = await member.page.locator("pre.mail-text").first.inner_text()
    assert text.count("It meets at another place.") == 2
    assert "Oak Lane" not in await member.page.content()
    for booking in bookings:
        await member.open(f"/bookings/{booking}")
        await member.reads("This has changed")
        await member.sees("Was 12 Elm Street, Newark,\nnow 3 Oak Lane, Newark")
    await member.open("/my/gatherings")
    await expect(member.page.get_by_text("This has changed")).to_have_count(2)
    await member.button("Got it").first.click()
    await expect(member.page.get_by_text("This has changed")).to_have_count(1)
    assert member.page.url.endswith(f"/my/gatherings#booking-{bookings[0]}")
    await member.open(f"/bookings/{bookings[0]}")
    await member.sees_not("This has changed")
    await member.sees("3 Oak Lane")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_schedule_that_moves_is_one_mail_with_the_old_days(
    visit: Visit, site: Site, live: bool, phone: bool
) -> None:
    host, farrah = await as_host(visit, site, live=live, phone=phone)
    circle = await site.circle(host=farrah.id)
    first = datetime.now(NEW_YORK).date() + timedelta(days=3)
    await at_a_new_schedule(host, circle, first, "18:00")
    await host.press("Save the schedule")
    await until(
        lambda: site.ask("select count(*) from gatherings where circle_id = $1", circle), "the gatherings"
    )
    nell = await site.member("Nell", zone="America/Los_Angeles")
    ids = await site.ask(
        "select array_agg(id order by starts_at) from (select id, starts_at from gatherings where circle_id = $1 "
        "order by starts_at limit 4) as ahead",
        circle,
    )
    for gathering in ids:
        await add_booking(site.context, gathering, nell.id)
    await send_invites(site.context)

    await host.open(f"/host/gatherings/{ids[0]}/change")
    await host.pick("This one and all that follow")
    await host.fill("Date", (first + timedelta(days=1)).isoformat())
    await host.press("Show what will change")
    await host.sees("1 person gets a mail with the new entry for the calendar.")
    await host.press("Change it")
    await host.is_told("1 person is being told.")

    member = await visit(live=live, phone=phone, zone="America/Los_Angeles")
    await member.come_in(nell)
    await member.reads_mail(nell.email, subject="4 gatherings changed", method="REQUEST")
    heading = await member.page.get_by_role("heading", level=1).inner_text()
    assert f"{first:%A}" in heading  # the day a weekly member knows
    assert f"{first + timedelta(days=1):%A}" in heading
    text = await member.page.locator("pre.mail-text").first.inner_text()
    assert text.count("When: was ") == 4
    changed = "select count(*) from mails where kind = 'changed' and to_address = $1"
    assert await site.ask(changed, nell.email) == 1
    await member.open("/my/gatherings")
    await expect(member.page.get_by_text("This has changed")).to_have_count(4)
