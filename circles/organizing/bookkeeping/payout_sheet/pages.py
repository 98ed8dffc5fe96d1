"""The payout sheet: what is owed to facilitators at the end of a month, as a page, CSV and a workbook."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, money, reading
from circles.base.errors import NotFound
from circles.imports import csv_file
from circles.organizing.audit.rules import harmless
from circles.payments import shares
from circles.sheets import CellKind, SheetColumn, WorkbookWriter
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("organizing/payout_sheet")
PAGE: Final = "/organize/payout-sheet"
PER_PAGE: Final = 50
MAX_MONTHS: Final = 24
MAX_ROWS: Final = 10_000
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

COLUMNS: Final = (
    SheetColumn("Name", width=28),
    SheetColumn("Mail", width=30),
    SheetColumn("Currency"),
    SheetColumn("Due at the month's end", CellKind.DECIMAL),
    SheetColumn("Paid since", CellKind.DECIMAL),
    SheetColumn("Still due", CellKind.DECIMAL),
    SheetColumn("Circles of the month", width=40),
)


async def sheet(request: Request) -> Response:
    """The sheet as of the end of a closed month, the last one where none is chosen."""
    query = request.query_params
    after, after_currency = reading.uuid_or_none(query.get("after", "")), query.get("after_currency", "")
    async with access.context(request).db.reading() as tx:
        months, month = await _month(request, tx)
        arguments = {"month": month, "ends": _last_day(month)}
        rows = await db.rows(
            SQL.sheet(tx, **arguments, after=after, after_currency=after_currency, limit=PER_PAGE + 1)
        )
        sums = await db.rows(SQL.sums(tx, **arguments))
    return render.page(
        request,
        "organizing/bookkeeping/payout_sheet.html",
        months=[(f"{one:%Y-%m}", clock.format_month(one)) for one in months],
        form=Form({"month": f"{month:%Y-%m}"}),
        month=f"{month:%Y-%m}",
        month_name=clock.format_month(month),
        is_closed=month in months,
        rows=rows[:PER_PAGE],
        sums=sums,
        more=rows[PER_PAGE - 1] if len(rows) > PER_PAGE else None,
    )


async def _month(request: Request, tx: db.Tx) -> tuple[list[date], date]:
    """The closed months, and the one that the address names, or the last. Raises NotFound."""
    months = [row["month"] for row in await db.rows(SQL.months(tx, most=MAX_MONTHS))]
    typed = request.query_params.get("month", "")
    if not typed:
        last = shares.community_today(access.context(request)).replace(day=1) - timedelta(days=1)
        return months, months[0] if months else last.replace(day=1)
    chosen = next((month for month in months if f"{month:%Y-%m}" == typed), None)
    if chosen is None:
        raise NotFound
    return months, chosen


def _last_day(month: date) -> date:
    return shares.month_after(month) - timedelta(days=1)


async def _all(request: Request) -> tuple[date, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        _, month = await _month(request, tx)
        rows = await db.rows(
            SQL.sheet(tx, month=month, ends=_last_day(month), after=None, after_currency="", limit=MAX_ROWS)
        )
    return month, rows


async def sheet_csv(request: Request) -> Response:
    """The whole sheet as CSV."""
    month, rows = await _all(request)
    head = [column.title for column in COLUMNS]
    lines = [[harmless(cell) if isinstance(cell, str) else str(cell) for cell in _cells(row)] for row in rows]
    return csv_file(f"payout-sheet-{month:%Y-%m}.csv", [head, *lines])


async def sheet_xlsx(request: Request) -> Response:
    """The whole sheet as a workbook."""
    month, rows = await _all(request)
    content = await asyncio.to_thread(_workbook, clock.format_month(month), [_cells(row) for row in rows])
    name = f"payout-sheet-{month:%Y-%m}.xlsx"
    return Response(
        content, media_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _cells(row: db.Record) -> Sequence[Any]:
    amounts = (_decimal(row[column], row["currency"]) for column in ("due", "paid_since", "still_due"))
    return (row["name"], row["email"], row["currency"], *amounts, ", ".join(row["circles"]))


def _decimal(minor: int, currency: str) -> Decimal:
    return Decimal(minor) / money.minor_per_unit(currency)


def _workbook(month: str, rows: Iterable[Sequence[Any]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payout-sheet.xlsx"
        with WorkbookWriter(path) as book:
            book.table(month, COLUMNS).add(rows)
        return path.read_bytes()
