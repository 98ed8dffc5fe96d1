"""Rows of a list, read by the match of their columns: values, faults that refuse a row, and what has to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, TypeVar
from uuid import UUID

from circles import people, sheets
from circles.base import clock, names, text, zones
from circles.base.errors import Refused
from circles.base.row import Row
from circles.organizing.moving_in.fields import LEFT_OUT, options
from circles.organizing.moving_in.reading import cells

T = TypeVar("T")

# No field takes as much; more than this in one cell is a fault of the file.
MAX_CELL: Final = 2_000
OUT: Final = "out"


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle as lists need it. usual: the hour at which it mostly meets, None while it never met."""

    id: UUID
    name: str
    zone: str
    currency: str
    capacity: int
    usual: time | None

    @classmethod
    def of(cls, row: Row) -> Circle:
        return cls(row["id"], row["name"], row["zone"], row["currency"], row["capacity"], row["usual_time"])


class Circles:
    """The circles, by id and by what lists call them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.by_id = {row["id"]: Circle.of(row) for row in rows}
        self._by_name: dict[str, list[UUID]] = {}
        for row in rows:
            for name in dict.fromkeys((sheets.plain(row["name"]), sheets.plain(row["discreet_name"]))):
                self._by_name.setdefault(name, []).append(row["id"])

    def find(self, word: str) -> Circle | None:
        """The one circle of this name or discreet name, or None."""
        ids = self._by_name.get(sheets.plain(word), [])
        return self.by_id[ids[0]] if len(ids) == 1 else None


@dataclass(frozen=True, slots=True)
class Match:
    """How the columns of a list are read, and what its organizer answered for all rows.

    answers: "day_first" (yes, no), "circle" (of rows without one), "time" (of rows without one), "empty_mark" (of rows
    without one). meanings: by field, what a word means; OUT leaves its rows out. undecided: days of this list
    may be read in two ways.
    """

    kind: str
    headings: Sequence[str]
    keys: Sequence[str]
    also: Sequence[str]
    answers: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, str]]
    day_first: bool = False
    undecided: bool = False

    def targets(self) -> list[tuple[int, str]]:
        """Each column, from 0, with a field it fills."""
        pairs = [(n, key) for n, key in enumerate(self.keys) if key != LEFT_OUT]
        return pairs + [(n, key) for n, key in enumerate(self.also) if key != LEFT_OUT]

    def column(self, key: str) -> int | None:
        """The column that fills a field."""
        return next((n for n, own in self.targets() if own == key), None)


@dataclass(slots=True)
class Read:
    """The values of a row. asks: what has to be answered before it is decided, by what it is about and the word.

    left_out: an answer leaves the row out. at: None while no time is known.
    """

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    name: str = ""
    pronouns: str = ""
    email: str = ""
    since: date | None = None
    circle: Circle | None = None
    day: date | None = None
    at: time | None = None
    mark: str = ""
    seat: str = "free"
    paid: int | None = None
    faults: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    asks: list[tuple[str, str]] = field(default_factory=list)
    left_out: bool = False

    @property
    def key(self) -> str:
        """What tells the person of a row from others of the list: the address, else the name."""
        return self.email or f"name {names.key(self.name)}"

    @property
    def wall(self) -> datetime | None:
        """When the gathering began, on the clocks of its circle."""
        return datetime.combine(self.day, self.at) if self.day and self.at else None

    def refuse(self, key: str, message: str, value: str | None = None) -> None:
        """Refuse the row for what a column holds."""
        self._add(self.faults, key, message, value)

    def warn(self, key: str, message: str, value: str | None = None) -> None:
        """Add a sentence about what is left out or was guessed."""
        self._add(self.warnings, key, message, value)

    def _add(self, lines: list[dict[str, str]], key: str, message: str, value: str | None) -> None:
        cell = self.cells.get(key, "") if value is None else value
        column = self.headings.get(key) or ("The row" if key == "row" else options_label(key))
        lines.append({"column": column, "value": text.tidy_line(cell, max_length=60), "says": message})


def options_label(key: str) -> str:
    """What a field is called."""
    every = {**options("people"), **options("attendance"), **options("bookings")}
    return every.get(key, key)


def read_row(row_: sheets.Row, how: Match, circles: Circles) -> Read:
    """Read one row. Never raises: what cannot be read is among the faults, the warnings and what is asked."""
    row = Read(row_.number)
    extra = [cell for cell in row_.cells[len(how.headings) :] if cell.strip()]
    if extra:
        message = (
            "This row has more cells than there are headings. Is a comma or a quotation mark out of place?"
        )
        row.refuse("row", message, extra[0])
    for n, key in how.targets():
        row.headings[key] = how.headings[n]
        if n < len(row_.cells):
            _read_cell(row, key, row_.cells[n])
    _read_links(row, row_, how)
    _read_person(row)
    if how.kind == "people":
        _read_since(row, how)
    else:
        _read_circle(row, how, circles)
        _read_day(row, how)
        _read_time(row, how)
    if how.kind == "attendance":
        if cells.is_given_back(row.cells.get("state", "")):
            row.refuse("state", "This seat was given back, so there is nothing to bring in.")
            return row
        _read_mark(row, how)
        _read_lateness(row)
        _read_paid(row)
    if how.kind == "bookings":
        row.seat = _take(row, "seat", cells.seat) or "free"
        _read_paid_ahead(row)
    return row


def _read_cell(row: Read, key: str, cell: str) -> None:
    """Keep the text of a cell; one that is far too long, begins like a formula or shows an error refuses the row."""
    tidied = sheets.tidy(cell[: MAX_CELL + 1])
    if not tidied:
        return
    row.cells[key] = tidied
    if len(cell) > MAX_CELL:
        message = f"This cell has {len(cell):,} characters, far more than fit here. Is a quotation mark out of place?"
        row.refuse(key, message, cell[:60])
    elif sheets.is_formula(tidied):
        row.refuse(
            key, "This begins like a formula. Nothing of a file is ever run; please write the value itself."
        )
    elif sheets.is_error(tidied):
        row.refuse(key, "The spreadsheet shows an error here instead of a value.")
    elif sheets.NO_CHARACTER in tidied:
        row.refuse(key, "This has a hidden character in it. Please type it again.")
    else:
        return
    row.cells[key] = ""


def _read_links(row: Read, row_: sheets.Row, how: Match) -> None:
    """A mail address that a cell leads to counts where none is written."""
    column = how.column("email")
    for n, target in row_.links.items():
        is_mail = target.lower().startswith("mailto:")
        if is_mail and not row.cells.get("email") and column in (None, n):
            row.cells["email"] = target[7:].partition("?")[0]


def _take(row: Read, key: str, read: Callable[[str], T]) -> T | None:
    """What `read` makes of a cell; None when it is empty, or cannot be read, which refuses the row."""
    cell = row.cells.get(key)
    if not cell:
        return None
    try:
        return read(cell)
    except Refused as refused:
        row.refuse(key, refused.reasons[0].text)
        return None


def _read_person(row: Read) -> None:
    parts = [cell for key in ("first_name", "last_name") if (cell := row.cells.get(key))]
    key = "name" if row.cells.get("name") else "first_name" if row.cells.get("first_name") else "last_name"
    if parts and not row.cells.get("name"):
        row.cells[key], joined = " ".join(parts), row.cells[key]
        row.name, row.pronouns = _take(row, key, cells.name) or ("", "")
        row.cells[key] = joined
    else:
        row.name, row.pronouns = _take(row, "name", cells.name) or ("", "")
    row.email = _take(row, "email", cells.email) or ""
    row.pronouns = _take(row, "pronouns", people.parse_pronouns) or row.pronouns
    if not row.name and not row.email and not row.faults:
        row.refuse("row", "Nobody is named here.")


def _read_since(row: Read, how: Match) -> None:
    cell = row.cells.get("since", "")
    if how.undecided and sheets.days.is_ambiguous(cell):
        row.asks.append(("day_first", cell))
        return
    row.since = _take(row, "since", lambda typed: _past_day(typed, how))


def _past_day(cell: str, how: Match) -> date:
    day = cells.day(cell, day_first=how.day_first)
    if day > clock.now().date():
        cells.expected("This day is still to come.")
    return day


def _read_circle(row: Read, how: Match, circles: Circles) -> None:
    word = row.cells.get("circle", "")
    meant = (
        how.meanings.get("circle", {}).get(sheets.plain(word), "") if word else how.answers.get("circle", "")
    )
    if meant == OUT:
        row.left_out = True
        return
    row.circle = circles.by_id.get(_uuid(meant)) if meant else circles.find(word) if word else None
    if row.circle is None and not any(fault["column"] == row.headings.get("circle") for fault in row.faults):
        row.asks.append(("circle", word))


def _uuid(typed: str) -> Any:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _read_day(row: Read, how: Match) -> None:
    cell = row.cells.get("date")
    if not cell:
        if not row.faults:
            row.refuse("date", "No day is given.")
        return
    if how.undecided and sheets.days.is_ambiguous(cell):
        row.asks.append(("day_first", cell))
        return
    row.day = _take(row, "date", lambda typed: cells.day(typed, day_first=how.day_first))


def _read_time(row: Read, how: Match) -> None:
    beside = cells.time_beside_day(row.cells.get("date", ""))
    typed = row.cells.get("time") or beside or how.answers.get("time", "")
    key = "time" if row.cells.get("time") else "date"
    if typed:
        try:
            row.at, guessed = cells.clock_time(typed)
        except Refused as refused:
            row.refuse(key, refused.reasons[0].text, typed)
            return
        if guessed:
            row.warn(key, f"This is read as {clock.format_hour(row.at)}.", typed)
        _turn_to_circle(row, key, typed)


def _turn_to_circle(row: Read, key: str, typed: str) -> None:
    """A time that names a zone is turned into that of its circle."""
    named, wall = cells.zone_of(row.cells.get(key, "") or typed), row.wall
    if named is None or wall is None or row.circle is None:
        return
    own = clock.moment(wall, row.circle.zone)
    if named[1] == own.utc.astimezone(zones.of(row.circle.zone)).tzname():
        return
    turned = clock.wall_time(wall.replace(tzinfo=named[0]), row.circle.zone)
    if turned != wall:
        row.day, row.at = turned.date(), turned.time()
        when = f"{clock.format_date(row.day)}, {clock.format_hour(row.at)}"
        row.warn(key, f"For this circle that is {when}.", typed)


def _read_mark(row: Read, how: Match) -> None:
    """Whether they came. A list without such a column is one of those who came."""
    if how.column("mark") is None:
        row.mark = "came"
        return
    cell = row.cells.get("mark", "")
    if not cell:
        meant = how.answers.get("empty_mark", "")
        word = ""
    else:
        word = cell
        known = cells.mark(cell, row.headings["mark"])
        meant = how.meanings.get("mark", {}).get(sheets.plain(cell) or cell.strip(), "") or known or ""
    if meant == OUT:
        row.left_out = True
    elif meant in cells.MARKS:
        row.mark = meant
    elif not row.faults:
        row.asks.append(("mark", word))


def _read_lateness(row: Read) -> None:
    """Of those who came: late and left early in columns of their own."""
    if row.mark not in ("came", "late", "left_early"):
        return
    late = _take(row, "late", cells.yes_no) or row.mark == "late"
    left_early = _take(row, "left_early", cells.yes_no) or row.mark == "left_early"
    row.mark = "_".join(word for word in (late and "late", left_early and "left_early") if word) or "came"


def _read_paid(row: Read) -> None:
    """What was paid elsewhere; what cannot be read of it is left out, since it is in no sum."""
    cell = row.cells.get("paid")
    if not cell or row.circle is None:
        return
    try:
        row.paid = cells.amount(cell, row.circle.currency)
    except Refused:
        row.warn("paid", "No amount can be read here, so none is kept.")
        return
    if row.paid is None:
        row.warn("paid", "No amount is given here, so none is kept.")


def _read_paid_ahead(row: Read) -> None:
    cell = row.cells.get("paid")
    if not cell or row.circle is None:
        return
    if cells.is_by_card(cell):
        message = "A payment by card cannot move in. Write “free”, or the cash that was paid."
        row.refuse("paid", message)
        return
    currency = row.circle.currency
    row.paid = _take(row, "paid", lambda typed: cells.amount(typed, currency))
    if row.paid is None and not row.faults:
        row.refuse("paid", "How much was paid? Write the amount in cash, or “free”.")
