"""A facilitator's statement of a month: its lines, what is carried over, and its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from circles.base import money
from circles.base.row import Row
from circles.payments import shares

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_SUMMED: Final = ("seats", "amount", "part", "transferred", "held", "due")

HEADINGS: Final = (
    "Month",
    "Circle",
    "Paid",
    "Currency",
    "Seats",
    "Received",
    "Stripe's fees",
    "Community's share",
    "Your part",
    "Got with the payment",
    "Cash you have",
    "Due",
)
WAYS: Final = {"card": "by card", "account": "by card, to your account", "cash": "in cash"}
WHY_LATER: Final = (
    f"A statement counts a circle once at least {shares.LEAST} people have paid, so that no total tells what "
    "one person paid. Until then the money waits for a later month."
)


@dataclass(frozen=True, slots=True)
class CurrencyStatement:
    """What a statement says in one currency, in minor units. carried: due before; paid: by hand in the month."""

    currency: str
    lines: Sequence[Row]
    carried: int
    paid: int

    def total(self, column: str) -> int:
        """The sum of a column of the lines."""
        return sum(line[column] for line in self.lines)

    @property
    def fees(self) -> int | None:
        """Stripe's fees of all lines by card; None where some are not known."""
        known = [line["fees"] for line in self.lines if line["way"] != "cash"]
        return None if None in known else sum(known)

    @property
    def share(self) -> int:
        """What the community keeps."""
        return self.total("amount") - self.total("part")

    @property
    def closing(self) -> int:
        """What is due at the end of the month."""
        return self.carried + self.total("due") - self.paid


def parse_month(typed: str) -> date | None:
    """The first day of a month in an address: 2026-10."""
    match = _MONTH.fullmatch(typed)
    return date(int(match[1]), int(match[2]), 1) if match else None


def by_currency(lines: Iterable[Row], carried: Iterable[Row]) -> list[CurrencyStatement]:
    """One part of a statement for each currency in which there is anything."""
    of_currency: dict[str, list[Row]] = {}
    for line in lines:
        of_currency.setdefault(line["currency"], []).append(line)
    return [
        CurrencyStatement(row["currency"], of_currency.get(row["currency"], []), row["carried"], row["paid"])
        for row in carried
    ]


def balance_words(due: int, currency: str) -> str:
    """What is due, as a sentence."""
    if due == 0:
        return "Nothing is due to you at the moment."
    if due < 0:
        over = money.format_amount(-due, currency)
        return f"You have had {over} more than your part, since money went back. It is taken off what comes next."
    return f"{money.format_amount(due, currency)} is due to you."


def balances(months: Iterable[Row], payouts: Iterable[Row]) -> dict[str, int]:
    """What is due by all statements less what was paid out by hand, by currency."""
    due: dict[str, int] = {}
    for month in months:
        due[month["currency"]] = due.get(month["currency"], 0) + month["due"]
    for payout in payouts:
        due[payout["currency"]] = due.get(payout["currency"], 0) - payout["amount"]
    return dict(sorted(due.items()))


def csv_rows(month: date, parts: Iterable[CurrencyStatement]) -> Iterable[Sequence[str]]:
    """A statement as rows of text: its lines, then what was carried over, paid out, and is due."""
    yield HEADINGS
    for part in parts:
        for line in part.lines:
            yield _csv_line(month, part.currency, line)
        for label, amount in (
            ("Due before this month", part.carried),
            ("Paid out by hand", -part.paid),
            ("Due at the end", part.closing),
        ):
            yield (f"{month:%Y-%m}", label, "", part.currency, *[""] * 7, _plain(amount, part.currency))


def _csv_line(month: date, currency: str, line: Row) -> Sequence[str]:
    amounts = (
        line["amount"],
        line["fees"],
        line["amount"] - line["part"],
        line["part"],
        line["transferred"],
        line["held"],
        line["due"],
    )
    cells = ("" if amount is None else _plain(amount, currency) for amount in amounts)
    return (f"{month:%Y-%m}", line["circle_cell"], WAYS[line["way"]], currency, str(line["seats"]), *cells)


def _plain(minor: int, currency: str) -> str:
    """A number that a spreadsheet counts with."""
    sign = "-" if minor < 0 else ""
    return sign + money.format_plain(abs(minor), currency)
