"""Cash: the amount that somebody notes, within sane limits."""

from __future__ import annotations

from typing import Final, Literal

from circles.base import money
from circles.base.errors import Reason, Refused

Kind = Literal["received", "given_back", "correction"]

# The most cash that is noted at once, in whole units of the currency. More is a typing error.
MAX_CASH: Final = 1_000
# How far a correction may lie below zero or above it is bounded by what was noted before, and by the same limit.
MAX_NOTE: Final = 300


def parse(typed: str, currency: str, field: str = "cash", *, instead: str = "", zero: bool = False) -> int:
    """An amount of cash as typed, in minor units and above 0, or from 0 with `zero`. Raises Refused.

    instead: what else can be done where nothing was paid, such as ", or leave the field empty".
    """
    amount = money.parse(typed, currency, field) if zero or typed.strip() else 0
    if amount == 0 and not zero:
        raise Refused(Reason("cash_nothing", f"Please give an amount above 0{instead}.", field))
    if amount > MAX_CASH * money.minor_per_unit(currency):
        most = money.format_amount(MAX_CASH * money.minor_per_unit(currency), currency)
        raise Refused(Reason("cash_much", f"No more than {most} is noted at once. Please check it.", field))
    return amount


def change(kind: Kind, amount: int, balance: int, currency: str) -> int:
    """What a new row adds to the sum of a seat, in minor units. Raises Refused.

    amount: received or given back; of a correction, the sum that is right. balance: the sum so far.
    """
    if kind == "received":
        return amount
    if kind == "correction":
        if amount == balance:
            text = f"{money.format_amount(balance, currency)} is what is noted already."
            raise Refused(Reason("cash_same", text, "cash"))
        return amount - balance
    if amount > balance:
        text = (
            f"Only {money.format_amount(balance, currency)} in cash is noted, so no more can be given back."
        )
        raise Refused(Reason("cash_more_than_noted", text, "cash"))
    return -amount
