"""Money that needs a person: a seat given for what came otherwise than asked, a payment that no bank decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from circles.base.clock import NOBODY
from circles.base.errors import Refused
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.payments import sync
from circles.payments.stuck import actions as stuck
from circles.payments.stuck import seats
from circles.practice.stripe import checkouts as look_alike
from circles.store import jobs
from tests.bookings import helpers
from tests.bookings.helpers import Scene, cancel_gathering, paid_seat
from tests.bookings.test_findings import differing
from tests.cast import add_gathering
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira
Drain = Callable[[], Any]

REASON = "The price was changed at Stripe by mistake"


@pytest_asyncio.fixture
async def odile(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.odile) as page:
        yield page


async def finding_of(scene: Scene) -> UUID:
    return await scene.value("select id from payment_findings where settled_at is null")


async def give(scene: Scene, finding: UUID | None = None) -> None:
    actor = await scene.person(scene.cast.odile)
    await seats.give(scene.context, actor, finding or await finding_of(scene), REASON)


async def foreign(scene: Scene, booking: UUID, amount: int = 3000, currency: str = "USD") -> UUID:
    """Money at a checkout that this site did not open, which names a booking."""
    return await scene.value(
        "insert into payment_findings (kind, booking_id, stripe_id, payment_intent, amount, currency, expected, "
        "answered) values ('foreign', $1, $2, 'pi_foreign', $3, $4, '{\"checkout\": null}', "
        '\'{"checkout": "cs_foreign"}\') returning id',
        booking,
        f"cs_foreign_{uuid4().hex}",
        amount,
        currency,
    )


# A seat for money that came otherwise than asked


@pytest.mark.parametrize("amount", [100, 4400, 9900], ids=["below the scale", "within it", "above it"])
async def test_the_seat_is_given_for_the_money_that_came(
    scene: Scene, odile: Browser, mira: Browser, drain: Drain, amount: int
) -> None:
    booking = await differing(scene, drain, amount)
    await scene.value(
        "update practice_objects set body = jsonb_set(body, '{amount_received}', to_jsonb($1::int)) "
        "where kind = 'payment_intent'",
        amount,
    )
    at = f"/organize/money/findings/{await finding_of(scene)}"
    text = (await odile.get(at)).text
    assert "Give the seat" in text
    refused = await odile.post(at, data={"give_seat": "on", "reason": " "})
    assert refused.status_code == 422
    both = await odile.post(at, data={"give_seat": "on", "send_back": "on", "reason": REASON})
    assert (both.status_code, "Please choose one" in both.text, REASON in both.text) == (422, True, True)
    assert (await scene.row(booking))["state"] == "held"
    for _ in range(2):  # the second press finds it settled
        answer = await odile.post(at, data={"give_seat": "on", "reason": REASON})
        assert (answer.status_code, answer.headers["location"]) == (303, "/organize/money")
    await drain()
    row = await scene.row(booking)
    assert (row["state"], row["amount"]) == ("confirmed", amount)
    assert await scene.value("select array_agg(amount) from money_rows where kind = 'payment'") == [amount]
    event = await scene.value(
        "select details from events where what = 'checkout.paid' and who = $1", scene.cast.odile
    )
    assert event == {"amount": amount, "asked": 4500}
    assert await scene.count("mails where calendar_method = 'REQUEST'") == 1
    assert "The seat was given." in (await odile.get("/organize/money")).text
    assert (await mira.post(f"/bookings/{booking}/cancel", data={"refund": str(amount)})).status_code == 303
    await drain()
    sent = "select sum((body ->> 'amount')::int) from practice_objects where kind = 'refund'"
    assert await scene.value(sent) == amount, "what came goes back, and no more"


async def test_a_given_seat_is_not_found_to_differ_again(scene: Scene, drain: Drain) -> None:
    booking = await differing(scene, drain)
    await give(scene)
    stripe_id = await scene.value("select stripe_id from checkouts where booking_id = $1", booking)
    for _ in range(2):
        await sync.sync_checkout(scene.context, stripe_id=stripe_id)
    assert await scene.count("payment_findings where settled_at is null") == 0
    assert await scene.count("money_rows") == 1


async def test_two_organizers_at_once_end_in_one_state(scene: Scene, drain: Drain) -> None:
    booking = await differing(scene, drain)
    finding, actor = await finding_of(scene), await scene.person(scene.cast.odile)
    back = [
        stuck.settle_finding(scene.context, actor, finding, REASON, send_back=True),
        *(give(scene, finding) for _ in range(2)),
    ]
    answers = await asyncio.gather(*back, return_exceptions=True)
    assert [type(answer) for answer in answers].count(Refused) == 2
    await drain()
    state = (await scene.row(booking))["state"]
    given = await scene.count("money_rows where kind = 'payment'")
    sent = await scene.count("operations where kind = 'refund_finding'")
    assert (state, given, sent) in {("confirmed", 1, 0), ("lapsed", 0, 1)}


async def test_foreign_money_takes_the_place_of_a_checkout_that_nobody_paid(
    scene: Scene, drain: Drain
) -> None:
    booking = (await scene.book(scene.cast.mira)).id
    own = await scene.value("select stripe_id from checkouts where booking_id = $1", booking)
    await give(scene, await foreign(scene, booking))
    await drain()
    assert (await scene.row(booking))["state"] == "confirmed"
    status = await scene.value("select body ->> 'status' from practice_objects where id = $1", own)
    assert status == "expired", "nobody pays a second time"
    assert await scene.count("money_rows where amount = 3000") == 1
    assert await scene.count("payment_findings where settled_at is null") == 0


async def test_a_lapsed_seat_is_given_again_while_one_is_free(scene: Scene, drain: Drain) -> None:
    booking = (await scene.book(scene.cast.mira)).id
    await scene.end_hold(booking)
    await give(scene, await foreign(scene, booking))
    assert (await scene.row(booking))["state"] == "confirmed"


async def full(scene: Scene, booking: UUID) -> None:
    await scene.end_hold(booking)
    left = "select capacity - seats_taken from gatherings where id = $1"
    await scene.fill(scene.cast.gathering, await scene.value(left, scene.cast.gathering))


async def canceled(scene: Scene, booking: UUID) -> None:
    await cancel_gathering(scene, await scene.person(scene.cast.farid))


async def over(scene: Scene, booking: UUID) -> None:
    await scene.starts_in(scene.cast.gathering, timedelta(days=-1))


async def let_go(scene: Scene, booking: UUID) -> None:
    await scene.value("update bookings set let_go_at = now() where id = $1", booking)


async def another_seat(scene: Scene, booking: UUID) -> None:
    await scene.end_hold(booking)
    await scene.book(scene.cast.mira)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (full, "full"),
        (canceled, "canceled"),
        (over, "gathering_over"),
        (let_go, "gave_up"),
        (another_seat, "full"),
    ],
)
async def test_no_seat_is_given_where_none_is_to_give(
    scene: Scene, odile: Browser, drain: Drain, change: Callable[[Scene, UUID], Any], code: str
) -> None:
    booking = (await scene.book(scene.cast.mira)).id
    finding = await foreign(scene, booking)
    await change(scene, booking)
    before = dict(await scene.row(booking))
    with pytest.raises(Refused) as refused:
        await give(scene, finding)
    assert refused.value.codes == {code}
    answer = await odile.post(
        f"/organize/money/findings/{finding}", data={"give_seat": "on", "reason": REASON}
    )
    assert (answer.status_code, "the money is to be sent back" in answer.text) == (422, True)
    assert REASON in answer.text
    assert dict(await scene.row(booking)) == before
    assert await scene.count("money_rows where booking_id = $1", booking) == 0
    assert await finding_of(scene) == finding


async def test_money_that_cannot_pay_the_seat_gives_none(scene: Scene, drain: Drain) -> None:
    held = (await scene.book(scene.cast.mira)).id
    paid = await paid_seat(scene, scene.cast.milo, drain)
    gathering = await add_gathering(scene.context, scene.cast.circle, days=9)
    community = (await scene.book(scene.cast.mira, gathering, choice="community")).id
    tries: list[tuple[UUID, dict[str, Any], str]] = [
        (held, {"currency": "EUR"}, "currency"),
        (held, {"amount": 0}, "no_money"),
        (paid, {}, "paid_already"),
        (community, {}, "not_to_pay"),
    ]
    for booking, values, code in tries:
        with pytest.raises(Refused) as refused:
            await give(scene, await foreign(scene, booking, **values))
        assert code in refused.value.codes
    for name in ("livemode", "mode"):
        finding = await foreign(scene, held)
        await scene.value(
            "update payment_findings set answered = jsonb_build_object($2::text, true) where id = $1",
            finding,
            name,
        )
        with pytest.raises(Refused) as refused:
            await give(scene, finding)
        assert refused.value.codes == {name}


# A payment that a bank decides days later


async def under_way(scene: Scene, account: str = look_alike.BANK_ACCOUNT) -> tuple[UUID, UUID]:
    """A seat whose payment a bank decides, and the id of its checkout; what the bank does later is left to the test."""
    booking = (await scene.book(scene.cast.mira)).id
    await scene.pay(booking, account)
    await sync.sync_checkout(scene.context, booking_id=str(booking))
    await scene.value("delete from pgqueuer")
    return booking, await scene.value("select id from checkouts where booking_id = $1", booking)


async def wait_days(scene: Scene, days: int) -> None:
    await scene.value(
        "update checkouts set pending_at = pending_at - make_interval(days => $1), looked_at = looked_at "
        "- make_interval(days => $1)",
        days,
    )
    await scene.value("update bookings set held_until = held_until - make_interval(days => $1)", days)


async def decide(scene: Scene, booking: UUID, *, succeeded: bool) -> str:
    stripe_id = await scene.value("select stripe_id from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        await look_alike.decide(tx, stripe_id, succeeded=succeeded)
    return stripe_id


async def test_a_debit_that_fails_is_told_to_the_member_and_listed(
    scene: Scene, odile: Browser, mira: Browser
) -> None:
    booking, _ = await under_way(scene)
    await decide(scene, booking, succeeded=False)
    for _ in range(2):
        await sync.sync_checkout(scene.context, booking_id=str(booking))
    row = await scene.row(booking)
    assert (row["state"], row["end_cause"]) == ("lapsed", "payment_failed")
    mails = await scene.value(
        "select array_agg(subject || text_body || html_body) from mails where kind = 'payment_failed'"
    )
    (mail,) = mails
    assert "your payment did not arrive" in mail
    assert f"/gatherings/{scene.cast.gathering}" in mail, "how to book again"
    assert "$45" in mail
    assert "First steps home" not in mail, "discreet"
    assert "Your bank did not send the payment" in (await mira.get(f"/bookings/{booking}")).text
    text = (await odile.get("/organize/money")).text
    assert "Bank payments that did not arrive" in text
    assert "Mira" in text.partition("Bank payments that did not arrive")[2]


async def test_a_debit_for_several_seats_is_told_once_with_its_whole_amount(scene: Scene) -> None:
    dates = [scene.cast.gathering, await add_gathering(scene.context, scene.cast.circle, days=14)]
    sent = BookingInput("amount", "45", scene.cast.version, True, "USD")
    actor = await scene.person(scene.cast.mira)
    booking = (await several.book(scene.context, actor, scene.cast.circle, dates, sent, NOBODY)).id
    await scene.pay(booking, look_alike.BANK_ACCOUNT)
    await decide(scene, booking, succeeded=False)
    await sync.sync_checkout(scene.context, booking_id=str(booking))
    (mail,) = await scene.value("select array_agg(text_body) from mails where kind = 'payment_failed'")
    assert "did not send the $90" in mail
    assert "The seats that were held for you were" in mail


async def test_a_card_that_was_never_charged_gets_no_such_mail(scene: Scene, drain: Drain) -> None:
    booking = (await scene.book(scene.cast.mira)).id
    stripe_id = await scene.value("select stripe_id from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        await look_alike.expire_checkout(tx, stripe_id)
    await drain()
    assert (await scene.row(booking))["end_cause"] == "not_paid"
    assert await scene.count("mails where kind = 'payment_failed'") == 0


async def test_a_payment_that_no_bank_decides_is_listed_and_can_be_let_go(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    booking, checkout = await under_way(scene)
    at = f"/organize/money/payments/{checkout}"
    await wait_days(scene, 14)
    assert at not in (await odile.get("/organize/money")).text
    early = await odile.post(at, data={"reason": REASON})
    assert (early.status_code, "up to 15 days" in early.text) == (422, True)
    await wait_days(scene, 2)
    assert at in (await odile.get("/organize/money")).text
    async with scene.context.db.reading() as tx:
        assert "1 refund or payment waits for a person" in await stuck.what_is_stuck(tx)
    await jobs.run_timetable(scene.context, "needs.tell_organizers")
    told = str(await scene.value("select text_body from mails where kind = 'organizers_todo'"))
    assert "1 undecided payment needs a person" in told
    assert "Ask Stripe again" in (await odile.get(at)).text
    assert (await odile.post(at, data={"reason": ""})).status_code == 422
    for _ in range(2):  # the second press finds it settled
        answer = await odile.post(at, data={"reason": REASON})
        assert (answer.status_code, answer.headers["location"]) == (303, "/organize/money")
    assert (await scene.row(booking))["end_cause"] == "payment_failed"
    assert await scene.seats() == 0
    assert await scene.count("mails where kind = 'payment_failed'") == 1
    text = (await odile.get("/organize/money")).text
    assert at not in text
    assert REASON in text
    assert await scene.count("events where what = 'checkout.settled' and who = $1", scene.cast.odile) == 1
    assert (await odile.post(f"{at}/ask")).headers["location"] == "/organize/money", "no dead end"


async def test_stripe_is_asked_again_by_a_press(scene: Scene, odile: Browser, drain: Drain) -> None:
    booking, checkout = await under_way(scene)
    await wait_days(scene, 16)
    await decide(scene, booking, succeeded=False)
    await scene.value("delete from pgqueuer")  # the webhook is lost
    assert (await odile.post(f"/organize/money/payments/{checkout}/ask")).status_code == 303
    await drain()
    assert (await scene.row(booking))["state"] == "lapsed"


async def test_money_that_arrives_after_the_seat_was_let_go_is_noticed(scene: Scene, drain: Drain) -> None:
    booking, checkout = await under_way(scene)
    await wait_days(scene, 16)
    await seats.stop_waiting(scene.context, await scene.person(scene.cast.odile), checkout, REASON)
    await decide(scene, booking, succeeded=True)
    await scene.value("delete from pgqueuer")  # the webhook is lost
    await wait_days(scene, 2)
    await jobs.run_timetable(scene.context, "payments.reconcile")
    await drain()
    assert (await scene.row(booking))["state"] == "confirmed"
    assert await scene.count("money_rows where kind = 'payment'") == 1
