"""What a report is about: a period of whole months, one circle or all, one format and place or all."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import reading
from circles.base.errors import Reason, Refused
from circles.gatherings import FORMATS, PLACES

# More months make neither a chart nor a page that anybody reads.
MAX_MONTHS: Final = 36
MIN_YEAR, MAX_YEAR = 2000, 2100
# How many months the page shows where no period was chosen, this one included.
DEFAULT_MONTHS: Final = 6

_NUMBERS = re.compile(
    r"(?P<year>\d{4})[-/. ](?P<month>\d{1,2})|(?P<month_first>\d{1,2})[-/. ](?P<year_last>\d{4})"
)
_NAMED = re.compile(r"(?P<name>[a-z]{3,9})\.?,? (?P<year>\d{4})")
_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


def add_months(month: date, count: int) -> date:
    """The first day of the month that is `count` months later."""
    years, rest = divmod(month.month - 1 + count, 12)
    return date(month.year + years, rest + 1, 1)


def month_words(month: date) -> str:
    """A month in a table: March 2026."""
    return f"{calendar.month_name[month.month]} {month.year}"


def month_short(month: date, *, with_year: bool = True) -> str:
    """A month below or beside a chart: Mar 26, or Mar."""
    name = calendar.month_abbr[month.month]
    return f"{name} {month.year % 100:02}" if with_year else name


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months: the first days of the first and of the last of them."""

    first: date
    last: date

    @property
    def until(self) -> date:
        """The day after the period."""
        return add_months(self.last, 1)

    @property
    def months(self) -> list[date]:
        """The first day of each of its months."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return [add_months(self.first, number) for number in range(count)]

    @property
    def labels(self) -> list[str]:
        """Its months below a chart: Jan, or Jan 26 where there is more than one year."""
        of_years = self.first.year != self.last.year
        return [month_short(month, with_year=of_years) for month in self.months]

    @property
    def words(self) -> str:
        """The period in a sentence: March 2026, January to March 2026, November 2025 to February 2026."""
        if self.first == self.last:
            return month_words(self.first)
        if self.first.year == self.last.year:
            return f"{calendar.month_name[self.first.month]} to {month_words(self.last)}"
        return f"{month_words(self.first)} to {month_words(self.last)}"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The period in an address."""
        return [("from", f"{self.first:%Y-%m}"), ("to", f"{self.last:%Y-%m}")]


def presets(today: date, *, only_past: bool = False) -> list[tuple[str, Period]]:
    """The periods that a page offers, by name. only_past: those of months that are over."""
    month = today.replace(day=1)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    before, year = add_months(month, -1), date(today.year, 1, 1)
    offered = [
        ("This month", Period(month, month)),
        ("Last month", Period(before, before)),
        ("This quarter", Period(quarter, month)),
        ("Last quarter", Period(add_months(quarter, -3), add_months(quarter, -1))),
        ("This year", Period(year, month)),
        ("Last year", Period(add_months(year, -12), add_months(year, -1))),
    ]
    if not only_past:
        return offered
    this_year = [("This year so far", Period(year, before))] if before >= year else []
    return [offered[1], offered[3], *this_year, offered[5]]


def default_period(today: date) -> Period:
    """The period of a page where none was chosen: this month and those before it."""
    month = today.replace(day=1)
    return Period(add_months(month, 1 - DEFAULT_MONTHS), month)


def parse_month(typed: str, field: str) -> date:
    """Read a month as browsers send it (2026-03), and as people type it (3/2026, March 2026). Raises Refused."""
    text = " ".join(typed.split()).lower()
    year, month = _year_and_month(text)
    if not 1 <= month <= 12:
        raise Refused(
            Reason("month_unreadable", "Please give a month as year and month, such as 2026-03.", field)
        )
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise Refused(Reason("month_far", f"Please give a year between {MIN_YEAR} and {MAX_YEAR}.", field))
    return date(year, month, 1)


def _year_and_month(text: str) -> tuple[int, int]:
    """The numbers of a typed month; month 0 where it is none. Only ASCII digits count."""
    if not text.isascii():
        return 0, 0
    if match := _NUMBERS.fullmatch(text):
        return int(match["year"] or match["year_last"]), int(match["month"] or match["month_first"])
    if match := _NAMED.fullmatch(text):
        return int(match["year"]), _NAMES.get(match["name"], _SHORT.get(match["name"], 0))
    return 0, 0


def period_refusals(first: date, last: date, *, max_months: int = MAX_MONTHS) -> Iterator[Reason]:
    """Every reason against a period."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months < 1:
        yield Reason(
            "period_backwards", "The last month lies before the first. Please change one of them.", "to"
        )
    if months > max_months:
        text = f"Please choose at most {max_months} months: these are {months:,}."
        yield Reason("period_long", text, "to")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which gatherings a report counts. Empty or None: all of them. today: after which nothing has happened yet."""

    period: Period
    circle: UUID | None = None
    format: str = ""
    place: str = ""
    today: date = date.max

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters of the queries of reports."""
        return {
            "since": self.period.first,
            "until": self.period.until,
            "circle": self.circle,
            "format": self.format or None,
            "place": self.place or None,
        }

    @property
    def filters(self) -> list[tuple[str, str]]:
        """What is chosen besides the period, as in an address."""
        pairs = [("circle", str(self.circle or "")), ("format", self.format), ("place", self.place)]
        return [(name, value) for name, value in pairs if value]

    def query(self, period: Period | None = None) -> str:
        """The end of an address of the same selection, or of another period of it."""
        return "?" + urlencode([*(period or self.period).pairs, *self.filters])

    @property
    def is_filtered(self) -> bool:
        """Whether gatherings of the period are left out."""
        return bool(self.filters)


def read_period(form: reading.Reader, default: Period, *, max_months: int = MAX_MONTHS) -> Period | None:
    """The period of a form; `default` where nothing is typed, and None where what is typed was refused."""
    if not form.value("from") and not form.value("to"):
        return default
    first = form.take(lambda: parse_month(form.value("from") or form.value("to"), "from"))
    last = form.take(lambda: parse_month(form.value("to") or form.value("from"), "to"))
    if first is None or last is None:
        return None
    refusals = list(period_refusals(first, last, max_months=max_months))
    form.add(refusals)
    return None if refusals else Period(first, last)


def read_selection(form: reading.Reader, today: date) -> Selection | None:
    """The selection of a form or an address, or None with the reasons in the form."""
    period = read_period(form, default_period(today))
    circle = reading.uuid_or_none(form.value("circle")) if form.value("circle") else None
    if form.value("circle") and circle is None:
        form.add(unknown_circle())
    kind = form.one("format", FORMATS, "Please choose one of the formats.")
    place = form.one("place", PLACES, "Please choose online or in person.")
    return Selection(period, circle, kind, place, today) if period and form.ok else None


def unknown_circle() -> Reason:
    """The refusal of a circle that does not exist."""
    return Reason("unknown_circle", "That circle is not there any more. Please choose another.", "circle")
