"""An organizer sees to refunds that failed, tried again and settled by hand, and sends part of a payment back."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.async_api import expect

from circles import people
from circles.bookings import actions
from circles.practice.stripe import faults
from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Member, Site, until
from tests.browser.test_access import is_for_everybody

REFUND_STATE = "select state from operations where kind = 'refund' and booking_id = $1"


async def failed_refund(site: Site, name: str) -> tuple[Member, UUID]:
    """Somebody who canceled a paid seat, and whose bank would not take the refund. Its next try is minutes away."""
    member = await site.member(name)
    booking = await site.paid_seat(await site.gathering(), member)
    async with site.context.db.transaction() as tx:
        await faults.plan(tx, "refund", "failed")
        actor = (await people.by_ids(tx, [member.id]))[member.id]
    await actions.cancel(site.context, actor, booking, shown=4500)

    async def look() -> bool:
        return await site.ask(REFUND_STATE, booking) == "failed"

    await until(look, "a refund that failed")
    return member, booking


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_seeing_to_refunds_that_failed(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    again, again_booking = await failed_refund(site, f"Agnes{live}")
    by_hand, booking = await failed_refund(site, f"Bert{live}")
    visitor = await visit(live=live, phone=phone, calm=True)
    visitor.watch.allowed.add(422)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    await visitor.open("/organize")
    await visitor.follow("Money")
    await visitor.follow("Waiting")

    await visitor.follow(f"$45 for {again.name}")
    await visitor.sees("It never goes out twice.")
    if live:
        await is_for_everybody(visitor)
    await visitor.button("Try again").dblclick()
    await visitor.reads("Money that waits")

    async def arrived() -> bool:
        return await site.ask(REFUND_STATE, again_booking) == "done"

    await until(arrived, "the refund that was tried again")
    refunds = (
        "select count(*) from practice_objects where kind = 'refund' and body ->> 'status' = 'succeeded' and "
    )
    of_it = "body ->> 'payment_intent' = (select payment_intent from checkouts where booking_id = $1)"
    assert await site.ask(refunds + of_it, again_booking) == 1
    await visitor.open("/organize/money")
    await expect(visitor.link(f"$45 for {again.name}")).to_have_count(0)

    await visitor.open("/organize/payments")
    await visitor.fill("Name, number or id", by_hand.name)
    await visitor.press("Show these")
    await visitor.follow(by_hand.name)
    await visitor.sees("Could not refund")
    await visitor.follow("Try again or settle by hand")
    await visitor.fill("How it was settled", "ok")
    await visitor.press("Mark as settled")
    await visitor.sees("Please say in a few words how it was settled.")
    await expect(visitor.page.get_by_label("How it was settled", exact=True)).to_have_value("ok")
    if live:
        await is_for_everybody(visitor)
    await visitor.fill("How it was settled", "A check went out by mail.")
    await visitor.button("Mark as settled").dblclick()
    await visitor.reads("Settled by hand")
    await visitor.sees("A check went out by mail.")
    await expect(visitor.link(f"$45 for {by_hand.name}")).to_have_count(0)
    if live:
        await is_for_everybody(visitor)

    await visitor.open(f"/organize/bookings/{booking}")
    await visitor.sees("Settled a refund by hand")

    theirs = await visit(live=live, phone=phone)
    await theirs.come_in(by_hand)
    await theirs.open(f"/bookings/{booking}")
    await theirs.sees("was settled with you in another way by the organizers.")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_payment_is_refunded_in_part(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    member = await site.member(f"Carla{live}")
    booking = await site.paid_seat(await site.gathering(), member)
    visitor = await visit(live=live, phone=phone, calm=True)
    visitor.watch.allowed.add(422)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    await visitor.open("/organize")
    await visitor.follow("Money")
    await visitor.fill("Name, number or id", member.name)
    await visitor.press("Show these")
    if live:
        await is_for_everybody(visitor)
    await visitor.follow(member.name)
    await visitor.sees("$45 paid")
    await visitor.pick("A part of it")
    await visitor.fill("Amount of the part, in USD", "50")
    await visitor.fill("Why", "The room was cold")
    await visitor.fill("A line to the member (optional)", "We are sorry for the cold.")
    await visitor.press("Send it back")
    await visitor.sees("No more than $45 is left to send back.")
    await expect(visitor.page.get_by_label("Why", exact=True)).to_have_value("The room was cold")
    if live:
        await is_for_everybody(visitor)
    await visitor.fill("Amount of the part, in USD", "12,50")
    await visitor.button("Send it back").dblclick()
    await visitor.is_told("It goes out now, and the member is told.")

    async def arrived() -> bool:
        return await site.ask(REFUND_STATE, booking) == "done"

    await until(arrived, "the refund of a part")
    await visitor.page.reload()
    await visitor.sees("Refund of $12.50 arrived")
    await visitor.sees("Refunded in part")
    sent = "select count(*) from operations where kind = 'refund' and booking_id = $1"
    assert await site.ask(sent, booking) == 1
    if live:
        await is_for_everybody(visitor)

    theirs = await visit(live=live, phone=phone)
    await theirs.come_in(member)
    await theirs.open(f"/bookings/{booking}")
    await theirs.sees("$12.50 of the $45 you paid went back to your card")
    await theirs.sees("We are sorry for the cold.")
