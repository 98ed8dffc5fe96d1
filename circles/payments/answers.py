"""Stripe's answers as values of our own, in minor units and UTC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from circles.base import reading
from circles.payments.refunds.rules import DisputeMove, DisputeSnapshot, RefundSnapshot
from circles.payments.rules import CheckoutSnapshot, StripeStatus, from_stripe

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. next: what the next page starts after; empty on the last."""

    items: list[T]
    next: str


def page(answer: Any, read: Callable[[Any], T]) -> Page[T]:
    """One page of a list of what `read` reads."""
    return Page(
        [read(one) for one in answer.data], answer.data[-1].id if answer.has_more and answer.data else ""
    )


def status(answer: Any) -> str:
    """The status of a payment."""
    return answer.status or ""


def checkout(session: Any) -> CheckoutSnapshot:
    """A Checkout Session. Its amount stays as Stripe counts, to be compared with what was asked."""
    intent, metadata = session.payment_intent, getattr(session, "metadata", None)
    return CheckoutSnapshot(
        id=session.id,
        status=cast(StripeStatus, session.status or "open"),
        paid=session.payment_status == "paid",
        payment_intent=_id_of(intent),
        amount=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        url=session.url or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        # Another site's checkout on the same Stripe account carries no id of ours.
        reference=reading.uuid_or_none(session.client_reference_id or ""),
        mode=getattr(session, "mode", None),
        livemode=getattr(session, "livemode", None),
        metadata=metadata.to_dict() if metadata else {},
    )


def refund(answer: Any) -> RefundSnapshot:
    """A Refund."""
    # Stripe leaves out what an object has nothing of, and the SDK then knows no such attribute.
    fault, metadata = getattr(answer, "failure_reason", None), getattr(answer, "metadata", None)
    marks = metadata.to_dict() if metadata else {}
    currency = answer.currency.upper()
    return RefundSnapshot(
        id=answer.id,
        state=answer.status or "pending",
        fault=fault or "",
        amount=from_stripe(answer.amount, currency),
        currency=currency,
        payment_intent=_id_of(getattr(answer, "payment_intent", None)),
        operation_id=reading.uuid_or_none(marks.get("operation", "")),
        attempt=marks.get("attempt", ""),
    )


def dispute(answer: Any) -> DisputeSnapshot:
    """A Dispute."""
    currency, moves = answer.currency.upper(), getattr(answer, "balance_transactions", None) or []
    details = getattr(answer, "evidence_details", None)
    answer_by = getattr(details, "due_by", None) if details else None
    return DisputeSnapshot(
        id=answer.id,
        state=answer.status,
        reason=getattr(answer, "reason", None) or "",
        amount=from_stripe(answer.amount, currency),
        currency=currency,
        payment_intent=_id_of(getattr(answer, "payment_intent", None)),
        made_at=datetime.fromtimestamp(answer.created, UTC),
        answer_by=datetime.fromtimestamp(answer_by, UTC) if answer_by else None,
        moves=tuple(_dispute_move(move, currency) for move in moves),
    )


def _dispute_move(move: Any, currency: str) -> DisputeMove:
    """A movement of a dispute's money. Where our account counts in another currency than the payment, amount is 0."""
    same = move.currency.upper() == currency
    return DisputeMove(
        id=move.id,
        withdrawn=move.amount < 0,
        amount=from_stripe(abs(move.amount), currency) if same else 0,
        fee=from_stripe(move.fee, currency) if same else None,
    )


def _id_of(reference: Any) -> str:
    """The id of an object that an answer names, or holds."""
    return (reference if isinstance(reference, str) else reference.id) if reference else ""
