"""Checkouts of the look-alike: create, retrieve, expire, pay."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from circles.base import money
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, missing, new_id
from circles.store import db

SQL = db.queries("practice/stripe")

PayOutcome = Literal["paid", "declined", "unknown_card", "expired"]

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
# Pays, and its webhook is sent late.
LATE_CARD = "4000000000000077"
LATE = timedelta(seconds=20)

# Seconds from the creation of a checkout to its end.
_MIN_AGE, _MAX_AGE = 30 * 60, 24 * 3600


async def create_checkout(tx: db.Tx, params: Params, address: str) -> Object:
    """POST /v1/checkout/sessions. address: the origin of this site, where the checkout page is."""
    now = await SQL.clock(tx)
    _check_checkout(params, now)
    amount, currency = _total(params)
    id = new_id("cs_test")
    body = {
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": params.get("adaptive_pricing", {"enabled": True}),
        "amount_subtotal": amount,
        "amount_total": amount,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": None,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "expires_at": int(params.get("expires_at", now + _MAX_AGE)),
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
        raise ApiError("This look-alike takes payments only.", param="mode", kept=False)
    for name in ("success_url", "line_items"):
        if not params.get(name):
            raise ApiError(
                f"Missing required param: {name}.", code="parameter_missing", param=name, kept=False
            )
    end = int(params.get("expires_at", now + _MAX_AGE))
    if not now + _MIN_AGE <= end <= now + _MAX_AGE:
        raise ApiError(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from creation.",
            param="expires_at",
            kept=False,
        )
    suffix = params.get("payment_intent_data", {}).get("statement_descriptor_suffix")
    if suffix is not None and (
        len(suffix) > 22 or not re.search("[A-Za-z]", suffix) or re.search(r"[<>\\'\"*]", suffix)
    ):
        raise ApiError(
            "The statement descriptor suffix is not valid.",
            param="payment_intent_data[statement_descriptor_suffix]",
            kept=False,
        )


def _total(params: Params) -> tuple[int, str]:
    prices = [item.get("price_data") or {} for item in params["line_items"]]
    if any("unit_amount" not in price or "name" not in price.get("product_data", {}) for price in prices):
        raise ApiError(
            "Each line needs price_data with a name and an amount.", param="line_items", kept=False
        )
    currency = prices[0]["currency"]
    total = sum(
        int(price["unit_amount"]) * int(item.get("quantity", 1))
        for price, item in zip(prices, params["line_items"], strict=True)
    )
    least = money.min_charge(currency.upper())
    if total < least:
        raise ApiError(
            f"The Checkout Session's total amount must be at least {least} {currency} in its smallest unit.",
            code="amount_too_small",
            kept=False,
        )
    return total, currency


async def retrieve_checkout(tx: db.Tx, id: str) -> Object:
    """GET /v1/checkout/sessions/{id}. Locks it, and expires one whose time is over. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="checkout")
    if body is None:
        raise missing("checkout.session", id)
    if body["status"] == "open" and body["expires_at"] <= await SQL.clock(tx):
        return await _expire(tx, body)
    return body


async def _expire(tx: db.Tx, body: Object) -> Object:
    body |= {"status": "expired", "url": None}
    await SQL.save(tx, id=body["id"], body=body)
    await add_event(tx, "checkout.session.expired", body)
    return body


async def expire_checkout(tx: db.Tx, id: str) -> Object:
    """POST /v1/checkout/sessions/{id}/expire: only an open one."""
    body = await retrieve_checkout(tx, id)
    if body["status"] != "open":
        raise ApiError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{body['status']}`.",
            code="checkout_session_not_open",
        )
    return await _expire(tx, body)


async def for_page(tx: db.Tx, id: str) -> Object:
    """The checkout with `name` of what is paid, for the checkout page. Raises ApiError."""
    body = await retrieve_checkout(tx, id)
    return body | {"name": (await SQL.one(tx, id=f"details_{id}", kind="details"))["name"]}


async def pay(tx: db.Tx, id: str, card: str = GOOD_CARD) -> PayOutcome:
    """Pay a checkout with a card. Idempotent. Raises ApiError."""
    body = await retrieve_checkout(tx, id)
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
    await add_event(tx, "checkout.session.completed", body, LATE if number == LATE_CARD else None)
    return "paid"


async def _charge(tx: db.Tx, body: Object, *, declined: bool) -> None:
    details = (await SQL.one(tx, id=f"details_{body['id']}", kind="details"))["payment"]
    id = new_id("pi")
    intent = {
        "id": id,
        "object": "payment_intent",
        "amount": body["amount_total"],
        "amount_received": 0 if declined else body["amount_total"],
        "created": await SQL.clock(tx),
        "currency": body["currency"],
        "customer": None,
        "description": details.get("description"),
        "last_payment_error": {"type": "card_error", "code": "card_declined"} if declined else None,
        "latest_charge": new_id("ch"),
        "livemode": False,
        "metadata": {},
        "payment_method_types": ["card"],
        "statement_descriptor_suffix": details.get("statement_descriptor_suffix"),
        "status": "requires_payment_method" if declined else "succeeded",
    }
    await SQL.add(tx, id=id, kind="payment_intent", body=intent)
    if not declined:
        body |= {"status": "complete", "payment_status": "paid", "payment_intent": id, "url": None}
        await SQL.save(tx, id=body["id"], body=body)
