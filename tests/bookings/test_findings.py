"""A seat that waits for a person: held, shown as such, and freed with its money sent back when it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from circles.base.errors import NotFound, Refused
from circles.payments import sync
from circles.payments.checkout import settle_finding
from circles.payments.findings import open_findings
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import refunds as look_alike_refunds
from circles.store import jobs
from tests.bookings import helpers
from tests.bookings.helpers import Scene
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira


async def differing(scene: Scene, drain: Callable[[], Any], amount: int = 100) -> UUID:
    """A seat of $45 whose checkout Stripe says was paid with another amount."""
    booking = await scene.book(scene.cast.mira)
    await scene.pay(booking.id)
    await scene.value(
        "update practice_objects set body = jsonb_set(body, '{amount_total}', to_jsonb($1::int)) "
        "where kind = 'checkout'",
        amount,
    )
    await drain()
    return booking.id


async def settle(scene: Scene, *, refund: bool, reason: str = "A mistake at Stripe") -> None:
    finding = await scene.value("select id from payment_findings")
    async with scene.context.db.transaction() as tx:
        await settle_finding(tx, scene.context, scene.cast.odile, finding, reason, refund=refund)


async def test_the_seat_is_held_until_a_person_has_decided(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await differing(scene, drain)
    await scene.value("update bookings set held_until = now() - interval '3 days'")
    for entry in ("payments.reconcile", "bookings.lapse"):
        await jobs.run_timetable(scene.context, entry)
    await drain()
    assert (await scene.row(booking))["state"] == "held"
    notice = await mira.post(f"/bookings/{booking}/let-go", data={})
    assert notice.status_code == 303
    assert (await scene.row(booking))["state"] == "held"
    async with scene.context.db.reading() as tx:
        (finding,) = await open_findings(tx)
    assert (finding["kind"], finding["person_name"], finding["amount"]) == ("differs", "Mira", 100)
    assert (finding["expected"], finding["answered"]) == ({"amount": 4500}, {"amount": 100})


async def test_settling_sends_the_money_back_and_frees_the_seat(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await differing(scene, drain, amount=4400)
    for _ in range(2):
        await settle(scene, refund=True)
    await drain()
    row = await scene.row(booking)
    assert (row["state"], row["end_cause"]) == ("lapsed", "payment_differs")
    assert await scene.count("operations where kind = 'refund_finding'") == 1
    assert await scene.value("select state from operations where kind = 'refund_finding'") == "done"
    assert (
        await scene.value("select sum((body ->> 'amount')::int) from practice_objects where kind = 'refund'")
        == 4400
    )
    assert await scene.count("money_rows") == 0
    assert "not as it should be" in (await mira.get(f"/bookings/{booking}")).text
    assert (await scene.book(scene.cast.mira)).state == "held", "they can book again"


async def test_settling_by_hand_moves_no_money(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await differing(scene, drain)
    with pytest.raises(Refused):
        await settle(scene, refund=False, reason="  ")
    await settle(scene, refund=False)
    await drain()
    assert (await scene.row(booking))["state"] == "lapsed"
    assert await scene.count("operations where kind = 'refund_finding'") == 0
    settled = await scene.value(
        "select settled_reason from payment_findings where settled_by = $1", scene.cast.odile
    )
    assert settled == "A mistake at Stripe"
    assert await scene.count("events where what = 'finding.settled' and who = $1", scene.cast.odile) == 1


async def test_more_money_opens_a_settled_finding_again(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await differing(scene, drain)
    await settle(scene, refund=False)
    await scene.value(
        "update practice_objects set body = jsonb_set(body, '{amount_total}', '200') where kind = 'checkout'"
    )
    stripe_id = await scene.value("select stripe_id from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        await jobs.enqueue(tx, "payments.look", stripe_id=stripe_id)
    await drain()
    assert await scene.count("payment_findings where settled_at is null and amount = 200") == 1


async def test_what_is_no_finding_is_not_found(scene: Scene) -> None:
    async with scene.context.db.transaction() as tx:
        with pytest.raises(NotFound):
            await settle_finding(tx, scene.context, scene.cast.odile, UUID(int=0), "x", refund=False)


async def test_a_hold_that_waits_for_a_bank_says_so_when_let_go(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.pay(booking.id, "000123456789")
    await drain()
    await scene.value("update bookings set held_until = held_until - interval '1 day'")
    answer = await mira.post(f"/bookings/{booking.id}/let-go", data={})
    assert "A payment for this seat is on its way" in (await mira.get(answer.headers["location"])).text
    assert (await scene.row(booking.id))["state"] == "held"


async def pages_of(page: Browser, booking: UUID) -> list[str]:
    """What somebody reads of a held seat: its page, what /pay and Cancel at the checkout lead to, their list."""
    for way in ("pay", "stopped"):
        assert (await page.get(f"/bookings/{booking}/{way}")).headers["location"] == f"/bookings/{booking}"
    return [(await page.get(f"/bookings/{booking}")).text, (await page.get("/my/gatherings")).text]


@pytest.mark.parametrize("over", [False, True], ids=["within its time", "past its time"])
async def test_pages_say_that_a_bank_decides_and_offer_no_way_to_pay(
    scene: Scene, mira: Browser, over: bool
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.pay(booking.id, look_alike.BANK_ACCOUNT)
    await sync.sync_checkout(scene.context, booking_id=str(booking.id))
    if over:
        await scene.value("update bookings set held_until = now() - interval '2 days'")
    for text in await pages_of(mira, booking.id):
        assert "Your payment is on its way" in text
        assert "Go on to payment" not in text
        assert "let-go" not in text
    await mira.post(f"/bookings/{booking.id}/let-go", data={})
    for text in await pages_of(mira, booking.id):
        assert "If it arrives, the seat is yours" in text
        assert "in a moment" not in text
    async with scene.context.db.transaction() as tx:
        stripe_id = await tx.fetchval("select stripe_id from checkouts")
        await look_alike.decide(tx, stripe_id, succeeded=False)
    await sync.sync_checkout(scene.context, booking_id=str(booking.id))
    assert (await scene.row(booking.id))["end_cause"] == "let_go"


@pytest.mark.parametrize("kind", ["differs", "unknown"])
async def test_pages_say_that_a_person_looks_at_it(
    scene: Scene, mira: Browser, drain: Callable[[], Any], kind: str
) -> None:
    if kind == "differs":
        booking = await differing(scene, drain)
    else:
        booking = (await scene.book(scene.cast.mira)).id
        await scene.value("update practice_objects set id = 'cs_away' where kind = 'checkout'")
    answer = await mira.post(f"/bookings/{booking}/let-go", data={})
    assert "An organizer looks at the payment" in (await mira.get(answer.headers["location"])).text
    for text in await pages_of(mira, booking):
        assert "Your payment is being looked at" in text
        assert "Go on to payment" not in text
        assert "in a moment" not in text


@pytest.mark.parametrize("way", ["webhook", "timetable"])
async def test_a_checkout_that_stripe_knows_again_waits_for_nobody(
    scene: Scene, mira: Browser, drain: Callable[[], Any], way: str
) -> None:
    """The site ran with the key of another account for an hour."""
    booking = await scene.book(scene.cast.mira)
    stripe_id = await scene.value("select stripe_id from checkouts")
    await scene.value("update practice_objects set id = 'cs_away' where kind = 'checkout'")
    await sync.sync_checkout(scene.context, booking_id=str(booking.id))
    assert await scene.count("payment_findings where settled_at is null") == 1
    await jobs.run_timetable(scene.context, "payments.reconcile")
    assert await scene.count("pgqueuer") == 0, "it was asked a moment ago"
    await scene.value("update practice_objects set id = $1 where id = 'cs_away'", stripe_id)
    if way == "webhook":
        await scene.pay(booking.id)
    else:
        await scene.value("update checkouts set looked_at = now() - interval '1 hour'")
        await jobs.run_timetable(scene.context, "payments.reconcile")
    await drain()
    assert await scene.count("payment_findings where settled_at is null") == 0
    assert (await scene.row(booking.id))["state"] == ("confirmed" if way == "webhook" else "held")
    assert "being looked at" not in (await mira.get(f"/bookings/{booking.id}")).text


async def test_the_second_of_two_organizers_learns_that_nothing_was_sent(
    scene: Scene, drain: Callable[[], Any], browser: OpenBrowser
) -> None:
    await differing(scene, drain)
    address = f"/organize/money/findings/{await scene.value('select id from payment_findings')}"
    async with browser(scene.cast.odile) as page:
        await page.post(address, data={"reason": "Given back in cash"})
        later = await page.post(address, data={"reason": "Sent back", "send_back": "on"})
        assert (later.status_code, later.headers["location"]) == (303, "/organize/money")
        text = (await page.get("/organize/money")).text
        assert "This was settled already, so nothing was changed." in text
        assert "Given back in cash" in text
        assert (await page.get(address)).status_code == 303
    assert await scene.count("operations where kind = 'refund_finding'") == 0


@pytest.mark.parametrize(("elsewhere", "sent"), [(4400, 0), (1000, 3400)])
async def test_money_of_a_finding_that_went_back_at_the_dashboard_is_not_sent_again(
    scene: Scene, drain: Callable[[], Any], elsewhere: int, sent: int
) -> None:
    await differing(scene, drain, amount=4400)
    intent = await scene.value("select payment_intent from payment_findings")
    await scene.value(
        'update practice_objects set body = body || \'{"amount": 4400, "amount_received": 4400}\' '
        "where kind in ('payment_intent', 'charge')"
    )
    async with scene.context.db.transaction() as tx:
        await look_alike_refunds.create_refund(tx, {"payment_intent": intent, "amount": elsewhere})
    await settle(scene, refund=True)
    await drain()
    row = await scene.value(
        "select (state, amount - covered, covered)::text from operations where kind = 'refund_finding'"
    )
    assert row == f"(done,{sent},{elsewhere})"
    assert (
        await scene.value("select sum((body ->> 'amount')::int) from practice_objects where kind = 'refund'")
        == 4400
    )
