"""What the demo community paid and got back: checkouts, operations, the ledger, and the look-alike's objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles.practice.demo.plan import Plan

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that came: for which booking, through which checkout, how much (minor units)."""

    booking: UUID
    checkout: UUID
    payment_intent: str
    amount: int


def pay(plan: Plan, name: str, booking: UUID, amount: int, asked_at: datetime, paid_at: datetime) -> Paid:
    """A checkout that was opened and paid. name: what Stripe was told it is for."""
    intent = f"pi_{plan.id().hex}"
    checkout, stripe_id = _checkout(
        plan, name, booking, amount, asked_at, state="paid", payment_intent=intent
    )
    plan.event("checkout.paid", booking, paid_at, None, ("open", "paid"))
    _ledger(plan, booking, checkout, "payment", amount, stripe_id, paid_at)
    _remember(
        plan,
        "payment_intent",
        intent,
        paid_at,
        amount=amount,
        amount_received=amount,
        description=name,
        latest_charge=f"ch_{plan.id().hex}",
        metadata={},
    )
    return Paid(booking, checkout, intent, amount)


def unpaid(plan: Plan, name: str, booking: UUID, amount: int, asked_at: datetime) -> None:
    """A checkout that was opened and left to end."""
    _checkout(plan, name, booking, amount, asked_at, state="expired", payment_intent=None)
    plan.event("checkout.expired", booking, asked_at + timedelta(minutes=31), None, ("open", "expired"))


def refund(plan: Plan, paid: Paid, reason: str, at: datetime) -> None:
    """All of a payment, given back a minute after it was asked for."""
    operation, stripe_id, done_at = plan.id(), f"re_{plan.id().hex}", at + timedelta(minutes=1)
    words: dict[str, Any] = {
        "payment_intent": paid.payment_intent,
        "amount": paid.amount,
        "metadata": {"operation": str(operation)},
    }
    _operation(
        plan, operation, "refund", paid.booking, paid.checkout, paid.amount, stripe_id, words, reason, done_at
    )
    _ledger(plan, paid.booking, paid.checkout, "refund", -paid.amount, stripe_id, done_at)
    plan.event("refund.due", paid.booking, at, None, ("", "due"))
    plan.event("refund.done", paid.booking, done_at, None, ("due", "done"))
    _remember(plan, "refund", stripe_id, done_at, **words)


def _checkout(
    plan: Plan, name: str, booking: UUID, amount: int, at: datetime, *, state: str, payment_intent: str | None
) -> tuple[UUID, str]:
    """A checkout and the call that opened it. Returns its id and its id at Stripe."""
    stripe_id = f"cs_test_{plan.id().hex}"
    checkout = plan.add(
        "checkouts",
        booking_id=booking,
        amount=amount,
        state=state,
        stripe_id=stripe_id,
        payment_intent=payment_intent,
        expires_at=at + timedelta(minutes=31),
        created_at=at,
    )
    words = {
        "mode": "payment",
        "client_reference_id": str(booking),
        "payment_intent_data": {"description": name},
    }
    _operation(plan, plan.id(), "create_checkout", booking, checkout, 0, stripe_id, words, "", at)
    plan.event("checkout.open", booking, at, None, ("asked", "open"))
    return checkout, stripe_id


def _operation(
    plan: Plan,
    id: UUID,
    kind: str,
    booking: UUID,
    checkout: UUID,
    amount: int,
    stripe_id: str,
    request: dict[str, Any],
    reason: str,
    at: datetime,
) -> None:
    plan.add(
        "operations",
        id=id,
        kind=kind,
        booking_id=booking,
        checkout_id=checkout,
        idempotency_key=f"circles-{kind}-{id}",
        amount=amount,
        stripe_id=stripe_id,
        request=request,
        reason=reason,
        created_at=at,
    )


def _ledger(
    plan: Plan, booking: UUID, checkout: UUID, kind: str, amount: int, stripe_id: str, at: datetime
) -> None:
    row = {"at": at, "booking_id": booking, "checkout_id": checkout, "kind": kind, "amount": amount}
    plan.rows.setdefault("money_rows", []).append(row | {"stripe_id": stripe_id})


def _remember(plan: Plan, kind: str, stripe_id: str, at: datetime, **body: Any) -> None:
    """What the practice look-alike of Stripe knows of it (payments/practice.py), so that refunds work."""
    told = {
        "id": stripe_id,
        "object": kind,
        "created": int(at.timestamp()),
        "currency": CURRENCY.lower(),
        "livemode": False,
        "status": "succeeded",
    }
    plan.rows.setdefault("practice_objects", []).append(
        {"id": stripe_id, "kind": kind, "body": told | body, "created_at": at}
    )
