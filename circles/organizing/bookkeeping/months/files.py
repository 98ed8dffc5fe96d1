"""The files of a month: its movements as CSV, its sums by circle as CSV, and a workbook of all of it."""

from __future__ import annotations

import asyncio
import csv
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from circles.organizing.audit.rules import harmless
from circles.organizing.bookkeeping.months import queries, rules
from circles.organizing.bookkeeping.months.rules import Columns, Month
from circles.sheets import WorkbookWriter
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("organizing/months")

# What somebody may fetch: the end of its name, and its media type.
FILES: Final = {
    "movements": ("movements.csv", "text/csv; charset=utf-8"),
    "circles": ("circles.csv", "text/csv; charset=utf-8"),
    "workbook": ("month.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
# Spreadsheets read a file as UTF-8 when it begins with this mark.
ENCODING: Final = "utf-8-sig"
CHUNK_BYTES: Final = 65_536


async def begin(context: Context, *, actor_id: UUID, month: Month, file: str) -> UUID:
    """Log who fetches which file, before its first row leaves. Returns the id of the log entry."""
    filters = {"from": str(month.first), "to": str(month.last_day), "file": file}
    written_as = "xlsx" if file == "workbook" else "csv"
    async with context.db.transaction() as tx:
        export_id = await SQL.begin_export(tx, actor_id=actor_id, filters=filters, format=written_as)
        await audit.record(tx, "months.exported", export_id, actor_id=actor_id, details=filters)
    return export_id


async def chunks(context: Context, export_id: UUID, month: Month, file: str) -> AsyncGenerator[bytes]:
    """A file of a month. It is made on disk first: no slow browser holds a connection, and memory stays flat."""
    make = {"movements": _movements, "circles": _circles, "workbook": _workbook}[file]
    with tempfile.TemporaryDirectory(prefix="circles-month-") as folder:
        path = Path(folder) / "month"
        row_count = await make(context, month, path)
        async with context.db.transaction() as tx:
            await SQL.finish_export(tx, id=export_id, row_count=row_count)
        with path.open("rb") as made:
            while chunk := made.read(CHUNK_BYTES):
                yield chunk


@asynccontextmanager
async def _moment(context: Context) -> AsyncIterator[db.Tx]:
    """A transaction whose reads are all of one moment, so that sums are those of the rows beside them."""
    async with context.db.exports.transaction() as tx:
        await SQL.freeze_snapshot(tx)
        yield tx


async def _batches(tx: db.Tx, month: Month) -> AsyncGenerator[list[list[Any]]]:
    async with aclosing(db.read_batches(tx, queries.movements(month))) as batches:
        async for batch in batches:
            yield [rules.movement_cells(row, month.zone) for row in batch]


async def _movements(context: Context, month: Month, path: Path) -> int:
    count = 0
    with path.open("w", encoding=ENCODING, newline="") as text:
        lines = csv.writer(text)
        lines.writerow(_titles(rules.MOVEMENT_COLUMNS))
        async with _moment(context) as tx, aclosing(_batches(tx, month)) as batches:
            async for rows in batches:
                lines.writerows(_plain(rows))
                count += len(rows)
    return count


async def _circles(context: Context, month: Month, path: Path) -> int:
    async with _moment(context) as tx:
        rows = list(rules.circle_cells(await queries.summaries(tx, month)))
    with path.open("w", encoding=ENCODING, newline="") as text:
        csv.writer(text).writerows([_titles(rules.CIRCLE_COLUMNS), *_plain(rows)])
    return len(rows)


async def _workbook(context: Context, month: Month, path: Path) -> int:
    with WorkbookWriter(path) as book:
        movements = book.table("Movements", rules.sheet_columns(rules.MOVEMENT_COLUMNS))
        async with _moment(context) as tx:
            summaries = await queries.summaries(tx, month)
            async with aclosing(_batches(tx, month)) as batches:
                async for rows in batches:
                    await asyncio.to_thread(movements.add, rows)
        book.table("By circle", rules.sheet_columns(rules.CIRCLE_COLUMNS)).add(rules.circle_cells(summaries))
        book.table("Accounts", rules.sheet_columns(rules.ACCOUNT_COLUMNS)).add(rules.account_cells(summaries))
        book.notes("About this file", _notes(month))
        await asyncio.to_thread(book.close)
    return movements.count


def _titles(columns: Columns) -> list[str]:
    return [title for title, _, _ in columns]


def _plain(rows: Iterable[Sequence[Any]]) -> Iterable[list[str]]:
    """Cells as CSV has them: a number as it is, and text that no spreadsheet runs."""
    return ([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> str:
    return str(value) if isinstance(value, date | Decimal | int) else harmless(str(value))


def _notes(month: Month) -> list[tuple[str, str]]:
    return [
        ("Month", month.words),
        ("From", str(month.first)),
        ("To", str(month.last_day)),
        ("Time zone", month.zone),
        (
            "What",
            "A row for every entry of the ledger, which holds every movement of money. It has no names.",
        ),
        ("Sums", "Of the whole month; amounts of two currencies are never added."),
        ("", ""),
        ("Column", "What it means"),
        *((title, meaning) for title, _, meaning in rules.MOVEMENT_COLUMNS),
    ]
