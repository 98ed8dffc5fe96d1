"""After booking: the invite by mail, My gatherings, the feed, the way in, and giving the seat back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import icalendar
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import goes_back
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor
from tests.cast import add_booking, open_the_room
from tests.helpers import change


async def with_a_paid_seat(
    visit: Visit, site: Site, *, live: bool, days: float = 7
) -> tuple[Visitor, Member]:
    """Somebody who has paid $45 for a seat in so many days."""
    visitor, member = await visit(live=live), await site.member("Juno")
    await visitor.come_in(member)
    await site.paid_seat(await site.gathering(days=days), member)
    return visitor, member


async def with_a_free_seat(site: Site, gathering: UUID) -> tuple[Member, UUID]:
    """Somebody with a community seat."""
    member = await site.member("Ivo")
    return member, await add_booking(site.context, gathering, member.id)


def events(body: bytes | str) -> list[icalendar.Component]:
    """The events of a calendar."""
    return icalendar.Calendar.from_ical(body).walk("VEVENT")


async def test_the_invite_comes_by_mail_and_gives_nothing_away(visit: Visit, site: Site, live: bool) -> None:
    visitor, member = await with_a_paid_seat(visit, site, live=live)
    await visitor.reads_mail(member.email, method="REQUEST")
    await visitor.reads("The calendar part")
    facts = visitor.page.locator("dl.facts")
    await expect(facts.first).to_contain_text("REQUEST")
    await expect(facts.first).to_contain_text("Tuesday group")
    await expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Tuesday group")
    frame = visitor.page.frame_locator("iframe")
    await expect(frame.locator("body")).to_contain_text("Juno")
    name, body = await visitor.downloads("Download invite.ics")
    assert name == "invite.ics"
    (event,) = events(body)
    assert b"METHOD:REQUEST" in body
    assert str(event["summary"]) == "Tuesday group"
    shown = body.decode() + await visitor.page.get_by_role("main").inner_text()
    assert not re.search(
        r"ketamine|therap|integration|meet\.example\.org|Evening circle", shown, re.IGNORECASE
    )


async def test_my_gatherings_and_the_feed_of_them(visit: Visit, site: Site, live: bool) -> None:
    member, _ = await with_a_free_seat(site, await site.gathering())
    visitor = await visit(live=live, phone=True)
    await visitor.come_in(member)
    await visitor.open("/my/gatherings")
    await visitor.sees("Evening circle")
    await visitor.sees(
        "The join link shows here from half an hour before the start, once your host has opened the room."
    )
    await visitor.press("Show me the address")
    address = await visitor.page.get_by_label("The address of your feed").input_value()
    path = urlsplit(address).path
    response = await visitor.context.request.get(f"{site.address}{path}")
    assert [str(event["summary"]) for event in events(await response.body())] == ["Tuesday group"]
    await visitor.press("Make a new address")
    await expect(visitor.page.get_by_label("The address of your feed")).not_to_have_value(address)
    assert (await visitor.context.request.get(f"{site.address}{path}")).status == 404


async def test_the_way_in_shows_when_it_is_due(visit: Visit, site: Site, live: bool) -> None:
    soon = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=20)
    gathering = await site.gathering(starts_at=soon)
    member, _ = await with_a_free_seat(site, gathering)
    visitor = await visit(live=live)
    await visitor.come_in(member)
    await visitor.open("/my/gatherings")
    await visitor.sees("The link opens when your host opens the room.")
    await open_the_room(site.context, gathering)
    await visitor.open("/my/gatherings")
    await expect(visitor.link("Join")).to_have_attribute("href", "https://meet.example.org/tuesday")


async def test_giving_a_paid_seat_back_asks_once_and_says_what_comes_back(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, member = await with_a_paid_seat(visit, site, live=live)
    gathering = await site.ask("select gathering_id from bookings where person_id = $1", member.id)
    await visitor.open("/my/gatherings")
    await visitor.follow("Cancel my seat")
    await visitor.sees("You get back all of the $45 you paid.")
    assert await site.booked(member.id) == {"confirmed": 1}  # asking changes nothing
    await visitor.press("Cancel my seat")
    await visitor.sees(goes_back("of the $45"))
    assert await site.ask("select seats_taken from gatherings where id = $1", gathering) == 0
    await visitor.reads_mail(member.email, method="CANCEL")
    await expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("Tuesday group")
    await visitor.sees("$45")

    async def refunded() -> bool:
        return (
            await site.ask(
                "select sum(money_rows.amount) from money_rows join bookings on bookings.id = booking_id "
                "where person_id = $1 and money_rows.kind = 'refund'",
                member.id,
            )
            == -4500
        )

    await until(refunded, "the refund")


async def test_giving_a_seat_back_late_says_so_before(visit: Visit, site: Site, live: bool) -> None:
    visitor, member = await with_a_paid_seat(visit, site, live=live, days=1)
    await change(
        site.context,
        "update bookings set confirmed_at = now() - interval '1 hour' where person_id = $1",
        member.id,
    )
    await visitor.open("/my/gatherings")
    await visitor.follow("Cancel my seat")
    await visitor.sees("none of the $45 you paid comes back")
    await visitor.follow("Keep my seat")
    await visitor.reads("Your seat is confirmed")
