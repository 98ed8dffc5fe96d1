"""Stripe's answers about its books, as values of our own, in minor units and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from circles.base import reading
from circles.payments.rules import from_stripe

# What the metadata of a payment calls the checkout that it is of: the first that is there counts.
_REFERENCES = ("additional_payment", "pass", "booking")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A balance transaction. source: what it is of (a charge, refund, dispute, payout ...).

    reference: what the metadata of its source names, which proves nothing. source_amount, source_currency: what the
    source says itself, which may be another currency than that of our balance.
    """

    id: str
    type: str
    category: str
    amount: int
    fee: int
    currency: str
    source_id: str
    made_at: datetime
    available_at: datetime
    charge_id: str = ""
    payment_intent: str = ""
    reference: UUID | None = None
    source_amount: int | None = None
    source_currency: str = ""

    def stored(self) -> dict[str, Any]:
        """As JSON, for the query that stores many."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "made_at": self.made_at.isoformat(),
            "available_at": self.available_at.isoformat(),
            "reference": str(self.reference) if self.reference else None,
        }


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout. state: Stripe's own word; transaction_id, failure_transaction_id: by which it left and came back."""

    id: str
    amount: int
    currency: str
    state: str
    is_automatic: bool
    made_at: datetime
    arrives_at: datetime
    transaction_id: str
    failure_transaction_id: str
    failure: str


def transaction(answer: Any) -> Transaction:
    """A BalanceTransaction whose source may be expanded."""
    currency, source = answer.currency.upper(), getattr(answer, "source", None)
    about = {} if source is None or isinstance(source, str) else source.to_dict()
    source_id = (source if isinstance(source, str) else about.get("id", "")) if source else ""
    source_currency = (about.get("currency") or "").upper()
    amount = about.get("amount")
    return Transaction(
        id=answer.id,
        type=answer.type,
        category=getattr(answer, "reporting_category", None) or "",
        amount=_minor(answer.amount, currency),
        fee=_minor(answer.fee, currency),
        currency=currency,
        source_id=source_id,
        made_at=_moment(answer.created),
        available_at=_moment(answer.available_on),
        charge_id=source_id if about.get("object") == "charge" else _id_of(about.get("charge")),
        payment_intent=_id_of(about.get("payment_intent")),
        reference=_reference(about.get("metadata") or {}),
        source_amount=_minor(amount, source_currency) if amount is not None and source_currency else None,
        source_currency=source_currency,
    )


def _minor(amount: int, currency: str) -> int:
    """Stripe's amount in our minor units, of either sign."""
    return from_stripe(amount, currency) if amount >= 0 else -from_stripe(-amount, currency)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _id_of(reference: Any) -> str:
    if isinstance(reference, Mapping):
        return reference.get("id", "")
    return reference or ""


def _reference(metadata: Mapping[str, str]) -> UUID | None:
    named = (reading.uuid_or_none(metadata.get(name, "")) for name in _REFERENCES)
    return next((reference for reference in named if reference), None)


def transaction_id(answer: Any) -> str:
    """The id of a BalanceTransaction."""
    return answer.id


def transfer_id(answer: Any) -> str:
    """The id of the transfer that the expanded source of a BalanceTransaction is, or reverses; empty for another."""
    source = getattr(answer, "source", None)
    if source is None or isinstance(source, str):
        return ""
    return source.id if source.object == "transfer" else _named(source, "transfer")


def charge_id(answer: Any) -> str:
    """The id of the charge of a PaymentIntent that succeeded; empty for another."""
    return _named(answer, "latest_charge") if answer.status == "succeeded" else ""


def payout(answer: Any) -> Payout:
    """A Payout."""
    currency = answer.currency.upper()
    return Payout(
        id=answer.id,
        amount=_minor(answer.amount, currency),
        currency=currency,
        state=answer.status,
        is_automatic=answer.automatic,
        made_at=_moment(answer.created),
        arrives_at=_moment(answer.arrival_date),
        transaction_id=_named(answer, "balance_transaction"),
        failure_transaction_id=_named(answer, "failure_balance_transaction"),
        failure=getattr(answer, "failure_code", None) or "",
    )


def _named(answer: Any, name: str) -> str:
    """The id of an object that an answer names, or holds."""
    reference = getattr(answer, name, None)
    return (reference if isinstance(reference, str) else reference.id) if reference else ""


def balance(answer: Any) -> dict[str, int]:
    """All that a Balance holds, by currency: available, pending, and kept for connected accounts."""
    funds: dict[str, int] = {}
    for name in ("available", "pending", "connect_reserved"):
        for fund in getattr(answer, name, None) or ():
            currency = fund.currency.upper()
            funds[currency] = funds.get(currency, 0) + _minor(fund.amount, currency)
    return funds
