"""The filters of the list of gatherings, read from the query string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from circles.base import clock, money, zones
from circles.base.english import MAX_COUNTED, counted, plural
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.gatherings.rules import FORMATS, PLACES
from circles.web.paging import FIRST, Window

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
# So many of the next gatherings are read to count those that pass the filters: where thousands lie ahead, a filter that
# few pass would have all of them read.
MAX_READ_TO_COUNT = 500

# The amount is typed without a currency: every currency that circles can choose has two decimals.
_ANY_CURRENCY = "USD"
_ONE = "Please choose one of these."
_MORE = "Please choose one or more of these."


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters that are set; an empty value filters nothing. means: the most a visitor can pay, in minor units."""

    where: str = ""
    format: str = ""
    days: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    after: date | None = None
    until: date | None = None
    means: int | None = None
    seats: bool = False
    window: Window = FIRST

    @property
    def count(self) -> int:
        return sum(
            getattr(self, field.name) != field.default for field in fields(self) if field.name != "window"
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The fields of the form and of the query string, for the filters that are set."""
        return [
            (name, value)
            for name, value in (
                ("where", self.where),
                ("format", self.format),
                *(("day", day) for day in self.days),
                *(("part", part) for part in self.parts),
                ("from", _iso(self.after)),
                ("to", _iso(self.until)),
                ("means", "" if self.means is None else money.format_plain(self.means, _ANY_CURRENCY)),
                ("seats", "on" if self.seats else ""),
            )
            if value
        ]

    def url(self, window: Window = FIRST) -> str:
        """The URL of one part of this list, without what is not set."""
        query = urlencode(self.pairs() + window.pairs)
        return f"/gatherings?{query}" if query else "/gatherings"

    def arguments(self, zone: str = "") -> dict[str, Any]:
        """The arguments of the query `ahead`; None filters nothing. zone: the visitor's; else each circle's counts."""
        local = zone and (self.days or self.parts or self.after or self.until)
        offsets = zones.shifts([zone], clock.now()) if local else None
        return {
            "since": offsets.since if offsets else None,
            "seconds": offsets.seconds if offsets else None,
            "where": self.where or None,
            "format": self.format or None,
            "days": [number for number, day in enumerate(DAYS, start=1) if day in self.days] or None,
            "parts": list(self.parts) or None,
            "first": self.after,
            "until": self.until,
            "means": self.means,
            "seats": self.seats,
            "most": MAX_COUNTED + 1,
            "most_read": MAX_READ_TO_COUNT,
            **self.window.arguments(PER_PAGE),
        }

    def result_words(self, total: int, *, is_part: bool = False) -> str:
        """How many gatherings there are, as a sentence: "12 gatherings." is_part: not all were read."""
        if total and is_part and total <= MAX_COUNTED:
            gatherings = f"At least {plural(total, 'gathering')}"
        else:
            gatherings = counted(total, "gathering") if total else "No gatherings"
        return f"{gatherings}{' for your filters' if self.count else ''}."


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def parse(values: Mapping[str, str]) -> tuple[Filters, list[Reason]]:
    """Read the filters. What cannot be read is left out, with a reason for its field."""
    reader = Reader(values)
    filters = Filters(
        where=reader.one("where", PLACES, _ONE),
        format=reader.one("format", FORMATS, _ONE),
        days=reader.several("day", DAYS, _MORE),
        parts=reader.several("part", PARTS, _MORE),
        after=_date(reader, "from"),
        until=_date(reader, "to"),
        means=_means(reader),
        seats=values.get("seats", "") == "on",
        window=Window.read(values, PER_PAGE),
    )
    if filters.after and filters.until and filters.until < filters.after:
        reader.add(Reason("dates_crossed", "This date lies before the first one.", "to"))
        filters = replace(filters, until=None)
    return filters, [_left_out(reason) for reason in reader.reasons]


def _left_out(reason: Reason) -> Reason:
    return Reason(reason.code, f"{reason.text} This filter was left out.", reason.field)


def _date(reader: Reader, name: str) -> date | None:
    typed = reader.value(name).strip()
    return reader.take(lambda: clock.parse_date(typed, name), None) if typed else None


def _means(reader: Reader) -> int | None:
    typed = reader.value("means").strip()
    return reader.take(lambda: _amount(typed), None) if typed else None


def _amount(typed: str) -> int:
    """A number, compared with each circle's own prices: 30 with the sign of one currency is not 30 of another."""
    try:
        return money.parse(typed, _ANY_CURRENCY, "means")
    except Refused as refused:
        if refused.codes & {"amount_unreadable"}:
            raise Refused(Reason("amount", "Please write a plain number, such as 25.", "means")) from None
        if refused.codes & {"amount_currency"}:
            text = "Please write the number alone, such as 25. Each circle's prices are in its own currency."
            raise Refused(Reason("amount_currency", text, "means")) from None
        raise
