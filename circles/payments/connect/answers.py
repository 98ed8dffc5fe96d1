"""Stripe's answers about connected accounts and transfers as values of our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from circles.base import reading
from circles.payments.connect.rules import (
    AccountSnapshot,
    PaymentSnapshot,
    ReversalSnapshot,
    TransferSnapshot,
)
from circles.payments.rules import from_stripe


def account(answer: Any) -> AccountSnapshot:
    """An Account."""
    capabilities, needs = getattr(answer, "capabilities", None), getattr(answer, "requirements", None)
    due = {*(getattr(needs, "currently_due", None) or ()), *(getattr(needs, "past_due", None) or ())}
    return AccountSnapshot(
        id=answer.id,
        country=(getattr(answer, "country", None) or "").upper(),
        currency=(getattr(answer, "default_currency", None) or "").upper(),
        charges=bool(getattr(answer, "charges_enabled", None)),
        payouts=bool(getattr(answer, "payouts_enabled", None)),
        details=bool(getattr(answer, "details_submitted", None)),
        transfers=(getattr(capabilities, "transfers", None) or "") if capabilities else "",
        due=tuple(sorted(due)),
        disabled_reason=(getattr(needs, "disabled_reason", None) or "") if needs else "",
        operation_id=_operation_of(answer),
    )


def url(answer: Any) -> str:
    """Where an Account Link leads."""
    return answer.url


def payment(answer: Any) -> PaymentSnapshot:
    """What a PaymentIntent, with its charge in it, says of a part that goes to an account."""
    charge, part = getattr(answer, "latest_charge", None), getattr(answer, "transfer_data", None)
    of_charge = charge if charge and not isinstance(charge, str) else None
    return PaymentSnapshot(
        destination=_id_of(getattr(part, "destination", None)) if part else "",
        amount=getattr(part, "amount", None) if part else None,
        transfer=_id_of(getattr(of_charge, "transfer", None)) if of_charge else "",
        group=(getattr(of_charge, "transfer_group", None) or "") if of_charge else "",
    )


def transfer(answer: Any) -> TransferSnapshot:
    """A Transfer, with the reversals that Stripe shows in it: the ten newest."""
    currency = answer.currency.upper()
    reversals = getattr(answer, "reversals", None)
    return TransferSnapshot(
        id=answer.id,
        destination=_id_of(getattr(answer, "destination", None)),
        amount=from_stripe(answer.amount, currency),
        currency=currency,
        made_at=datetime.fromtimestamp(answer.created, UTC),
        reversals=tuple(reversal(one) for one in reversals.data) if reversals else (),
        operation_id=_operation_of(answer),
    )


def reversal(answer: Any) -> ReversalSnapshot:
    """A Transfer Reversal."""
    return ReversalSnapshot(
        id=answer.id,
        amount=from_stripe(answer.amount, answer.currency.upper()),
        made_at=datetime.fromtimestamp(answer.created, UTC),
        operation_id=_operation_of(answer),
    )


def _id_of(reference: Any) -> str:
    return (reference if isinstance(reference, str) else reference.id) if reference else ""


def _operation_of(answer: Any) -> UUID | None:
    metadata = getattr(answer, "metadata", None)
    return reading.uuid_or_none((metadata.to_dict() if metadata else {}).get("operation", ""))
