"""The facilitator's part of a pass: due as the pass becomes income, and not before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from circles.bookings import actions as booking_actions
from circles.bookings.passes import ending
from circles.payments.shares.rules import ShareTerms, part_left
from tests.bookings import helpers as booking_helpers
from tests.bookings.helpers import Scene
from tests.bookings.passes import helpers
from tests.payments.shares.helpers import set_terms

scene, mira = booking_helpers.scene, booking_helpers.mira
Drain = Callable[[], Any]

# $160 for six gatherings: two of $26.66, four of $26.67; of each the community keeps 20% and $1.
PART = 2 * ShareTerms(20_00, 100).part_of(2666) + 4 * ShareTerms(20_00, 100).part_of(2667)


async def test_the_part_of_a_pass_follows_what_of_it_is_income(scene: Scene, drain: Drain) -> None:
    await set_terms(scene.context, None, 20_00, 100)
    pass_id = await helpers.paid_pass(scene, refund_percent="50")
    await helpers.shift(scene, pass_id, 1)
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -16000}
    first, second = await helpers.dates(scene, 2)
    booking = await helpers.book(scene, pass_id, first)
    income = await scene.value("select value from pass_uses")
    part = part_left(PART, 16000, 16000 - income)
    assert await helpers.ledger(scene) == {
        "stripe": 16000,
        "passes": income - 16000,
        "sales": part - income,
        "facilitators": -part,
    }
    mira = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, mira, booking.id, shown=0)
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -16000}
    await helpers.book(scene, pass_id, second)
    refund = await ending.give_back(scene.context, mira, pass_id, shown=6667)
    await drain()
    part = part_left(PART, 16000, refund.amount)
    assert await helpers.ledger(scene) == {
        "stripe": 16000 - 6667,
        "sales": part - (16000 - 6667),
        "facilitators": -part,
    }
    assert await scene.value("select sum(seats) from pass_share_rows") == 1
    assert await scene.value("select array_agg(distinct way) from unstated_shares") == ["card"]
