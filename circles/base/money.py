"""Money in integer minor units with an ISO 4217 currency; the sliding scale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import format_currency, get_currency_precision

from circles.base.errors import Reason, Refused

# The largest price of a seat, in minor units. More is a typing error.
MAX_MINOR = 100_000_00

# The least a card can be charged with, in minor units, where it is not 50
# (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
_MIN_CHARGE = {"GBP": 30, "DKK": 250, "HUF": 17500, "MXN": 1000, "NOK": 300, "PLN": 200, "SEK": 300}

_AMOUNT = re.compile(r"(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(?P<part>\d+))?", re.ASCII)


def minor_per_unit(currency: str) -> int:
    """How many minor units make one unit of the currency (100 for USD, 1 for JPY)."""
    return 10 ** get_currency_precision(currency)


def min_charge(currency: str) -> int:
    """The least a card can be charged with, in minor units."""
    return _MIN_CHARGE.get(currency, 50)


@lru_cache(maxsize=4096)
def format_amount(minor: int, currency: str) -> str:
    """An amount as people write it: $45, $45.50, ¥4,500. Whole amounts have no decimals.

    minor: integer minor units (cents). Cached, because the same few amounts repeat.
    """
    whole = minor % minor_per_unit(currency) == 0
    return format_currency(
        Decimal(minor) / minor_per_unit(currency),
        currency,
        "¤#,##0" if whole else None,
        locale="en_US",
        currency_digits=not whole,
    )


def format_plain(minor: int, currency: str) -> str:
    """An amount for a form field: 45 or 45.50, without the currency."""
    digits = get_currency_precision(currency)
    unit, part = divmod(minor, 10**digits)
    return f"{unit}.{part:0{digits}d}" if part else str(unit)


def parse(typed: str, currency: str, field: str = "amount") -> int:
    """Read a typed amount into minor units. A currency sign before it is allowed.

    Raises Refused for no amount, too many decimals, a negative one, or more than MAX_MINOR.
    """
    text = typed.strip().removeprefix("$").removeprefix("€").removeprefix("£").strip()
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise Refused(Reason("amount_unreadable", _unreadable(text, currency), field))
    digits = get_currency_precision(currency)
    part = (match["part"] or "").rstrip("0")
    if len(part) > digits:
        decimals = "no cents" if digits == 0 else f"at most {digits} digits after the point"
        raise Refused(
            Reason("amount_fraction", f"Please give an amount in {currency} with {decimals}.", field)
        )
    minor = int(match["whole"].replace(",", "")) * 10**digits + int(part.ljust(digits, "0") or 0)
    if minor > MAX_MINOR:
        raise Refused(Reason("amount_huge", "That amount is too large. Please check it.", field))
    return minor


def _unreadable(text: str, currency: str) -> str:
    if not text:
        return "Please give an amount."
    if text.startswith("-"):
        return "An amount cannot be less than zero."
    return f"Please write the amount in {currency} as a plain number, such as 45 or 45.50."


@dataclass(frozen=True, slots=True)
class Scale:
    """A circle's sliding scale, in minor units of one currency. All zero: every seat is free."""

    minimum: int
    suggested: int
    maximum: int
    currency: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Scale:
        """The scale in the columns of a row."""
        return cls(row["minimum"], row["suggested"], row["maximum"], row["currency"])

    @property
    def is_free(self) -> bool:
        """Whether every seat is free."""
        return self.maximum == 0

    def refusals(self) -> list[Reason]:
        """Every reason why this is no valid scale."""
        reasons = []
        if self.minimum < 0:
            reasons.append(Reason("scale_negative", "The minimum cannot be less than zero.", "minimum"))
        if self.suggested < self.minimum:
            reasons.append(
                Reason("scale_order", "The suggested amount cannot be less than the minimum.", "suggested")
            )
        if self.maximum < self.suggested:
            reasons.append(
                Reason("scale_order", "The maximum cannot be less than the suggested amount.", "maximum")
            )
        return reasons

    def amount_refusals(self, amount: int, currency: str) -> list[Reason]:
        """Every reason why this amount cannot be paid on this scale."""
        if currency.upper() != self.currency:
            return [Reason("other_currency", f"This circle is paid in {self.currency}.", "amount")]
        if amount < self.minimum:
            least = format_amount(self.minimum, self.currency)
            return [Reason("below_scale", f"The least one can pay here is {least}.", "amount")]
        if amount > self.maximum:
            most = format_amount(self.maximum, self.currency)
            return [Reason("above_scale", f"The most one can pay here is {most}.", "amount")]
        return []
