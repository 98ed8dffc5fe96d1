"""Reminders switched off from the mail, and messages of hosts read on the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from circles.invites import actions as invites_actions
from circles.messages import actions as message_actions
from circles.messages import sending
from circles.messages.rules import Draft
from circles.store import jobs
from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Member, Site
from tests.cast import add_booking
from tests.helpers import change


async def with_a_seat(site: Site, ahead: timedelta) -> tuple[Member, UUID, UUID]:
    """Somebody with a seat that they booked a week ago, the gathering, and who hosts it."""
    host = await site.member("Fay", is_facilitator=True)
    circle = await site.circle(host=host.id)
    gathering = await site.gathering(circle, starts_at=datetime.now(UTC) + ahead)
    member = await site.member("Ada")
    booking = await add_booking(site.context, gathering, member.id, kind="paid", amount=4500)
    await invites_actions.send(site.context, booking_id=str(booking))
    return member, circle, host.id


@pytest.mark.parametrize(("phone", "live"), PHONE_AND_DESKTOP)
async def test_reminders_switched_off_from_the_mail(
    visit: Visit, site: Site, phone: bool, live: bool
) -> None:
    member, _, _ = await with_a_seat(site, timedelta(hours=23))
    await change(
        site.context,
        "update bookings set confirmed_at = now() - interval '7 days' where person_id = $1",
        member.id,
    )
    await jobs.run_timetable(site.context, "reminders.plan")
    visitor = await visit(live=live, phone=phone)
    await visitor.reads_mail(member.email, subject="Reminder")
    await expect(visitor.page.get_by_text("List-Unsubscribe=One-Click")).to_be_visible()
    await visitor.page.locator('a[href*="/reminders/"]').click()
    await visitor.reads("Reminders by mail")
    await visitor.sees("We remind you the day before.")
    await visitor.press("Turn reminders off")
    await visitor.is_told("You get no reminders by mail any more.")
    await visitor.sees_not("Turn reminders off")

    await visitor.come_in(member)
    await visitor.open("/me")
    day = visitor.page.get_by_label("The day before", exact=True)
    hour = visitor.page.get_by_label("An hour before", exact=True)
    await expect(day).not_to_be_checked()
    await visitor.page.get_by_text("An hour before", exact=True).click()
    await visitor.press("Save reminders")
    await visitor.is_told("Your choice of reminders is kept.")
    await expect(hour).to_be_checked()
    await expect(day).not_to_be_checked()


async def test_a_short_mail_leads_to_the_words_on_the_site(visit: Visit, site: Site) -> None:
    member, circle, host = await with_a_seat(site, timedelta(days=3))
    message_id = uuid4()
    await message_actions.save_draft(
        site.context,
        actor_id=host,
        circle_id=circle,
        message_id=message_id,
        draft=Draft(None, "The door is on the left.", "", "ahead", is_short=True),
    )
    await sending.send(site.context, actor_id=host, message_id=message_id)
    visitor = await visit(live=False)
    await visitor.come_in(member)
    await visitor.reads_mail(member.email, subject="a message")
    await visitor.sees_not("The door is on the left.")
    await visitor.open("/my/gatherings")
    await visitor.follow("1 new message from your host")
    await visitor.sees("The door is on the left.")
    await visitor.press("Mark all on this page as read")
    await visitor.sees_not("New")
    await visitor.open("/my/gatherings")
    await visitor.sees("Messages from your hosts")
