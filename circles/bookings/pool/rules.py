"""Pool rules: sums, whether a pool carries another community seat, and what hosts read of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)
# How long after a pool is empty gatherings still give a community seat to somebody whose form offered one.
HOLDS_BACK_AFTER: Final = timedelta(hours=1)
# Of fewer people nothing is said to hosts.
LEAST: Final = 5

TOO_FEW: Final = "Too few people have paid above the suggested amount so far to say how the pool is doing."
CARRIES: Final = (
    "What people paid above the suggested amount carries the community seats and lower amounts here."
)
DRAWS_MORE: Final = (
    "Community seats and lower amounts draw more than others paid above the suggested amount. "
    "The community carries the rest."
)  # Where a community seat would be chosen, while the pool of the circle carries none.
EMPTY: Final = (
    "What others paid above the suggested amount carries the community seats here, and just now it is used up. "
    "Ask the host: they can give you a seat."
)


@dataclass(frozen=True, slots=True)
class PoolSums:
    """Minor units of one currency: what came in, and what community seats and amounts below drew."""

    currency: str
    paid_in: int
    given: int
    below: int

    @property
    def left(self) -> int:
        return self.paid_in - self.given - self.below


def sums_of(rows: Iterable[Any]) -> list[PoolSums]:
    """The sums of rows, one for each currency."""
    by_currency: dict[str, list[Any]] = {}
    for row in rows:
        by_currency.setdefault(row["currency"], []).append(row)
    return [
        PoolSums(currency, *(sum(row[name] for row in of) for name in ("paid_in", "given", "below")))
        for currency, of in sorted(by_currency.items())
    ]


def carries(balance: int, suggested: int) -> bool:
    """Whether a pool carries another community seat, which draws the suggested amount."""
    return balance >= suggested


def is_held_back(empty_since: datetime | None, now: datetime) -> bool:
    """Whether gatherings have no community seat left, since nobody can have a form any more that offered one."""
    return empty_since is not None and now - empty_since >= HOLDS_BACK_AFTER


def host_words(givers: int, balance: int, suggested: int) -> str:
    """What hosts read: never an amount, and nothing of few people."""
    if givers < LEAST:
        return TOO_FEW
    return CARRIES if carries(balance, suggested) else DRAWS_MORE


def read_month(typed: str, today: date) -> date:
    """The first day of a month of this century in an address, YYYY-MM; of this month for anything else."""
    match = _MONTH.fullmatch(typed)
    return date(int(match[1]), int(match[2]), 1) if match else today.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of a month so many months later."""
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)
