"""Money of the demo community: checkouts, refunds, the ledger, and the objects of the practice Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles.practice.demo.plan import Plan, Row

CURRENCY = "USD"
HOLD = timedelta(minutes=36)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that arrived. amount: minor units."""

    booking: UUID
    checkout: UUID
    payment_intent: str
    amount: int


def pay(plan: Plan, name: str, booking: UUID, amount: int, at: datetime, paid_at: datetime) -> Payment:
    """Add a paid checkout. name: the description sent to Stripe."""
    intent = f"pi_{plan.id().hex}"
    checkout, stripe_id = _add_checkout(plan, name, booking, amount, at, state="paid", payment_intent=intent)
    plan.event("checkout.paid", booking, paid_at, None, "open", "paid")
    _add_ledger_row(plan, booking, checkout, "payment", amount, stripe_id, paid_at)
    charge: Row = {"amount": amount, "amount_received": amount, "description": name}
    charge_id = f"ch_{plan.id().hex}"
    charge |= {"latest_charge": charge_id, "metadata": {}}
    _add_object(plan, "payment_intent", intent, paid_at, **charge)
    about: Row = {"amount": amount, "amount_refunded": 0, "refunded": False, "disputed": False}
    _add_object(plan, "charge", charge_id, paid_at, payment_intent=intent, **about)
    return Payment(booking, checkout, intent, amount)


def leave_unpaid(plan: Plan, name: str, booking: UUID, amount: int, at: datetime) -> None:
    """Add a checkout that expired unpaid."""
    _add_checkout(plan, name, booking, amount, at, state="expired", payment_intent=None)
    plan.event("checkout.expired", booking, at + HOLD, None, "open", "expired")


def refund(plan: Plan, paid: Payment, reason: str, at: datetime) -> None:
    """Add a full refund, done a minute after it was due."""
    operation, stripe_id, done_at = plan.id(), f"re_{plan.id().hex}", at + timedelta(minutes=1)
    request: Row = {"payment_intent": paid.payment_intent, "amount": paid.amount}
    request |= {"metadata": {"operation": str(operation)}}
    about: Row = {"booking_id": paid.booking, "checkout_id": paid.checkout, "amount": paid.amount}
    about |= {"kind": "refund", "stripe_id": stripe_id, "request": request, "reason": reason}
    _add_operation(plan, done_at, id=operation, **about)
    _add_ledger_row(plan, paid.booking, paid.checkout, "refund", -paid.amount, stripe_id, done_at)
    plan.event("refund.due", paid.booking, at, None, after="due")
    plan.event("refund.done", paid.booking, done_at, None, "due", "done")
    _add_object(plan, "refund", stripe_id, done_at, **request)


def _add_checkout(
    plan: Plan, name: str, booking: UUID, amount: int, at: datetime, *, state: str, payment_intent: str | None
) -> tuple[UUID, str]:
    """A checkout and the call that opened it. Returns its id and its id at Stripe."""
    stripe_id = f"cs_test_{plan.id().hex}"
    row: Row = {"booking_id": booking, "amount": amount, "currency": CURRENCY, "state": state}
    row |= {"stripe_id": stripe_id, "payment_intent": payment_intent, "expires_at": at + HOLD}
    checkout = plan.add("checkouts", **row, created_at=at, looked_at=at)
    request = {
        "mode": "payment",
        "client_reference_id": str(booking),
        "payment_intent_data": {"description": name},
    }
    about: Row = {"booking_id": booking, "checkout_id": checkout, "amount": 0, "stripe_id": stripe_id}
    about |= {"kind": "create_checkout", "request": request, "reason": ""}
    _add_operation(plan, at, id=plan.id(), **about)
    plan.event("checkout.open", booking, at, None, "asked", "open")
    return checkout, stripe_id


def _add_operation(plan: Plan, at: datetime, **row: Any) -> None:
    times = {"created_at": at, "called_at": at, "done_at": at, "again_at": None}
    key = f"circles-{row['kind']}-{row['id']}"
    plan.add("operations", **row, state="done", idempotency_key=key, **times)


def _add_ledger_row(
    plan: Plan, booking: UUID, checkout: UUID, kind: str, amount: int, stripe_id: str, at: datetime
) -> None:
    row = {"at": at, "booking_id": booking, "checkout_id": checkout, "kind": kind, "amount": amount}
    plan.rows.setdefault("money_rows", []).append(row | {"currency": CURRENCY, "stripe_id": stripe_id})


def _add_object(plan: Plan, kind: str, stripe_id: str, at: datetime, **body: Any) -> None:
    """Add the objects of the practice Stripe (practice/stripe/objects.py), so that refunds work."""
    common = {"id": stripe_id, "object": kind, "created": int(at.timestamp()), "status": "succeeded"}
    common |= {"currency": CURRENCY.lower(), "livemode": False}
    plan.add("practice_objects", id=stripe_id, kind=kind, body=common | body, created_at=at)
