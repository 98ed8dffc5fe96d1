"""Totals from which nobody can be singled out, also not by subtracting one file from another.

Every number is made of cells, one for each circle and calendar month. A cell is released by itself: rounded, folded
when fewer than five people are behind it, and kept until at least five people changed it. Whatever is chosen, a file
holds released cells and their sums, so two files together tell nothing that the cells do not tell. See decision 27.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from circles.exports.kinds import Column, Format, Group, Kind
from circles.exports.rules import Choices
from circles.sheets import CellKind
from circles.store import db

SQL = db.queries("exports/totals")

# Fewer people than this are never told apart, and numbers are multiples of it.
LEAST: Final = 5
FOLDED: Final = "fewer than 5"

# What the rows of a group have in common.
GROUP_KEYS: Final = {
    Group.CIRCLE_MONTH: ("month", "circle"),
    Group.MONTH: ("month",),
    Group.CIRCLE: ("circle",),
    Group.FORMAT: ("format",),
    Group.ALL: (),
}
_LEFT_OUT = (
    f"How many circles and months have a number that stands for fewer than {LEAST} people; the sums are without it. "
    "Sums add up what each circle and month tells, so one person may be in several of them."
)
_ROUNDED = f"Rounded to a multiple of {LEAST}. “{FOLDED}” stands for nobody as well."
MEASURES: Final = {
    "people_booked": ("People who booked", f"Different people with a booking in the month. {_ROUNDED}"),
    "people_kept": ("People with a seat", f"Different people whose booking was not canceled. {_ROUNDED}"),
    "bookings": ("Bookings", f"Bookings, of which one person may have several. {_ROUNDED}"),
    "people_came": ("People who came", f"Different people who came, walk-ins included. {_ROUNDED}"),
    "attendances": ("Attendances", f"How often somebody came, walk-ins included. {_ROUNDED}"),
    "people_community": ("People with a community seat", f"Different people with one or more. {_ROUNDED}"),
    "community_seats": ("Community seats used", f"Community seats that somebody had. {_ROUNDED}"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One circle in one month: what its public pages say, and what was released of it, as (people, number)."""

    circle_id: UUID
    circle: str
    format: str
    month: date
    gatherings: int
    canceled: int
    seats: int
    community_offered: int
    minutes: int
    released: Mapping[str, Sequence[int]]

    def shown(self, measure: str) -> int | None:
        """The number that a file tells; None for one that is folded."""
        people, number = self.released.get(measure, (0, 0))
        return shown(people, number)


def shown(people: int, number: int) -> int | None:
    """A number as it is told, the nearest multiple of LEAST; None when fewer than LEAST people are behind it."""
    if people < LEAST:
        return None
    return max((number + LEAST // 2) // LEAST, 1) * LEAST


async def release(tx: db.Tx, choices: Choices) -> list[Cell]:
    """The cells of an export, after each was brought up to date. Two queries."""
    chosen = {
        "first": choices.first,
        "last": choices.last,
        "circles": list(choices.circles),
        "facilitators": list(choices.facilitators),
    }
    await SQL.release_totals(tx, least=LEAST, **chosen)
    is_harmless = choices.format in (Format.CSV, Format.CSV_SEMICOLON)
    rows = await db.rows(SQL.released_cells(tx, harmless=is_harmless, **chosen))
    return [Cell(**row) for row in rows]


def columns(kind: Kind, group: Group) -> list[Column]:
    """The columns of a kind's totals."""
    heads = {
        "month": Column(
            "month", "Month", "The first day of the calendar month of the circle.", CellKind.DATE
        ),
        "circle": Column("circle", "Circle", "The name of the circle, as it is today."),
        "format": Column("format", "Format", "Facilitated, ceremony, or peer, as the circle is today."),
    }
    facts = [
        Column("gatherings", "Gatherings", "Those that were not canceled.", CellKind.INTEGER),
        Column("canceled", "Canceled", "Gatherings that were canceled.", CellKind.INTEGER),
        Column("seats", "Seats", "How many seats they had together.", CellKind.INTEGER),
    ]
    if kind.key == "community_seats":
        facts.append(
            Column("community_offered", "Community seats offered", "Seats free of charge.", CellKind.INTEGER)
        )
    if kind.key in ("gatherings", "hours"):
        facts.append(Column("hours", "Hours", "How long they were together.", CellKind.DECIMAL))
    counted = [Column(key, *MEASURES[key], CellKind.INTEGER) for key in kind.measures]
    if counted and group is not Group.CIRCLE_MONTH:
        counted.append(Column("left_out", "Folded", _LEFT_OUT, CellKind.INTEGER))
    return [*(heads[key] for key in GROUP_KEYS[group]), *facts, *counted]


def rows(kind: Kind, group: Group, cells: Iterable[Cell]) -> list[list[Any]]:
    """A row for each group. What counts people is a sum of what its cells tell, and never counted anew."""
    heads = GROUP_KEYS[group]
    keys = [column.key for column in columns(kind, group)][len(heads) :]
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        # Two circles may have one name, and are two groups.
        key = tuple(cell.circle_id if head == "circle" else getattr(cell, head) for head in heads)
        groups.setdefault(key, []).append(cell)
    return [
        [*(getattr(members[0], head) for head in heads), *(_value(members, key, kind) for key in keys)]
        for members in groups.values()
    ]


def _value(cells: Sequence[Cell], key: str, kind: Kind) -> Any:
    if key == "hours":
        return (Decimal(sum(cell.minutes for cell in cells)) / 60).quantize(Decimal("0.01"))
    if key == "left_out":
        return sum(any(cell.shown(measure) is None for measure in kind.measures) for cell in cells)
    if key not in MEASURES:
        return sum(getattr(cell, key) for cell in cells)
    numbers = [number for cell in cells if (number := cell.shown(key)) is not None]
    if numbers:
        return sum(numbers)
    return FOLDED if len(cells) == 1 else f"{FOLDED} in each"
