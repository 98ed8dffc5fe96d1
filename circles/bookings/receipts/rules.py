"""Receipt rules: what each line is called, sums, and the bounds of a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from circles.base import clock
from circles.base.errors import NotFound, Reason

# The zone of a year where the community names none.
DEFAULT_ZONE: Final = "America/New_York"
FIRST_YEAR, LAST_YEAR = 2000, 2999

# A row of a query, or the JSON of one.
Row = Any

PAID: Final = frozenset(("payment", "cash"))
KINDS: Final[Mapping[str, str]] = {
    "payment": "Paid by card",
    "refund": "Refunded",
    "refund_returned": "A refund that did not reach you",
    "dispute": "Paid back by your bank",
    "dispute_returned": "Paid again, as your bank decided",
    "cash": "Paid in cash",
    "cash_back": "Cash given back or corrected",
}
# Those that have a number of their own behind the receipt's.
_NUMBERED: Final = frozenset(("refund", "cash_back"))


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a receipt's money. name: the receipt's, with a number of its own where it is a refund."""

    at: datetime
    name: str
    what: str
    amount: int


@dataclass(frozen=True, slots=True)
class Sums:
    """Minor units of one currency: what was paid, what went back of it, and what that leaves."""

    currency: str
    paid: int
    back: int

    @property
    def kept(self) -> int:
        return self.paid - self.back


def lines_of(name: str, rows: Iterable[Row]) -> list[Line]:
    """The lines of one receipt, which are in the order of time."""
    lines: list[Line] = []
    refunds = 0
    for row in rows:
        refunds += row["kind"] in _NUMBERED
        own = f"{name}-{refunds}" if row["kind"] in _NUMBERED else name
        at = row["at"] if isinstance(row["at"], datetime) else datetime.fromisoformat(row["at"])
        lines.append(Line(at, own, words_of(row["kind"]), row["amount"]))
    return lines


def words_of(kind: str) -> str:
    """What a line is called."""
    return KINDS.get(kind, "Changed")


def sums_of(rows: Sequence[Row], currency: str) -> Sums:
    """The sums of lines of one currency."""
    paid = sum(row["amount"] for row in rows if row["kind"] in PAID)
    return Sums(currency, paid, paid - sum(row["amount"] for row in rows))


def sums_by_currency(rows: Sequence[Row]) -> list[Sums]:
    """The sums of each currency. Amounts of two currencies have no sum."""
    currencies = sorted({row["currency"] for row in rows})
    return [sums_of([row for row in rows if row["currency"] == one], one) for one in currencies]


_TITLES: Final[Mapping[str, str]] = {
    "booking": "One place",
    "bookings": "Several places",
    "addition": "An additional payment for one place",
    "pass": "A pass for several dates",
}


def title_of(row: Row) -> str:
    """What a receipt is for, in words that say nothing of what the group is."""
    return _TITLES.get(row["covers"], "A payment")


def dates_of(row: Row) -> list[str]:
    """The days that a receipt paid for, on the calendars of their gatherings."""
    return [day_words(datetime.fromisoformat(one["starts_at"]), one["zone"]) for one in row["dates"]]


def read_year(typed: str) -> int:
    """The year in an address. Raises NotFound."""
    if not typed.isascii() or not typed.isdecimal() or not FIRST_YEAR <= int(typed[:5]) <= LAST_YEAR:
        raise NotFound
    return int(typed)


def year_bounds(year: int, zone: str) -> tuple[datetime, datetime]:
    """When a year begins and ends on the calendar of a zone, in UTC."""
    zone = zone or DEFAULT_ZONE
    first, next_first = (datetime.combine(date(one, 1, 1), time.min) for one in (year, year + 1))
    return clock.moment(first, zone).utc, clock.moment(next_first, zone).utc


def day_of(at: datetime, zone: str) -> date:
    """The day of a moment on the calendar of a zone."""
    return clock.wall_time(at, zone or DEFAULT_ZONE).date()


def day_words(at: datetime, zone: str) -> str:
    """That day, as it is written on something that is kept: November 24, 2026."""
    return clock.format_day_of_year(day_of(at, zone), date.min)


def years(first_at: datetime | None, now: datetime, zone: str) -> list[int]:
    """The years that have a summary, the newest first."""
    if first_at is None:
        return []
    first, last = day_of(first_at, zone).year, day_of(now, zone).year
    return list(range(last, first - 1, -1))


def send_refusals(email: str) -> list[Reason]:
    """Why a receipt cannot be mailed to its person."""
    if email.endswith("@gone.invalid"):
        return [Reason("gone", "This account was erased. There is nobody to send the receipt to.")]
    return []
