"""Rules of offering a pass: what hosts type, read and refused with every reason at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from circles.base import money
from circles.base.errors import Reason
from circles.base.reading import Reader

USES: Final = (2, 52)
WEEKS: Final = (1, 104)
MAX_AMOUNT: Final = 10_000_000  # minor units, as for a circle's scale

REFUND_KINDS: Final = (
    (
        "percent",
        "A share of its part of the price",
        "Say how many percent below. 100 is all of it, 0 is nothing.",
    ),
    ("per_use", "A fixed amount", "Say how much below. Nobody gets back more than they paid for it."),
)


@dataclass(frozen=True, slots=True)
class OfferPlan:
    """What a circle is to offer. Amounts in minor units, for the whole pass; see the table pass_offers."""

    is_sold: bool
    uses: int
    weeks: int
    currency: str
    minimum: int
    suggested: int
    maximum: int
    refund_kind: str
    refund_percent: int
    refund_per_use: int
    refund_weeks: int


def first_values(circle: Mapping[str, Any]) -> dict[str, str]:
    """What the form begins with: six gatherings within eight weeks for what five cost, all of it back."""
    currency = circle["currency"]
    values = {
        name: money.format_plain(5 * circle[name], currency) for name in ("minimum", "suggested", "maximum")
    }
    return values | {
        "uses": "6",
        "weeks": "8",
        "refund_kind": "percent",
        "refund_percent": "100",
        "refund_per_use": money.format_plain(circle["minimum"], currency),
        "refund_weeks": "8",
        "is_sold": "on",
    }


def values_of(offer: Mapping[str, Any], circle: Mapping[str, Any]) -> dict[str, str]:
    """The form values of a stored offer; its amounts begin anew where the circle has another currency now."""
    values = {
        name: str(offer[name]) for name in ("uses", "weeks", "refund_kind", "refund_percent", "refund_weeks")
    }
    if offer["currency"] != circle["currency"]:
        return {name: value for name, value in first_values(circle).items() if name != "is_sold"} | values
    for amount in ("minimum", "suggested", "maximum", "refund_per_use"):
        values[amount] = money.format_plain(offer[amount], offer["currency"])
    return values | ({"is_sold": "on"} if offer["is_sold"] else {})


def read(values: Mapping[str, str], currency: str) -> OfferPlan:
    """Read the form of an offer. Raises Refused with every reason at once."""
    reader = Reader(values)
    amounts = {name: _amount(reader, name, currency) for name in ("minimum", "suggested", "maximum")}
    kinds = {kind: label for kind, label, _ in REFUND_KINDS}
    refund_kind = reader.choice("refund_kind", kinds, "Please choose what comes back.")
    weeks = reader.whole("weeks", *WEEKS, f"Please give {WEEKS[0]} to {WEEKS[1]} weeks.")
    is_percent = refund_kind == "percent"
    plan = OfferPlan(
        is_sold=bool(values.get("is_sold")),
        uses=reader.whole("uses", *USES, f"Please give {USES[0]} to {USES[1]} gatherings."),
        weeks=weeks,
        currency=currency,
        **amounts,
        refund_kind=refund_kind,
        refund_percent=reader.whole("refund_percent", 0, 100, "Please give 0 to 100 percent.")
        if is_percent
        else 0,
        refund_per_use=0 if is_percent else _amount(reader, "refund_per_use", currency),
        refund_weeks=reader.whole("refund_weeks", 0, WEEKS[1], "Please give 0 weeks or more."),
    )
    reader.reasons += _refusals(plan, {reason.field for reason in reader.reasons})
    reader.raise_refusals()
    return plan


def _amount(reader: Reader, name: str, currency: str) -> int:
    return reader.take(lambda: money.parse(reader.values.get(name, ""), currency, name), 0)


def _refusals(plan: OfferPlan, faulty: set[str]) -> list[Reason]:
    """What does not go together. faulty: fields that could not be read, of which nothing more is said."""
    reasons = []
    least = money.min_charge(plan.currency)
    if not faulty & {"minimum", "suggested", "maximum"}:
        if not plan.minimum <= plan.suggested <= plan.maximum:
            text = "Please give amounts that rise: the minimum, the suggested amount, the maximum."
            reasons.append(Reason("scale_order", text, "suggested"))
        if plan.minimum < least:
            text = f"A card cannot be charged less than {money.format_amount(least, plan.currency)}."
            reasons.append(Reason("below_card", text, "minimum"))
        if plan.maximum > MAX_AMOUNT:
            text = f"Please give {money.format_amount(MAX_AMOUNT, plan.currency)} at most."
            reasons.append(Reason("too_much", text, "maximum"))
        if plan.refund_per_use > plan.maximum and "refund_per_use" not in faulty:
            text = "That is more than the whole pass costs."
            reasons.append(Reason("refund_too_much", text, "refund_per_use"))
    if plan.refund_weeks > plan.weeks and not faulty & {"weeks", "refund_weeks"}:
        text = "A pass cannot be given back after its time. Please give no more weeks than it lasts."
        reasons.append(Reason("refund_late", text, "refund_weeks"))
    return reasons
