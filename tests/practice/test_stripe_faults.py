"""Faults that the look-alike makes on demand: calls that are refused, lost or hang; webhooks; bank debits; search."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from circles.payments import deadline, gateway
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import faults, webhooks
from circles.practice.stripe.faults import CallFault, WebhookFault
from circles.store import jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import Outcomes, checkout, count, pay, start, stripe_object
from tests.practice.test_practice_stripe import CHECKOUT, call, make

booking, outcomes = helpers.booking, helpers.outcomes


async def plan(context: Context, target: str, fault: CallFault | WebhookFault, **more: Any) -> None:
    async with context.db.transaction() as tx:
        await faults.plan(tx, target, fault, **more)


@pytest.mark.parametrize("fault", ["401", "403", "409", "429", "500"])
async def test_a_call_is_answered_with_a_planned_error_as_often_as_planned(
    context: Context, fault: CallFault
) -> None:
    await plan(context, "create_checkout", fault, times=2)
    for _ in range(2):
        status, body = await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1")
        assert (status, set(body)) == (int(fault), {"error"})
    assert await count(context, "practice_objects") == 0
    assert (await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1"))[0] == 200


async def test_an_answer_is_lost_after_its_effect(context: Context) -> None:
    await plan(context, "create_checkout", "500", after_effect=True)
    assert (await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1"))[0] == 500
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    status, made = await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1")
    assert status == 200
    assert await stripe_object(context, made["id"]) == made


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_call_gets_no_answer(
    context: Context, booking: UUID, outcomes: Outcomes, after_effect: bool
) -> None:
    await plan(context, "create_checkout", "timeout", after_effect=after_effect)
    with pytest.raises(Unreachable):
        await start(context, booking)
    assert await count(context, "practice_objects where kind = 'checkout'") == int(after_effect)


async def test_a_call_hangs_until_the_caller_gives_up(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "SECONDS", 0.05)
    await plan(context, "*", "hang", seconds=60)
    with pytest.raises(Unreachable):
        await start(context, booking)
    assert await count(context, "practice_objects") == 0


async def test_a_fault_of_another_call_waits_for_it(context: Context) -> None:
    await plan(context, "create_refund", "403")
    await make(context)
    assert await count(context, "practice_faults where times = 1") == 1


class Received:
    """The types of the webhooks that arrived, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.types: list[str] = []
        monkeypatch.setattr(webhooks, "transport", httpx.MockTransport(self._take))

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.types.append(json.loads(request.content)["type"].rpartition(".")[2])
        return httpx.Response(200)


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        ("lost", ["async_payment_succeeded"]),
        ("doubled", ["completed", "completed", "async_payment_succeeded"]),
        ("reordered", ["async_payment_succeeded", "completed"]),
        ("slow", ["async_payment_succeeded"]),
    ],
)
async def test_webhooks_go_astray_on_demand(
    context: Context, monkeypatch: pytest.MonkeyPatch, fault: WebhookFault, arrives: list[str]
) -> None:
    received = Received(monkeypatch)
    await plan(context, "webhook:checkout.session.completed", fault, seconds=60)
    made = await make(context)
    for step in ("pay", "decide"):
        async with context.db.transaction() as tx:
            if step == "pay":
                assert await look_alike.pay(tx, made["id"], look_alike.BANK_ACCOUNT) == "pending"
            else:
                await look_alike.decide(tx, made["id"], succeeded=True)
        while await _deliver_one(context):
            pass
    assert received.types == arrives
    late = await count(context, "pgqueuer where entrypoint = 'payments.practice_webhook'")
    assert late == int(fault == "slow"), "a slow one is still to come"


async def _deliver_one(context: Context) -> bool:
    """Deliver the oldest webhook that is due, so that the order is that of the queue."""
    async with context.db.transaction() as tx:
        payload = await tx.fetchval(
            "delete from pgqueuer where id = (select id from pgqueuer where execute_after <= now() "
            "and entrypoint = 'payments.practice_webhook' order by id limit 1) returning payload"
        )
    if payload is not None:
        await webhooks.deliver(context, **json.loads(payload))
    return payload is not None


@pytest.mark.parametrize(
    ("account", "payment_status", "intent_status", "received", "event"),
    [
        (look_alike.BANK_ACCOUNT, "paid", "succeeded", 4500, "succeeded"),
        (look_alike.FAILING_BANK_ACCOUNT, "unpaid", "requires_payment_method", 0, "failed"),
    ],
)
async def test_a_bank_debit_is_decided_later(
    context: Context, account: str, payment_status: str, intent_status: str, received: int, event: str
) -> None:
    made = await make(context)
    async with context.db.transaction() as tx:
        assert await look_alike.pay(tx, made["id"], account) == "pending"
    waiting = await stripe_object(context, made["id"])
    assert (waiting["status"], waiting["payment_status"]) == ("complete", "unpaid")
    path = f"/v1/checkout/sessions/{made['id']}"
    _, shown = await call(context, "GET", path, {"expand[0]": "payment_intent"})
    assert (shown["payment_intent"]["status"], shown["payment_intent"]["amount_received"]) == (
        "processing",
        0,
    )
    async with context.db.transaction() as tx:
        await tx.execute(
            "update pgqueuer set execute_after = now() where entrypoint = 'payments.practice_bank'"
        )
    await jobs.drain(context)
    _, shown = await call(context, "GET", path, {"expand[0]": "payment_intent.latest_charge"})
    intent = shown["payment_intent"]
    assert (shown["status"], shown["payment_status"]) == ("complete", payment_status)
    assert (intent["status"], intent["amount_received"]) == (intent_status, received)
    assert (intent["latest_charge"] or {}).get("amount", 0) == received
    assert await count(context, f"practice_objects where body ->> 'type' like '%async_payment_{event}'") == 1


async def test_payments_are_searched_by_metadata(context: Context) -> None:
    made = await make(context, **{"payment_intent_data[metadata][booking]": "b1"})
    async with context.db.transaction() as tx:
        await look_alike.pay(tx, made["id"])
    path = "/v1/payment_intents/search"
    _, answer = await call(context, "GET", path, {"query": "metadata['booking']:'b1'"})
    assert answer["object"] == "search_result"
    assert [intent["status"] for intent in answer["data"]] == ["succeeded"]
    _, none = await call(context, "GET", path, {"query": "metadata['booking']:'b2'"})
    assert none["data"] == []
    assert (await call(context, "GET", path, {"query": "amount>1"}))[0] == 400


async def test_what_cannot_be_expanded_is_refused(context: Context) -> None:
    made = await make(context)
    path = f"/v1/checkout/sessions/{made['id']}"
    assert (await call(context, "GET", path, {"expand[0]": "payment_intent"}))[1] == made
    status, body = await call(context, "GET", path, {"expand[0]": "moon"})
    assert (status, body["error"]["param"]) == (400, "expand")


async def test_a_refund_that_the_key_may_not_make_is_not_made(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    intent = (await stripe_object(context, (await checkout(context, booking))["stripe_id"]))["payment_intent"]
    await plan(context, "create_refund", "403", times=1)
    with pytest.raises((RefusedByStripe, Unreachable)):
        await gateway.create_refund(context, {"payment_intent": intent}, "k1")
    assert await count(context, "practice_objects where kind = 'refund'") == 0
