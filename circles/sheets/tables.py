"""A sheet as a table: the row of its headings, the records under it, and what is left out around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.sheets.details import letters

MAX_ROWS: Final = 5_000
MAX_COLUMNS: Final = 100
# No field of a list takes as much, and reading some fields takes time by the square of it.
MAX_CELL: Final = 10_000
# The row of headings is looked for among so many, and may be chosen among them.
MAX_ABOVE: Final = 30
_MAX_HEADING: Final = 100
# A row that begins so, with little else in it, is no record.
_ASIDE: Final = re.compile(
    r"(sub|grand )?totals?\b|(count|sum|average|avg)\b|page \d|(last )?updated?\b|printed\b|as of\b|end of\b|notes?\b"
    r"|legend\b|confidential|continued\b|---|===",
    re.I,
)
_IN_BRACKETS: Final = re.compile(r"\(.*\)|\[.*\]", re.DOTALL)
_FIGURES: Final = re.compile(r"[\s\d.,:/$€%()-]*(?:am|pm)?", re.I)
_NAMED: Final = 8
# The column made of headings among the rows, such as the states of a list in parts.
GROUP: Final = "Heading above the row"

# The choice of a list without headings.
NO_HEADINGS: Final = 0
# What no heading has: a mail address, or a number as licenses and telephones have them.
_DATA: Final = re.compile(r"\S@\S+\.\S|\d{4}")

Known = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by its number as a spreadsheet shows it; of the others the columns from 0.

    links: where a cell leads. formulas: cells that hold one. rounded: numbers whose last digits the file has lost.
    group: the heading among the rows that it stands under.
    """

    number: int
    cells: tuple[str, ...]
    links: Mapping[int, str] = field(default_factory=dict)
    formulas: tuple[int, ...] = ()
    rounded: tuple[int, ...] = ()
    is_hidden: bool = False
    group: str = ""

    @property
    def filled(self) -> list[str]:
        """The cells that hold something."""
        return [cell for cell in self.cells if is_filled(cell)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as read, with the rows that hold anything. is_ragged: a delimiter out of place may shift its cells."""

    name: str
    rows: Sequence[Row]
    is_hidden: bool = False
    hidden_columns: frozenset[int] = frozenset()
    is_ragged: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Which part of a file is the list: the sheet (by number from 0), the row of headings, rows that are hidden."""

    sheet: int | None = None
    heading: int | None = None
    hidden_rows: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A list as read. heading: the number of its row of headings. above: rows that may be the headings, in short.

    hidden_columns: from 0. notes: sentences for the page.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    heading: int = 1
    above: tuple[tuple[int, str], ...] = ()
    hidden_columns: frozenset[int] = frozenset()
    hidden_rows: int = 0
    notes: tuple[str, ...] = ()


def is_filled(cell: str) -> bool:
    """Whether a cell holds anything that can be seen."""
    if cell.isascii() and cell.isprintable():  # nearly every cell, five hundred thousand times a list
        return bool(cell) and not cell.isspace()
    return not text.is_blank(cell)


def score(sheet: Sheet, known: Known) -> int:
    """How many headings that are known the best row of a sheet has; 0 when no row follows it."""
    at = _best(sheet.rows, known)
    return _known_in(sheet.rows, at, known) if at + 1 < len(sheet.rows) else 0


def table(sheet: Sheet, choice: Choice, known: Known) -> Table:
    """The list on a sheet. Raises Refused when there is none, or too much."""
    rows = sheet.rows
    _refuse_long_cells(rows)
    at = _place_of_headings(rows, choice, known)
    headings = _headings(rows, at, known) if at >= 0 else _letters(rows)
    if not headings:
        raise _refused("no_rows", "This file has no row under its headings, so there is nothing to bring in.")
    headings = _with_unnamed(headings, sheet, at)
    kept, notes = _records(sheet, at, headings, choice)
    headings, kept = _with_groups(headings, kept)
    if at < 0:
        notes.insert(0, "This list has no headings, so its columns are named by their letters.")
    hidden = sum(row.is_hidden for row in rows[at + 1 :])
    return Table(
        headings=headings,
        rows=tuple(kept),
        heading=rows[at].number if at >= 0 else NO_HEADINGS,
        above=tuple((row.number, _shown(row)) for row in rows[:MAX_ABOVE]),
        hidden_columns=frozenset(n for n in sheet.hidden_columns if n < len(headings)),
        hidden_rows=hidden,
        notes=tuple((_above(rows[:at], headings, rows[at].number) if at > 0 else []) + notes),
    )


def _refuse_long_cells(rows: Sequence[Row]) -> None:
    for row in rows:
        for n, cell in enumerate(row.cells):
            if len(cell) > MAX_CELL:
                message = (
                    f"The cell {letters(n)}{row.number} of this file holds more than {MAX_CELL:,} characters. "
                    "Please shorten it, and send the file again."
                )
                raise _refused("too_much", message)


def _place_of_headings(rows: Sequence[Row], choice: Choice, known: Known) -> int:
    """The place of the row of headings, as chosen or as it is likely; -1 for none."""
    if choice.heading == NO_HEADINGS:
        return -1
    chosen = next((n for n, row in enumerate(rows[:MAX_ABOVE]) if row.number == choice.heading), None)
    if chosen is not None or not rows:
        return chosen or 0
    at = _best(rows, known)
    has_none = not _known_in(rows, at, known) and any(map(_DATA.search, rows[at].filled))
    return -1 if has_none else at


def _letters(rows: Sequence[Row]) -> tuple[str, ...]:
    width = max((n + 1 for row in rows for n, cell in enumerate(row.cells) if is_filled(cell)), default=0)
    return tuple(f"Column {letters(n)}" for n in range(min(width, MAX_COLUMNS)))


def _refused(code: str, message: str) -> Refused:
    return Refused(Reason(code, message, "file"))


# Headings


def _best(rows: Sequence[Row], known: Known) -> int:
    """The place of the row that is most likely the headings: the one with the most headings that are known."""
    start = rows[:MAX_ABOVE]
    counts = [_known_in(rows, at, known) for at in range(len(start))]
    most = max(counts, default=0)
    if most > 1 or (most and counts[0] and len(start[0].filled) == 1):  # a list of names alone
        return counts.index(most)
    width = max((len(row.filled) for row in start), default=0)
    return next((at for at, row in enumerate(start) if len(row.filled) * 2 > width), 0)


def _known_in(rows: Sequence[Row], at: int, known: Known) -> int:
    return len({text for text in _two_lines(rows, at, known) if text and known(text)})


def _two_lines(rows: Sequence[Row], at: int, known: Known) -> list[str]:
    """The headings of a row. Where the row above groups them (License: Type, Number), both are read as one."""
    own = [_heading(cell) for cell in rows[at].cells]
    above = rows[at - 1] if at and rows[at - 1].number == rows[at].number - 1 else None
    if above is None or len(above.filled) < 2:
        return own
    group = ""
    for n, cell in enumerate(above.cells[: len(own)]):
        group = _heading(cell) or group
        both = f"{group} {own[n]}".strip()
        if own[n] and group and known(both):
            own[n] = both
    return own


def _heading(cell: str) -> str:
    return text.tidy_line(cell, max_length=_MAX_HEADING)


def _headings(rows: Sequence[Row], at: int, known: Known) -> tuple[str, ...]:
    headings = _two_lines(rows, at, known) if rows else []
    above = rows[at - 1] if rows and at and rows[at - 1].number == rows[at].number - 1 else None
    if above and len(above.filled) > 1:  # a heading over two lines stands in the upper one
        wide = max(len(headings), len(above.cells))
        headings += [""] * (wide - len(headings))
        for n, cell in enumerate(above.cells):
            if not headings[n] and known(_heading(cell)):
                headings[n] = _heading(cell)
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > MAX_COLUMNS:
        message = f"This file has {len(headings):,} columns; there can be at most {MAX_COLUMNS}."
        raise _refused("too_many_columns", message)
    return tuple(heading or f"Column {letters(n)}" for n, heading in enumerate(headings))


def _with_unnamed(headings: tuple[str, ...], sheet: Sheet, at: int) -> tuple[str, ...]:
    """The headings, and a name for each column beyond them that holds something.

    In a file with delimiters a cell beyond the headings mostly means that a row is shifted; only where every other row
    has one is it a column.
    """
    rows = sheet.rows[at + 1 :]
    wide = [max((n + 1 for n, cell in enumerate(row.cells) if is_filled(cell)), default=0) for row in rows]
    width = len(headings)
    if sheet.is_ragged:
        width = width if sum(w > width for w in wide) * 2 < len(wide) or not wide else max(wide)
    else:
        width = max([width, *wide])
    more = range(len(headings), min(width, MAX_COLUMNS))
    return headings + tuple(f"Column {letters(n)}" for n in more)


# Records


def _records(sheet: Sheet, at: int, headings: tuple[str, ...], choice: Choice) -> tuple[list[Row], list[str]]:
    """The records under the headings, and notes about rows that are none."""
    kept: list[Row] = []
    asides: list[Row] = []
    hidden: list[Row] = []
    heading, group = sheet.rows[at] if at >= 0 else None, ""
    for row in sheet.rows[at + 1 :]:
        if row.is_hidden and not choice.hidden_rows:
            hidden.append(row)
        elif _is_aside(row, heading, len(headings)):
            asides.append(row)
            group = _group_of(row) or group
        elif len(kept) == MAX_ROWS:
            message = f"This file has more than {MAX_ROWS:,} rows. Please send it in parts."
            raise _refused("too_many_rows", message)
        else:
            kept.append(_as_wide(replace(row, group=group), len(headings)))
    if not kept:
        raise _refused("no_rows", "This file has no row under its headings, so there is nothing to bring in.")
    notes = []
    if asides:
        notes.append(f"Left out, as headings, sums or remarks among the rows: {_named(asides)}.")
    if hidden:
        notes.append(f"Left out, as the workbook hides them: {_named(hidden)}.")
    shown = [row for row in kept if row.is_hidden]
    if shown:
        notes.append(f"Hidden in the workbook, and read as you chose: {_named(shown)}.")
    return kept, notes


def _is_aside(row: Row, heading: Row | None, width: int) -> bool:
    """Whether a row among the records is none: a heading of a group, a sum, a remark, the headings once more."""
    filled, headings = row.filled, heading.filled if heading else []
    if headings and len(filled) == len(headings) and list(map(_plain, filled)) == list(map(_plain, headings)):
        return True
    if width < 3:
        return False
    if len(filled) == 1 or all(_IN_BRACKETS.fullmatch(cell.strip()) for cell in filled):
        return True
    is_sum = len(filled) <= 3 and bool(_ASIDE.match(filled[0].strip()))
    return is_sum and all(_FIGURES.fullmatch(cell) for cell in filled[1:])


def _group_of(row: Row) -> str:
    """The heading of a group; empty for a sum or a remark."""
    cell = row.filled[0].strip() if len(row.filled) == 1 else ""
    is_remark = (
        _ASIDE.match(cell)
        or _IN_BRACKETS.fullmatch(cell)
        or len(cell) > 60
        or not re.search(r"[^\W\d]", cell)
    )
    return "" if is_remark else cell.strip(" -–—=*_#:~.•>")


def _with_groups(headings: tuple[str, ...], kept: Sequence[Row]) -> tuple[tuple[str, ...], list[Row]]:
    """The headings among the rows as a column of their own, so that what they say can be used."""
    if not any(row.group for row in kept) or len(headings) >= MAX_COLUMNS:
        return headings, list(kept)
    width = len(headings)
    rows = [replace(row, cells=(*row.cells[:width], row.group, *row.cells[width:])) for row in kept]
    return (*headings, GROUP), rows


def _plain(cell: str) -> str:
    return " ".join(text.normalized("NFKC", cell).casefold().split())


def _as_wide(row: Row, width: int) -> Row:
    """At least as many cells as headings; more only where they hold something, which becomes a fault."""
    cells = list(row.cells)
    while len(cells) > width and not is_filled(cells[-1]):
        cells.pop()
    cells = cells[: MAX_COLUMNS + 1] + [""] * (width - len(cells))
    return replace(row, cells=tuple(cells))


def _shown(row: Row) -> str:
    return text.tidy_line(
        " · ".join(text.tidy_line(cell, max_length=30) for cell in row.filled[:8]), max_length=90
    )


def _named(rows: Sequence[Row]) -> str:
    names = [f"row {row.number} “{text.tidy_line(row.filled[0], max_length=40)}”" for row in rows[:_NAMED]]
    more = f", and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return ", ".join(names) + more


def _above(rows: Sequence[Row], headings: Sequence[str], heading: int) -> list[str]:
    others = [
        row
        for row in rows
        if not set(map(_heading, row.filled)) <= set(headings)
        and not (row.number == heading - 1 and len(row.filled) > 1)  # the upper line of the headings
    ]
    return [f"Above the headings, and not read: {_named(others)}."] if others else []
