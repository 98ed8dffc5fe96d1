"""Reports as workbooks (.xlsx): a sheet for each table with typed cells, and one that says what everything means."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.responses import Response

from circles.base import money
from circles.reports.catalog import Report
from circles.reports.rules import Period
from circles.reports.tables import Cell, Column, Kind, Section, Table
from circles.sheets import CellKind, SheetColumn, WorkbookWriter

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CELLS: dict[Kind, CellKind] = {
    "text": CellKind.TEXT,
    "month": CellKind.MONTH,
    "count": CellKind.INTEGER,
    "share": CellKind.PERCENT,
    "money": CellKind.DECIMAL,
    "hours": CellKind.DECIMAL,
}
_CARE = "Exact numbers, also of small groups: for the organizers alone. Outside, use the funder’s report."
Notes = Iterable[tuple[str, str]]


def download(content: bytes, name: str, period: Period) -> Response:
    """A workbook as a file with a name that says its months."""
    months = "-".join(value for _, value in period.pairs)
    filename = f"{name}-{months}.xlsx"
    return Response(
        content, media_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{filename}"'}
    )


def report_notes(report: Report, period: str, filters: Notes, sections: Sequence[Section]) -> Notes:
    """The lines of the sheet of meanings: what was chosen, then every column of every sheet."""
    yield "Report", report.title
    yield "What it says", report.lede
    yield "Months", period
    yield from filters
    yield "Care", _CARE
    for section in sections:
        yield "", ""
        yield section.short, section.title
        if section.note:
            yield "Note", section.note
        yield from ((_title(column), column.meaning) for column in section.table.columns if column.meaning)


def workbook(tables: Sequence[tuple[str, Table]], notes: Notes) -> bytes:
    """A workbook of some tables, each with the name of its sheet. It is small, so it is made in one piece."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        with WorkbookWriter(path) as book:
            for name, table in tables:
                columns = [SheetColumn(_title(one), _CELLS[one.kind]) for one in table.columns]
                book.table(name, columns).add(_rows(table))
            book.notes("About this file", notes)
        return path.read_bytes()


def _title(column: Column) -> str:
    return f"{column.label} ({column.currency})" if column.currency else column.label


def _rows(table: Table) -> Iterable[list[Any]]:
    for row in (*table.rows, *([table.total] if table.total else [])):
        yield [_value(cell, column) for cell, column in zip(row, table.columns, strict=True)]


def _value(cell: Cell, column: Column) -> Any:
    """A cell as a spreadsheet counts with it: money in units of its currency, hours as a decimal number."""
    if cell is None or isinstance(cell, str | date):
        return cell
    if column.kind == "money":
        return Decimal(round(cell)) / money.minor_per_unit(column.currency)
    if column.kind == "hours":
        return Decimal(round(cell)) / 60
    return cell
