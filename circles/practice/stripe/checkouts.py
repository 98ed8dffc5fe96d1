"""Checkouts of the look-alike: create, retrieve, expire, pay."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from circles.base import money
from circles.practice.stripe import balance
from circles.practice.stripe.connect import transfers
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, missing, new_id
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("practice/stripe")

PayOutcome = Literal["paid", "pending", "declined", "unknown_card", "expired"]

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
# Pays, and its webhook is sent late.
LATE_CARD = "4000000000000077"
LATE = timedelta(seconds=20)
# Stripe's own test cards that pay, and whose refunds or banks do something later: refunds.py and disputes.py.
CARDS_WITH_LATER = {
    "4000000000007726": "refund pending, then done",
    "4000000000005126": "refund done, then failed",
    "4000000000003155": "refund requires action",
    "4000000000000259": "disputed",
    "4000000000001976": "inquiry",
}
# Stripe's own test accounts of bank debits: the checkout is complete at once and its money decided later. Our checkouts
# take cards only; this shows what happens should that ever change.
BANK_ACCOUNT = "000123456789"
FAILING_BANK_ACCOUNT = "000111111116"

# Seconds from the creation of a checkout to its end.
_MIN_AGE, _MAX_AGE = 30 * 60, 24 * 3600


async def create_checkout(tx: db.Tx, params: Params, address: str) -> Object:
    """POST /v1/checkout/sessions. address: the origin of this site, where the checkout page is."""
    now = await SQL.clock(tx)
    amount, currency = await _check_amounts(tx, params, now)
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


async def _check_amounts(tx: db.Tx, params: Params, now: int) -> tuple[int, str]:
    _check_checkout(params, now)
    amount, currency = _total(params)
    await transfers.check_destination(tx, params, amount)
    return amount, currency


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
    known = (GOOD_CARD, DECLINED_CARD, LATE_CARD, BANK_ACCOUNT, FAILING_BANK_ACCOUNT, *CARDS_WITH_LATER)
    if number not in known:
        return "unknown_card"
    if number == DECLINED_CARD:
        await _add_intent(tx, body, "requires_payment_method")
        return "declined"
    if number in (BANK_ACCOUNT, FAILING_BANK_ACCOUNT):
        await _complete(tx, body, "unpaid", await _add_intent(tx, body, "processing"))
        await add_event(tx, "checkout.session.completed", body)
        succeeded = number == BANK_ACCOUNT
        await jobs.enqueue(tx, "payments.practice_bank", after=LATE, id=id, succeeded=succeeded)
        return "pending"
    intent_id = await _add_intent(tx, body, "succeeded", number)
    await _complete(tx, body, "paid", intent_id)
    await add_event(tx, "checkout.session.completed", body, LATE if number == LATE_CARD else None)
    if CARDS_WITH_LATER.get(number) in ("disputed", "inquiry"):
        inquiry = CARDS_WITH_LATER[number] == "inquiry"
        await jobs.enqueue(tx, "payments.practice_dispute", after=LATE, id=intent_id, inquiry=inquiry)
    return "paid"


async def _complete(tx: db.Tx, body: Object, payment_status: str, intent_id: str) -> None:
    body |= {
        "status": "complete",
        "payment_status": payment_status,
        "payment_intent": intent_id,
        "url": None,
    }
    await SQL.save(tx, id=body["id"], body=body)


async def _add_intent(tx: db.Tx, body: Object, status: str, card: str = "") -> str:
    """Add the payment intent of a checkout, with its charge where money moved. Returns its id."""
    details = (await SQL.one(tx, id=f"details_{body['id']}", kind="details"))["payment"]
    id = new_id("pi")
    intent = {
        "id": id,
        "object": "payment_intent",
        "amount": body["amount_total"],
        "amount_received": 0,
        "created": await SQL.clock(tx),
        "currency": body["currency"],
        "customer": None,
        "description": details.get("description"),
        "last_payment_error": _DECLINED if status == "requires_payment_method" else None,
        "latest_charge": None,
        "livemode": False,
        "metadata": details.get("metadata") or {},
        "payment_method_types": ["us_bank_account" if status == "processing" else "card"],
        "statement_descriptor_suffix": details.get("statement_descriptor_suffix"),
        "status": status,
        "transfer_data": details.get("transfer_data"),
        "transfer_group": None,
    }
    if status == "succeeded":
        await _charge(tx, intent, card)
    await SQL.add(tx, id=id, kind="payment_intent", body=intent)
    return id


_DECLINED = {"type": "card_error", "code": "card_declined"}


async def _charge(tx: db.Tx, intent: Object, card: str = "") -> None:
    """The money of an intent has moved."""
    charge = {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": True,
        "created": await SQL.clock(tx),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method_details": {"type": "card", "card": {"last4": card[-4:]}} if card else None,
        "refunded": False,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    await transfers.with_charge(tx, intent, charge)
    charge = await balance.book_charge(tx, charge)
    await SQL.add(tx, id=charge["id"], kind="charge", body=charge)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
    }


async def decide(tx: db.Tx, id: str, *, succeeded: bool) -> None:
    """The bank decides a checkout that is complete and unpaid. Idempotent."""
    body = await SQL.lock(tx, id=id, kind="checkout")
    intent = await SQL.lock(tx, id=body["payment_intent"] or "", kind="payment_intent")
    if intent is None or intent["status"] != "processing":
        return
    if succeeded:
        await _charge(tx, intent)
        body |= {"payment_status": "paid"}
    else:
        intent |= {"status": "requires_payment_method", "last_payment_error": _DEBIT_FAILED}
    await SQL.save(tx, id=intent["id"], body=intent)
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", body)


_DEBIT_FAILED = {"type": "card_error", "code": "payment_intent_payment_attempt_failed"}


@jobs.job("payments.practice_bank", group="money")
async def run_decide(context: Context, *, id: str, succeeded: bool) -> None:
    """Job: decide."""
    async with context.db.transaction() as tx:
        await decide(tx, id, succeeded=succeeded)
