"""Refunds of the look-alike: create, list, send back."""

from __future__ import annotations

from circles.practice.stripe.objects import ApiError, Object, Params, add_event, new_id
from circles.store import db

SQL = db.queries("practice/stripe")


async def create_refund(tx: db.Tx, params: Params) -> Object:
    """POST /v1/refunds: of a payment that succeeded, and never more than what is left of it."""
    intent_id = params.get("payment_intent", "")
    intent = await SQL.lock(tx, id=intent_id, kind="payment_intent")
    if intent is None:
        message = f"No such payment_intent: '{intent_id}'"
        raise ApiError(message, code="resource_missing", param="payment_intent", kept=False)
    left = intent["amount_received"] - await SQL.refunded(tx, payment_intent=intent_id)
    amount = int(params.get("amount", left))
    if left <= 0:
        raise ApiError("This charge has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise ApiError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    id = new_id("re")
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
    await add_event(tx, "refund.created", body)
    return body


async def list_refunds(tx: db.Tx, params: Params) -> Object:
    """GET /v1/refunds, of one payment, newest first."""
    rows = await db.rows(
        SQL.refunds_of(tx, payment_intent=params.get("payment_intent", ""), most=int(params.get("limit", 10)))
    )
    return {"object": "list", "data": [row["body"] for row in rows], "has_more": False, "url": "/v1/refunds"}


async def return_refund(tx: db.Tx, id: str) -> None:
    """Let a refund fail after it had succeeded, as when a bank sends it back."""
    body = await SQL.lock(tx, id=id, kind="refund")
    body |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, "refund.failed", body)
