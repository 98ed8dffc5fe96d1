"""The register and the exports: pure decisions and value types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, get_args
from uuid import UUID

from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.base.row import Row

Mark = Literal["came", "absent", "excused"]
MARKS: Final[tuple[str, ...]] = get_args(Mark)

# People arrive early; from then on the host can tick them off.
OPENS_BEFORE: Final = timedelta(minutes=30)

STATES: Final = ("held", "confirmed", "cancelled", "lapsed")


@dataclass(frozen=True, slots=True)
class Seat:
    """One line of the roster: who has a confirmed seat, what the register says, what the room should know."""

    id: UUID
    seat: int
    name: str
    pronouns: str
    first_time: bool
    mark: str
    access_needs: str = ""

    @classmethod
    def of(cls, row: Row) -> Seat:
        """A seat from a row of the roster."""
        names = ("id", "seat", "name", "pronouns", "first_time", "mark", "access_needs")
        return cls(*(row[name] for name in names))

    @property
    def anchor(self) -> str:
        """The id of its line on the page."""
        return f"seat-{self.seat}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many came, were absent, were excused, and are not marked yet."""

    came: int = 0
    absent: int = 0
    excused: int = 0
    unmarked: int = 0

    @property
    def words(self) -> str:
        """The counts in words: 5 came, 1 excused, 2 not marked yet."""
        said = [f"{self.came} came"]
        said += [f"{self.absent} absent"] * bool(self.absent)
        said += [f"{self.excused} excused"] * bool(self.excused)
        said += [f"{self.unmarked} not marked yet"] * bool(self.unmarked)
        return ", ".join(said)


def count(marks: Iterable[str]) -> Counts:
    """Count the marks of a register; an empty mark is one not made yet."""
    found = list(marks)
    return Counts(*(found.count(mark) for mark in (*MARKS, "")))


def opens_at(starts_at: datetime) -> datetime:
    """When the register of a gathering opens."""
    return starts_at - OPENS_BEFORE


def is_open(state: str, starts_at: datetime, now: datetime) -> bool:
    """Whether marks can be made now. Once open, a register stays open."""
    return state == "open" and now >= opens_at(starts_at)


def refusals(
    state: str, starts_at: datetime, now: datetime, mark: str, *, closed: bool = False
) -> list[Reason]:
    """Every reason why this mark cannot be made now. An empty mark takes one away."""
    reasons = []
    if mark and mark not in MARKS:
        reasons.append(Reason("mark_unknown", "Please choose came, absent or excused."))
    if state == "cancelled":
        reasons.append(Reason("cancelled", "This gathering was cancelled, so it has no register."))
    elif state != "open":
        reasons.append(Reason("not_published", "This gathering is not published, so nobody is booked yet."))
    elif now < opens_at(starts_at):
        minutes = int(OPENS_BEFORE.total_seconds() // 60)
        reasons.append(Reason("too_early", f"The register opens {minutes} minutes before the start."))
    elif closed:
        reasons.append(Reason("closed", "This register is closed. Open it again to change a mark."))
    return reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an attendance export covers: dates on the circles' own calendars, and circles (none: all)."""

    first: date
    last: date
    circles: tuple[UUID, ...] = ()

    @property
    def filters(self) -> dict[str, Any]:
        """As the log of exports keeps it."""
        return {
            "from": str(self.first),
            "to": str(self.last),
            "circles": [str(each) for each in self.circles],
        }

    @property
    def filename(self) -> str:
        """The name of the file a browser saves."""
        return f"attendance-{self.first}-{self.last}.csv"


def read_wanted(first: str, last: str, circles: Iterable[str]) -> Wanted:
    """Read what was typed. Raises Refused with every reason at once."""
    reasons: list[Reason] = []
    days = [_day(typed, field, reasons) for typed, field in ((first, "from"), (last, "to"))]
    ids = [found for each in circles if each.strip() and (found := _circle(each.strip(), reasons))]
    if days[0] and days[1] and days[1] < days[0]:
        reasons.append(Reason("dates_order", "The last day cannot be before the first.", "to"))
    if reasons or days[0] is None or days[1] is None:
        raise Refused(reasons)
    return Wanted(days[0], days[1], tuple(dict.fromkeys(ids)))


def _day(typed: str, field: str, reasons: list[Reason]) -> date | None:
    try:
        return clock.parse_date(typed, field)
    except Refused as refused:
        reasons.extend(refused.reasons)
        return None


def _circle(typed: str, reasons: list[Reason]) -> UUID | None:
    circle_id = reading.uuid_or_none(typed)
    if circle_id is None:
        reasons.append(unknown_circle())
    return circle_id


def unknown_circle() -> Reason:
    """The reason given for a circle that is not there."""
    return Reason("circle_unknown", "One of these circles is not there. Please choose again.", "circle")


@dataclass(frozen=True, slots=True)
class Numbers:
    """A community's last and next seven days, for its organizers."""

    ahead: int = 0
    seats: int = 0
    taken: int = 0
    community: int = 0
    past: int = 0
    came: int = 0
    cancelled: int = 0


def numbers(fortnight: Sequence[Row]) -> Numbers:
    """Add up the gatherings of a fortnight. Those under way count as past: their seats can no longer be taken."""
    held = [row for row in fortnight if row["state"] == "open"]
    ahead = [row for row in held if row["starts_at"] > row["now"]]
    past = [row for row in held if row["starts_at"] <= row["now"]]
    return Numbers(
        ahead=len(ahead),
        seats=sum(row["capacity"] for row in ahead),
        taken=sum(row["seats_taken"] for row in ahead),
        community=sum(row["community_taken"] for row in ahead),
        past=len(past),
        came=sum(row["came"] for row in past),
        cancelled=len(fortnight) - len(held),
    )


def to_keep(fortnight: Sequence[Row]) -> list[Row]:
    """The gatherings that are over and whose register has gaps, oldest first."""
    return [
        row
        for row in fortnight
        if row["state"] == "open" and row["ends_at"] <= row["now"] and row["unmarked"]
    ]


@dataclass(frozen=True, slots=True)
class BookingsFilter:
    """What the list of bookings shows: one state or all, one circle or all, which page."""

    state: str = ""
    circle: UUID | None = None
    page: int = 1


def read_bookings_filter(state: str, circle: str, page: str) -> BookingsFilter:
    """Read the filters of the list of bookings from its address; what makes no sense is left out."""
    return BookingsFilter(state if state in STATES else "", reading.uuid_or_none(circle), reading.page(page))
