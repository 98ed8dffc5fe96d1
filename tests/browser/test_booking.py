"""A member books: choosing on the scale, agreeing, paying, and all the ways it can go otherwise."""

from __future__ import annotations

import contextlib
from uuid import UUID

import icalendar
import pytest
from playwright.async_api import Error, Locator, expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import AGREE, choose, code_from_mail, pay
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor

LATE_CARD = "4000 0000 0000 0077"


async def at_the_form(visit: Visit, site: Site, gathering: UUID, **how: bool) -> tuple[Visitor, Member]:
    """Somebody new and signed in, who pressed "Book a seat"."""
    visitor, member = await visit(**how), await site.member()
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.follow("Book a seat")
    await visitor.reads("Book a seat")
    return visitor, member


async def confirmed(visitor: Visitor, member: Member) -> None:
    """The site says so, when the page is loaded again as soon as it can."""

    async def paid() -> bool:
        return "confirmed" in await visitor.site.booked(member.id)

    await until(paid, "the seat to be confirmed")
    with contextlib.suppress(Error):  # the page may be loading itself again just then
        await visitor.page.reload()
    await visitor.reads("Your seat is confirmed")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_paying_on_the_scale_confirms_the_seat(
    visit: Visit, site: Site, live: bool, phone: bool
) -> None:
    gathering = await site.gathering()
    visitor, member = await at_the_form(visit, site, gathering, live=live, phone=phone)
    for mark in ("$30", "$45", "$80"):
        await visitor.sees(mark)
    await visitor.sees("What is said here stays here.")
    await choose(visitor, "52.50")
    await visitor.sees("$52.50")
    await visitor.sees("Tuesday group")
    await visitor.sees_not("Evening circle")  # the checkout is told the discreet name alone
    await pay(visitor)
    await visitor.reads("Your seat is confirmed")  # with nobody loading anything again by hand
    await visitor.sees("$52.50")
    name, body = await visitor.downloads("Add to calendar")
    assert name.endswith(".ics")
    found = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert [str(each["summary"]) for each in found] == ["Tuesday group"]
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.reads("You have a seat here")
    assert await site.booked(member.id) == {"confirmed": 1}


def says(visitor: Visitor) -> Locator:
    """The one sentence that stands under the scale."""
    return visitor.page.locator("#f-amount-says p:visible")


async def test_slider_field_and_sentence_move_together(visit: Visit, site: Site) -> None:
    visitor, _ = await at_the_form(visit, site, await site.gathering())
    slider, field = visitor.page.get_by_role("slider"), visitor.page.get_by_label("Your amount")
    await expect(field).to_have_value("45")
    await expect(slider).to_have_value("4500")
    at_first = await says(visitor).inner_text()
    await slider.press("Home")
    await expect(field).to_have_value("30")
    await expect(says(visitor)).not_to_have_text(at_first)
    await field.fill("80")
    await expect(slider).to_have_value("8000")
    await field.fill("500")
    await expect(says(visitor)).to_contain_text("$30 to $80")


async def test_without_javascript_the_field_and_all_three_marks_are_there(visit: Visit, site: Site) -> None:
    visitor, _ = await at_the_form(visit, site, await site.gathering(), live=False)
    await expect(visitor.page.get_by_role("slider")).to_have_count(0)
    await expect(visitor.page.get_by_label("Your amount")).to_have_value("45")
    await expect(says(visitor)).to_contain_text("Any amount from $30 to $80 is right.")
    for sentence in (
        "A full seat, the same as everyone’s.",
        "Pays for your own seat",
        "Pays for your seat and a good part",
    ):
        await expect(visitor.page.locator(".amount-marks")).to_contain_text(sentence)


async def test_what_is_wrong_is_said_at_once_and_what_was_typed_is_kept(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, member = await at_the_form(visit, site, await site.gathering(), live=live)
    visitor.watch.allowed.add(422)
    await visitor.pick("Choose what you pay")
    await visitor.fill("Your amount", "12")
    await visitor.press("Continue to payment")
    await visitor.reads("A few things need another look")
    await expect(visitor.problems.get_by_role("listitem")).to_have_count(2)
    await expect(visitor.page.get_by_label("Your amount")).to_have_value("12")
    assert await site.booked(member.id) == {}
    await choose(visitor, "30")
    await visitor.sees("This page stands in for Stripe")


async def test_a_declined_card_keeps_the_seat_held_for_another(visit: Visit, site: Site, live: bool) -> None:
    visitor, member = await at_the_form(visit, site, await site.gathering(), live=live)
    visitor.watch.allowed |= {402, 422}
    await choose(visitor)
    await pay(visitor, button="Decline")
    await visitor.sees("This card was declined. Nothing was charged")
    assert await site.booked(member.id) == {"held": 1}
    await pay(visitor, card="4242 4242 4242 4242")
    await confirmed(visitor, member)


async def test_cancelling_at_the_checkout_and_going_on_paying(visit: Visit, site: Site, live: bool) -> None:
    visitor, member = await at_the_form(visit, site, await site.gathering(), live=live)
    await choose(visitor)
    await pay(visitor, button="Cancel")
    await visitor.reads("Your seat is still held")
    await visitor.follow("Go on to payment")
    await pay(visitor)
    await confirmed(visitor, member)


async def test_cancelling_at_the_checkout_and_letting_the_seat_go(
    visit: Visit, site: Site, live: bool
) -> None:
    gathering = await site.gathering(capacity=1, community_seats=0)
    visitor, member = await at_the_form(visit, site, gathering, live=live)
    await choose(visitor)
    await pay(visitor, button="Cancel")
    await visitor.press("Let the seat go")

    async def gone() -> bool:
        return await site.booked(member.id) == {"lapsed": 1}

    await until(gone, "the seat to be free")
    other, _ = await at_the_form(visit, site, gathering, live=live)
    await other.sees("0 of 1 seat taken")


async def test_the_page_waits_for_the_word_that_comes_late(visit: Visit, site: Site, live: bool) -> None:
    visitor, member = await at_the_form(visit, site, await site.gathering(), live=live)
    await choose(visitor)
    await visitor.sees("This page stands in for Stripe")
    async with site.unsettled(member.id):
        await pay(visitor, card=LATE_CARD)
        await visitor.reads("Thank you. Your payment is being confirmed")  # the way back proves nothing
    await visitor.reads("Your seat is confirmed")


async def test_a_community_seat_skips_the_checkout(visit: Visit, site: Site, live: bool) -> None:
    gathering = await site.gathering()
    visitor, member = await at_the_form(visit, site, gathering, live=live)
    await visitor.pick("A community seat")
    await visitor.pick(AGREE)
    await visitor.press("Book my seat")
    await visitor.reads("Your seat is confirmed")
    await visitor.sees("It is a community seat, free of charge.")
    assert await site.ask("select kind from bookings where person_id = $1", member.id) == "community"
    other, _ = await at_the_form(visit, site, gathering, live=live)
    await other.sees("The community seats of this gathering are taken.")


async def test_pressing_twice_books_once(visit: Visit, site: Site, live: bool) -> None:
    gathering = await site.gathering()
    visitor, member = await at_the_form(visit, site, gathering, live=live)
    await visitor.pick("Choose what you pay")
    await visitor.pick(AGREE)
    await visitor.button("Continue to payment").dblclick()
    await visitor.sees("This page stands in for Stripe")
    await pay(visitor)
    await confirmed(visitor, member)
    assert await site.booked(member.id) == {"confirmed": 1}
    assert await site.ask("select seats_taken from gatherings where id = $1", gathering) == 1


async def test_booking_begins_with_signing_in_and_comes_back(visit: Visit, site: Site, live: bool) -> None:
    gathering, member = await site.gathering(), await site.member("Vera")
    visitor, reader = await visit(live=live), await visit(live=live)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.follow("Book a seat")
    await visitor.reads("Sign in")
    await visitor.fill("Your mail address", member.email)
    await visitor.press("Send me a code")
    await visitor.fill("Your code", await code_from_mail(reader, member.email))
    await visitor.press("Sign in")
    await visitor.reads("Book a seat")
    assert visitor.page.url == f"{site.address}/gatherings/{gathering}/book"
