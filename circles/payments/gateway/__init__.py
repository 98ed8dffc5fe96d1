"""Calls to Stripe through its SDK. The only package that imports stripe, when first used (0.15 s, 25 MiB).

`client`, `call` and `pages` are how other capabilities of this package make calls of their own.

In practice mode the same SDK talks to a look-alike inside this process, through the transport that app.py sets.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import structlog

from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.payments import answers, deadline
from circles.payments.refunds.rules import DisputeSnapshot, RefundSnapshot
from circles.payments.rules import CheckoutSnapshot
from circles.store import db
from circles.store.context import Context
from circles.store.db import Database

# Both are imported where they are first used: together they would take a quarter of a second of every start.
if TYPE_CHECKING:
    import httpx
    import stripe

log = structlog.get_logger("stripe")
ALARMS = db.queries("payments/alarms")
T = TypeVar("T")

PRACTICE_BASE = "http://stripe.practice"
PRACTICE_KEY = "sk_test_practice"
# Seconds for the look-up of the name and the connection. The deadline of a call with all its retries is in deadline.py:
# whatever fails early is tried again within it, and an answer that does not come has all of it.
CONNECT_TIMEOUT = 4.0
RETRIES = 2
PAGE = 100
KEY_REFUSALS = {401: "key_rejected", 403: "right_missing"}
_KEY_REFUSED = {
    "key_rejected": "Stripe refuses the key of this site. Check it in the settings.",
    "right_missing": "The key of this site lacks a right at Stripe. The README names the rights that it needs.",
}
# Stripe's answer (403) of an account that is not connected with ours any more: our key is right.
ACCOUNT_GONE = "account_invalid"
# Seconds that a webhook's signature may be old, as Stripe recommends.
TOLERANCE = 300

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_TYPE = re.compile(r"[a-z0-9_.]{1,255}")


class Unreachable(CirclesError):
    """Stripe did not answer, or not clearly. The call may have taken effect."""


class UnderWay(Unreachable):
    """Stripe still answers another call with the same key (409), which then takes effect."""


class KeyRefused(Unreachable):
    """Stripe refuses our key (401) or a right of it (403): nothing happened, and nothing will until somebody acts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(_KEY_REFUSED[kind])


class RefusedByStripe(CirclesError):
    """Stripe refused, so nothing happened. `code` is Stripe's own error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class InvalidEvent(CirclesError):
    """A webhook without a valid signature."""


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook event: its own id, its type, and the id of the object it is about, if that has one.

    account: the connected account it happened at, where it did not happen at our own.
    """

    id: str
    type: str
    object_id: str
    account: str = ""


async def create_checkout(context: Context, parameters: dict[str, Any], key: str) -> CheckoutSnapshot:
    """Create a checkout, or get the one this key already created. Raises Unreachable, RefusedByStripe."""
    sessions = client(context).v1.checkout.sessions
    creating = sessions.create_async(cast(Any, parameters), {"idempotency_key": key})
    return await call(context, creating, answers.checkout)


async def retrieve_checkout(context: Context, stripe_id: str) -> CheckoutSnapshot:
    """A checkout as it is now. Raises Unreachable, RefusedByStripe."""
    sessions = client(context).v1.checkout.sessions
    snapshot = await call(context, sessions.retrieve_async(stripe_id), answers.checkout)
    if snapshot.payment_pending and snapshot.payment_intent:
        # Complete and unpaid is under way as well as failed; the payment alone says which.
        intents = client(context).v1.payment_intents
        with suppress(Unreachable, RefusedByStripe):
            status = await call(context, intents.retrieve_async(snapshot.payment_intent), answers.status)
            return replace(snapshot, intent_status=status)
    return snapshot


def is_live(settings: Settings) -> bool:
    """Whether our key moves real money."""
    return settings.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))


async def expire_checkout(context: Context, stripe_id: str) -> CheckoutSnapshot:
    """End an open checkout. Raises Unreachable, and RefusedByStripe when it is not open.

    It moves no money and cannot be done twice, so it needs no key and no operation of its own.
    """
    sessions = client(context).v1.checkout.sessions
    return await call(context, sessions.expire_async(stripe_id), answers.checkout)


async def create_refund(context: Context, parameters: dict[str, Any], key: str) -> RefundSnapshot:
    """Refund money, or get the refund this key already created. Raises Unreachable, RefusedByStripe."""
    refunds = client(context).v1.refunds
    creating = refunds.create_async(cast(Any, parameters), {"idempotency_key": key})
    return await call(context, creating, answers.refund)


async def retrieve_refund(context: Context, stripe_id: str) -> RefundSnapshot:
    """A refund as it is now. Raises Unreachable, RefusedByStripe."""
    return await call(context, client(context).v1.refunds.retrieve_async(stripe_id), answers.refund)


async def list_refunds(
    context: Context, *, payment_intent: str = "", charge: str = "", since: datetime | None = None
) -> list[RefundSnapshot]:
    """The refunds of one payment, or those made since a moment, oldest first. Raises Unreachable, RefusedByStripe.

    Stripe forgets an idempotency key after a day; a refund's metadata it never forgets.
    """
    refunds = client(context).v1.refunds
    return await pages(context, refunds, answers.refund, payment_intent, charge, since)


async def retrieve_dispute(context: Context, stripe_id: str) -> DisputeSnapshot:
    """A dispute as it is now. Raises Unreachable, RefusedByStripe."""
    return await call(context, client(context).v1.disputes.retrieve_async(stripe_id), answers.dispute)


async def list_disputes(
    context: Context, *, payment_intent: str = "", since: datetime | None = None
) -> list[DisputeSnapshot]:
    """The disputes of one payment, or those opened since a moment. Raises Unreachable, RefusedByStripe."""
    disputes = client(context).v1.disputes
    return await pages(context, disputes, answers.dispute, payment_intent, "", since)


async def pages(
    context: Context,
    objects: Any,
    read: Callable[[Any], T],
    payment_intent: str,
    charge: str,
    since: datetime | None,
) -> list[T]:
    """Every object that fits, page by page, oldest first."""
    wanted: dict[str, Any] = {"limit": PAGE}
    if payment_intent:
        wanted["payment_intent"] = payment_intent
    if charge:
        wanted["charge"] = charge
    if since:
        wanted["created"] = {"gte": int(since.timestamp())}
    listed: list[T] = []
    while True:
        page = await call(context, objects.list_async(wanted), lambda answer: answers.page(answer, read))
        listed += page.items
        if not page.next:
            return listed[::-1]
        if page.next == wanted.get("starting_after"):
            raise Unreachable("Stripe answers the same page again and again.")
        wanted["starting_after"] = page.next


async def call(context: Context, answering: Awaitable[Any], read: Callable[[Any], T]) -> T:
    """The answer to a call, read. Raises Unreachable, KeyRefused or RefusedByStripe.

    Only a clear refusal in Stripe's own words means that nothing happened. A wrong or missing key (401), or one
    without the right (403), is ours to mend, and then the same call goes through: an alarm, not an outage. 409 is the
    same key still being processed; 429 is too many calls at once; an answer without Stripe's error object, or one that
    cannot be read, came from something in between.
    """
    import stripe

    try:
        async with deadline.of_call():
            return read(await answering)
    except stripe.StripeError as error:
        status, details = error.http_status or 0, error.error
        kind = getattr(details, "type", None) if details else None
        # Of a 403 the SDK has the code in the details alone.
        own_code = error.code or (getattr(details, "code", None) if details else None)
        code = own_code or kind or type(error).__name__
        if kind and status in KEY_REFUSALS and code != ACCOUNT_GONE:
            await _raise_alarm(context, KEY_REFUSALS[status], error.request_id)
        log.warning("a call to stripe failed", status=status, code=code, request_id=error.request_id)
        if kind and 400 <= status < 500 and status not in (409, 429):
            raise RefusedByStripe(code) from None
        if status == 409:
            raise UnderWay("Stripe still answers another call with this key.") from None
        raise Unreachable(f"Stripe cannot be reached ({status or type(error).__name__}).") from None
    except TimeoutError:
        log.warning("a call to stripe takes too long")
        raise Unreachable("Stripe does not answer in time.") from None
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        log.exception("an answer of stripe cannot be read", error=type(error).__name__)
        raise Unreachable("Stripe's answer cannot be read.") from None


async def _raise_alarm(context: Context, kind: str, request_id: str | None) -> NoReturn:
    """Store that Stripe refuses our key, for the health check and the organizers. No call is made in a transaction."""
    log.error("stripe refuses our key", kind=kind, request_id=request_id)
    async with context.db.transaction() as tx:
        await ALARMS.raise_alarm(tx, kind=kind)
    raise KeyRefused(kind) from None


# Webhooks


def read_event(settings: Settings, raw: bytes, signature: str, *, secret: str = "") -> Event | None:
    """Read a webhook's body after verifying its signature and age; None for a signed body that is no event.

    secret: of the endpoint, where it is another than that for events of our own account.
    Snapshot events of any type and thin ones (docs.stripe.com/event-destinations) are read alike. Raises InvalidEvent.
    """
    import stripe

    try:
        stripe.WebhookSignature.verify_header(raw, signature, secret or webhook_secret(settings), TOLERANCE)
    except (
        stripe.SignatureVerificationError,
        ValueError,
        TypeError,
    ) as error:  # TypeError: signs beyond ASCII
        raise InvalidEvent(type(error).__name__) from None
    try:
        body = json.loads(raw)
        about = body.get("related_object") or (body.get("data") or {}).get("object") or {}
        id, kind, object_id = body["id"], body["type"], about.get("id", "")
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(text, str) for text in (id, kind)) or not (
        _ID.fullmatch(id) and _TYPE.fullmatch(kind)
    ):
        return None
    has_id = isinstance(object_id, str) and _ID.fullmatch(object_id)  # a balance, for one, has none
    account = body.get("account")
    has_account = isinstance(account, str) and _ID.fullmatch(account)
    return Event(id, kind, object_id if has_id else "", account if has_account else "")


def webhook_secret(settings: Settings) -> str:
    """What webhooks are signed with. In practice mode it is derived from the site's own secret."""
    given = settings.stripe_webhook_secret.get_secret_value()
    if given or not settings.practice:
        return given
    return "whsec_" + hmac.new(settings.signing_key(), b"practice webhook", hashlib.sha256).hexdigest()


def connect_secret(settings: Settings) -> str:
    """What webhooks about connected accounts are signed with; their endpoint at Stripe is another."""
    given = settings.stripe_connect_webhook_secret.get_secret_value()
    if given or not settings.practice:
        return given
    return "whsec_" + hmac.new(settings.signing_key(), b"practice connect", hashlib.sha256).hexdigest()


async def close(db: Database) -> None:
    """Close the connections to Stripe that were opened beside this database."""
    for key in [key for key in _clients if key[0] in (db, db.jobs)]:
        await _clients.pop(key)[1].aclose()


# One client per database, address and key: tests have many in one process.
_clients: dict[tuple[Database, str, str], tuple[stripe.StripeClient, httpx.AsyncClient]] = {}


def client(context: Context) -> stripe.StripeClient:
    """The SDK's client for this database, address and key. Its answers are awaited by `call`."""
    settings = context.settings
    base = PRACTICE_BASE if settings.practice_money else settings.stripe_api_base
    secret = settings.stripe_secret_key.get_secret_value() or PRACTICE_KEY
    key = (context.db, base, secret)
    if key not in _clients:
        _clients[key] = _open(context, base, secret)
    return _clients[key][0]


def _open(context: Context, base: str, secret: str) -> tuple[stripe.StripeClient, httpx.AsyncClient]:
    import httpx
    import stripe

    stripe.enable_telemetry = False
    http = httpx.AsyncClient(
        transport=_practice_transport(context) if base == PRACTICE_BASE else None,
        timeout=httpx.Timeout(deadline.SECONDS, connect=CONNECT_TIMEOUT),
    )
    client = stripe.StripeClient(
        secret,
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
