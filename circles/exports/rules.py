"""What an export covers and how it is written: reading a form or a command line, with every refusal at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock, reading
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.base.row import Row
from circles.exports.kinds import KINDS, Column, Depth, Format, Group, Kind

# Years that one file may cover; more is a typing error.
MAX_YEARS: Final = 10
MAX_PURPOSE: Final = 500
MIN_PURPOSE: Final = 5
MAX_PRESET_NAME: Final = 80
# Files with more rows than this are made by a job: some seconds of work, for CSV as for a workbook.
MAX_STREAMED: Final = {Format.XLSX: 5_000}
MAX_STREAMED_ROWS: Final = 1_000_000
# How long a file that a job made is kept.
KEPT_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Choices:
    """An export as it was asked for. first, last: days on the circles' own calendars.

    circles, facilitators: the chosen ones; none means all.
    """

    kind: Kind
    first: date
    last: date
    depth: Depth
    format: Format
    columns: tuple[Column, ...] = ()
    circles: tuple[UUID, ...] = ()
    facilitators: tuple[UUID, ...] = ()
    purpose: str = ""
    group: Group = Group.CIRCLE_MONTH

    @property
    def filters(self) -> dict[str, Any]:
        """What was chosen, as a JSON object for the log of exports."""
        return {
            "from": str(self.first),
            "to": str(self.last),
            "circles": [str(circle_id) for circle_id in self.circles],
            "facilitators": [str(person_id) for person_id in self.facilitators],
            "group": self.group.value if self.depth is Depth.TOTALS else "",
        }

    @property
    def filename(self) -> str:
        depth = "" if self.depth is Depth.NAMED else f"-{self.depth}"
        return f"{self.kind.key.replace('_', '-')}{depth}-{self.first}-{self.last}.{self.format.suffix}"

    @property
    def max_streamed(self) -> int:
        return MAX_STREAMED.get(self.format, MAX_STREAMED_ROWS)

    @classmethod
    def stored(cls, row: Row) -> Choices:
        """The choices of a row of the log; columns that no longer exist are left out."""
        kind, filters = KINDS[row["what"]], row["filters"]
        return cls(
            kind,
            date.fromisoformat(filters["from"]),
            date.fromisoformat(filters["to"]),
            Depth(row["depth"]),
            Format(row["format"]),
            tuple(column for key in row["columns"] if (column := kind.column(key))),
            tuple(map(UUID, filters["circles"])),
            tuple(map(UUID, filters.get("facilitators", ()))),
            row["purpose"],
            Group(filters.get("group") or Group.CIRCLE_MONTH),
        )


def read_choices(values: Mapping[str, str], *, today: date) -> Choices:
    """Read what was chosen. Raises Refused with every reason at once. today: no month of totals may reach it."""
    reader = Reader(values)
    kind = KINDS[reader.choice("kind", KINDS, "Please choose what to export.")]
    first, last = read_range(reader)
    depth = Depth(reader.choice("depth", list(Depth), "Please choose how much the file says of people."))
    written_as = Format(reader.choice("format", list(Format), "Please choose a format."))
    circles = read_ids(reader, "circle", "One of these circles is not there. Please choose again.")
    facilitators = read_ids(
        reader, "facilitator", "One of these facilitators is not there. Please choose again."
    )
    columns = read_columns(reader, kind, depth)
    group = Group(reader.one("group", list(Group), "Please choose what a row is of.") or Group.CIRCLE_MONTH)
    purpose = reader.line("purpose", max_length=MAX_PURPOSE, required=False)
    if depth is Depth.NAMED and len(purpose) < MIN_PURPOSE:
        reader.add(
            Reason(
                "purpose_missing",
                "Please say in a few words what a file with names is for. The people in it can read that.",
                "purpose",
            )
        )
    if reader.reasons or first is None or last is None:
        raise Refused(reader.reasons)
    choices = Choices(kind, first, last, depth, written_as, columns, circles, facilitators, purpose, group)
    return whole_months(choices, today) if depth is Depth.TOTALS else choices


def read_shape(values: Mapping[str, str]) -> Choices:
    """What a preset keeps of a form: kind, depth, format and columns. Raises Refused."""
    reader = Reader(values)
    kind = KINDS[reader.choice("kind", KINDS, "Please choose what to export.")]
    depth = Depth(reader.choice("depth", list(Depth), "Please choose how much the file says of people."))
    written_as = Format(reader.choice("format", list(Format), "Please choose a format."))
    columns = read_columns(reader, kind, depth)
    if reader.reasons:
        raise Refused(reader.reasons)
    return Choices(kind, date.min, date.min, depth, written_as, columns)


def read_range(reader: Reader) -> tuple[date | None, date | None]:
    """The first and the last day; refused backwards, and longer than MAX_YEARS."""
    first = reader.take(lambda: clock.parse_date(reader.value("from"), "from"))
    last = reader.take(lambda: clock.parse_date(reader.value("to"), "to"))
    if first and last and last < first:
        reader.add(Reason("dates_order", "The last day cannot be before the first.", "to"))
    elif first and last and last >= _years_after(first, MAX_YEARS):
        text = (
            f"One file covers {MAX_YEARS} years at most. Please choose a shorter time, or make several files."
        )
        reader.add(Reason("range_long", text, "to"))
    return first, last


def _years_after(day: date, years: int) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if is_leap_day else day.day)


def read_ids(reader: Reader, field: str, refusal: str) -> tuple[UUID, ...]:
    """The ids of a repeated field, each once."""
    ids: list[UUID] = []
    for typed in reader.value(field).split(","):
        if typed.strip():
            value = reading.uuid_or_none(typed.strip())
            if value is None:
                reader.add(Reason(f"{field}_unknown", refusal, field))
            else:
                ids.append(value)
    return tuple(dict.fromkeys(ids))


def ids_in(typed: str) -> list[UUID]:
    """The ids among what a form has for a repeated field, each once; the rest is left out."""
    ids = (reading.uuid_or_none(part.strip()) for part in typed.split(","))
    return list(dict.fromkeys(value for value in ids if value))


def read_columns(reader: Reader, kind: Kind, depth: Depth) -> tuple[Column, ...]:
    """The columns in the order of their numbers; those without a number are left out. Totals have columns of their own.

    A command line, or a link, names them instead: `columns`.
    """
    if depth is Depth.TOTALS:
        return ()
    offered = list(kind.of_depth(depth))
    named = [key.strip() for key in reader.value("columns").split(",") if key.strip()]
    if named:
        gone = [key for key in named if kind.column(key) is None]
        if gone:
            reader.add(Reason("column_unknown", f"There is no column {', '.join(gone)}.", "columns"))
        return tuple(column for key in named for column in offered if column.key == key)
    numbered = {key: value for key, value in reader.values.items() if key.startswith("place-")}
    if not numbered:
        return tuple(column for column in offered if column.chosen)
    places = [
        (reading.whole_number(numbered.get(f"place-{column.key}", ""), 0), column) for column in offered
    ]
    chosen = [column for place, column in sorted(places, key=lambda pair: pair[0]) if place]
    if not chosen:
        reader.add(Reason("no_column", "Please give at least one column a number.", "columns"))
    return tuple(chosen)


def whole_months(choices: Choices, today: date) -> Choices:
    """Totals are of whole months that are over. Raises Refused when there is none."""
    first = choices.first.replace(day=1)
    last = min(end_of_month(choices.last), today.replace(day=1) - timedelta(days=1))
    if last < first:
        raise Refused(
            Reason(
                "month_not_over",
                "Totals are of whole months that are over, and this time has none. Please choose an earlier one.",
                "to",
            )
        )
    return replace(choices, first=first, last=last)


def end_of_month(day: date) -> date:
    """The last day of a month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def month_before(day: date) -> date:
    """The first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def split_columns(kind: Kind, depth: Depth, keys: Sequence[str]) -> tuple[list[Column], list[str]]:
    """The columns of a preset that this depth still has, and the keys of those that are gone."""
    offered = {column.key: column for column in kind.of_depth(depth)}
    return [offered[key] for key in keys if key in offered], [key for key in keys if key not in offered]


def places_of(columns: Iterable[Column]) -> dict[str, str]:
    """The numbers of columns as the fields of a form hold them."""
    return {f"place-{column.key}": str(number) for number, column in enumerate(columns, 1)}
