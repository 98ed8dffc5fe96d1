"""Disputes of the look-alike: opened, answered with evidence or accepted, won, lost."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, Literal

from circles.practice.stripe import balance
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, listed, missing, new_id
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("practice/stripe")

Decision = Literal["won", "lost", "warning_closed"]

# What Stripe keeps of each dispute, in the smallest unit, and the seconds there are to answer one.
FEE: Final = 1500
_ANSWER_WITHIN = 7 * 86400
# What a dispute is once evidence was given to the bank, and how long all of that may be:
# docs.stripe.com/disputes/responding.
_UNDER_REVIEW: Final = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
_MAX_EVIDENCE: Final = 150_000


async def open_dispute(
    tx: db.Tx, payment_intent: str, reason: str = "fraudulent", *, inquiry: bool = False
) -> Object:
    """A bank disputes a payment: what is left of it is withdrawn. An inquiry only asks. Raises ApiError."""
    charge, left = await _disputable(tx, payment_intent)
    now = await SQL.clock(tx)
    id = new_id("du")
    moves = [] if inquiry else [await _move(tx, id, -left, charge["currency"], FEE, now)]
    body = {
        "id": id,
        "object": "dispute",
        "amount": left,
        "balance_transactions": moves,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": now + _ANSWER_WITHIN,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": payment_intent,
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    await SQL.add(tx, id=body["id"], kind="dispute", body=body)
    if not inquiry:
        await SQL.save(tx, id=charge["id"], body=charge | {"disputed": True})
    await add_event(tx, "charge.dispute.created", body)
    if not inquiry:
        await add_event(tx, "charge.dispute.funds_withdrawn", body)
    return body


async def _disputable(tx: db.Tx, payment_intent: str) -> tuple[Object, int]:
    """The charge of a payment, locked, and what is left of it. Raises ApiError where a bank could not take it."""
    intent = await SQL.lock(tx, id=payment_intent, kind="payment_intent")
    charge = await SQL.lock(tx, id=intent["latest_charge"] or "", kind="charge") if intent else None
    left = charge["amount"] - await SQL.refunded(tx, payment_intent=payment_intent) if charge else 0
    if charge is None or charge["disputed"] or left <= 0:
        raise ApiError("This payment cannot be disputed.")
    return charge, left


@jobs.job("payments.practice_dispute")
async def run_open_dispute(context: Context, *, id: str, inquiry: bool) -> None:
    """Job: open_dispute, unless nothing of the payment is left to dispute by then."""
    with suppress(ApiError):
        async with context.db.transaction() as tx:
            await open_dispute(tx, id, inquiry=inquiry)


async def _move(tx: db.Tx, dispute: str, amount: int, currency: str, fee: int, now: int) -> Object:
    """Add the transaction by which a dispute takes money, or gives it back."""
    body = balance.transaction(
        "adjustment",
        amount,
        currency,
        now=now,
        source=dispute,
        fee=fee,
        category="dispute" if amount < 0 else "dispute_reversal",
        description="Chargeback withdrawal" if amount < 0 else "Chargeback reversal",
    )
    await balance.add(tx, body)
    return body


async def close_dispute(tx: db.Tx, id: str, decision: Decision) -> Object:
    """A bank decides a dispute; when it is won, the money comes back. Idempotent. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="dispute")
    if body is None or body["status"] in ("won", "lost", "warning_closed"):
        raise ApiError("This dispute is over.")
    body["status"] = decision
    if decision == "won":
        move = await _move(tx, id, body["amount"], body["currency"], 0, await SQL.clock(tx))
        body["balance_transactions"] = [*body["balance_transactions"], move]
        charge = await SQL.lock(tx, id=body["charge"], kind="charge")
        await SQL.save(tx, id=charge["id"], body=charge | {"disputed": False})
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, "charge.dispute.closed", body)
    if decision == "won":
        await add_event(tx, "charge.dispute.funds_reinstated", body)
    return body


async def update(tx: db.Tx, id: str, params: Params) -> Object:
    """POST /v1/disputes/{id}: evidence, kept, and given to the bank unless `submit` is false. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="dispute")
    if body is None:
        raise missing("dispute", id)
    if body["status"] not in _UNDER_REVIEW or body["evidence_details"]["past_due"]:
        raise ApiError("This dispute is already closed.", code="charge_disputed")
    evidence = {name: value for name, value in (params.get("evidence") or {}).items() if value}
    if sum(len(str(value)) for value in evidence.values()) > _MAX_EVIDENCE:
        raise ApiError("The evidence is too long.", param="evidence")
    body["evidence"] = body["evidence"] | evidence
    details = body["evidence_details"] | {"has_evidence": bool(body["evidence"])}
    if params.get("submit", True):
        body["status"] = _UNDER_REVIEW[body["status"]]
        details["submission_count"] += 1
    body["evidence_details"] = details
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, "charge.dispute.updated", body)
    return body


async def accept(tx: db.Tx, id: str) -> Object:
    """POST /v1/disputes/{id}/close: no evidence follows, and it is lost. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="dispute")
    if body is None:
        raise missing("dispute", id)
    if body["status"] != "needs_response":
        raise ApiError("This dispute is already closed.", code="charge_disputed")
    return await close_dispute(tx, id, "lost")


async def pass_deadline(tx: db.Tx, id: str) -> Object:
    """Nobody answered in time: the bank decides for the person. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="dispute")
    if body is None or body["status"] not in _UNDER_REVIEW:
        raise ApiError("This dispute waits for no answer.")
    body["evidence_details"] = body["evidence_details"] | {"past_due": True, "due_by": await SQL.clock(tx)}
    await SQL.save(tx, id=id, body=body)
    return await close_dispute(tx, id, "lost" if body["status"] == "needs_response" else "warning_closed")


async def list_disputes(tx: db.Tx, params: Params) -> Object:
    """GET /v1/disputes: of one payment or charge, or opened since a moment, newest first."""
    return await listed(tx, "dispute", params, "/v1/disputes")
