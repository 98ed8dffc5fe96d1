"""Stripe, through its own SDK. The only import of stripe, and only when it is first needed (0.15 s, 25 MiB).

In practice mode the same SDK talks to a look-alike inside this process: app.py hands its transport over.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, cast
from uuid import UUID

import structlog

from circles.base import reading
from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.payments.rules import Returned, Seen, Status, from_stripe, statement_suffix, to_stripe
from circles.store.context import Context
from circles.store.db import Database

# Both are imported where they are first used: together they would take a quarter of a second of every start.
if TYPE_CHECKING:
    import httpx
    import stripe

log = structlog.get_logger("stripe")

PRACTICE_BASE = "http://stripe.practice"
PRACTICE_KEY = "sk_test_practice"
# Seconds: a person waits for this call, so a Stripe that hangs is given up on before they do.
TIMEOUT, CONNECT_TIMEOUT = 10.0, 4.0
RETRIES = 2
# Seconds that a webhook's signature may be old, as Stripe recommends.
TOLERANCE = 300

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


class Unreachable(CirclesError):
    """Stripe did not answer, or not in a way that settles anything. What was asked may have happened."""


class RefusedByStripe(CirclesError):
    """Stripe said no, so nothing happened. `code` is Stripe's own short word for why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Forged(CirclesError):
    """A message that claims to come from Stripe and does not prove it, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a webhook told: its own id, its kind, and the id of what it is about."""

    id: str
    type: str
    object_id: str


def checkout_parameters(
    *,
    booking_id: UUID,
    amount: int,
    currency: str,
    name: str,
    statement: str,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
) -> dict[str, Any]:
    """What Stripe is told of a checkout: an amount, a discreet name and our booking's id.

    Neither the person's name nor their address: Stripe asks whoever pays for what it needs. Cards only,
    since a slow way to pay would hold a seat for days; and no conversion, so that the amount is the one
    they chose.
    """
    suffix = statement_suffix(statement)
    payment: dict[str, Any] = {"description": name} | (
        {"statement_descriptor_suffix": suffix} if suffix else {}
    )
    return {
        "mode": "payment",
        "submit_type": "book",
        "allowed_payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": str(booking_id),
        "line_items": [_line(name, amount, currency)],
        "payment_intent_data": payment,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(expires_at.timestamp()),
    }


def _line(name: str, amount: int, currency: str) -> dict[str, Any]:
    price = {
        "currency": currency.lower(),
        "unit_amount": to_stripe(amount, currency),
        "product_data": {"name": name},
    }
    return {"quantity": 1, "price_data": price}


def refund_parameters(
    *, operation_id: UUID, payment_intent: str, amount: int, currency: str
) -> dict[str, Any]:
    """What Stripe is told of a refund. It carries our operation's id, so that it can be found again."""
    return {
        "payment_intent": payment_intent,
        "amount": to_stripe(amount, currency),
        "metadata": {"operation": str(operation_id)},
    }


async def create_checkout(context: Context, parameters: dict[str, Any], key: str) -> Seen:
    """Make a checkout, or get the one this key already made. Raises Unreachable, RefusedByStripe."""
    try:
        found = await _client(context).v1.checkout.sessions.create_async(
            cast(Any, parameters), {"idempotency_key": key}
        )
    except _errors() as error:
        _translate(error)
    return _seen(found)


async def retrieve_checkout(context: Context, stripe_id: str) -> Seen:
    """A checkout as it is now. Raises Unreachable, RefusedByStripe."""
    try:
        found = await _client(context).v1.checkout.sessions.retrieve_async(stripe_id)
    except _errors() as error:
        _translate(error)
    return _seen(found)


async def expire_checkout(context: Context, stripe_id: str) -> Seen:
    """End an open checkout. Raises Unreachable, and RefusedByStripe when it is not open.

    It moves no money and cannot be done twice, so it needs no key and no operation of its own.
    """
    try:
        found = await _client(context).v1.checkout.sessions.expire_async(stripe_id)
    except _errors() as error:
        _translate(error)
    return _seen(found)


async def create_refund(context: Context, parameters: dict[str, Any], key: str) -> Returned:
    """Pay money back, or get the refund this key already made. Raises Unreachable, RefusedByStripe."""
    try:
        found = await _client(context).v1.refunds.create_async(
            cast(Any, parameters), {"idempotency_key": key}
        )
    except _errors() as error:
        _translate(error)
    return _returned(found)


async def find_refund(context: Context, payment_intent: str, operation_id: UUID) -> Returned | None:
    """The refund an operation made earlier, if it made one that stands. Raises Unreachable, RefusedByStripe.

    Stripe forgets an idempotency key after a day; what a refund carries, it never forgets.
    """
    try:
        found = await _client(context).v1.refunds.list_async({"payment_intent": payment_intent, "limit": 100})
    except _errors() as error:
        _translate(error)
    for refund in found.data:
        if refund.metadata and refund.metadata.to_dict().get("operation") == str(operation_id):
            returned = _returned(refund)
            if returned.moved:
                return returned
    return None


async def retrieve_refund(context: Context, stripe_id: str) -> Returned:
    """A refund as it is now. Raises Unreachable, RefusedByStripe."""
    try:
        found = await _client(context).v1.refunds.retrieve_async(stripe_id)
    except _errors() as error:
        _translate(error)
    return _returned(found)


def read_event(settings: Settings, raw: bytes, signature: str) -> Event:
    """Read a webhook whose signature proves that Stripe sent it lately. Raises Forged."""
    import stripe

    try:
        event = stripe.Webhook.construct_event(raw, signature, webhook_secret(settings), TOLERANCE)
        found = Event(_tidy(event.id), str(event.type), _tidy(event.data.object["id"]))
    except (stripe.SignatureVerificationError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise Forged(type(error).__name__) from None
    return found


def _tidy(id: str) -> str:
    if not _ID.fullmatch(id):
        raise ValueError("this is no id")
    return id


def webhook_secret(settings: Settings) -> str:
    """What webhooks are signed with. In practice it is derived from the house's own secret."""
    given = settings.stripe_webhook_secret.get_secret_value()
    if given or not settings.practice:
        return given
    return "whsec_" + hmac.new(settings.signing_key(), b"practice webhook", hashlib.sha256).hexdigest()


def accepted_parameters() -> dict[str, Any]:
    """The SDK's own types of what each call takes, for the look-alike to check against."""
    from stripe.params import RefundCreateParams, RefundListParams
    from stripe.params.checkout import SessionCreateParams, SessionExpireParams

    return {
        "create_checkout": SessionCreateParams,
        "expire_checkout": SessionExpireParams,
        "create_refund": RefundCreateParams,
        "list_refunds": RefundListParams,
    }


def call_options() -> tuple[type, dict[str, Any]]:
    """The SDK's type of how a call is made (never sent as parameters), and the names its types refer to."""
    from collections.abc import Mapping

    from stripe import RequestOptions, StripeContext

    return RequestOptions, {"Mapping": Mapping, "StripeContext": StripeContext}


async def close(db: Database) -> None:
    """Close the connections to Stripe that were opened for the house of this database."""
    for place in [each for each in _clients if each[0] is db]:
        await _clients.pop(place)[1].aclose()


# One client for each house in this process; tests have many houses.
_clients: dict[tuple[Database, str, str], tuple[stripe.StripeClient, httpx.AsyncClient]] = {}


def _client(context: Context) -> stripe.StripeClient:
    settings = context.settings
    base = PRACTICE_BASE if settings.practice_money else settings.stripe_api_base
    key = settings.stripe_secret_key.get_secret_value() or PRACTICE_KEY
    place = (context.db, base, key)
    if place not in _clients:
        _clients[place] = _open(context, base, key)
    return _clients[place][0]


def _open(context: Context, base: str, key: str) -> tuple[stripe.StripeClient, httpx.AsyncClient]:
    import httpx
    import stripe

    stripe.enable_telemetry = False  # Stripe need not know how fast our calls are
    http = httpx.AsyncClient(
        transport=_practice_transport(context) if base == PRACTICE_BASE else None,
        timeout=httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
    )
    client = stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else None,
        max_network_retries=RETRIES,
        http_client=_http_type()(http),
    )
    return client, http


# Makes the transport to the look-alike of Stripe; set at start-up in practice mode, see use_practice_transport.
_make_practice_transport: Callable[[Context], httpx.AsyncBaseTransport] | None = None


def use_practice_transport(make: Callable[[Context], httpx.AsyncBaseTransport]) -> None:
    """Set what makes the transport to the look-alike of Stripe. Called by app.py: this feature cannot import it."""
    global _make_practice_transport
    _make_practice_transport = make


def _practice_transport(context: Context) -> httpx.AsyncBaseTransport:
    if _make_practice_transport is None:
        raise RuntimeError(
            "practice mode has no transport to Stripe's look-alike; see use_practice_transport"
        )
    return _make_practice_transport(context)


@cache
def _http_type() -> type:
    """The SDK's HTTP client over our httpx client; the SDK's own takes no transport."""
    import httpx
    import stripe

    class Http(stripe.HTTPClient):
        name = "httpx"

        def __init__(self, http: httpx.AsyncClient) -> None:
            super().__init__()
            self._http = http

        async def request_async(
            self, method: str, url: str, headers: Any, post_data: str | bytes | None = None
        ) -> tuple[bytes, int, Any]:
            try:
                answer = await self._http.request(method, url, headers=dict(headers), content=post_data)
            except httpx.HTTPError as error:
                raise stripe.APIConnectionError(type(error).__name__, should_retry=True) from error
            return answer.content, answer.status_code, answer.headers

        async def sleep_async(self, secs: float) -> None:
            await asyncio.sleep(secs)

        async def close_async(self) -> None:
            await self._http.aclose()

    return Http


def _errors() -> type[stripe.StripeError]:
    import stripe

    return stripe.StripeError


def _translate(error: stripe.StripeError) -> NoReturn:
    """Settled or not: only a clear no, in Stripe's own words, means that nothing happened.

    A wrong or missing key (401, 403) is ours to mend, and then the same call goes through; 409 is the same key
    still at work; 429 is too many calls at once; an answer without Stripe's words came from something between.
    """
    status, words = error.http_status or 0, error.error
    code = error.code or (words.type if words else "") or type(error).__name__
    log.warning("stripe did not do it", status=status, code=code, request_id=error.request_id)
    if words and 400 <= status < 500 and status not in (401, 403, 409, 429):
        raise RefusedByStripe(code) from None
    raise Unreachable(f"Stripe cannot be reached ({status or type(error).__name__}).") from None


def _seen(found: stripe.checkout.Session) -> Seen:
    intent = found.payment_intent
    currency = (found.currency or "").upper()
    return Seen(
        id=found.id,
        status=cast(Status, found.status or "open"),
        paid=found.payment_status == "paid",
        payment_intent=(intent if isinstance(intent, str) else intent.id) if intent else "",
        amount=from_stripe(found.amount_total or 0, currency),
        currency=currency,
        url=found.url or "",
        expires_at=datetime.fromtimestamp(found.expires_at, UTC),
        booking_id=reading.uuid_or_none(found.client_reference_id or ""),
    )


def _returned(found: stripe.Refund) -> Returned:
    moved = found.status in ("succeeded", "pending", "requires_action")
    return Returned(found.id, moved, "" if moved else found.failure_reason or found.status or "failed")
