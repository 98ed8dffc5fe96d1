"""Periods of time that a person chooses: from one day to another, both included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from circles.base import clock
from circles.base.errors import Reason
from circles.base.reading import Reader

MAX_YEARS: Final = 10


@dataclass(frozen=True, slots=True)
class Period:
    """From its first day to its last, on the calendars of the circles."""

    first: date
    last: date

    @property
    def words(self) -> str:
        """As it is printed, with its years: January 1, 2026 to June 30, 2026."""
        return f"{clock.format_day_of_year(self.first, date.min)} to {clock.format_day_of_year(self.last, date.min)}"

    @property
    def query(self) -> str:
        """Its fields in a query string."""
        return urlencode(self.typed)

    @property
    def typed(self) -> dict[str, str]:
        """As a form shows it."""
        return {"from": str(self.first), "to": str(self.last)}

    @property
    def arguments(self) -> dict[str, date]:
        """Its arguments of a query."""
        return {"first": self.first, "last": self.last}


def year_to(today: date) -> Period:
    """The year that ends today."""
    # The 29th of February has no day a year before.
    before = today.replace(year=today.year - 1, day=min(today.day, 28))
    return Period(before, today)


def read_period(values: Mapping[str, str], today: date) -> tuple[Period, list[Reason]]:
    """The period that was typed as "from" and "to", and every reason against it; the last year where there is one.

    Days to come hold nothing yet: a period that ends later than today ends today.
    """
    reader = Reader(values)
    usual = year_to(today)
    if not values.get("from", "").strip() and not values.get("to", "").strip():
        return usual, []
    first = reader.take(lambda: clock.parse_date(values.get("from", ""), "from"))
    last = reader.take(lambda: clock.parse_date(values.get("to", "") or str(today), "to"))
    if first is None or last is None:
        return usual, reader.reasons
    if first > last:
        reader.add(Reason("backwards", "The first day is after the last. Please exchange them.", "from"))
    elif first > today:
        reader.add(Reason("ahead", "That is still to come. Please choose days that are over.", "from"))
    elif (last - first).days > MAX_YEARS * 366:
        reader.add(Reason("long", f"Please choose {MAX_YEARS} years at most.", "from"))
    return (Period(first, min(last, today)), []) if reader.ok else (usual, reader.reasons)


def format_hours(minutes: int) -> str:
    """Minutes as hours, to a quarter: 1 hour, 13.5 hours, 0.25 hours."""
    quarters = round(minutes / 15)
    number = f"{quarters / 4:,.2f}".rstrip("0").rstrip(".")
    return f"{number} hour{'' if number == '1' else 's'}"
