"""What Stripe answers is compared with what was asked: what differs seats nobody, and waits for a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from structlog.testing import capture_logs

from circles import payments
from circles.payments import findings, gateway, rules, sync
from circles.payments.rules import AskedCheckout, CheckoutSnapshot
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import faults
from circles.store import jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import (
    Outcomes,
    checkout,
    count,
    event,
    let_time_pass,
    pay,
    post_webhook,
    start,
    stripe_object,
)
from tests.payments.test_rules import NOW

booking, outcomes = helpers.booking, helpers.outcomes

BOOKING = UUID(int=7)
ASKED = AskedCheckout(BOOKING, 4500, "USD", livemode=False)


def answer(**values: Any) -> CheckoutSnapshot:
    usual = {
        "id": "cs_1",
        "status": "complete",
        "paid": True,
        "payment_intent": "pi_1",
        "amount": 4500,
        "currency": "USD",
        "url": "",
        "expires_at": NOW,
        "reference": BOOKING,
        "mode": "payment",
        "livemode": False,
    }
    return CheckoutSnapshot(**(usual | values))


@pytest.mark.parametrize(
    ("values", "differs"),
    [
        ({}, set()),
        ({"reference": None}, set()),  # it is not asked back: the id of the checkout says whose it is
        ({"amount": 100}, {"amount"}),
        ({"amount": 4501}, {"amount"}),
        ({"currency": "EUR"}, {"currency"}),
        ({"mode": "setup"}, {"mode"}),
        ({"mode": "subscription", "amount": 1}, {"mode", "amount"}),
        ({"livemode": True}, {"livemode"}),
        ({"reference": UUID(int=8)}, {"booking"}),
    ],
)
def test_an_answer_is_compared(values: dict[str, Any], differs: set[str]) -> None:
    assert set(rules.differences(ASKED, answer(**values))) == differs


@given(
    st.integers(1, 10**7),
    st.integers(0, 10**9),
    st.sampled_from(["USD", "EUR", "JPY", "ISK", "KWD"]),
    st.sampled_from(["USD", "EUR", "JPY", "ISK", "KWD"]),
)
def test_only_what_was_asked_is_equal(asked: int, amount: int, currency: str, answered: str) -> None:
    """To the last of Stripe's own units: 4550 aurar are no 45 krónur."""
    differs = rules.differences(
        AskedCheckout(BOOKING, asked, currency, livemode=False), answer(amount=amount, currency=answered)
    )
    equal = (amount, answered) == (rules.to_stripe(asked, currency), currency)
    assert (differs == {}) is equal


async def findings_of(context: Context) -> list[tuple[str, int, set[str]]]:
    async with context.db.reading() as tx:
        rows = await tx.fetch("select * from payment_findings order by created_at, kind")
    assert all(row["expected"].keys() == row["answered"].keys() for row in rows if row["kind"] != "unknown")
    return [(row["kind"], row["amount"], set(row["answered"])) for row in rows]


async def change(context: Context, stripe_id: str, **values: Any) -> None:
    """Stripe answers otherwise than it was asked."""
    async with context.db.transaction() as tx:
        await tx.execute(
            "update practice_objects set body = body || $2::jsonb where id = $1", stripe_id, values
        )


@pytest.mark.parametrize(
    ("values", "differs", "way"),
    [
        ({"amount_total": 100}, "amount", "webhook"),
        ({"amount_total": 100}, "amount", "timetable"),
        ({"amount_total": 100}, "amount", "letting go"),
        ({"currency": "mxn"}, "currency", "webhook"),
        ({"mode": "subscription"}, "mode", "webhook"),
        ({"livemode": True}, "livemode", "webhook"),
        ({"payment_status": "no_payment_required", "amount_total": 0}, "amount", "webhook"),
    ],
)
async def test_our_own_checkout_with_another_answer_holds_the_seat(
    context: Context,
    booking: UUID,
    outcomes: Outcomes,
    app: Starlette,
    values: dict[str, Any],
    differs: str,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(findings, "log", structlog.get_logger())  # not bound to an earlier configuration
    await start(context, booking)
    stripe_id = await pay(context, booking)
    await change(context, stripe_id, **values)
    with capture_logs() as logs:
        for _ in range(2):
            if way == "webhook":
                await jobs.drain(context)
            elif way == "timetable":
                await sync.sync_checkout(context, booking_id=str(booking))
            else:
                assert await payments.release(context, booking) == "undecided"
    assert outcomes == []
    assert await count(context, "money_rows") == 0
    assert (await checkout(context, booking))["state"] == "open"
    paid = 0 if "payment_status" in values else values.get("amount_total", 4500)
    assert await findings_of(context) == [("differs", paid, {differs})]
    alarms = [line["log_level"] for line in logs if "a person is needed" in line["event"]]
    assert alarms == ["error"], "it is told once"


async def test_a_payment_link_that_names_a_booking_seats_nobody(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """Its address may say any client_reference_id. The booking's own checkout call has failed."""
    with pytest.raises(payments.Unreachable):
        await start(helpers.with_stripe_unreachable(context), booking)
    link = await _foreign(context, booking, 100)
    assert await post_webhook(context, app, event("checkout.session.completed", link)) == 200
    await jobs.drain(context)
    assert outcomes == []
    assert await count(context, "money_rows") == 0
    assert (await checkout(context, booking))["state"] == "asked"
    assert await findings_of(context) == [("foreign", 100, {"checkout"})]


async def test_a_foreign_checkout_of_the_same_amount_seats_nobody(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """Equal in everything but its id: our call, repeated with its key, answers another one."""
    with pytest.raises(payments.Unreachable):
        await start(helpers.with_stripe_unreachable(context), booking)
    link = await _foreign(context, booking, 4500)
    assert await post_webhook(context, app, event("checkout.session.completed", link)) == 200
    await jobs.drain(context)
    assert outcomes == []
    assert await findings_of(context) == [("foreign", 4500, {"checkout"})]
    assert (await checkout(context, booking))["stripe_id"] not in (None, link)


@pytest.mark.parametrize("state", ["open", "paid", "failed", "none"])
async def test_a_foreign_checkout_is_listed_whatever_became_of_ours(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette, state: str
) -> None:
    if state in ("open", "paid"):
        await start(context, booking)
    if state == "paid":
        await pay(context, booking)
        await jobs.drain(context)
    if state == "failed":
        with pytest.raises(payments.Unreachable):
            await start(context, booking, amount=30)
    before = list(outcomes)
    link = await _foreign(context, booking, 4500)
    await post_webhook(context, app, event("checkout.session.completed", link))
    await jobs.drain(context)
    assert outcomes == before
    assert await findings_of(context) == [("foreign", 4500, {"checkout"})]


async def _foreign(context: Context, booking: UUID, amount: int) -> str:
    """A paid checkout that somebody else created, which names a booking of ours. Its webhook is lost."""
    parameters = rules.checkout_parameters(
        reference=booking,
        lines=[rules.Line(booking, amount)],
        currency="USD",
        name="Another shop",
        statement="",
        success_url="http://circles.test/",
        cancel_url="http://circles.test/",
        expires_at=rules.checkout_end(NOW, NOW),
    ) | {"metadata": {}, "payment_intent_data": {}}
    del parameters["expires_at"]
    made = await gateway.create_checkout(context, parameters, "another-shop")
    async with context.db.transaction() as tx:
        await faults.plan(tx, "webhook:*", "lost")
        assert await look_alike.pay(tx, made.id) == "paid"
    return made.id


@pytest.mark.parametrize("status", ["open", "expired"])
async def test_a_foreign_checkout_without_money_is_nothing(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette, status: str
) -> None:
    await start(context, booking)
    link = await _foreign(context, booking, 4500)
    await change(context, link, status=status, payment_status="unpaid")
    await post_webhook(context, app, event("checkout.session.expired", link))
    await jobs.drain(context)
    assert outcomes == []
    assert await findings_of(context) == []


async def test_a_checkout_of_another_site_on_our_account_is_nothing(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    for reference in (None, "order-17", str(UUID(int=9))):
        link = await _foreign(context, booking, 4500)
        await change(context, link, client_reference_id=reference)
        await post_webhook(
            context, app, event("checkout.session.completed", link, id=f"evt_{reference}"[:20])
        )
        await jobs.drain(context)
    assert outcomes == []
    assert await findings_of(context) == []


async def test_a_checkout_that_a_lost_answer_created_is_ours(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """Nobody was given its address; should it be paid all the same, our own key says that it is ours."""
    async with context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "timeout", after_effect=True)
    with pytest.raises(payments.Unreachable):
        await start(context, booking)
    async with context.db.reading() as tx:
        stripe_id = await tx.fetchval("select id from practice_objects where kind = 'checkout'")
    async with context.db.transaction() as tx:
        assert await look_alike.pay(tx, stripe_id) == "paid"
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    assert (await checkout(context, booking))["stripe_id"] == stripe_id
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    assert await findings_of(context) == []


async def test_a_foreign_checkout_waits_for_stripe_to_say_whose_it_is(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(helpers.with_stripe_unreachable(context), booking)
    link = await _foreign(context, booking, 4500)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500")
    with pytest.raises(payments.Unreachable):
        await sync.sync_checkout(context, stripe_id=link)
    assert await findings_of(context) == []
    await sync.sync_checkout(context, stripe_id=link)
    assert await findings_of(context) == [("foreign", 4500, {"checkout"})]


async def test_nobody_is_sent_to_a_checkout_of_another_amount(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = look_alike._total

    def cheaper(params: dict[str, Any]) -> tuple[int, str]:
        return 100, total(params)[1]

    monkeypatch.setattr(look_alike, "_total", cheaper)
    with pytest.raises(payments.Unreachable):
        await start(context, booking)
    assert outcomes == [(booking, "failed")]
    assert await findings_of(context) == [("differs", 0, {"amount"})]
    async with context.db.reading() as tx:
        assert (
            await tx.fetchval("select body ->> 'status' from practice_objects where kind = 'checkout'")
            == "expired"
        )


@pytest.mark.parametrize("way", ["timetable", "letting go", "webhook"])
async def test_a_checkout_that_stripe_does_not_know_is_listed(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette, way: str
) -> None:
    """The key is of another account now. Letting go answered 500 then."""
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        await tx.execute("delete from practice_objects")
    for _ in range(2):
        if way == "timetable":
            await let_time_pass(context, "6 minutes")
            await jobs.run_timetable(context, "payments.reconcile")
            await jobs.drain(context)
        elif way == "letting go":
            assert await payments.release(context, booking) == "undecided"
        else:
            await sync.sync_checkout(context, stripe_id=stripe_id)
    assert outcomes == []
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select kind, stripe_id, answered from payment_findings")
    assert row
    assert tuple(row) == ("unknown", stripe_id, {"error": "resource_missing"})


async def test_what_waits_for_a_person_is_not_asked_again_and_again(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await change(context, await pay(context, booking), amount_total=100)
    await sync.sync_checkout(context, booking_id=str(booking))
    async with context.db.transaction() as tx:
        await tx.execute("delete from pgqueuer")
        await tx.execute("update bookings set held_until = now() - interval '1 hour'")
    await let_time_pass(context, "2 hours")
    for entry in ("payments.reconcile", "bookings.lapse"):
        await jobs.run_timetable(context, entry)
    assert await count(context, "pgqueuer") == 0


# Payments that a bank decides later


@pytest.mark.parametrize("succeeded", [True, False])
async def test_a_pending_payment_holds_the_seat_until_it_is_decided(
    context: Context, booking: UUID, outcomes: Outcomes, succeeded: bool
) -> None:
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    account = look_alike.BANK_ACCOUNT if succeeded else look_alike.FAILING_BANK_ACCOUNT
    async with context.db.transaction() as tx:
        assert await look_alike.pay(tx, stripe_id, account) == "pending"
    await jobs.drain(context)
    async with context.db.transaction() as tx:
        await tx.execute("update bookings set held_until = now() - interval '20 hours'")
    await let_time_pass(context, "20 hours")
    for entry in ("payments.reconcile", "bookings.lapse"):
        await jobs.run_timetable(context, entry)
        await jobs.drain(context)
    assert outcomes == [], "the seat is held for as long as the bank takes"
    assert (await checkout(context, booking))["pending_at"]
    assert await payments.release(context, booking) == "undecided"
    async with context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now()")
    await jobs.drain(context)  # the bank decides
    await jobs.drain(context)  # its webhook arrives
    assert outcomes == [(booking, "paid" if succeeded else "debit_failed")]
    row = await checkout(context, booking)
    assert (row["state"], row["pending_at"]) == ("paid" if succeeded else "expired", None)


async def test_a_failed_payment_frees_the_seat_without_its_webhook(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        await look_alike.pay(tx, stripe_id, look_alike.FAILING_BANK_ACCOUNT)
    await jobs.drain(context)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "webhook:*", "lost")
        await look_alike.decide(tx, stripe_id, succeeded=False)
    await let_time_pass(context, "31 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "debit_failed")]


async def test_a_failed_payment_is_believed_where_the_payment_cannot_be_read(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """A key without the right to read payments. What is complete and unpaid is then pending, but for the event."""
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        await faults.plan(tx, "retrieve_payment_intent", "403", times=9)
        await look_alike.pay(tx, stripe_id, look_alike.FAILING_BANK_ACCOUNT)
    await jobs.drain(context)
    assert outcomes == []
    await post_webhook(context, app, event(sync.ASYNC_FAILED, stripe_id, id="evt_failed"))
    await jobs.drain(context)
    assert outcomes == [(booking, "debit_failed")]


async def test_events_of_a_pending_payment_in_the_wrong_order(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        await faults.plan(tx, "webhook:*", "lost", times=2)
        await look_alike.pay(tx, stripe_id, look_alike.BANK_ACCOUNT)
        await look_alike.decide(tx, stripe_id, succeeded=True)
    for number, type in enumerate(("async_payment_succeeded", "completed", "async_payment_failed")):
        await post_webhook(context, app, event(f"checkout.session.{type}", stripe_id, id=f"evt_{number}"))
        await jobs.drain(context)
    assert outcomes == [(booking, "paid")]


# Our id in the metadata


async def test_a_payment_carries_the_bookings_id(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await start(context, booking)
    session = await stripe_object(context, await pay(context, booking))
    intent = await stripe_object(context, session["payment_intent"])
    assert session["metadata"] == intent["metadata"] == {"booking": str(booking)}


# Faults of single calls


@pytest.mark.parametrize("fault", ["401", "403", "409", "429", "500", "timeout"])
@pytest.mark.parametrize("after_effect", [False, True])
async def test_whatever_goes_wrong_with_the_call_the_end_is_right(
    context: Context, booking: UUID, outcomes: Outcomes, fault: faults.CallFault, after_effect: bool
) -> None:
    """No address was given, so the seat is free once Stripe has answered, and no checkout can be paid."""
    async with context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", fault, after_effect=after_effect)
    with pytest.raises(payments.Unreachable):
        await start(context, booking)
    await let_time_pass(context, "3 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "failed")]
    assert (
        await count(context, "practice_objects where kind = 'checkout' and body ->> 'status' = 'open'") == 0
    )


@pytest.mark.parametrize("fault", ["401", "403", "429", "500", "timeout"])
async def test_a_seat_is_not_freed_while_stripe_does_not_say_so(
    context: Context, booking: UUID, outcomes: Outcomes, fault: faults.CallFault
) -> None:
    await start(context, booking)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "expire_checkout", fault)
    assert await payments.release(context, booking) == "unreachable"
    assert outcomes == []
    assert await payments.release(context, booking) == "expired"
