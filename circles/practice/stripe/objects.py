"""The practice look-alike of Stripe: what its objects are and how they move. Its state is in the database.

Each function is a part of the caller's transaction and answers the object as Stripe would show it. Only
what this site uses is here; whatever else it is asked, it refuses, as the strict check in practice_api.py
sees to.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any, Literal

from circles.base.errors import CirclesError
from circles.practice.stripe import webhooks as practice_hooks
from circles.store import db

SQL = db.queries("practice/stripe")

Params = dict[str, Any]
Object = dict[str, Any]
Paid = Literal["paid", "declined", "unknown_card", "expired"]

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
LATE_CARD = "4000000000000077"
LATE = timedelta(seconds=20)

# The least that Stripe takes, in minor units (docs.stripe.com/currencies#minimum-and-maximum).
_LEAST = {"usd": 50, "eur": 50, "cad": 50, "aud": 50, "nzd": 50, "chf": 50, "gbp": 30, "jpy": 50, "mxn": 1000}
_SHORTEST, _LONGEST = 30 * 60, 24 * 3600


class Fault(CirclesError):
    """An error as Stripe answers it. kept: it stays the answer to its idempotency key."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        kept: bool = True,
    ) -> None:
        self.status = status
        self.kept = kept
        self.body = {"error": {"type": type, "message": message} | _present(code=code, param=param)}
        super().__init__(message)


def _present(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _missing(kind: str, id: str) -> Fault:
    return Fault(f"No such {kind}: '{id}'", status=404, code="resource_missing", param="id", kept=False)


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(16)}"


async def create_checkout(tx: db.Tx, params: Params, address: str) -> Object:
    """POST /v1/checkout/sessions. address: the origin of this site, where the checkout page is."""
    now = await SQL.clock(tx)
    _check_checkout(params, now)
    total, currency = _total(params)
    id = _new_id("cs_test")
    body = {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": params.get("adaptive_pricing", {"enabled": True}),
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": None,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "expires_at": int(params.get("expires_at", now + _LONGEST)),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "mode": "payment",
        "payment_intent": None,
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "submit_type": params.get("submit_type"),
        "success_url": params["success_url"],
        "ui_mode": "hosted_page",
        "url": f"{address}/practice/checkout/{id}",
    }
    details = {
        "name": params["line_items"][0]["price_data"]["product_data"]["name"],
        "payment": params.get("payment_intent_data", {}),
    }
    await SQL.add(tx, id=id, kind="checkout", body=body)
    await SQL.add(tx, id=f"details_{id}", kind="details", body=details)
    return body


def _check_checkout(params: Params, now: int) -> None:
    if params.get("mode") != "payment":
        raise Fault("This look-alike takes payments only.", param="mode", kept=False)
    for name in ("success_url", "line_items"):
        if not params.get(name):
            raise Fault(f"Missing required param: {name}.", code="parameter_missing", param=name, kept=False)
    end = int(params.get("expires_at", now + _LONGEST))
    if not now + _SHORTEST <= end <= now + _LONGEST:
        raise Fault(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from creation.",
            param="expires_at",
            kept=False,
        )
    suffix = params.get("payment_intent_data", {}).get("statement_descriptor_suffix")
    if suffix is not None and (
        len(suffix) > 22 or not re.search("[A-Za-z]", suffix) or re.search(r"[<>\\'\"*]", suffix)
    ):
        raise Fault(
            "The statement descriptor suffix is not valid.",
            param="payment_intent_data[statement_descriptor_suffix]",
            kept=False,
        )


def _total(params: Params) -> tuple[int, str]:
    prices = [item.get("price_data") or {} for item in params["line_items"]]
    if any("unit_amount" not in price or "name" not in price.get("product_data", {}) for price in prices):
        raise Fault("Each line needs price_data with a name and an amount.", param="line_items", kept=False)
    currency = prices[0]["currency"]
    total = sum(
        int(price["unit_amount"]) * int(item.get("quantity", 1))
        for price, item in zip(prices, params["line_items"], strict=True)
    )
    if total < _LEAST.get(currency, 1):
        raise Fault(
            f"The Checkout Session's total amount must be at least {_LEAST.get(currency, 1)} {currency} "
            "in its smallest unit.",
            code="amount_too_small",
            kept=False,
        )
    return total, currency


async def _checkout(tx: db.Tx, id: str) -> Object:
    """A checkout, locked; one whose time is over is expired by being looked at."""
    body = await SQL.lock(tx, id=id, kind="checkout")
    if body is None:
        raise _missing("checkout.session", id)
    if body["status"] == "open" and body["expires_at"] <= await SQL.clock(tx):
        return await _expire(tx, body)
    return body


async def _expire(tx: db.Tx, body: Object) -> Object:
    body |= {"status": "expired", "url": None}
    await SQL.save(tx, id=body["id"], body=body)
    await _tell(tx, "checkout.session.expired", body)
    return body


async def retrieve_checkout(tx: db.Tx, id: str) -> Object:
    """GET /v1/checkout/sessions/{id}."""
    return await _checkout(tx, id)


async def expire_checkout(tx: db.Tx, id: str) -> Object:
    """POST /v1/checkout/sessions/{id}/expire: only an open one."""
    body = await _checkout(tx, id)
    if body["status"] != "open":
        raise Fault(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{body['status']}`.",
            code="checkout_session_not_open",
        )
    return await _expire(tx, body)


async def details(tx: db.Tx, id: str) -> Object:
    """What the checkout page shows: the checkout, with `name` of what is paid. Raises Fault."""
    body = await _checkout(tx, id)
    return body | {"name": (await SQL.one(tx, id=f"details_{id}", kind="details"))["name"]}


async def pay(tx: db.Tx, id: str, card: str = GOOD_CARD) -> Paid:
    """What the button "Pay" does. Pressed twice, it pays once. Raises Fault."""
    body = await _checkout(tx, id)
    if body["status"] == "complete":
        return "paid"
    if body["status"] == "expired":
        return "expired"
    number = re.sub(r"[\s-]", "", card)
    if number not in (GOOD_CARD, DECLINED_CARD, LATE_CARD):
        return "unknown_card"
    await _charge(tx, body, declined=number == DECLINED_CARD)
    if number == DECLINED_CARD:
        return "declined"
    await _tell(tx, "checkout.session.completed", body, LATE if number == LATE_CARD else None)
    return "paid"


async def _charge(tx: db.Tx, body: Object, *, declined: bool) -> None:
    told = (await SQL.one(tx, id=f"details_{body['id']}", kind="details"))["payment"]
    id = _new_id("pi")
    intent = {
        "id": id,
        "object": "payment_intent",
        "amount": body["amount_total"],
        "amount_received": 0 if declined else body["amount_total"],
        "created": await SQL.clock(tx),
        "currency": body["currency"],
        "customer": None,
        "description": told.get("description"),
        "last_payment_error": {"type": "card_error", "code": "card_declined"} if declined else None,
        "latest_charge": _new_id("ch"),
        "livemode": False,
        "metadata": {},
        "payment_method_types": ["card"],
        "statement_descriptor_suffix": told.get("statement_descriptor_suffix"),
        "status": "requires_payment_method" if declined else "succeeded",
    }
    await SQL.add(tx, id=id, kind="payment_intent", body=intent)
    if not declined:
        body |= {"status": "complete", "payment_status": "paid", "payment_intent": id, "url": None}
        await SQL.save(tx, id=body["id"], body=body)


async def retrieve(tx: db.Tx, kind: str, id: str) -> Object:
    """GET of a payment intent, a refund or an event."""
    body = await SQL.one(tx, id=id, kind=kind)
    if body is None:
        raise _missing(kind, id)
    return body


async def create_refund(tx: db.Tx, params: Params) -> Object:
    """POST /v1/refunds: of a payment that succeeded, and never more than what is left of it."""
    intent_id = params.get("payment_intent", "")
    intent = await SQL.lock(tx, id=intent_id, kind="payment_intent")
    if intent is None:
        raise Fault(
            f"No such payment_intent: '{intent_id}'",
            code="resource_missing",
            param="payment_intent",
            kept=False,
        )
    left = intent["amount_received"] - await SQL.refunded(tx, payment_intent=intent_id)
    amount = int(params.get("amount", left))
    if left <= 0:
        raise Fault("This charge has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise Fault(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    id = _new_id("re")
    body = {
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": intent["latest_charge"],
        "created": await SQL.clock(tx),
        "currency": intent["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": intent_id,
        "reason": params.get("reason"),
        "status": "succeeded",
    }
    await SQL.add(tx, id=id, kind="refund", body=body)
    await _tell(tx, "refund.created", body)
    return body


async def list_refunds(tx: db.Tx, params: Params) -> Object:
    """GET /v1/refunds, of one payment, newest first."""
    rows = await db.rows(
        SQL.refunds_of(tx, payment_intent=params.get("payment_intent", ""), most=int(params.get("limit", 10)))
    )
    return {"object": "list", "data": [row["body"] for row in rows], "has_more": False, "url": "/v1/refunds"}


async def return_refund(tx: db.Tx, id: str) -> None:
    """What a bank does that will not take a refund back: it fails after it had succeeded."""
    body = await SQL.lock(tx, id=id, kind="refund")
    body |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    await SQL.save(tx, id=id, body=body)
    await _tell(tx, "refund.failed", body)


async def _tell(tx: db.Tx, type: str, about: Object, after: timedelta | None = None) -> None:
    id = _new_id("evt")
    event = {
        "id": id,
        "object": "event",
        "created": await SQL.clock(tx),
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    await SQL.add(tx, id=id, kind="event", body=event)
    await practice_hooks.announce(tx, id, after)
