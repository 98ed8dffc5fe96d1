"""The organizers' overview, the list of bookings, and the export of attendance: filters and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.web.paging import FIRST, Window

STATES: Final = ("held", "confirmed", "cancelled", "lapsed")
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Selection:
    """What an attendance export covers: dates on the circles' own calendars, and circles (none: all)."""

    first: date
    last: date
    circles: tuple[UUID, ...] = ()

    @property
    def filters(self) -> dict[str, Any]:
        """The selection as a JSON object for the log of exports."""
        return {
            "from": str(self.first),
            "to": str(self.last),
            "circles": [str(circle_id) for circle_id in self.circles],
        }

    @property
    def filename(self) -> str:
        return f"attendance-{self.first}-{self.last}.csv"


def read_selection(first: str, last: str, circles: Iterable[str]) -> Selection:
    """Read what was typed. Raises Refused with every reason at once."""
    reader = Reader({})
    first_day = reader.take(lambda: clock.parse_date(first, "from"), None)
    last_day = reader.take(lambda: clock.parse_date(last, "to"), None)
    ids = [reader.take(lambda typed=typed: _read_circle(typed), None) for typed in circles if typed.strip()]
    if first_day and last_day and last_day < first_day:
        reader.reasons.append(Reason("dates_order", "The last day cannot be before the first.", "to"))
    if reader.reasons or first_day is None or last_day is None:
        raise Refused(reader.reasons)
    return Selection(first_day, last_day, tuple(dict.fromkeys(circle_id for circle_id in ids if circle_id)))


def _read_circle(typed: str) -> UUID:
    circle_id = reading.uuid_or_none(typed.strip())
    if circle_id is None:
        raise Refused(unknown_circle())
    return circle_id


def unknown_circle() -> Reason:
    """The refusal for a circle that does not exist."""
    return Reason("circle_unknown", "One of these circles is not there. Please choose again.", "circle")


def circle_ids(typed: str) -> list[UUID]:
    """The ids among what a form has for its circles, each once."""
    ids = (reading.uuid_or_none(part.strip()) for part in typed.split(","))
    return list(dict.fromkeys(circle_id for circle_id in ids if circle_id))


def month_before(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass(frozen=True, slots=True)
class BookingsFilter:
    """The filter of the list of bookings: one state or all, one circle or all, which part of the list."""

    state: str = ""
    circle: UUID | None = None
    window: Window = FIRST

    @classmethod
    def read(cls, values: Mapping[str, str]) -> BookingsFilter:
        """Read the filter of the list of bookings from its address; unknown values are ignored."""
        state = values.get("state", "")
        return cls(
            state if state in STATES else "",
            reading.uuid_or_none(values.get("circle", "")),
            Window.read(values, PER_PAGE),
        )

    def url(self, window: Window) -> str:
        """The address of a part of this list."""
        pairs = [("state", self.state), ("circle", str(self.circle or "")), *window.pairs]
        return "/organize/bookings?" + urlencode([(name, value) for name, value in pairs if value])
