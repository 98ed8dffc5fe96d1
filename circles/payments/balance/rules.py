"""Words of payouts and of what is inside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from circles.base.clock import format_short_date

# Stripe's states of a payout, in words.
STATES: Final[Mapping[str, str]] = {
    "pending": "Being prepared",
    "in_transit": "On its way to the bank",
    "paid": "Arrived",
    "failed": "Came back",
    "canceled": "Canceled",
}
# What can be inside a payout, in the order of its sums: see movement_of in sql/migrations/0381_reconciliation.sql.
MOVEMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "payment": ("Payments", "Payment"),
    "refund": ("Refunds", "Refund"),
    "refund_returned": ("Refunds that came back", "Refund that came back"),
    "dispute": ("Taken by disputes", "Taken by a dispute"),
    "dispute_returned": ("Given back by disputes", "Given back by a dispute"),
    "transfer": ("To and from connected accounts", "To or from a connected account"),
    "stripe_fee": ("Stripe’s own fees", "Stripe’s own fee"),
    "payout": ("Other payouts", "Another payout"),
    "payout_returned": ("Payouts that came back", "Payout that came back"),
    "other": ("Adjustments of Stripe", "Adjustment of Stripe"),
}


def state_text(state: str) -> str:
    """A state of a payout in words; Stripe's own for one that it may add."""
    return STATES.get(state, state.replace("_", " ").capitalize())


def movement_text(movement: str) -> str:
    """What one transaction is."""
    return MOVEMENTS.get(movement, MOVEMENTS["other"])[1]


def sums_of(payout: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """The sums of what is inside a payout: (title, how many, amount), then its fees as the last."""
    sums: Mapping[str, Mapping[str, int]] = payout["sums"] or {}
    lines = [
        (titles[0], sums[name]["count"], sums[name]["amount"])
        for name, titles in MOVEMENTS.items()
        if name in sums
    ]
    fees = sum(each["fee"] for each in sums.values())
    return [*lines, ("Stripe’s fees", 0, -fees)] if lines else []


def left_over(payout: Mapping[str, Any]) -> int:
    """How much more a payout is than all that is inside it, in minor units."""
    return payout["amount"] - sum(amount for _, _, amount in sums_of(payout))


def arrival_text(payout: Mapping[str, Any], today: date) -> str:
    """The day on which a payout reaches the bank: Stripe says a day, as its first moment in UTC."""
    return format_short_date(payout["arrives_at"].date(), today)
