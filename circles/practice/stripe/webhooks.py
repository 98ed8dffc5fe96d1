"""Webhooks of the look-alike: signed as Stripe signs, posted to our endpoint, repeated until accepted."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from circles import payments
from circles.practice.stripe import faults
from circles.store import db, jobs
from circles.store.context import Context

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger("practice")
SQL = db.queries("practice/stripe")

# The transport of webhooks: the network, unless a test sets another.
transport: httpx.AsyncBaseTransport | None = None

# Stripe keeps trying for three days; nobody practices that long.
MAX_TRIES = 8


async def enqueue(tx: db.Tx, event_id: str, type: str, after: timedelta | None = None) -> None:
    """Enqueue the webhook of an event, to be sent at once or after a while, or as a planned fault has it."""
    fault = await faults.take(tx, f"webhook:{type}", "webhook:*")
    kind = fault.fault if fault else ""
    if fault and kind == "slow":
        after = timedelta(seconds=fault.seconds)
    if kind == "reordered":
        await SQL.hold_event(tx, id=event_id)
    elif kind != "lost":
        for _ in range(2 if kind == "doubled" else 1):
            await _enqueue(tx, event_id, after)
    if kind != "reordered":
        for row in await db.rows(SQL.release_events(tx)):
            await _enqueue(tx, row["event_id"], after)


async def _enqueue(tx: db.Tx, event_id: str, after: timedelta | None) -> None:
    await jobs.enqueue(tx, "payments.practice_webhook", after=after, event_id=event_id)


def signature(secret: str, body: bytes, at: int) -> str:
    """The Stripe-Signature header of a body, as docs.stripe.com/webhooks says. at: seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@jobs.job("payments.practice_webhook", group="money")
async def deliver(context: Context, *, event_id: str, tries: int = 1) -> None:
    """Job: post one event; when it is not accepted, try again later, each time after twice as long."""
    if not context.settings.practice_money:
        return
    async with context.db.reading() as tx:
        event = await SQL.one(tx, id=event_id, kind="event")
    if event is None or await _post(context, event) or tries == MAX_TRIES:
        return
    async with context.db.transaction() as tx:
        after = timedelta(seconds=2**tries)
        await jobs.enqueue(tx, "payments.practice_webhook", after=after, event_id=event_id, tries=tries + 1)


async def _post(context: Context, event: dict[str, Any]) -> bool:
    import httpx  # imported when first used, as in gateway.py: it would slow every start

    body = json.dumps(event).encode()
    is_connected = "account" in event
    secret = (
        payments.connect_secret(context.settings)
        if is_connected
        else payments.webhook_secret(context.settings)
    )
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature(secret, body, int(time.time())),
    }
    try:
        async with httpx.AsyncClient(transport=transport, timeout=10) as client:
            url = f"{context.settings.base_url}/webhooks/stripe{'/connect' if is_connected else ''}"
            answer = await client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        log.warning("a practice webhook did not arrive", error=type(error).__name__)
        return False
    return answer.is_success


@jobs.every("payments.practice_tidy", "53 * * * *")
async def delete_old_keys(context: Context) -> None:
    """Delete idempotency keys after a day, as Stripe does."""
    async with context.db.transaction() as tx:
        await SQL.delete_old_keys(tx)
