"""Workbooks (.xlsx) written row by row, with memory that does not grow: typed cells, a frozen head, filters, widths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

# xlsxwriter is imported at its first use, since most processes never write a workbook.
if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# What a sheet of Excel holds: rows with the heading, and characters of a cell (of UTF-16).
MAX_SHEET_ROWS: Final = 1_048_576
MAX_CELL: Final = 32_767
_MAX_NAME: Final = 31
_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\'"))


class CellKind(Enum):
    """What the cells of a column hold, with the number format they are shown in."""

    TEXT = ""
    DATE = "yyyy-mm-dd"
    MONTH = "mmmm yyyy"
    MOMENT = "yyyy-mm-dd hh:mm"
    INTEGER = "0"
    DECIMAL = "0.00"
    PERCENT = "0%"


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet. width: in characters, 0 for what fits its heading and kind."""

    title: str
    kind: CellKind = CellKind.TEXT
    width: int = 0

    @property
    def shown_width(self) -> int:
        least = {CellKind.TEXT: 14, CellKind.DATE: 12, CellKind.MONTH: 16, CellKind.MOMENT: 17}.get(
            self.kind, 9
        )
        return self.width or max(least, len(self.title) + 4)  # with room for the button of the filter


class WorkbookWriter:
    """One workbook in a file. Rows go to a temporary file beside it as they come, so memory stays flat.

    A table with more rows than a sheet holds goes on in the next sheet. Text is text: nothing becomes a formula or a
    link. The workbook is whole once the block ends; an error leaves a file that is none.
    """

    def __init__(self, path: Path) -> None:
        from xlsxwriter.workbook import Workbook

        self._book: Workbook = Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
            },
        )
        self._formats: dict[CellKind, Format | None] = {
            kind: self._book.add_format({"num_format": kind.value}) if kind.value else None
            for kind in CellKind
        }
        self._head: Format = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._label: Format = self._book.add_format({"bold": True, "valign": "top"})
        self._wrapped: Format = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._names: set[str] = set()
        self._tables: list[SheetTable] = []
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        for sheet in self._book.worksheets():  # the temporary files of what will not be packed
            if handle := getattr(sheet, "row_data_fh", None):
                handle.close()

    def close(self) -> None:
        """Pack the workbook, which takes a while; done once."""
        if not self._is_closed:
            self._is_closed = True
            for table in self._tables:
                table.end_sheet()
            self._book.close()

    def table(self, name: str, columns: Sequence[SheetColumn]) -> SheetTable:
        """A sheet with headings that stay in sight, to which rows are added."""
        table = SheetTable(self, name, columns)
        self._tables.append(table)
        return table

    def notes(self, name: str, lines: Iterable[tuple[str, str]]) -> None:
        """A sheet of two columns: a label and what it says; an empty label leaves a line free."""
        sheet = self.add_sheet(name)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 90)
        for row, (label, text) in enumerate(lines):
            sheet.write_string(row, 0, label, self._label)
            sheet.write_string(row, 1, text[:MAX_CELL], self._wrapped)

    def add_sheet(self, name: str) -> Worksheet:
        """An empty sheet; a name that is taken gets a number."""
        clean = name.translate(_NOT_IN_NAMES).strip()[:_MAX_NAME] or "Sheet"
        chosen, number = clean, 1
        while chosen.lower() in self._names:
            number += 1
            chosen = f"{clean[: _MAX_NAME - len(str(number)) - 1]} {number}"
        self._names.add(chosen.lower())
        return self._book.add_worksheet(chosen)

    def head_format(self) -> Format:
        return self._head

    def format_of(self, kind: CellKind) -> Format | None:
        return self._formats[kind]


class SheetTable:
    """A table of a workbook: its rows, each once and in order."""

    def __init__(self, writer: WorkbookWriter, name: str, columns: Sequence[SheetColumn]) -> None:
        self._writer, self._name, self._columns = writer, name, columns
        self._formats = [writer.format_of(column.kind) for column in columns]
        self.count = 0
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheet = self._writer.add_sheet(self._name)
        self._row = 0
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.shown_width)
            self._sheet.write_string(0, place, column.title, self._writer.head_format())
        self._sheet.freeze_panes(1, 0)

    def end_sheet(self) -> None:
        """Set the filter, which names its last row."""
        if self._columns:
            self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows: text, dates, moments without a zone, numbers, booleans; None leaves a cell empty."""
        for row in rows:
            if self._row + 1 == MAX_SHEET_ROWS:
                self.end_sheet()
                self._begin_sheet()
            self._row += 1
            self.count += 1
            for place, value in enumerate(row):
                if value is not None:
                    self._write(place, value)

    def _write(self, place: int, value: Any) -> None:
        sheet, cell_format = self._sheet, self._formats[place]
        if isinstance(value, str):
            if value:
                sheet.write_string(self._row, place, value[:MAX_CELL])
        elif isinstance(value, bool):
            sheet.write_boolean(self._row, place, value)
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(self._row, place, float(value), cell_format)
        elif isinstance(value, datetime | date):
            sheet.write_datetime(
                self._row, place, cast(datetime, value), cell_format
            )  # which takes a date as well
        else:
            sheet.write_string(self._row, place, str(value)[:MAX_CELL])
