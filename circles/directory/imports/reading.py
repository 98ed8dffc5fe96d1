"""Files of listings (CSV, XLSX), read into headings and rows of text.

Nothing in a file is ever run: a formula is what it last showed, or plain text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import anyio
import anyio.to_thread
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.directory.imports import kinds, workbook

MAX_BYTES: Final = 5_000_000
MAX_ROWS: Final = 5_000
MAX_COLUMNS: Final = 100

# In place of NUL, which no text column takes; a row that holds it is refused, and the other rows are not.
NO_CHARACTER: Final = "\x1a"
_DELIMITERS: Final = (",", ";", "\t", "|")
_END: Final = "~ the end of the file ~"

# Two at a time: a full spreadsheet takes some tens of megabytes while it is read.
_few = anyio.CapacityLimiter(2)


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by its number as a spreadsheet shows it. cells: as many as there are headings, or more."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read. formulas: columns from 0 of cells that hold one, by row number. notes: sentences for the page."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    formulas: dict[int, list[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


async def read(sent: bytes) -> Table:
    """Read a CSV or XLSX file, whatever its name. Raises Refused with the reason when it cannot be read."""
    return await anyio.to_thread.run_sync(read_now, sent, limiter=_few)


def read_now(sent: bytes) -> Table:
    """The same, blocking."""
    if len(sent) > MAX_BYTES:
        raise Refused(too_large())
    if not sent.strip():
        raise _refused("empty", "This file is empty. Please choose another.")
    if sent.startswith(b"PK"):
        return _workbook(sent)
    other = kinds.by_beginning(sent)
    if other:
        raise Refused(kinds.reason(other))
    return _text_file(sent)


def too_large() -> Reason:
    """The refusal of a file that is too large."""
    return Reason(
        "too_large",
        "This file is larger than 5 MB, so it was not taken. A list of 5,000 therapists is smaller than that: "
        "please leave pictures out, or send it in parts.",
        "file",
    )


def _refused(code: str, message: str) -> Refused:
    return Refused(Reason(code, message, "file"))


def _table(records: Iterator[tuple[int, list[str]]], **more: Any) -> Table:
    """The first row that is not empty as headings, and the other such rows."""
    headings: tuple[str, ...] = ()
    rows: list[Row] = []
    for number, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if not headings:
            headings = _headings(cells)
        elif len(rows) == MAX_ROWS:
            message = f"This file has more than {MAX_ROWS:,} rows. Please send it in parts."
            raise _refused("too_many_rows", message)
        else:
            rows.append(Row(number, _as_wide(cells, len(headings))))
    if not rows:
        raise _refused("no_rows", "This file has no row under its headings, so there is nothing to bring in.")
    return Table(headings, tuple(rows), **more)


def _headings(cells: list[str]) -> tuple[str, ...]:
    headings = [text.tidy_line(cell, max_length=100) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > MAX_COLUMNS:
        message = f"This file has {len(headings):,} columns; there can be at most {MAX_COLUMNS}."
        raise _refused("too_many_columns", message)
    return tuple(heading or f"Column {workbook.letters(n)}" for n, heading in enumerate(headings))


def _as_wide(cells: list[str], width: int) -> tuple[str, ...]:
    """At least as many cells as headings; more only where they hold something, which becomes a fault."""
    kept = list(cells)
    while len(kept) > width and not kept[-1].strip():
        kept.pop()
    return tuple(kept[: MAX_COLUMNS + 1] + [""] * (width - len(kept)))


# Text files


def _text_file(sent: bytes) -> Table:
    words, encoding = _decode(sent)
    if not kinds.is_table(words):
        raise Refused(kinds.reason("other"))
    words = words.replace("\0", NO_CHARACTER)
    notes = ()
    if encoding == "cp1252":
        notes = ("The file does not name its character encoding; we read it as Windows Latin. Please look at "
                 "names with accents.",)  # fmt: skip
    return _table(_records(words), notes=notes)


def _decode(sent: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding it was read by."""
    if sent.startswith((b"\xff\xfe", b"\xfe\xff")):
        order = ("utf-16",)
    elif sent[1:200:2].count(0) > len(sent[1:200:2]) // 2:
        order = ("utf-16-le",)
    else:
        order = ("utf-8-sig", "cp1252")
    for encoding in order:
        try:
            return sent.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Refused(kinds.reason("other"))


def _records(words: str) -> Iterator[tuple[int, list[str]]]:
    """Every record of a CSV text with its number."""
    first, _, rest = words.partition("\n")
    declaration = first.strip().strip('"')
    if declaration.startswith("sep=") and len(declaration) == 5:
        return enumerate(_parsed(rest, declaration[4]), start=2)
    return enumerate(_parsed(words, _delimiter(words)), start=1)


def _delimiter(words: str) -> str:
    """The delimiter: the one that splits the first line that is not empty into the most cells."""
    start = words.lstrip("\r\n \ufeff")[:20_000]

    def parts(sign: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(start, newline=""), delimiter=sign), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=parts)


def _parsed(words: str, delimiter: str) -> Iterator[list[str]]:
    """The records; raises Refused for a quotation mark that is never closed.

    A last record of our own shows it: an open quotation mark would swallow that too.
    """
    ended = words if words.endswith(("\n", "\r")) else words + "\n"
    reader = csv.reader(io.StringIO(ended + _END, newline=""), delimiter=delimiter)
    record: list[str] = []
    number = 0
    try:
        for record in reader:
            number += 1
            if record != [_END]:
                if record and record[-1].endswith(_END):
                    break
                yield record
    except csv.Error:
        pass
    if record != [_END]:
        where = f"In row {number or 1} a quotation mark is opened and never closed"
        raise _refused("open_quote", f"{where}, so the rows after it run together.")


# Workbooks


def _workbook(sent: bytes) -> Table:
    checked = workbook.open_checked(sent)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(checked.content)) as book:
            shown = [sheet.name for sheet in book.sheets_metadata if _is_shown(sheet)]
            if not shown:
                raise _refused(
                    "no_sheet", "This workbook has no sheet that shows. Please choose another file."
                )
            formulas = checked.formulas.get(shown[0], {})
            cells = book.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False, nrows=MAX_ROWS * 2)
    except CalamineError:  # the base of all it raises for a workbook it cannot read
        raise workbook.broken() from None
    return _table(
        enumerate(([_words(cell) for cell in row] for row in cells), start=1),
        formulas=formulas,
        notes=_workbook_notes(shown, formulas),
    )


def _is_shown(sheet: Any) -> bool:
    return sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible


def _workbook_notes(shown: list[str], formulas: dict[int, list[int]]) -> tuple[str, ...]:
    notes = []
    if len(shown) > 1:
        first = text.tidy_line(shown[0], max_length=60)
        notes.append(f"This workbook has {len(shown)} sheets; the first, “{first}”, was read.")
    if formulas:
        note = "Some cells contain formulas. Nothing is calculated here: what each last showed was read as plain text."
        notes.append(note)
    return tuple(notes)


def _words(cell: Any) -> str:
    """A cell of a workbook as text: 33101.0 is 33101, a day is 2027-01-31."""
    if isinstance(cell, str):
        return cell.replace("\0", NO_CHARACTER)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time().isoformat() == "00:00:00" else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)
