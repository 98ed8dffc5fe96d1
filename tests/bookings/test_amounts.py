"""Changing what a confirmed seat costs: less goes back, more is asked for, and never outside the scale."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions as booking_actions
from circles.bookings.amounts import actions, rules
from circles.bookings.given import actions as given
from circles.bookings.given.rules import Gift
from circles.bookings.rules import BookingInput
from circles.payments import sync
from circles.practice.stripe import checkouts as look_alike
from tests.bookings import helpers
from tests.bookings.helpers import GOOD_CARD, Scene, paid_seat
from tests.conftest import Browser

Drain = Callable[[], Any]
scene, mira = helpers.scene, helpers.mira


async def change(
    scene: Scene,
    booking: UUID,
    amount: int | str,
    *,
    shown: int = 4500,
    choice: str = "amount",
    by: UUID | None = None,
) -> str:
    sent = BookingInput(choice, amount, None, agreed=True, currency="USD")
    person = await scene.person(by or scene.cast.mira)
    return await actions.change_amount(scene.context, person, booking, sent, shown=shown)


async def refusal(scene: Scene, booking: UUID, amount: int | str, **more: Any) -> set[str]:
    with pytest.raises(Refused) as refused:
        await change(scene, booking, amount, **more)
    return refused.value.codes


async def balance(scene: Scene, booking: UUID) -> int:
    return await scene.value("select sum(amount) from money_rows where booking_id = $1", booking)


async def pay_addition(scene: Scene) -> None:
    """Pay the open additional payment at the look-alike of Stripe."""
    stripe_id = await scene.value(
        "select stripe_id from checkouts where covers = 'addition' and state = 'open'"
    )
    async with scene.context.db.transaction() as tx:
        await look_alike.pay(tx, stripe_id, GOOD_CARD)


async def test_less_goes_back_to_the_card_once(scene: Scene, mira: Browser, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    for _ in range(2):  # pressed twice
        assert await change(scene, booking, 3000) == ""
    await drain()
    row = await scene.row(booking)
    assert (row["state"], row["kind"], row["amount"]) == ("confirmed", "paid", 3000)
    assert await balance(scene, booking) == 3000
    assert await scene.count("operations where kind = 'refund'") == 1
    assert await scene.count("events where what = 'booking.amount_changed'") == 1
    text = (await mira.get(f"/bookings/{booking}")).text
    assert "Your seat costs $30 now. $15 of the $45 you paid" in text
    refund = await booking_actions.cancel(
        scene.context, await scene.person(scene.cast.mira), booking, shown=3000
    )
    assert refund.amount == 3000
    await drain()
    assert await balance(scene, booking) == 0


async def test_more_is_asked_for_and_counts_once_it_is_paid(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    first = await change(scene, booking, 6000)
    assert await change(scene, booking, 6000) == first  # pressed twice: one payment
    assert await scene.count("checkouts where covers = 'addition'") == 1
    assert (await scene.row(booking))["amount"] == 4500
    await pay_addition(scene)
    await drain()
    assert (await scene.row(booking))["amount"] == 6000
    assert await balance(scene, booking) == 6000
    assert await change(scene, booking, 3500, shown=6000) == ""  # goes back from both payments
    await drain()
    assert await balance(scene, booking) == 3500


async def test_more_that_was_paid_a_moment_ago_goes_back_whole(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=24))
    await scene.value(
        "update bookings set confirmed_at = now() - interval '40 minutes', refund_hours = 48, late_refund_percent = 0 "
        "where id = $1 returning id",
        booking,
    )
    await change(scene, booking, 6000)
    await pay_addition(scene)
    await drain()
    assert "You paid $15 more a moment ago" in (await mira.get(f"/bookings/{booking}/cancel")).text
    person = await scene.person(scene.cast.mira)
    refund = await booking_actions.cancel(scene.context, person, booking, shown=1500)
    assert refund.amount == 1500
    await drain()
    assert await balance(scene, booking) == 4500


async def test_another_choice_ends_the_payment_that_nobody_made(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, 6000)
    await change(scene, booking, 3000)
    await drain()
    assert await scene.count("checkouts where covers = 'addition' and state = 'expired'") == 1
    assert (await scene.row(booking))["amount"] == 3000
    await change(scene, booking, 5000, shown=3000)
    await change(scene, booking, 7000, shown=3000)
    states = await scene.value(
        "select array_agg(state order by created_at) from checkouts where covers = 'addition'"
    )
    assert states == ["expired", "expired", "open"]


async def test_more_that_comes_after_the_seat_was_canceled_goes_back(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, 6000)
    await booking_actions.cancel(scene.context, await scene.person(scene.cast.mira), booking, shown=4500)
    await pay_addition(scene)
    await drain()
    assert (await scene.row(booking))["state"] == "cancelled"
    assert await balance(scene, booking) == 0
    (mail,) = await mails_of(scene, "addition_back")
    assert "that seat had been canceled" in mail
    assert "All of it, $15, is on its way back" in mail
    assert "First steps home" not in mail, "discreet"


async def mails_of(scene: Scene, kind: str) -> list[str]:
    query = "select array_agg(subject || ' ' || replace(text_body, chr(10), ' ')) from mails where kind = $1"
    return await scene.value(query, kind) or []


async def test_canceling_ends_the_additional_payment_that_nobody_made(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, 6000)
    await booking_actions.cancel(scene.context, await scene.person(scene.cast.mira), booking, shown=4500)
    await drain()
    await drain()  # what the first one enqueued
    ours = "select state from checkouts where covers = 'addition'"
    assert await scene.value(ours) == "expired"
    theirs = "select count(*) from practice_objects where kind = 'checkout' and body ->> 'status' = 'open'"
    assert await scene.value(theirs) == 0
    assert await mails_of(scene, "addition_back") == []


async def test_an_additional_debit_that_fails_is_told_and_changes_nothing(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, 6000)
    stripe_id = await scene.value("select stripe_id from checkouts where covers = 'addition'")
    async with scene.context.db.transaction() as tx:
        await look_alike.pay(tx, stripe_id, look_alike.BANK_ACCOUNT)
        await look_alike.decide(tx, stripe_id, succeeded=False)
    for _ in range(2):
        await sync.sync_checkout(scene.context, stripe_id=stripe_id)
    row = await scene.row(booking)
    assert (row["state"], row["amount"]) == ("confirmed", 4500)
    (mail,) = await mails_of(scene, "addition_failed")
    assert "did not send the $15" in mail
    assert "your seat is yours as before" in mail


async def test_two_windows_ask_for_one_additional_payment(
    scene: Scene, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, 6000)

    async def began_before_the_other(*_: object) -> None:
        return

    monkeypatch.setattr(actions, "_end_other_addition", began_before_the_other)
    for amount in (7000, 3000):
        with pytest.raises(OutOfDate) as refused:
            await change(scene, booking, amount)
        assert refused.value.codes == {"addition_begun"}
    assert await scene.count("checkouts where covers = 'addition'") == 1
    assert (await scene.row(booking))["amount"] == 4500


async def test_a_paid_seat_becomes_a_community_seat_and_back(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await change(scene, booking, "", choice="community")
    await drain()
    taken = "select community_taken from gatherings where id = $1"
    assert await scene.value(taken, scene.cast.gathering) == 1
    assert await balance(scene, booking) == 0
    assert (
        "It is a community seat, free of charge. All of the $45"
        in (await mira.get(f"/bookings/{booking}")).text
    )
    milo = await paid_seat(scene, scene.cast.milo, drain)
    assert await refusal(scene, milo, "", choice="community", by=scene.cast.milo) == {"no_community_seat"}
    await change(scene, booking, 5000, shown=0)
    await pay_addition(scene)
    await drain()
    row = await scene.row(booking)
    assert (row["kind"], row["amount"], await balance(scene, booking)) == ("paid", 5000, 5000)
    assert await scene.value(taken, scene.cast.gathering) == 0


async def test_what_is_refused(scene: Scene, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    assert await refusal(scene, booking, 2999) == {"below_scale"}
    assert await refusal(scene, booking, 8001) == {"above_scale"}
    assert await refusal(scene, booking, 4501) == {"below_card"}
    assert await refusal(scene, booking, "x") == {"amount_unreadable"}
    assert await refusal(scene, booking, 3000, choice="other") == {"no_choice"}
    with pytest.raises(NotFound):
        await change(scene, booking, 3000, by=scene.cast.milo)
    with pytest.raises(OutOfDate):
        await change(scene, booking, 3000, shown=6000)
    held = await scene.book(scene.cast.milo)
    assert await refusal(scene, held.id, 3000, by=scene.cast.milo) == {"not_paid_yet"}
    await scene.starts_in(scene.cast.gathering, timedelta(minutes=-5))
    assert await refusal(scene, booking, 3000) == {"has_begun"}


async def test_a_seat_that_was_given_costs_nothing_until_its_person_agreed(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    gift = Gift(uuid4(), "mira@example.org", "Mira")
    booking = await given.give_seat(
        scene.context, await scene.person(scene.cast.farid), scene.cast.gathering, gift
    )
    assert await refusal(scene, booking, 4500, shown=0) == {"must_agree"}
    agreed = {"version": str(scene.cast.version), "agreed": "on"}
    assert (await mira.post(f"/bookings/{booking}/guidelines", data=agreed)).status_code == 303
    assert await change(scene, booking, 4500, shown=0)
    await pay_addition(scene)
    await drain()
    row = await scene.row(booking)
    assert (row["kind"], row["amount"], await balance(scene, booking)) == ("paid", 4500, 4500)


async def test_what_was_paid_for_a_given_seat_before_its_person_agreed_goes_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, drain: Drain
) -> None:
    gift = Gift(uuid4(), "mira@example.org", "Mira")
    booking = await given.give_seat(
        scene.context, await scene.person(scene.cast.farid), scene.cast.gathering, gift
    )
    with monkeypatch.context() as before:  # as the version before did
        before.setattr(rules, "change_refusals", lambda row: [])
        await change(scene, booking, 4500, shown=0)
    await pay_addition(scene)
    await drain()
    row = await scene.row(booking)
    assert (row["state"], row["kind"], await balance(scene, booking)) == ("confirmed", "free", 0)


@pytest.mark.parametrize(("paid_ago", "ahead", "may"), [(59, 47, True), (61, 47, False), (61, 49, True)])
async def test_until_when_it_can_be_changed(
    scene: Scene, mira: Browser, drain: Drain, paid_ago: int, ahead: int, may: bool
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=ahead))
    await scene.value(
        "update bookings set confirmed_at = now() - make_interval(mins => $2) where id = $1 returning id",
        booking,
        paid_ago,
    )
    assert (f"/bookings/{booking}/amount" in (await mira.get(f"/bookings/{booking}")).text) is may
    assert ("See what this means" in (await mira.get(f"/bookings/{booking}/amount")).text) is may
    if may:
        await change(scene, booking, 3000)
    else:
        assert await refusal(scene, booking, 3000) == {"too_late"}


async def test_the_pages_show_what_the_change_means_first(scene: Scene, mira: Browser, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    path = f"/bookings/{booking}/amount"
    assert 'value="45"' in (await mira.get(path)).text
    sent = {"choice": "amount", "amount": "30", "currency": "USD", "shown": "4500"}
    page = await mira.post(path, data=sent)
    assert (page.status_code, "$15</span> goes back to the card" in page.text) == (200, True)
    assert (await scene.row(booking))["amount"] == 4500
    for _ in range(2):
        answer = await mira.post(path, data=sent | {"seen": "on"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/bookings/{booking}")
    assert (await scene.row(booking))["amount"] == 3000
    too_much = await mira.post(path, data=sent | {"amount": "99"})
    assert (too_much.status_code, "The most one can pay here is $80." in too_much.text) == (422, True)
    assert 'value="99"' in too_much.text
    more = await mira.post(path, data=sent | {"amount": "60", "shown": "3000", "seen": "on"})
    assert (more.status_code, "/practice/" in more.headers["location"]) == (303, True)


@pytest.mark.parametrize(
    ("disputed", "words"),
    [
        ("needs_response", "is looking into this payment"),
        ("lost", "has taken money of this seat back for you"),
    ],
)
def test_a_dispute_that_is_over_is_not_said_to_be_looked_into(disputed: str, words: str) -> None:
    now = datetime.now(UTC)
    row = {"state": "confirmed", "kind": "paid", "scale_maximum": 9000, "now": now, "disputed": disputed}
    (reason,) = rules.change_refusals(row | {"starts_at": now + timedelta(days=1)})
    assert words in reason.text
