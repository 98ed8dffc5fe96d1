"""The waiting list: three wait, a seat comes free, the first is too late, the second takes it and pays."""

from __future__ import annotations

from uuid import UUID

from tests.browser.conftest import Visit
from tests.browser.journeys import AGREE, pay
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor


async def wait_for_a_seat(visitor: Visitor, gathering: UUID, member: Member, amount: str) -> None:
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.sees("Every seat is taken")
    await visitor.follow("Join the waiting list")
    await visitor.fill("Your amount", amount)
    await visitor.pick(AGREE)
    await visitor.press("Join the waiting list")
    await visitor.reads("You are on the waiting list")


async def test_the_first_lets_the_offer_lapse_and_the_second_takes_it(
    visit: Visit, site: Site, live: bool
) -> None:
    gathering = await site.gathering(await site.circle(capacity=1, community_seats=0))
    guest, waiting = await site.member("Gwen"), [await site.member(name) for name in ("Ada", "Bo", "Cy")]
    booking = await site.paid_seat(gathering, guest)
    visitor = await visit(live=live, phone=True)
    for number, member in enumerate(waiting):
        await wait_for_a_seat(visitor, gathering, member, "52")
        await visitor.sees("You are first in line" if not number else f"You are number {number + 1} in line")

    await visitor.come_in(guest)
    await visitor.open(f"/bookings/{booking}/cancel")
    await visitor.press("Cancel my seat")

    first, second, third = waiting
    await visitor.come_in(first)
    await visitor.open("/my/gatherings")
    await visitor.sees("It is kept for you until")
    await visitor.follow("See the offer")
    async with site.context.db.transaction() as tx:  # a day goes by
        await tx.execute(
            "update waits set offered_at = now() - interval '2 days', offer_ends_at = now() - interval '1 second' "
            "where person_id = $1",
            first.id,
        )
    visitor.watch.allowed.add(422)
    await visitor.press("Continue to payment")
    await visitor.sees("The time for this offer is over")
    await visitor.sees("You keep your place in line")

    await visitor.come_in(second)
    await visitor.reads_mail(second.email, subject="a seat is free for you")
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.sees("It is kept for you until")
    await visitor.follow("See the offer")
    await visitor.sees("You chose to pay $52")
    await visitor.press("Continue to payment")
    await pay(visitor)
    await visitor.sees("Your seat is confirmed")

    await visitor.come_in(third)
    await visitor.open("/my/gatherings")
    await visitor.sees("You are number 2 in line")
    assert await site.booked(second.id) == {"confirmed": 1}
