"""Stripe's webhook: verified, stored once; late, doubled, reordered and forged events do no harm."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from uuid import UUID

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from structlog.testing import capture_logs

from circles import payments
from circles.payments import gateway, pages
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import webhooks
from circles.store import jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import (
    Outcomes,
    checkout,
    count,
    event,
    paid_booking,
    pay,
    post_webhook,
    start,
    stripe_object,
)

booking, outcomes = helpers.booking, helpers.outcomes


def secret(context: Context) -> str:
    return gateway.webhook_secret(context.settings)


async def test_from_the_webhook_to_the_listener(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    """The look-alike signs and posts, our endpoint stores it, the job asks Stripe, the listener is called."""
    await start(context, booking)
    await pay(context, booking)
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    assert await count(context, "stripe_events where type = 'checkout.session.completed'") == 1


async def test_a_webhook_alone_proves_nothing(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """A signed event that says "completed" about a checkout that Stripe says is open moves nothing."""
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    assert await post_webhook(context, app, event("checkout.session.completed", stripe_id)) == 200
    await jobs.drain(context)
    assert outcomes == []


async def test_the_same_event_many_times_at_once(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    await start(context, booking)
    stripe_id = await pay(context, booking)
    body = event("checkout.session.completed", stripe_id)
    statuses = await asyncio.gather(*(post_webhook(context, app, body) for _ in range(6)))
    assert statuses == [200] * 6
    assert await count(context, "stripe_events") == 1
    assert await count(context, "pgqueuer where entrypoint = 'payments.look'") == 1


async def test_doubled_events_carried_out_by_two_workers_at_once(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    """Two events of one payment (each with its own id, so each stored), and two workers that take them."""
    await start(context, booking)
    stripe_id = await pay(context, booking)
    for number in range(4):
        await post_webhook(context, app, event("checkout.session.completed", stripe_id, id=f"evt_{number}"))
    assert await count(context, "pgqueuer where entrypoint = 'payments.look'") == 4
    await asyncio.gather(jobs.drain(context), jobs.drain(context))
    assert outcomes == [(booking, "paid")]
    assert await count(context, "money_rows") == 1


async def test_events_in_the_wrong_order(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    stripe_id = await paid_booking(context, booking)
    assert await post_webhook(context, app, event("checkout.session.expired", stripe_id)) == 200
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    assert (await checkout(context, booking))["state"] == "paid"


async def test_the_card_whose_webhook_comes_late(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await start(context, booking)
    await pay(context, booking, look_alike.LATE_CARD)
    await jobs.drain(context)
    assert outcomes == [], "the webhook is still under way"
    async with context.db.transaction() as tx:
        await payments.sync_checkout_soon(tx, booking)
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    async with context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now()")
    await jobs.drain(context)
    assert await count(context, "stripe_events") == 1
    assert outcomes == [(booking, "paid")], "the late webhook changes nothing"


async def test_money_that_comes_after_the_seat_was_lost_is_reported(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    await start(context, booking)
    stripe_id = await pay(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("update checkouts set state = 'expired'")
    await post_webhook(context, app, event("checkout.session.completed", stripe_id))
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    assert await count(context, "money_rows where amount = 4500") == 1


@pytest.mark.parametrize(
    "kind", ["nothing", "nonsense", "other key", "other body", "old", "of tomorrow's scheme"]
)
async def test_a_forged_webhook_is_refused(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette, kind: str
) -> None:
    await start(context, booking)
    body = event("checkout.session.completed", await pay(context, booking))
    now = int(time.time())
    good = webhooks.signature(secret(context), body, now)
    forged = {
        "nothing": "",
        "nonsense": "v1=,t=,=,",
        "other key": webhooks.signature("whsec_guessed", body, now),
        "other body": webhooks.signature(secret(context), body + b" ", now),
        "old": webhooks.signature(secret(context), body, now - 301),
        "of tomorrow's scheme": good.replace("v1=", "v9="),
    }[kind]
    assert await post_webhook(context, app, body, forged) == 400
    assert await count(context, "stripe_events") == 0
    assert await post_webhook(context, app, body, good) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"evt"',
        b"[" * 100_000,
        b"{}",
        b'{"id": 5, "object": "event", "type": "x", "data": {"object": {"id": "cs_1"}}}',
        b'{"id": "evt\\u0000", "object": "event", "type": "x", "data": {"object": {"id": "cs_1"}}}',
        b'{"id": "evt_1", "object": "event", "type": "x\\u0000", "data": {"object": {"id": "cs_1"}}}',
        b'{"id": "evt_1", "object": "event", "type": "x", "data": "cs_1"}',
    ],
)
async def test_signed_nonsense_is_accepted_and_not_stored(
    context: Context,
    outcomes: Outcomes,
    app: Starlette,
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stripe would send it again for three days, and then close the endpoint."""
    monkeypatch.setattr(pages, "log", structlog.get_logger())  # not bound to an earlier configuration
    with capture_logs() as logs:
        assert await post_webhook(context, app, body) == 200
    assert await count(context, "stripe_events") == 0
    assert await count(context, "pgqueuer") == 0
    assert "a signed webhook could not be read" in [line["event"] for line in logs]


def test_a_signature_of_other_signs_is_refused(context: Context) -> None:
    """Such a header arrives as text beyond ASCII, which no digest can be compared with."""
    with pytest.raises(gateway.InvalidEvent):
        gateway.read_event(context.settings, b"{}", f"t={int(time.time())},v1=\u00e9")


async def test_a_body_that_cannot_be_verified_is_refused(
    context: Context, outcomes: Outcomes, app: Starlette
) -> None:
    assert await post_webhook(context, app, b"\xff\xfe") == 400


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (b'{"id": "evt_1", "object": "event", "type": "x"}', ("x", "")),
        (
            b'{"id": "evt_1", "object": "event", "type": "balance.available", '
            b'"data": {"object": {"object": "balance", "pending": []}}}',
            ("balance.available", ""),
        ),
        (
            b'{"id": "evt_1", "object": "event", "type": "x", "data": {"object": {"id": "cs\\u0000"}}}',
            ("x", ""),
        ),
        (
            b'{"id": "evt_test_65U", "object": "v2.core.event", "type": "v2.core.account.created", '
            b'"livemode": false, "created": "2026-11-26T05:00:00.000Z", "related_object": {"id": "acct_1", '
            b'"type": "v2.core.account", "url": "/v2/core/accounts/acct_1"}}',
            ("v2.core.account.created", "acct_1"),
        ),
        (
            b'{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found", '
            b'"related_object": null}',
            ("v1.billing.meter.no_meter_found", ""),
        ),
        (
            b'{"id": "evt_1", "object": "event", "type": "checkout.session.completed", "data": {"object": {}}}',
            ("checkout.session.completed", ""),
        ),
    ],
)
async def test_events_of_any_type_are_stored_and_no_more(
    context: Context, outcomes: Outcomes, app: Starlette, body: bytes, stored: tuple[str, str]
) -> None:
    assert await post_webhook(context, app, body) == 200
    async with context.db.reading() as tx:
        rows = await tx.fetch("select type, object_id from stripe_events")
    assert [tuple(row) for row in rows] == [stored]
    assert await count(context, "pgqueuer") == 0


async def test_events_of_up_to_a_mebibyte_are_accepted(
    context: Context, outcomes: Outcomes, app: Starlette
) -> None:
    body = event("invoice.created", "in_1")
    assert await post_webhook(context, app, body.ljust(1024 * 1024)) == 200
    assert await count(context, "stripe_events") == 1
    assert await post_webhook(context, app, body.ljust(1024 * 1024 + 1)) == 413


async def test_an_event_about_nothing_of_ours(context: Context, outcomes: Outcomes, app: Starlette) -> None:
    assert await post_webhook(context, app, event("checkout.session.completed", "cs_of_another_shop")) == 200
    assert await post_webhook(context, app, event("refund.failed", "re_of_another_shop", "evt_2")) == 200
    await jobs.drain(context)
    assert outcomes == []
    assert await count(context, "pgqueuer") == 0, "nothing is left to be tried again"


async def test_the_webhook_is_for_posts(app: Starlette, outcomes: Outcomes) -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://circles.test") as client:
        assert (await client.get("/webhooks/stripe")).status_code == 405


def test_signatures_are_as_stripe_writes_them() -> None:
    """The scheme from Stripe's documentation, computed here without our code: HMAC-SHA256 of "time.body"."""
    expected = hmac.new(b"whsec_test", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert webhooks.signature("whsec_test", b'{"a":1}', 1700000000) == f"t=1700000000,v1={expected}"


async def test_a_webhook_that_is_not_accepted_is_sent_again(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(context, booking)
    await pay(context, booking)
    down = httpx.MockTransport(lambda request: httpx.Response(503))
    monkeypatch.setattr(webhooks, "transport", down)
    await jobs.drain(context)
    assert outcomes == []
    assert await count(context, "pgqueuer where status = 'queued'") == 1
    monkeypatch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
    async with context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now()")
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]


async def test_webhooks_are_given_up_after_max_tries(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(context, booking)
    await pay(context, booking)
    monkeypatch.setattr(webhooks, "transport", httpx.MockTransport(_no_answer))
    for _ in range(webhooks.MAX_TRIES):
        await jobs.drain(context)
        async with context.db.transaction() as tx:
            await tx.execute("update pgqueuer set execute_after = now()")
    assert await count(context, "pgqueuer") == 0


def _no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there")


async def test_an_expired_checkout_is_reported_by_webhook(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await helpers.let_time_pass(context, "37 minutes")
    stripe_id = (await checkout(context, booking))["stripe_id"]
    await gateway.retrieve_checkout(context, stripe_id)
    assert (await stripe_object(context, stripe_id))["status"] == "expired"
    await jobs.drain(context)
    assert outcomes == [(booking, "expired")]
