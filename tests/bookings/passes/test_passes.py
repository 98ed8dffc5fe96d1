"""Passes: bought once, used for gatherings, given back in time, refunded by their terms, in the ledger to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from circles.base.clock import NOBODY
from circles.base.errors import OutOfDate, Refused
from circles.bookings import actions as booking_actions
from circles.bookings.moving import actions as moving
from circles.bookings.passes import actions, ending, uses
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.bookings.suspended import actions as suspended
from circles.bookings.waiting_list import actions as waiting
from circles.hosting.circle import lifecycle
from circles.payments.refunds import states
from circles.practice.stripe import faults
from tests.bookings import helpers as booking_helpers
from tests.bookings.helpers import Scene, cancel_gathering
from tests.bookings.passes import helpers
from tests.cast import add_gathering

scene, mira = booking_helpers.scene, booking_helpers.mira
Drain = Callable[[], Any]


async def test_a_pass_is_paid_once_and_used_without_paying(scene: Scene, drain: Drain) -> None:
    pass_id = await helpers.paid_pass(scene)
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -16000}
    booking = await helpers.book(scene, pass_id)
    assert (booking.state, booking.kind, booking.amount) == ("confirmed", "free", 0)
    assert await helpers.left(scene, pass_id) == 5
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -13334, "sales": -2666}
    await drain()
    assert await scene.count("mails where kind = 'pass_bought'") == 1
    assert await scene.count("mails where kind = 'invite'") == 1


async def test_the_last_gathering_has_the_rest_of_rounding(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene, amount="100.01", uses="3")
    for gathering in await helpers.dates(scene, 3):
        await helpers.book(scene, pass_id, gathering)
    values = await scene.value("select array_agg(value order by place) from pass_uses")
    assert values == [3333, 3333, 3335]
    assert await helpers.ledger(scene) == {"stripe": 10001, "sales": -10001}
    fourth = await add_gathering(scene.context, scene.cast.circle, days=40)
    with pytest.raises(Refused, match="pass_used_up"):
        await helpers.book(scene, pass_id, fourth)
    assert await scene.seats(fourth) == 0


async def test_a_pass_is_for_its_circle_its_person_and_its_weeks(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    elsewhere = await scene.value(
        "update circles set minimum = 3000, suggested = 4500, maximum = 8000 where id = $1 returning id",
        scene.cast.other_circle,
    )
    version = await scene.value(
        "select versions.id from guidelines_versions as versions join circles using (guidelines_id) "
        "where circles.id = $1",
        elsewhere,
    )
    wish = {"choice": "pass", "amount": "", "pass_id": pass_id, "version_id": version}
    with pytest.raises(Refused, match="pass_of_another_circle"):
        await scene.book(scene.cast.mira, scene.cast.free_gathering, **wish)
    with pytest.raises(Refused, match="no_pass"):
        await helpers.book(scene, pass_id, person=scene.cast.milo)
    with pytest.raises(Refused, match="no_pass"):
        await scene.book(scene.cast.mira, choice="pass", amount="")
    late = await add_gathering(scene.context, scene.cast.circle, days=60)
    with pytest.raises(Refused, match="pass_ends_before"):
        await helpers.book(scene, pass_id, late)
    assert await helpers.left(scene, pass_id) == 6
    assert await scene.count("bookings") == 0


async def test_canceling_in_time_gives_the_gathering_back_and_late_does_not(
    scene: Scene, drain: Drain
) -> None:
    pass_id = await helpers.paid_pass(scene)
    first, second = await helpers.dates(scene, 2)
    booking = await helpers.book(scene, pass_id, first)
    mira = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, mira, booking.id, shown=0)
    assert await helpers.left(scene, pass_id) == 6
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -16000}
    again = await helpers.book(scene, pass_id, second)
    await scene.starts_in(second, timedelta(hours=3))
    await scene.paid_long_ago(again.id)
    with pytest.raises(OutOfDate, match="refund_changed"):
        await booking_actions.cancel(scene.context, mira, again.id, shown=0, shown_back=True)
    await booking_actions.cancel(scene.context, mira, again.id, shown=0, shown_back=False)
    assert await helpers.left(scene, pass_id) == 5
    assert await scene.value("select array_agg(state order by used_at) from pass_uses") == [
        "given_back",
        "spent",
    ]


async def test_a_canceled_gathering_comes_back_and_prolongs_the_pass(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    await helpers.shift(scene, pass_id, 48)  # eight days are left
    await helpers.book(scene, pass_id)
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    assert await helpers.left(scene, pass_id) == 6
    starts_at = await scene.value("select starts_at from gatherings where id = $1", scene.cast.gathering)
    assert (await helpers.row(scene, pass_id))["valid_until"] == starts_at + timedelta(weeks=4)


async def test_giving_back_pays_the_terms_exactly(scene: Scene, drain: Drain) -> None:
    pass_id = await helpers.paid_pass(scene, refund_percent="50")
    await helpers.shift(scene, pass_id, 1)
    await helpers.book(scene, pass_id)
    mira = await scene.person(scene.cast.mira)
    with pytest.raises(OutOfDate):
        await ending.give_back(scene.context, mira, pass_id, shown=13334)
    refund = await ending.give_back(scene.context, mira, pass_id, shown=6667)
    assert refund.amount == 6667  # half of 160.00 less 26.66, the part of a cent for the person
    await drain()
    assert await helpers.ledger(scene) == {"stripe": 16000 - 6667, "sales": 6667 - 16000}
    assert (await helpers.row(scene, pass_id))["end_cause"] == "by_member"
    assert await scene.count("mails where kind = 'pass_back'") == 1
    assert (await ending.give_back(scene.context, mira, pass_id, shown=6667)).amount == 0
    assert await scene.value("select sum(amount) from money_rows where kind = 'refund'") == -6667


async def test_a_seat_of_a_pass_that_is_over_pays_its_value_back(scene: Scene, drain: Drain) -> None:
    """It cannot be used again, so what it is worth goes back, never more than was paid."""
    pass_id = await helpers.paid_pass(scene)
    await helpers.shift(scene, pass_id, 1)
    await helpers.book(scene, pass_id)
    await ending.give_back(scene.context, await scene.person(scene.cast.mira), pass_id, shown=13334)
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    await drain()
    assert await helpers.ledger(scene) == {}
    assert (await helpers.row(scene, pass_id))["refunded"] == 16000


async def test_an_ended_circle_pays_back_what_is_not_used(scene: Scene, drain: Drain) -> None:
    pass_id = await helpers.paid_pass(scene, refund_percent="0")
    await helpers.book(scene, pass_id)
    await scene.starts_in(scene.cast.gathering, -timedelta(days=2))
    await lifecycle.archive_circle(scene.context, await scene.person(scene.cast.farid), scene.cast.circle)
    await drain()
    assert (await helpers.row(scene, pass_id))["end_cause"] == "circle_ended"
    assert await helpers.ledger(scene) == {"stripe": 2666, "sales": -2666}


@pytest.mark.parametrize(("paused", "earned"), [(False, 16000), (True, 2666)])
async def test_a_pass_expires_with_its_weeks(scene: Scene, drain: Drain, paused: bool, earned: int) -> None:
    """What was not used is income then; it goes back where the circle was paused."""
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    if paused:
        await lifecycle.pause_circle(scene.context, await scene.person(scene.cast.farid), scene.cast.circle)
    await helpers.shift(scene, pass_id, 57)
    await ending.follow(scene.context)
    await drain()
    assert (await helpers.row(scene, pass_id))["end_cause"] == ("circle_paused" if paused else "expired")
    assert (await helpers.ledger(scene))["sales"] == -earned


async def test_people_are_reminded_twice_before_a_pass_ends(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    reminders = "mails where kind = 'pass_ends'"
    for days, sent in ((41, 0), (2, 1), (8, 1), (2, 2)):
        await helpers.shift(scene, pass_id, days)
        for _ in range(2):
            await ending.follow(scene.context)
        assert await scene.count(reminders) == sent, days
    assert (
        await scene.value("select min(subject) from mails where kind = 'pass_ends'")
        == "Tuesday group: a reminder"
    )


async def test_a_suspension_ends_the_pass_as_it_says(scene: Scene, drain: Drain) -> None:
    pass_id = await helpers.paid_pass(scene, refund_percent="50")
    await helpers.book(scene, pass_id)
    await suspended.let_all_go(scene.context, scene.cast.mira, refund="terms", actor_id=scene.cast.odile)
    await drain()
    found = await helpers.row(scene, pass_id)
    assert (found["end_cause"], found["used"], found["refund_done"]) == ("suspended", 0, 8000)


async def test_several_dates_are_booked_with_one_pass(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene, uses="3")
    wanted = await helpers.dates(scene, 4)
    mira = await scene.person(scene.cast.mira)
    sent = BookingInput("pass", "", scene.cast.version, True, "USD", pass_id=pass_id)
    with pytest.raises(Refused, match="pass_used_up"):
        await several.book(scene.context, mira, scene.cast.circle, wanted, sent, NOBODY)
    assert await scene.count("bookings") == 0
    await several.book(scene.context, mira, scene.cast.circle, wanted[:3], sent, NOBODY)
    assert await helpers.left(scene, pass_id) == 0
    assert await scene.count("bookings where state = 'confirmed' and kind = 'free'") == 3


async def test_a_seat_on_a_pass_moves_within_its_weeks(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    booking = await helpers.book(scene, pass_id)
    mira = await scene.person(scene.cast.mira)
    near = await add_gathering(scene.context, scene.cast.circle, days=20)
    late = await add_gathering(scene.context, scene.cast.circle, days=60)
    with pytest.raises(Refused, match="pass_ends_before"):
        await moving.move(scene.context, mira, booking.id, late)
    await moving.move(scene.context, mira, booking.id, near)
    assert await helpers.left(scene, pass_id) == 5


async def test_an_offered_seat_is_taken_with_a_pass(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    taken = await scene.fill(scene.cast.gathering, 8)
    mira = await scene.person(scene.cast.mira)
    sent = BookingInput("amount", "45", scene.cast.version, True, "USD")
    wait_id = await waiting.join(scene.context, mira, scene.cast.gathering, sent)
    guest = await scene.person((await scene.row(taken[0]))["person_id"])
    await booking_actions.cancel(scene.context, guest, taken[0], shown=4500)
    booking = await waiting.take(scene.context, mira, wait_id, pass_id=pass_id)
    assert (booking.state, booking.kind) == ("confirmed", "free")
    assert await helpers.left(scene, pass_id) == 5


async def test_a_sold_pass_keeps_its_terms(scene: Scene) -> None:
    pass_id = await helpers.paid_pass(scene)
    await helpers.offer(scene, uses="3", weeks="2", refund_percent="0", refund_weeks="0")
    await helpers.shift(scene, pass_id, 1)
    row = await ending.give_back(scene.context, await scene.person(scene.cast.mira), pass_id, shown=16000)
    assert row.amount == 16000


# Paying


async def test_pressed_twice_it_is_one_pass(scene: Scene) -> None:
    offer = await helpers.offer(scene)
    first = await helpers.buy(scene, scene.cast.mira, offer)
    second = await helpers.buy(scene, scene.cast.mira, offer)
    assert first.id == second.id
    assert first.checkout_url == second.checkout_url
    with pytest.raises(Refused, match="pass_held"):
        await helpers.buy(scene, scene.cast.mira, offer, "200")
    assert await scene.count("passes") == await scene.count("checkouts") == 1


async def test_whoever_has_a_pass_buys_no_second_one(scene: Scene) -> None:
    await helpers.paid_pass(scene)
    offer = await scene.value("select id from pass_offers")
    with pytest.raises(Refused, match="has_pass"):
        await helpers.buy(scene, scene.cast.mira, offer)


async def test_an_abandoned_pass_lapses_and_a_late_payment_begins_it(scene: Scene, drain: Drain) -> None:
    bought = await helpers.buy(scene, scene.cast.mira, await helpers.offer(scene))
    await scene.value(
        "update passes set state = 'lapsed', ended_at = now(), end_cause = 'not_paid' where id = $1 returning id",
        bought.id,
    )
    await scene.value(
        "insert into events (what, about, after) values ('pass.lapsed', $1, 'lapsed') returning id", bought.id
    )
    await scene.pay(bought.id)
    await drain()
    assert (await helpers.row(scene, bought.id))["state"] == "active"


async def test_a_payment_that_came_too_late_goes_back(scene: Scene, drain: Drain) -> None:
    offer = await helpers.offer(scene)
    first = await helpers.buy(scene, scene.cast.mira, offer)
    await scene.value(
        "update passes set state = 'lapsed', ended_at = now(), end_cause = 'not_paid' where id = $1 returning id",
        first.id,
    )
    await scene.value(
        "insert into events (what, about, after) values ('pass.lapsed', $1, 'lapsed') returning id", first.id
    )
    second = await helpers.buy(scene, scene.cast.mira, offer)
    await scene.pay(second.id)
    await drain()
    await scene.pay(first.id)
    await drain()
    found = await helpers.row(scene, first.id)
    assert (found["state"], found["end_cause"], found["refund_done"]) == ("lapsed", "paid_late", 16000)
    assert await helpers.ledger(scene) == {"stripe": 16000, "passes": -16000}


async def test_letting_a_held_pass_go_ends_its_checkout(scene: Scene) -> None:
    bought = await helpers.buy(scene, scene.cast.mira, await helpers.offer(scene))
    assert await actions.let_go(scene.context, await scene.person(scene.cast.mira), bought.id) == "lapsed"
    assert await scene.value("select state from checkouts") == "expired"


async def test_without_stripe_nothing_is_held(scene: Scene) -> None:
    offer = await helpers.offer(scene)
    async with scene.context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500", times=9)
    with pytest.raises(Refused, match="no_checkout"):
        await helpers.buy(scene, scene.cast.mira, offer)
    assert await scene.value("select end_cause from passes") == "no_checkout"


async def test_a_dispute_takes_the_money_of_a_pass(scene: Scene, drain: Drain) -> None:
    """What the bank took is neither owed nor earned; what was used before stays income no more than there is money."""
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    checkout = await scene.value("select id from checkouts")
    async with scene.context.db.transaction() as tx:
        await tx.execute(
            "insert into disputes (stripe_id, pass_id, checkout_id, amount, currency, state, made_at) "
            "values ('dp_1', $1, $2, 16000, 'USD', 'needs_response', now())",
            pass_id,
            checkout,
        )
        await tx.execute(
            "insert into money_rows (pass_id, checkout_id, kind, amount, currency, stripe_id) "
            "values ($1, $2, 'dispute', -16000, 'USD', 'txn_1')",
            pass_id,
            checkout,
        )
    assert await helpers.ledger(scene) == {}
    async with scene.context.db.reading() as tx:
        (part,) = await states.parts_of(tx, checkout)
    assert (part.booking_id, part.balance, part.disputed) == (pass_id, 0, 16000)
    (_, second) = await helpers.dates(scene, 2)
    with pytest.raises(Refused, match="pass_not_paid"):
        await helpers.book(scene, pass_id, second)
    await ending.follow(scene.context)
    await drain()
    assert (await helpers.row(scene, pass_id))["state"] == "active"  # a bank still decides
    await scene.value("update disputes set state = 'lost', closed_at = now() returning stripe_id")
    await ending.follow(scene.context)
    await drain()
    assert (await helpers.row(scene, pass_id))["end_cause"] == "refunded"


async def test_an_organizer_pays_back_the_whole_pass(scene: Scene, drain: Drain) -> None:
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    odile = await scene.person(scene.cast.odile)
    with pytest.raises(Refused, match="no_reason"):
        await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="", shown=16000)
    with pytest.raises(OutOfDate):
        await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="Ill", shown=1)
    await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="Ill", shown=16000)
    await drain()
    assert await helpers.ledger(scene) == {}
    with pytest.raises(Refused, match="nothing_back"):
        await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="Ill", shown=0)


async def test_a_refund_at_the_dashboard_is_followed(scene: Scene) -> None:
    """What somebody sends back at Stripe itself is of the pass, and never goes out twice."""
    pass_id = await helpers.paid_pass(scene)
    intent: str = await scene.value("select payment_intent from checkouts")
    snapshot = states.RefundSnapshot(
        "re_dashboard", "succeeded", amount=6000, currency="USD", payment_intent=intent
    )
    async with scene.context.db.transaction() as tx:
        await states.apply(tx, scene.context, snapshot)
    found = await helpers.row(scene, pass_id)
    assert (found["kept"], found["refund_done"]) == (10000, 6000)
    assert await helpers.ledger(scene) == {"stripe": 10000, "passes": -10000}


async def test_uses_that_older_code_left_open_are_decided(scene: Scene) -> None:
    """Code of before ends a seat and knows nothing of its pass: the timetable decides."""
    pass_id: UUID = await helpers.paid_pass(scene)
    booking = await helpers.book(scene, pass_id)
    await scene.value(
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1 returning id",
        booking.id,
    )
    await scene.value(
        "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled') returning id",
        booking.id,
    )
    await ending.follow(scene.context)
    assert await helpers.left(scene, pass_id) == 6


async def test_a_joined_account_brings_its_pass_and_the_offers_it_published(
    scene: Scene, drain: Drain
) -> None:
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    await scene.value("select merge_people($1, $2)", scene.cast.milo, scene.cast.mira)
    await scene.value("select merge_people($1, $2)", scene.cast.fern, scene.cast.farid)
    assert (await helpers.row(scene, pass_id))["person_id"] == scene.cast.milo
    assert await scene.value("select published_by from pass_offers") == scene.cast.fern


async def test_the_month_counts_what_passes_brought(scene: Scene) -> None:
    """Each gathering in its month, and what nobody used in that of the end; nothing that went back."""
    pass_id = await helpers.paid_pass(scene)
    await helpers.book(scene, pass_id)
    await scene.starts_in(scene.cast.gathering, -timedelta(days=40))
    starts_at = await scene.value("select wall_start from gatherings where id = $1", scene.cast.gathering)
    came, ended = starts_at.date().replace(day=1), (await scene.value("select now()")).date().replace(day=1)
    paid = "select paid from count_month($1, 100)"
    assert [await scene.value(paid, month) for month in (came, ended)] == [{"USD": 2666}, {}]
    await helpers.shift(scene, pass_id, 57)
    await ending.end(scene.context, pass_id=str(pass_id), cause="expired")
    ended = await scene.value("select date_trunc('month', ended_at)::date from passes where id = $1", pass_id)
    assert [await scene.value(paid, month) for month in (came, ended)] == [{"USD": 2666}, {"USD": 13334}]
    odile = await scene.person(scene.cast.odile)
    await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="Ill", shown=16000)
    assert [await scene.value(paid, month) for month in (came, ended)] == [{}, {}]


async def test_a_seat_of_a_pass_that_is_over_says_what_comes_back(scene: Scene, drain: Drain) -> None:
    """No pass is there to put the gathering back on: the page, the mail and the money say one amount."""
    pass_id = await helpers.paid_pass(scene, refund_percent="50")
    await helpers.shift(scene, pass_id, 1)
    booking = await helpers.book(scene, pass_id)
    mira = await scene.person(scene.cast.mira)
    await ending.give_back(scene.context, mira, pass_id, shown=6667)
    await drain()
    async with scene.context.db.reading() as tx:
        refund, goes_back = await uses.seat_refund(tx, booking.id)
    assert (refund.amount, goes_back) == (1333, False)
    assert "you get back $13.33 for it" in refund.sentence
    with pytest.raises(OutOfDate, match="refund_changed"):
        await booking_actions.cancel(scene.context, mira, booking.id, shown=0, shown_back=False)
    await booking_actions.cancel(scene.context, mira, booking.id, shown=1333, shown_back=False)
    await drain()
    assert (await helpers.row(scene, pass_id))["refund_done"] == 6667 + 1333
    text: str = await scene.value("select text_body from mails where kind = 'withdrawn'")
    assert "Your pass is over, so $13.33 goes back to the card you paid with." in " ".join(text.split())


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [(100, "The gathering is back on your pass."), (3, "It was too late for the gathering to go back")],
)
async def test_the_mail_says_what_becomes_of_the_gathering(
    scene: Scene, drain: Drain, hours: int, sentence: str
) -> None:
    pass_id = await helpers.paid_pass(scene)
    booking = await helpers.book(scene, pass_id)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=hours))
    await scene.paid_long_ago(booking.id)
    await drain()
    mira = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, mira, booking.id, shown=0, shown_back=hours > 3)
    await drain()
    text: str = await scene.value("select text_body from mails where kind = 'withdrawn'")
    assert sentence in " ".join(text.split())


async def test_a_seat_that_a_host_moved_past_the_end_pays_all_its_value(scene: Scene, drain: Drain) -> None:
    """Its person chose no such date, and no pass is there any more: they lose nothing by letting it go."""
    pass_id = await helpers.paid_pass(scene, refund_percent="50", refund_weeks="1")
    booking = await helpers.book(scene, pass_id)
    late = await add_gathering(scene.context, scene.cast.circle, days=60)
    farid = await scene.person(scene.cast.farid)
    await moving.move_by_host(scene.context, farid, booking.id, late, reason="The room is taken")
    await helpers.shift(scene, pass_id, 57)
    await ending.follow(scene.context)
    await drain()
    mira = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, mira, booking.id, shown=2666, shown_back=False)
    await drain()
    assert (await helpers.row(scene, pass_id))["refund_done"] == 2666


@pytest.mark.parametrize("change", ["minimum = 0, suggested = 0, maximum = 0", "currency = 'EUR'"])
async def test_a_circle_that_became_free_or_changed_its_currency_sells_no_pass(
    scene: Scene, change: str
) -> None:
    offer = await helpers.offer(scene)
    await scene.value(f"update circles set {change} where id = $1 returning id", scene.cast.circle)
    with pytest.raises(Refused, match="not_sold"):
        await helpers.buy(scene, scene.cast.mira, offer)


async def test_the_terms_pay_nothing_after_their_weeks_whoever_asks(scene: Scene) -> None:
    """An organizer sends nothing to themselves by terms that are over."""
    pass_id = await helpers.paid_pass(scene, scene.cast.odile, refund_weeks="1")
    await helpers.shift(scene, pass_id, 8)
    odile = await scene.person(scene.cast.odile)
    with pytest.raises(Refused):
        await ending.refund_by_organizer(
            scene.context, odile, pass_id, what="terms", reason="Ill", shown=16000
        )
    with pytest.raises(Refused, match="nothing_back"):
        await ending.refund_by_organizer(scene.context, odile, pass_id, what="terms", reason="Ill", shown=0)


async def test_a_pass_that_need_not_end_any_more_stays(scene: Scene, drain: Drain) -> None:
    """The circle was paused as its time ended, and meets again before the job runs: the reason of now counts."""
    pass_id = await helpers.paid_pass(scene)
    await ending.end(scene.context, pass_id=str(pass_id), cause="circle_paused")
    assert (await helpers.row(scene, pass_id))["state"] == "active"
    await helpers.shift(scene, pass_id, 57)
    await ending.end(scene.context, pass_id=str(pass_id), cause="circle_paused")
    assert (await helpers.row(scene, pass_id))["end_cause"] == "expired"


async def test_no_organizer_sends_a_disputed_pass_back(scene: Scene) -> None:
    """A bank that only asks took nothing yet, and would take it besides what was sent back."""
    pass_id = await helpers.paid_pass(scene)
    await scene.value(
        "insert into disputes (stripe_id, pass_id, checkout_id, amount, currency, state, made_at) "
        "select 'dp_1', $1, id, 16000, 'USD', 'warning_needs_response', now() from checkouts returning stripe_id",
        pass_id,
    )
    odile = await scene.person(scene.cast.odile)
    with pytest.raises(Refused, match="disputed"):
        await ending.refund_by_organizer(scene.context, odile, pass_id, what="all", reason="Ill", shown=16000)
