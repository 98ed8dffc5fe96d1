"""Six weeks on a pass: offered, bought, used, given back in time, moved, and what is left of it paid back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from circles.base import clock
from tests.browser.conftest import Visit
from tests.browser.journeys import AGREE, pay
from tests.browser.site import Site, until
from tests.browser.visitor import Visitor
from tests.helpers import start_in

WEEKS = 6


async def weeks_go_by(site: Site, dates: list[UUID], weeks: int) -> None:
    """The dates and the pass are so many weeks older."""
    for gathering in dates:
        starts_at = await site.ask("select starts_at from gatherings where id = $1", gathering)
        await start_in(site.context, gathering, starts_at - clock.now() - timedelta(weeks=weeks))
    await site.ask(
        "update passes set paid_at = paid_at - make_interval(weeks => $2), "
        "valid_until = valid_until - make_interval(weeks => $2) "
        "where circle_id = (select circle_id from gatherings where id = $1) returning id",
        dates[0],
        weeks,
    )


async def book_with_pass(visitor: Visitor, gathering: UUID) -> None:
    await visitor.open(f"/gatherings/{gathering}/book")
    await visitor.pick("Use your pass")
    await visitor.pick(AGREE)
    await visitor.press("Book my seat")
    await visitor.sees("It is on your pass.")


async def test_six_weeks_on_a_pass(visit: Visit, site: Site) -> None:
    host = await site.member("Farrah", is_facilitator=True)
    circle = await site.circle(host=host.id)
    dates = [await site.gathering(circle, days=7 * week + 3) for week in range(WEEKS)]

    hosting = await visit()
    await hosting.come_in(host)
    await hosting.open(f"/host/circles/{circle}/pass")
    await hosting.fill("Within how many weeks", "7")
    await hosting.fill("Asked for within weeks", "7")
    await hosting.fill("Suggested", "200")
    await hosting.press("Save the pass")
    await hosting.is_told("The pass is offered.")

    member = await site.member()
    visitor = await visit(phone=True)
    await visitor.come_in(member)
    await visitor.open(f"/circles/{circle}")
    await visitor.follow("a pass")
    await visitor.sees("6 gatherings within 7 weeks")
    await visitor.fill("Your amount", "180")
    await visitor.pick(AGREE)
    await visitor.press("Continue to payment")
    await pay(visitor)
    await until(
        lambda: site.ask("select id from passes where person_id = $1 and state = 'active'", member.id),
        "the pass to be paid",
    )
    await visitor.open("/my/gatherings")
    await visitor.sees("6 gatherings left")

    await book_with_pass(visitor, dates[0])
    await book_with_pass(visitor, dates[1])
    await visitor.follow("Cancel my seat")
    await visitor.sees("the gathering goes back on it")
    await visitor.press("Cancel my seat")
    await visitor.sees("It was on your pass.")
    await weeks_go_by(site, dates, 1)
    await book_with_pass(visitor, dates[2])
    await book_with_pass(visitor, dates[3])
    await weeks_go_by(site, dates, 4)

    await visitor.open("/my/gatherings")
    await visitor.sees("3 gatherings left")
    await visitor.follow("Your pass")
    await visitor.sees("You get back $90")
    await visitor.follow("Give the pass back")
    await visitor.press("Give it back for $90")
    await visitor.reads("This pass is over")
    await visitor.sees("$90")
    assert (
        await site.ask(
            "select amount - used_value - refunded from passes_with_money where person_id = $1", member.id
        )
        == 0
    )
