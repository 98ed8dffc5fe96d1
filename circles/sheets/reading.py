"""Files with lists (CSV, XLSX), read into sheets and rows of text.

Nothing in a file is ever run: a formula is what it last showed, or plain text.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.sheets import archive, formats, kinds, tables, text_files
from circles.sheets.details import EXACT_DIGITS, Details
from circles.sheets.tables import Choice, Known, Row, Sheet, Table, is_filled

MAX_BYTES: Final = 5_000_000
# Sheets beyond so many are not looked at.
MAX_SHEETS: Final = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: its list, and what may be chosen instead. sheets: their names; sheet: the number of this one."""

    table: Table
    sheets: tuple[str, ...]
    sheet: int
    choice: Choice


def read(sent: bytes, known: Known, choice: Choice | None = None) -> Reading:
    """Read a CSV or XLSX file, whatever its name. Raises Refused with the reason when it cannot be read.

    Blocking and hungry: what somebody sends is read by this in a child process (circles.sandbox) alone.

    known: whether a text is a usual heading of such a list; where choice is silent, sheet and headings follow from it.
    """
    choice = choice or Choice()
    if len(sent) > MAX_BYTES:
        raise Refused(too_large())
    if not sent.strip():
        raise _refused("empty", "This file is empty. Please choose another.")
    if sent.startswith(b"PK"):
        return _workbook(sent, known, choice)
    other = kinds.by_beginning(sent)
    if other:
        raise Refused(kinds.reason(other))
    records, notes = text_files.records(sent)
    rows = [Row(number, tuple(cells)) for number, cells in records if any(map(is_filled, cells))]
    table = tables.table(Sheet("", rows, is_ragged=True), choice, known)
    return Reading(_with_notes(table, notes), ("",), 0, choice)


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


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    return Table(
        table.headings, table.rows, table.heading, table.above, table.hidden_columns, table.hidden_rows,
        (*notes, *table.notes),
    )  # fmt: skip


# Workbooks


def _workbook(sent: bytes, known: Known, choice: Choice) -> Reading:
    checked = archive.open_checked(sent)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(checked.content)) as book:
            metadata = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet][
                :MAX_SHEETS
            ]
            if choice.sheet is not None and choice.sheet < len(metadata):
                best = choice.sheet
                sheet = _sheet(book, checked, metadata[best])
            else:
                best, sheet = _best_sheet(book, checked, metadata, known)
    except CalamineError:  # the base of all it raises for a workbook it cannot read
        raise archive.broken() from None
    names = tuple(text.tidy_line(each.name, max_length=60) for each in metadata)
    shown = tuple(
        f"{name} (hidden)" if each.visible != SheetVisibleEnum.Visible else name
        for name, each in zip(names, metadata, strict=True)
    )
    table = tables.table(sheet, choice, known)
    return Reading(_with_notes(table, _workbook_notes(names, best, sheet)), shown, best, choice)


def _best_sheet(
    book: CalamineWorkbook, checked: archive.Workbook, metadata: Sequence[Any], known: Known
) -> tuple[int, Sheet]:
    """The visible sheet with the most headings that are known, then with the most rows. One is held at a time."""
    best: tuple[tuple[int, int], int, Sheet] | None = None
    for number, each in enumerate(metadata):
        if each.visible != SheetVisibleEnum.Visible:
            continue
        sheet = _sheet(book, checked, each)
        rank = (tables.score(sheet, known), min(len(sheet.rows), 2))
        if best is None or rank > best[0]:
            best = rank, number, sheet
    if best is None:
        raise _refused("no_sheet", "This workbook has no sheet that shows. Please choose another file.")
    return best[1], best[2]


def _sheet(book: CalamineWorkbook, checked: archive.Workbook, metadata: Any) -> Sheet:
    details = checked.details.get(metadata.name, Details())
    cells = book.get_sheet_by_name(metadata.name).to_python(skip_empty_area=False, nrows=tables.MAX_ROWS * 2)
    rows = [_row(number, row, details, checked.formats) for number, row in enumerate(cells, start=1)]
    _fill_merged(rows, details)
    return Sheet(
        metadata.name,
        [row for row in rows if row.filled],
        metadata.visible != SheetVisibleEnum.Visible,
        frozenset(details.hidden_columns),
    )


def _row(number: int, cells: Sequence[Any], details: Details, shown_formats: Mapping[int, str]) -> Row:
    styles = details.styles.get(number, ())
    texts: list[str] = []
    rounded: list[int] = []
    for column, cell in enumerate(cells):
        exact = details.exact.get((number, column), "") if details.exact else ""
        if exact and not isinstance(cell, str | date):
            shown, is_rounded = _exact_number(exact)
            texts.append(shown)
            rounded += [column] if is_rounded else []
        elif exact and not cell:
            texts.append(exact)  # an error, of which the library says nothing
        else:
            style = styles[column] if column < len(styles) else -1
            texts.append(_words(cell, shown_formats.get(style, "")))
    links = {column: link for column in range(len(texts)) if (link := details.links.get((number, column)))}
    formulas = tuple(details.formulas.get(number, ()))
    return Row(number, tuple(texts), links, formulas, tuple(rounded), number in details.hidden_rows)


def _exact_number(written: str) -> tuple[str, bool]:
    """A long number with all the digits the file has, and whether it had more once."""
    try:
        number = Decimal(written)
    except InvalidOperation:
        return written, False
    if number != number.to_integral_value():
        return f"{float(number):.15g}", False
    is_rounded = not written.isdigit() and abs(number) >= 10**EXACT_DIGITS
    return f"{number:f}".partition(".")[0], is_rounded


def _words(cell: Any, code: str) -> str:
    """A cell of a workbook as text: 33101.0 is 33101, a day is 2027-01-31, 1234 may show as 001234."""
    if isinstance(cell, str):
        return cell.replace("\0", text_files.NO_CHARACTER)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        number = Decimal(int(cell)) if float(cell).is_integer() else Decimal(f"{cell:.15g}")
        return formats.show(number, code) if code else f"{number:f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time().isoformat() == "00:00:00" else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _fill_merged(rows: list[Row], details: Details) -> None:
    """What cells merged down a column show holds for each row of theirs."""
    for first, column, last in details.merged:
        if last == first or first > len(rows) or column >= len(rows[first - 1].cells):
            continue
        value = rows[first - 1].cells[column]
        for number in range(first + 1, min(last, len(rows)) + 1):
            row = rows[number - 1]
            if is_filled(value) and row.filled and column < len(row.cells):
                cells = (*row.cells[:column], value, *row.cells[column + 1 :])
                rows[number - 1] = Row(number, cells, row.links, row.formulas, row.rounded, row.is_hidden)


def _workbook_notes(names: Sequence[str], best: int, sheet: Sheet) -> tuple[str, ...]:
    notes = []
    if len(names) > 1:
        notes.append(f"This workbook has {len(names)} sheets; “{names[best]}” was read.")
    if any(row.formulas for row in sheet.rows):
        note = "Some cells contain formulas. Nothing is calculated here: what each last showed was read as plain text."
        notes.append(note)
    return tuple(notes)
