"""What the tests of payments share: paying, reading Stripe's side, letting time pass, cutting the connection."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import payments
from circles.payments import gateway, sync
from circles.payments.rules import Settled
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import webhooks
from circles.store import db
from circles.store.context import Context
from tests.cast import Cast, add_booking

Outcomes = list[tuple[UUID, str]]


@pytest.fixture
def outcomes(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outcomes]:
    """The outcomes reported to the on_settled listener, which stands in for bookings; calls are not retried."""
    reported: Outcomes = []

    async def listen(tx: db.Tx, context: Context, settled: Settled) -> None:
        reported.append((settled.reference, settled.outcome))

    monkeypatch.setattr(gateway, "RETRIES", 0)
    monkeypatch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
    before = payments.on_settled(listen)
    yield reported
    payments.on_settled(before)


@pytest_asyncio.fixture
async def booking(context: Context, cast: Cast) -> UUID:
    """A seat that Mira holds and has not paid: $45."""
    return await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")


async def start(context: Context, booking: UUID, amount: int = 4500) -> str:
    """Start the checkout of a booking; returns its address."""
    return await payments.start(
        context,
        booking,
        amount=amount,
        currency="USD",
        name="Tuesday group",
        statement="Tuesday group",
        success_url=f"http://circles.test/bookings/{booking}",
        cancel_url=f"http://circles.test/bookings/{booking}/stopped",
    )


async def checkout(context: Context, booking: UUID) -> Any:
    async with context.db.reading() as tx:
        return await tx.fetchrow("select * from checkouts where booking_id = $1", booking)


async def stripe_object(context: Context, id: str) -> dict[str, Any]:
    async with context.db.reading() as tx:
        return await tx.fetchval("select body from practice_objects where id = $1", id)


async def count(context: Context, what: str) -> int:
    """How many rows: a table, with a condition if wanted."""
    async with context.db.reading() as tx:
        return await tx.fetchval(f"select count(*) from {what}")


async def balance(context: Context, booking: UUID) -> int:
    """What was paid for a booking and not refunded, in minor units."""
    async with context.db.reading() as tx:
        return await tx.fetchval(
            "select coalesce(sum(amount), 0) from money_rows where booking_id = $1", booking
        )


async def pay(context: Context, booking: UUID, card: str = look_alike.GOOD_CARD) -> str:
    """What the person does at the checkout page; returns the checkout's id at Stripe."""
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        assert await look_alike.pay(tx, stripe_id, card) == "paid"
    return stripe_id


async def paid_booking(context: Context, booking: UUID) -> str:
    """Start and pay the checkout of a booking and sync it; returns the checkout's id at Stripe."""
    await start(context, booking)
    stripe_id = await pay(context, booking)
    await sync.sync_checkout(context, booking_id=str(booking))
    return stripe_id


async def let_time_pass(context: Context, wait: str) -> None:
    """Let time pass: everything about money is that much older, here and at the look-alike."""
    async with context.db.transaction() as tx:
        await tx.execute(
            "update checkouts set created_at = created_at - $1::text::interval, "
            "looked_at = looked_at - $1::text::interval, expires_at = expires_at - $1::text::interval",
            wait,
        )
        await tx.execute(
            "update operations set again_at = again_at - $1::text::interval, "
            "read_at = read_at - $1::text::interval, sent_at = sent_at - $1::text::interval",
            wait,
        )
        await tx.execute("update disputes set read_at = read_at - $1::text::interval", wait)
        await tx.execute(
            "update practice_objects set body = jsonb_set(body, '{expires_at}', to_jsonb("
            "(body ->> 'expires_at')::bigint - extract(epoch from $1::text::interval)::bigint)) "
            "where kind = 'checkout'",
            wait,
        )


def with_stripe_unreachable(context: Context) -> Context:
    """The same context, with Stripe at a port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = context.settings.model_copy(update={"stripe_api_base": f"http://127.0.0.1:{port}"})
    return replace(context, environment=settings)


def event(type: str, object_id: str, id: str = "evt_1") -> bytes:
    about = {"id": object_id, "object": type.rsplit(".", 1)[0]}
    return json.dumps({"id": id, "object": "event", "type": type, "data": {"object": about}}).encode()


async def post_webhook(context: Context, app: Starlette, body: bytes, signature: str | None = None) -> int:
    """Post a webhook; signed as it should be unless another signature is given. Returns the status."""
    if signature is None:
        secret = gateway.webhook_secret(context.settings)
        signature = webhooks.signature(secret, body, int(time.time()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://circles.test"
    ) as client:
        headers = {"Stripe-Signature": signature} if signature else {}
        return (await client.post("/webhooks/stripe", content=body, headers=headers)).status_code
