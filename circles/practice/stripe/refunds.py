"""Refunds of the look-alike: create, list, and what becomes of them later.

They succeed at once, unless their card or a planned fault for "refund" says otherwise: see `_OUTCOMES` and faults.py.
"""

from __future__ import annotations

from typing import Final, Literal, cast

from circles.practice.stripe import balance, faults
from circles.practice.stripe.checkouts import LATE
from circles.practice.stripe.connect import transfers
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, listed, new_id
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("practice/stripe")

RefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]

# The last digits of Stripe's own test cards: how their refunds begin, and what becomes of them after LATE.
_OUTCOMES: Final[dict[str, tuple[RefundStatus, RefundStatus | None]]] = {
    "7726": ("pending", "succeeded"),
    "5126": ("succeeded", "failed"),
    "3155": ("requires_action", None),
}
_NOT_LIVE = ("failed", "canceled")


async def create_refund(tx: db.Tx, params: Params) -> Object:
    """POST /v1/refunds: of a payment that succeeded, and never more than what is left of it."""
    intent_id = params.get("payment_intent", "")
    intent = await SQL.lock(tx, id=intent_id, kind="payment_intent")
    if intent is None:
        message = f"No such payment_intent: '{intent_id}'"
        raise ApiError(message, code="resource_missing", param="payment_intent", kept=False)
    charge = await SQL.lock(tx, id=intent["latest_charge"], kind="charge") or {}
    if charge.get("disputed"):
        raise ApiError("This charge has been charged back; cannot issue a refund.", code="charge_disputed")
    left = intent["amount_received"] - await SQL.refunded(tx, payment_intent=intent_id)
    amount = int(params.get("amount", left))
    if left <= 0:
        raise ApiError("This charge has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise ApiError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    first, then = await _outcome(tx, charge)
    body = await _body(tx, params, intent, amount, first)
    if first not in _NOT_LIVE:
        is_card = bool(charge.get("payment_method_details", True))
        body = await balance.book_refund(tx, body, is_card=is_card)
    if params.get("reverse_transfer"):
        reversal = await transfers.reverse_with_refund(tx, body, charge, left - amount)
        body["transfer_reversal"] = reversal["id"] if reversal else None
    await SQL.add(tx, id=body["id"], kind="refund", body=body)
    await add_event(tx, "refund.created", body)
    await _count_on_charge(tx, body)
    if then:
        await jobs.enqueue(tx, "payments.practice_refund", after=LATE, id=body["id"], status=then)
    return body


async def _body(tx: db.Tx, params: Params, intent: Object, amount: int, status: RefundStatus) -> Object:
    body = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": intent["latest_charge"],
        "created": await SQL.clock(tx),
        "currency": intent["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": intent["id"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "failed":
        body["failure_reason"] = "unknown"
    return body


async def _outcome(tx: db.Tx, charge: Object) -> tuple[RefundStatus, RefundStatus | None]:
    planned = await faults.take(tx, "refund")
    if planned:
        return cast(RefundStatus, planned.fault), None
    card = (charge.get("payment_method_details") or {}).get("card", {})
    return _OUTCOMES.get(card.get("last4", ""), ("succeeded", None))


async def _count_on_charge(tx: db.Tx, refund: Object) -> None:
    """Bring the charge's count of what was refunded up to date, with its event when it rose."""
    charge = await SQL.lock(tx, id=refund["charge"], kind="charge")
    if charge is None:
        return
    before = charge["amount_refunded"]
    charge["amount_refunded"] = await SQL.refunded(tx, payment_intent=refund["payment_intent"])
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    await SQL.save(tx, id=charge["id"], body=charge)
    if charge["amount_refunded"] > before:
        await add_event(tx, "charge.refunded", charge)


async def list_refunds(tx: db.Tx, params: Params) -> Object:
    """GET /v1/refunds: of one payment or charge, or made since a moment, newest first."""
    return await listed(tx, "refund", params, "/v1/refunds")


async def move_refund(tx: db.Tx, id: str, status: RefundStatus, fault: str = "lost_or_stolen_card") -> None:
    """Move a refund to another status, with its events. A canceled one names no reason, as at Stripe."""
    body = await SQL.lock(tx, id=id, kind="refund")
    if body["status"] == status or body["status"] in _NOT_LIVE:
        return
    body["status"] = status
    if status == "failed":
        body["failure_reason"] = fault
    if status in _NOT_LIVE:
        if not body.get("balance_transaction"):  # of the version before
            body = await balance.book_refund(tx, body)
        body = await balance.book_refund_failure(tx, body, await SQL.clock(tx))
    await SQL.save(tx, id=id, body=body)
    await _count_on_charge(tx, body)
    if status == "failed":
        await add_event(tx, "refund.failed", body)
    await add_event(tx, "refund.updated", body)


@jobs.job("payments.practice_refund")
async def run_move_refund(context: Context, *, id: str, status: RefundStatus) -> None:
    """Job: move_refund."""
    async with context.db.transaction() as tx:
        await move_refund(tx, id, status)


async def return_refund(tx: db.Tx, id: str) -> None:
    """Let a refund fail after it had succeeded, as when a bank sends it back."""
    await move_refund(tx, id, "failed")
