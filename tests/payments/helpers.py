"""What the tests about money share: paying, looking at Stripe's side, letting time pass, cutting the line."""

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
from circles.payments import checkout as actions
from circles.payments import gateway
from circles.payments import rules as payment_rules
from circles.practice.stripe import objects as practice
from circles.practice.stripe import webhooks as practice_hooks
from circles.store import db
from circles.store.context import Context
from tests.cast import Cast, add_booking

Told = list[tuple[UUID, str]]


@pytest.fixture
def told(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What the room above is told, in place of the bookings room; and no waiting between tries of a call."""
    heard: Told = []

    async def listen(tx: db.Tx, context: Context, booking_id: UUID, outcome: payment_rules.Outcome) -> None:
        heard.append((booking_id, outcome))

    monkeypatch.setattr(gateway, "RETRIES", 0)
    monkeypatch.setattr(practice_hooks, "transport", httpx.ASGITransport(app=app))
    before = payments.on_settled(listen)
    yield heard
    payments.on_settled(before)


@pytest_asyncio.fixture
async def booking(context: Context, cast: Cast) -> UUID:
    """A seat that Mira holds and has not paid: $45."""
    return await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")


async def start(context: Context, booking: UUID, amount: int = 4500) -> str:
    """Ask for the checkout of a booking; answers its address."""
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
    """Our row of it."""
    async with context.db.reading() as tx:
        return await tx.fetchrow("select * from checkouts where booking_id = $1", booking)


async def at_stripe(context: Context, id: str) -> dict[str, Any]:
    """The look-alike's object."""
    async with context.db.reading() as tx:
        return await tx.fetchval("select body from practice_objects where id = $1", id)


async def count(context: Context, what: str) -> int:
    """How many rows: a table, with a condition if wanted."""
    async with context.db.reading() as tx:
        return await tx.fetchval(f"select count(*) from {what}")


async def pay(context: Context, booking: UUID, card: str = practice.GOOD_CARD) -> str:
    """What the person does at the checkout page; answers the checkout's id at Stripe."""
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        assert await practice.pay(tx, stripe_id, card) == "paid"
    return stripe_id


async def paid(context: Context, booking: UUID) -> str:
    """A booking whose money has come; answers the checkout's id at Stripe."""
    await start(context, booking)
    stripe_id = await pay(context, booking)
    await actions.look(context, booking_id=str(booking))
    return stripe_id


async def later(context: Context, wait: str) -> None:
    """Let time pass: everything about money is that much older, here and at the look-alike."""
    async with context.db.transaction() as tx:
        await tx.execute(
            "update checkouts set created_at = created_at - $1::text::interval, "
            "looked_at = looked_at - $1::text::interval, expires_at = expires_at - $1::text::interval",
            wait,
        )
        await tx.execute("update operations set again_at = again_at - $1::text::interval", wait)
        await tx.execute(
            "update practice_objects set body = jsonb_set(body, '{expires_at}', to_jsonb("
            "(body ->> 'expires_at')::bigint - extract(epoch from $1::text::interval)::bigint)) "
            "where kind = 'checkout'",
            wait,
        )


def cut_off(context: Context) -> Context:
    """The same house, with Stripe behind a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = context.settings.model_copy(update={"stripe_api_base": f"http://127.0.0.1:{port}"})
    return replace(context, settings=settings)


def event(type: str, object_id: str, id: str = "evt_1") -> bytes:
    """The body of a webhook."""
    about = {"id": object_id, "object": type.rsplit(".", 1)[0]}
    return json.dumps({"id": id, "object": "event", "type": type, "data": {"object": about}}).encode()


async def knock(context: Context, app: Starlette, body: bytes, signature: str | None = None) -> int:
    """Post a webhook; signed as it should be unless another signature is given. Answers the status."""
    if signature is None:
        secret = gateway.webhook_secret(context.settings)
        signature = practice_hooks.signature(secret, body, int(time.time()))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://circles.test"
    ) as client:
        headers = {"Stripe-Signature": signature} if signature else {}
        return (await client.post("/webhooks/stripe", content=body, headers=headers)).status_code
