"""The filters of the list: read from the address; what cannot be read is left out, and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from circles.base import clock, money, reading
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.gatherings.rules import FORMATS, PLACES

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
PARTS = {"morning": "Morning", "afternoon": "Afternoon", "evening": "Evening"}

PER_PAGE = 20
MAX_PAGES = 500

# What may be paid is typed without a currency: every currency the circles can choose has two decimals.
_ANY_CURRENCY = "USD"
_ONE = "Please choose one of these."
_MORE = "Please choose one or more of these."


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody looks for. An empty value lets everything through; means is in minor units."""

    where: str = ""
    format: str = ""
    days: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    after: date | None = None
    until: date | None = None
    means: int | None = None
    seats: bool = False
    page: int = 1

    @property
    def how_many(self) -> int:
        """How many filters are set."""
        return sum(getattr(self, each.name) != each.default for each in fields(self) if each.name != "page")

    def pairs(self) -> list[tuple[str, str]]:
        """What is set, as the names and values of the form and of the address."""
        given: list[tuple[str, str]] = [("where", self.where), ("format", self.format)]
        given += [("day", day) for day in self.days] + [("part", part) for part in self.parts]
        given += [("from", _iso(self.after)), ("to", _iso(self.until))]
        given += [("means", "" if self.means is None else money.format_plain(self.means, _ANY_CURRENCY))]
        given += [("seats", "on" if self.seats else "")]
        return [(name, value) for name, value in given if value]

    def url(self, page: int = 1) -> str:
        """The address of one page of this list, with nothing in it that is not set."""
        query = urlencode(self.pairs() + ([("page", str(page))] if page > 1 else []))
        return f"/gatherings?{query}" if query else "/gatherings"

    def arguments(self) -> dict[str, Any]:
        """The filters as the arguments of the list's query; None lets everything through."""
        found = asdict(self)
        del found["page"]
        numbers = [place for place, day in enumerate(DAYS, start=1) if day in self.days]
        return found | {
            "where": self.where or None,
            "format": self.format or None,
            "days": numbers or None,
            "parts": list(self.parts) or None,
            "most": PER_PAGE,
            "skip": (self.page - 1) * PER_PAGE,
        }


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def parse(values: Mapping[str, str]) -> tuple[Filters, list[Reason]]:
    """Read the filters. What cannot be read is left out, and a reason for its field says so."""
    reader = Reader(values)
    found = Filters(
        where=reader.one("where", PLACES, _ONE),
        format=reader.one("format", FORMATS, _ONE),
        days=reader.several("day", DAYS, _MORE),
        parts=reader.several("part", PARTS, _MORE),
        after=_date(reader, "from"),
        until=_date(reader, "to"),
        means=_means(reader),
        seats=values.get("seats", "") == "on",
        page=reading.page_number(values.get("page", ""), MAX_PAGES),
    )
    if found.after and found.until and found.until < found.after:
        reader.reasons.append(Reason("dates_crossed", "This date lies before the first one.", "to"))
        found = replace(found, until=None)
    return found, [_left_out(reason) for reason in reader.reasons]


def _left_out(reason: Reason) -> Reason:
    return Reason(reason.code, f"{reason.text} This filter was left out.", reason.field)


def _date(reader: Reader, name: str) -> date | None:
    typed = reader.values.get(name, "").strip()
    return reader.take(lambda: clock.parse_date(typed, name), None) if typed else None


def _means(reader: Reader) -> int | None:
    typed = reader.values.get("means", "").strip()
    return reader.take(lambda: _amount(typed), None) if typed else None


def _amount(typed: str) -> int:
    try:
        return money.parse(typed, _ANY_CURRENCY)
    except Refused:
        raise Refused(Reason("amount", "Please write a plain number, such as 25.", "means")) from None
