"""What can be exported: each kind of rows with its columns, what they mean, and in which depth they may be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from circles.sheets import CellKind


class Depth(StrEnum):
    """How much a file says of people; see docs/decisions/0027-totals-that-cannot-be-subtracted.md."""

    TOTALS = "totals"
    PSEUDONYMOUS = "pseudonymous"
    NAMED = "named"


class Format(StrEnum):
    """What a file is written as."""

    CSV = "csv"
    CSV_SEMICOLON = "csv_semicolon"
    XLSX = "xlsx"
    JSON_LINES = "jsonl"

    @property
    def suffix(self) -> str:
        return "csv" if self is Format.CSV_SEMICOLON else self.value

    @property
    def media_type(self) -> str:
        return {
            Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format.JSON_LINES: "application/jsonl; charset=utf-8",
        }.get(self, "text/csv; charset=utf-8")


class Group(StrEnum):
    """What the rows of totals are of."""

    CIRCLE_MONTH = "circle_month"
    MONTH = "month"
    CIRCLE = "circle"
    FORMAT = "format"
    ALL = "all"


GROUP_NAMES: Final = {
    Group.CIRCLE_MONTH: "Each circle and month",
    Group.MONTH: "Each month",
    Group.CIRCLE: "Each circle",
    Group.FORMAT: "Each format of circles",
    Group.ALL: "All in one row",
}
DEPTH_NAMES: Final = {
    Depth.TOTALS: "Totals",
    Depth.PSEUDONYMOUS: "Codes instead of names",
    Depth.NAMED: "Names",
}
FORMAT_NAMES: Final = {
    Format.CSV: "CSV, with commas",
    Format.CSV_SEMICOLON: "CSV, with semicolons",
    Format.XLSX: "Excel workbook (XLSX)",
    Format.JSON_LINES: "JSON lines",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind. key: its name in the query and in presets; chosen: whether a new export has it."""

    key: str
    title: str
    meaning: str
    cell: CellKind = CellKind.TEXT
    chosen: bool = True
    depths: frozenset[Depth] = frozenset((Depth.PSEUDONYMOUS, Depth.NAMED))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rows. query: of sql/exports/rows.sql. measures: what totals count, of circles/exports/totals."""

    key: str
    name: str
    row: str
    columns: tuple[Column, ...]
    measures: tuple[str, ...]
    has_members: bool = True

    def of_depth(self, depth: Depth) -> Iterator[Column]:
        """The columns that a file of this depth may have."""
        return (column for column in self.columns if depth in column.depths)

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)


_NAMED = frozenset((Depth.NAMED,))
_CODED = frozenset((Depth.PSEUDONYMOUS,))
_MOMENT, _DATE, _INTEGER, _DECIMAL = CellKind.MOMENT, CellKind.DATE, CellKind.INTEGER, CellKind.DECIMAL


def _extra(key: str, title: str, meaning: str, cell: CellKind = CellKind.TEXT) -> Column:
    """A column that a named file may have and that a new one has not."""
    return Column(key, title, meaning, cell, chosen=False, depths=_NAMED)


_CIRCLE = Column("circle", "Circle", "The name of the circle, as it is today.")
_DAY = Column("date", "Date", "The day of the gathering on the calendar of its circle.", _DATE)
_STARTS = Column(
    "starts", "Starts", "When the gathering begins, on the clock of its circle.", _MOMENT, depths=_NAMED
)
_ENDS = Column(
    "ends", "Ends", "When the gathering ends, on the clock of its circle.", _MOMENT, False, depths=_NAMED
)
_STATE = Column("gathering", "Gathering", "Planned or canceled.")
_NAME = Column("name", "Name", "The name of the person, as it is today.", depths=_NAMED)
_CODE = Column(
    "code",
    "Person",
    "A code for one person: the same in all rows of this file, and another one in the next file.",
    depths=_CODED,
)
_PRONOUNS = _extra("pronouns", "Pronouns", "As the person gave them.")
_EMAIL = _extra("email", "Mail address", "The address of the person’s account.")
_SEAT = Column(
    "seat", "Seat", "Paid, community (free of charge), free (the circle costs nothing), or walk-in."
)
_BOOKING = Column("booking", "Booking", "Held, confirmed, canceled, not taken up, or walk-in.")
_BOOKED = Column(
    "booked", "Booked", "When it was booked, on the clock of the circle.", _MOMENT, depths=_NAMED
)
_MARK = Column(
    "mark", "Mark", "What the register says: came, absent, or excused; empty where nobody marked it."
)
_LATE = Column("late", "Late", "Whether somebody who came was late; empty for the others.")
_LEFT_EARLY = Column(
    "left_early", "Left early", "Whether somebody who came left early; empty for the others."
)
_MARKED = _extra("marked", "Marked", "When the mark was made, on the clock of the circle.", _MOMENT)
_FIRST_TIME = Column(
    "first_time", "First time", "Whether they had not come to this circle before; empty for walk-ins."
)
_ZONE = _extra("zone", "Time zone", "The zone of the circle, whose clock the times are on.")
_STARTS_EXACT = _extra(
    "starts_exact",
    "Starts, with offset",
    "The start with its offset from UTC, such as 2026-11-24T18:00:00-05:00.",
)
_GATHERING_ID = _extra("gathering_id", "Gathering id", "The id of the gathering on this site.")
_BOOKING_ID = _extra("booking_id", "Booking id", "The id of the booking; empty for walk-ins.")
_PERSON_ID = _extra("person_id", "Person id", "The id of the person; empty for walk-ins without an account.")
_FORMAT = Column("format", "Format", "Facilitated, ceremony, or peer.")
_PLACE = Column("place", "Place", "Online or in person.")
_CURRENCY = Column("currency", "Currency", "The currency of the amounts.", depths=_NAMED)
_OFFERED = Column(
    "community_offered", "Community seats offered", "Seats that may be had free of charge.", _INTEGER
)

ATTENDANCE: Final = Kind(
    "attendance",
    "Attendance",
    "One row for each booking and each walk-in of a gathering.",
    (
        *(
            _CIRCLE,
            _DAY,
            _STARTS,
            _ENDS,
            _STATE,
            _NAME,
            _CODE,
            _PRONOUNS,
            _EMAIL,
            _SEAT,
            _BOOKING,
            _BOOKED,
            _MARK,
            _LATE,
            _LEFT_EARLY,
        ),
        *(_MARKED, _FIRST_TIME, _ZONE, _STARTS_EXACT, _GATHERING_ID, _BOOKING_ID, _PERSON_ID),
    ),
    ("people_booked", "people_came", "attendances"),
)

BOOKINGS: Final = Kind(
    "bookings",
    "Bookings",
    "One row for each booking, whatever became of it.",
    (
        *(_CIRCLE, _DAY, _STARTS, _STATE, _NAME, _CODE, _PRONOUNS, _EMAIL, _SEAT, _BOOKING),
        Column("ended_because", "Ended because", "Why a booking ended; empty for the others.", depths=_NAMED),
        Column("amount", "Amount", "What the seat costs.", _DECIMAL, depths=_NAMED),
        Column("paid", "Paid", "What arrived by card.", _DECIMAL, depths=_NAMED),
        Column("refunded", "Refunded", "What was sent back to the card.", _DECIMAL, depths=_NAMED),
        Column("cash", "Cash", "What hosts noted in cash.", _DECIMAL, chosen=False, depths=_NAMED),
        *(_CURRENCY, _BOOKED),
        _extra("confirmed", "Confirmed", "When the seat was certain, on the clock of the circle.", _MOMENT),
        _extra("ended", "Ended", "When the booking ended, on the clock of the circle.", _MOMENT),
        _extra("moves", "Moves", "How often the person moved it to another date.", _INTEGER),
        _ZONE,
        _extra("booked_exact", "Booked, with offset", "When it was booked, with the offset from UTC."),
        *(_GATHERING_ID, _BOOKING_ID, _PERSON_ID),
    ),
    ("people_booked", "people_kept", "bookings"),
)

GATHERINGS: Final = Kind(
    "gatherings",
    "Gatherings",
    "One row for each gathering that was published.",
    (
        *(_CIRCLE, _DAY, _STARTS, _ENDS),
        Column("gathering", "Gathering", "Planned, held, or canceled."),
        _extra("cancel_reason", "Canceled because", "What its hosts wrote when they canceled it."),
        *(_FORMAT, _PLACE, Column("city", "City", "Where it is; empty online.", chosen=False)),
        Column("hosts", "Hosts", "Who hosted it, or will; empty where it was canceled.", depths=_NAMED),
        Column("hours", "Hours", "How long it is.", _DECIMAL),
        Column("capacity", "Seats", "How many seats it has.", _INTEGER),
        Column(
            "seats_taken",
            "Seats taken",
            "Seats that somebody has, walk-ins with a seat included.",
            _INTEGER,
            depths=_NAMED,
        ),
        _OFFERED,
        Column(
            "community_taken", "Community seats taken", "Those that somebody has.", _INTEGER, depths=_NAMED
        ),
        Column("came", "Came", "How many came, walk-ins included.", _INTEGER, depths=_NAMED),
        Column("absent", "Absent", "How many stayed away.", _INTEGER, depths=_NAMED),
        Column("excused", "Excused", "How many stayed away and said so.", _INTEGER, depths=_NAMED),
        Column("unmarked", "Not marked", "How many have a seat and no mark.", _INTEGER, depths=_NAMED),
        _extra("walk_ins", "Walk-ins", "How many came without a booking.", _INTEGER),
        _extra("canceled_bookings", "Bookings canceled", "How many bookings were canceled.", _INTEGER),
        *(_ZONE, _STARTS_EXACT),
        _extra("circle_id", "Circle id", "The id of the circle on this site."),
        _GATHERING_ID,
    ),
    ("people_booked", "people_came", "attendances"),
    has_members=False,
)

COMMUNITY_SEATS: Final = Kind(
    "community_seats",
    "Community seats",
    "One row for each community seat that somebody has or had.",
    (
        *(_CIRCLE, _DAY, _STARTS, _STATE, _NAME, _CODE, _PRONOUNS, _EMAIL, _BOOKING, _MARK),
        Column(
            "suggested", "Suggested amount", "What the circle suggests others pay, as it is today.", _DECIMAL
        ),
        Column("currency", "Currency", "The currency of the amount."),
        *(_OFFERED, _BOOKED, _ZONE, _GATHERING_ID, _BOOKING_ID, _PERSON_ID),
    ),
    ("people_community", "community_seats"),
)

HOURS: Final = Kind(
    "hours",
    "Hours of facilitators",
    "One row for each gathering that was held and each person who hosted it.",
    (
        Column("name", "Facilitator", "The name of who hosted, as it is today.", depths=_NAMED),
        Column("code", "Facilitator", _CODE.meaning, depths=_CODED),
        *(_CIRCLE, _DAY, _STARTS, _ENDS),
        Column("hours", "Hours", "How long the gathering was.", _DECIMAL),
        Column("part", "Part", "Lead, co-facilitator, or stand-in."),
        *(_FORMAT, _PLACE, _EMAIL, _ZONE, _GATHERING_ID),
        _extra("person_id", "Person id", "The id of the facilitator."),
    ),
    (),
    has_members=False,
)

KINDS: Final = {kind.key: kind for kind in (ATTENDANCE, BOOKINGS, GATHERINGS, COMMUNITY_SEATS, HOURS)}

# By what rows are in order. Codes sort by themselves: bookings have the same order in each file, which would connect
# the codes of two files.
ORDER: Final = ("order_start", "gathering_id", "order_added", "order_row")
CODED_ORDER: Final = ("date", "circle", "code")
