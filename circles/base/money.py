"""Money in integer minor units with an ISO 4217 currency; the sliding scale."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from babel.numbers import (
    format_currency,
    get_currency_name,
    get_currency_precision,
    list_currencies,
)

from circles.base import text
from circles.base.errors import Reason, Refused

# The largest price of a seat, in minor units. More is a typing error.
MAX_MINOR = 100_000_00

# Those that a circle may be paid in.
CURRENCIES = ("USD", "CAD", "EUR", "GBP", "AUD", "NZD", "CHF")

# The least a card can be charged with, in minor units, where it is not 50
# (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
_MIN_CHARGE = {"GBP": 30, "DKK": 250, "HUF": 17500, "MXN": 1000, "NOK": 300, "PLN": 200, "SEK": 300}

# How people write a currency before or after an amount, beside its code. In lower case, without spaces.
SIGNS = {
    "USD": ("$", "us$", "dollar", "dollars"),
    "CAD": ("$", "c$", "ca$", "can$", "dollar", "dollars"),
    "EUR": ("€", "euro", "euros"),
    "GBP": ("£", "pound", "pounds"),
    "AUD": ("$", "a$", "au$", "dollar", "dollars"),
    "NZD": ("$", "nz$", "dollar", "dollars"),
    "CHF": ("fr", "fr.", "sfr", "sfr.", "franc", "francs", "franken"),
    "MXN": ("$", "mx$", "mex$", "peso", "pesos"),
    "JPY": ("¥", "yen"),
}
_OTHER_SIGNS = frozenset({"kr", "kr.", "zł", "kč", "ft", "lei", "rs", "rs."})
# Where a comma before three digits may begin the decimals as well as separate thousands.
_POINT_OR_COMMA = frozenset({"EUR", "CHF"})

# The same grammar is in static/circles.js; tests/base/amounts.json is the table that both are held to.
_ASIDE = str.maketrans("’‘ʼ−–—", "'''---")
_TYPED = re.compile(
    r"(?P<before>(?:s?fr\.|[^0-9.,'])*)(?P<number>[0-9.,' ]*)(?P<rest>-{1,2})?(?P<after>[^0-9]*)", re.DOTALL
)
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?P<group>[.,' ])[0-9]{3}(?:(?P=group)[0-9]{3})*)"
    r"(?:(?!(?P=group))(?P<point>[.,])(?P<part>[0-9]*))?"
)
_PLAIN = re.compile(r"(?=[.,]?[0-9])(?P<whole>[0-9]*)(?:[.,](?P<part>[0-9]*))?")
_MAX_LENGTH = 40
_MAX_TYPED = 1_000  # with all that is left out before it is read


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
    """Read an amount as people type it into minor units: 12.50, 12,50, $30, 12 €, .5, 1,500.00, 1'500.

    Raises Refused for no amount, another currency's sign, too many decimals, a negative one, more than MAX_MINOR, and
    one with two meanings, such as 1.500.
    """
    number = _without_sign(typed, currency, field)
    whole, part = _split(number, currency, field)
    digits = get_currency_precision(currency)
    if len(part) > digits:
        decimals = "no cents" if digits == 0 else f"at most {digits} digits after the point"
        raise Refused(
            Reason("amount_fraction", f"Please give an amount in {currency} with {decimals}.", field)
        )
    minor = int(whole or 0) * 10**digits + int(part.ljust(digits, "0") or 0)
    if minor > MAX_MINOR:
        raise Refused(Reason("amount_huge", "That amount is too large. Please check it.", field))
    return minor


def signs_of(currency: str) -> tuple[str, ...]:
    """What may stand before or after an amount in a currency, in lower case, longest first."""
    return tuple(sorted({currency.lower(), *SIGNS.get(currency, ())}, key=lambda sign: (-len(sign), sign)))


def _without_sign(typed: str, currency: str, field: str) -> str:
    """The number of a typed amount. Raises Refused for another currency's sign, and for what is no amount."""
    plain = " ".join(text.plain_digits(typed[:_MAX_TYPED]).translate(_ASIDE).split())
    # The length first: the patterns take time by the square of it.
    match = (
        _TYPED.fullmatch(plain.casefold()) if len(plain) <= _MAX_LENGTH and len(typed) <= _MAX_TYPED else None
    )
    if not match:
        raise _unreadable(plain, currency, field)
    number = match["number"].strip()
    before = match["before"].replace(" ", "").removeprefix("+")
    after = match["after"].replace(" ", "")
    if "-" in before or not number or (match["rest"] and number[-1] not in ".,"):
        raise _unreadable(plain, currency, field)
    for sign in (before, after):
        if not _is_sign(sign, currency):
            raise _other_currency(sign, currency, field) or _unreadable(plain, currency, field)
    return number


@cache
def _sign_pattern(currency: str) -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in signs_of(currency))
    return re.compile(f"(?:{signs})*")


def _is_sign(sign: str, currency: str) -> bool:
    return _sign_pattern(currency).fullmatch(sign) is not None


def _other_currency(sign: str, currency: str, field: str) -> Refused | None:
    """The refusal of a sign that belongs to another currency; None where it belongs to none."""
    is_currency = (
        sign in _OTHER_SIGNS
        or sign.upper() in list_currencies()
        or any(sign in signs for signs in SIGNS.values())
        or any(unicodedata.category(character) == "Sc" and character != "¢" for character in sign)
    )
    if not is_currency:
        return None
    name = get_currency_name(currency, 2, locale="en_US")
    message = f"Please give the amount in {name} ({currency}); “{sign.upper()}” is another currency."
    return Refused(Reason("amount_currency", message, field))


def _split(number: str, currency: str, field: str) -> tuple[str, str]:
    """The digits before and after the decimal point, without closing zeros. Raises Refused."""
    grouped = _GROUPED.fullmatch(number)
    if grouped and not _may_be_decimals(grouped, currency):
        return re.sub("[^0-9]", "", grouped["whole"]), (grouped["part"] or "").rstrip("0")
    plain = _PLAIN.fullmatch(number)
    if not plain:
        raise _unreadable(number, currency, field)
    part = (plain["part"] or "").rstrip("0")
    if grouped and len(part) <= get_currency_precision(currency) < 3:
        one, other = plain["whole"] + (plain["part"] or ""), f"{plain['whole']}.{part.ljust(2, '0')}"
        message = f"{number} can be read in two ways. Please write {one} or {other}."
        raise Refused(Reason("amount_ambiguous", message, field))
    return plain["whole"], part


def _may_be_decimals(grouped: re.Match[str], currency: str) -> bool:
    """Whether the one separator may be the decimal point: 1.500, and 1,500 where a comma is one."""
    separator, is_last = grouped["group"], len(grouped["whole"]) < 8 and not grouped["point"]
    point = separator == "." or (separator == "," and currency in _POINT_OR_COMMA)
    return is_last and point and get_currency_precision(currency) > 0


def _unreadable(typed: str, currency: str, field: str) -> Refused:
    if not typed:
        message = "Please give an amount."
    elif re.match(r"[^0-9-]*-[^0-9]*[0-9]", typed[:_MAX_LENGTH]):
        message = "An amount cannot be less than zero."
    else:
        message = f"Please write the amount in {currency} as a plain number, such as 45 or 45.50."
    return Refused(Reason("amount_unreadable", message, field))


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


def scale_refusals(scale: Scale) -> list[Reason]:
    """Every reason against a scale, the least amount a card can be charged included."""
    reasons = scale.refusals()
    least = min_charge(scale.currency)
    for field in ("minimum", "suggested", "maximum"):
        if 0 < getattr(scale, field) < least:
            amount = format_amount(least, scale.currency)
            text = f"A card cannot be charged less than {amount}. Give more, or 0."
            reasons.append(Reason("too_small_to_charge", text, field))
    return reasons
