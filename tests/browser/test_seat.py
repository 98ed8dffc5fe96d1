"""My seat, from the first look to the day after: every page says the same, with and without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.async_api import expect

from circles.base import clock
from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import AGREE, choose, pay
from tests.browser.site import Member, Site
from tests.browser.test_access import is_for_everybody
from tests.browser.visitor import Visitor
from tests.cast import add_booking

LATE_CARD = "4000 0000 0000 0077"


async def shows_not(visitor: Visitor, text: str) -> None:
    """The page shows this nowhere; what is there and hidden does not count."""
    main = visitor.page.get_by_role("main")
    await expect(main).not_to_contain_text(text, use_inner_text=True)


async def is_held(visitor: Visitor, booking: UUID, gathering: UUID) -> None:
    """Every page says that the seat waits for its payment."""
    for at in (f"/gatherings/{gathering}", f"/bookings/{booking}", "/my/gatherings"):
        await visitor.open(at)
        await visitor.sees("Held for you until")
        await expect(visitor.link("Go on to payment").first).to_be_visible()
        await shows_not(visitor, "You have a seat")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_seat_held_paid_confirmed_and_over(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    gathering, member = await site.gathering(), await site.member("Nell")
    visitor = await visit(live=live, phone=phone, calm=True)
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.follow("Book a seat")
    await choose(visitor)
    await visitor.sees("This page stands in for Stripe")
    booking = await site.ask("select id from bookings where person_id = $1", member.id)
    await is_held(visitor, booking, gathering)
    await visitor.open(f"/gatherings/{gathering}")
    if live:
        await is_for_everybody(visitor)
    await visitor.follow("Go on to payment")
    async with site.unsettled(member.id):
        await pay(visitor, card=LATE_CARD)
        await visitor.reads("Thank you. Your payment is being confirmed")
        for words in ("Let the seat go", "Go on to payment", "Not paid yet"):
            await shows_not(visitor, words)
        if live:
            await is_for_everybody(visitor)
    await visitor.reads("Your seat is confirmed")
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.reads("You have a seat here")
    circle = await site.ask("select circle_id from gatherings where id = $1", gathering)
    await visitor.open(f"/circles/{circle}")
    await visitor.sees("Your seat")
    await is_over(site, gathering)
    for at in (f"/gatherings/{gathering}", f"/bookings/{booking}"):
        await visitor.open(at)
        await visitor.reads("You had a seat here")
        for words in ("seats left", "is on its way", "Cancel my seat"):
            await shows_not(visitor, words)
        if live:
            await is_for_everybody(visitor)


async def is_over(site: Site, gathering: UUID) -> None:
    """The gathering began three hours ago."""
    starts_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=3)
    zone = await site.ask("select zone from gatherings where id = $1", gathering)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "update gatherings set starts_at = $2, wall_start = $3, "
            "ends_at = $2::timestamptz + make_interval(mins => length_minutes) where id = $1",
            gathering,
            starts_at,
            clock.wall_time(starts_at, zone),
        )


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_the_form_follows_the_seat_that_is_chosen(
    visit: Visit, site: Site, live: bool, phone: bool
) -> None:
    gathering, member = await site.gathering(), await site.member("Nell")
    visitor = await visit(live=live, phone=phone)
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}/book")
    amount = visitor.page.get_by_label("Your amount")
    await expect(amount).to_be_visible()
    await expect(visitor.button("Continue to payment")).to_be_visible()
    await expect(visitor.button("Book my seat")).to_be_hidden()
    await visitor.pick("A community seat")
    await expect(amount).to_be_hidden()
    await expect(visitor.button("Continue to payment")).to_be_hidden()
    await shows_not(visitor, "You pay on a page of Stripe")
    visitor.watch.allowed.add(422)
    await visitor.press("Book my seat")  # without the guidelines
    await expect(amount).to_be_hidden()  # the choice is kept, and so is what follows from it
    await visitor.pick(AGREE)
    await visitor.press("Book my seat")
    await visitor.reads("Your seat is confirmed")
    assert await site.ask("select kind from bookings where person_id = $1", member.id) == "community"


async def test_an_amount_of_nothing_is_booked_and_not_paid(visit: Visit, site: Site) -> None:
    gathering, member = await site.gathering(minimum=0), await site.member("Nell")
    visitor = await visit(live=True)
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}/book")
    await visitor.fill("Your amount", "0")
    await expect(visitor.page.get_by_label("Your amount")).to_be_visible()
    await visitor.pick(AGREE)
    await visitor.press("Book my seat")
    await visitor.reads("Your seat is confirmed")


async def test_a_seat_elsewhere_at_that_time_is_shown_first(visit: Visit, site: Site, live: bool) -> None:
    starts_at = (datetime.now(UTC) + timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    one, other = [await site.gathering(starts_at=starts_at + timedelta(minutes=m)) for m in (0, 30)]
    member: Member = await site.member("Nell")
    await add_booking(site.context, one, member.id)
    visitor = await visit(live=live)
    visitor.watch.allowed.add(422)
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{other}")
    await visitor.sees("You have a seat at overlapping hours: Tuesday group")
    await visitor.follow("Book a seat")
    await visitor.pick("A community seat")
    await visitor.pick(AGREE)
    await visitor.press("Book my seat")
    await visitor.sees("Please tick that you want both")
    await visitor.pick("I know that the hours overlap, and I want both seats")
    await visitor.press("Book my seat")
    await visitor.reads("Your seat is confirmed")
    assert await site.booked(member.id) == {"confirmed": 2}
