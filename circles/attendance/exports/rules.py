"""The organizers' overview, the list of bookings, and the export of attendance: filters and sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.base.row import Row

STATES: Final = ("held", "confirmed", "cancelled", "lapsed")


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


def month_before(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """A community's last and next seven days, for its organizers."""

    ahead: int = 0
    seats: int = 0
    taken: int = 0
    community: int = 0
    past: int = 0
    came: int = 0
    canceled: int = 0


def totals(fortnight: Sequence[Row]) -> Totals:
    """Add up the gatherings of a fortnight. Those under way count as past: their seats can no longer be taken."""
    held = [row for row in fortnight if row["state"] == "open"]
    ahead = [row for row in held if row["starts_at"] > row["now"]]
    past = [row for row in held if row["starts_at"] <= row["now"]]
    return Totals(
        ahead=len(ahead),
        seats=sum(row["capacity"] for row in ahead),
        taken=sum(row["seats_taken"] for row in ahead),
        community=sum(row["community_taken"] for row in ahead),
        past=len(past),
        came=sum(row["came"] for row in past),
        canceled=len(fortnight) - len(held),
    )


def with_gaps(fortnight: Sequence[Row]) -> list[Row]:
    """The gatherings that are over and whose register has gaps, oldest first."""
    return [
        row
        for row in fortnight
        if row["state"] == "open" and row["ends_at"] <= row["now"] and row["unmarked"]
    ]


@dataclass(frozen=True, slots=True)
class BookingsFilter:
    """The filter of the list of bookings: one state or all, one circle or all, which page."""

    state: str = ""
    circle: UUID | None = None
    page: int = 1


def read_bookings_filter(state: str, circle: str, page: str) -> BookingsFilter:
    """Read the filter of the list of bookings from its address; unknown values are ignored."""
    return BookingsFilter(
        state if state in STATES else "", reading.uuid_or_none(circle), reading.page_number(page)
    )
