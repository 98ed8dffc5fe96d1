"""Guidelines change in a way that matters: from the draft to the new agreement of somebody who has a seat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import AGREE, as_host, goes_back
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor
from tests.cast import add_booking, open_the_room

PROMISE = "Phones stay outside of the room."
WHY = "Two people were disturbed by phones."
JOIN = "https://meet.example.org/tuesday"


async def with_a_seat(
    visit: Visit, site: Site, host: Member, *, live: bool, minutes: int = 15, amount: int = 4500
) -> tuple[Visitor, Member, UUID, UUID]:
    """Somebody at a phone with a paid seat at a gathering that begins soon; its circle, and the booking."""
    circle = await site.circle(host=host.id)
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    gathering = await site.gathering(circle, starts_at=start)
    await open_the_room(site.context, gathering)
    member = await site.member("Remy")
    booking = await add_booking(site.context, gathering, member.id, kind="paid", amount=amount)
    visitor = await visit(live=live, phone=True)
    await visitor.come_in(member)
    return visitor, member, circle, booking


async def draft(visitor: Visitor, circle: UUID) -> None:
    """From the circle's page to the draft and what it changes."""
    await visitor.open(f"/host/circles/{circle}")
    await visitor.follow("Write the next version")
    field = visitor.page.get_by_label("What everybody agrees to", exact=True)
    await field.fill(f"{await field.input_value()}\n\n{PROMISE}")
    await visitor.press("Save the draft")
    await visitor.is_told("The draft is saved.")
    await visitor.follow("See what it changes")
    await visitor.reads("Publish version 2")
    await expect(visitor.page.locator("ins")).to_contain_text(PROMISE)


async def publish(visitor: Visitor, *, material: bool) -> None:
    """Say whether it matters, and publish."""
    await visitor.pick("Yes, ask again" if material else "No, it only says it better")
    await visitor.fill("Why, in one line", WHY)
    await visitor.press("Publish version 2")
    await visitor.is_told("Version 2 is published.")


async def test_a_change_that_matters_closes_the_way_in_until_it_is_agreed_to(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, host = await as_host(visit, site, live=live)
    member, person, circle, _ = await with_a_seat(visit, site, host, live=live)
    await member.open("/my/gatherings")
    await expect(member.link("Join")).to_have_attribute("href", JOIN)

    await draft(visitor, circle)
    await visitor.sees("One person has a seat ahead.")
    await member.page.reload()
    await expect(member.link("Join")).to_be_visible()  # a draft binds nobody
    await publish(visitor, material=True)
    await visitor.is_told("Whoever has a seat ahead is asked to read it and agree.")

    await member.page.reload()
    await member.sees("The guidelines of this circle changed.")
    await expect(member.link("Join")).to_have_count(0)
    assert JOIN not in await member.page.content()
    await member.reads_mail(person.email, subject="Please read")
    await member.page.get_by_role("main").locator('a[href$="/guidelines"]').click()
    await member.reads("The guidelines changed")
    await member.sees(WHY)
    await expect(member.page.locator("ins")).to_contain_text(PROMISE)

    member.watch.allowed.add(422)
    await member.press("Agree")  # without having said so
    await expect(member.problems).to_be_visible()
    await member.pick(AGREE)
    await member.press("Agree")
    await member.is_told("Thank you. Your join link shows again.")
    await member.open("/my/gatherings")
    await expect(member.link("Join")).to_have_attribute("href", JOIN)
    await member.follow("Guidelines you agreed to")
    await expect(
        member.page.get_by_role("main").get_by_role("link").filter(has_text="ersion")
    ).not_to_have_count(0)
    agreed = await site.ask("select count(*) from acceptances where person_id = $1", person.id)
    assert agreed == 2


async def test_whoever_does_not_agree_gets_all_their_money_back(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    member, _, circle, booking = await with_a_seat(visit, site, host, live=live, minutes=300)
    await draft(visitor, circle)
    await publish(visitor, material=True)
    await member.open(f"/bookings/{booking}")
    await member.reads("Please read the guidelines first")
    await member.follow("Read the guidelines")
    await member.sees("You get back all of the $45 you paid.")  # though the start is near
    await member.follow("Cancel my seat")
    await member.press("Cancel my seat")
    await member.sees(goes_back("All of the $45"))

    async def refunded() -> bool:
        return (
            await site.ask(
                "select sum(amount) from money_rows where booking_id = $1 and kind = 'refund'", booking
            )
            == -4500
        )

    await until(refunded, "the refund")


async def test_a_change_of_words_alone_asks_nobody(visit: Visit, site: Site) -> None:
    visitor, host = await as_host(visit, site, live=False)
    member, _, circle, _ = await with_a_seat(visit, site, host, live=False)
    await draft(visitor, circle)
    await publish(visitor, material=False)
    await member.open("/my/gatherings")
    await expect(member.link("Join")).to_be_visible()
