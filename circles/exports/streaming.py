"""An export as a file, chunk by chunk, with flat memory: CSV and JSON lines by COPY, workbooks by a cursor."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import secrets
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import anyio
from anyio.abc import ObjectSendStream
from babel.numbers import get_currency_precision, list_currencies

from circles.base import clock, zones
from circles.exports import totals, workbooks
from circles.exports.kinds import CODED_ORDER, ORDER, Column, Depth, Format
from circles.exports.rules import Choices
from circles.store import db
from circles.store.context import Context

SQL = db.queries("exports/exports")
ROWS = db.queries("exports/rows")

QUERIES: Final = {
    "attendance": ROWS.attendance,
    "bookings": ROWS.bookings,
    "gatherings": ROWS.gatherings,
    "community_seats": ROWS.community_seats,
    "hours": ROWS.hours,
}

# Spreadsheets read a file as UTF-8 when it begins with this mark (U+FEFF); without it names lose their accents.
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Chunks read ahead of the browser: the copy waits while they are full, so memory stays flat.
MAX_CHUNKS_AHEAD: Final = 8
CHUNK_BYTES: Final = 65_536
# Seconds an export may take before it is canceled and its connection freed.
TIMEOUT: Final = 600.0
# A named file of these kinds names facilitators, and no members; they are noted one by one.
NAMING_HOSTS: Final = ("hours", "gatherings")

OnRows = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of an export at one moment. tx: the transaction that sees it."""

    tx: db.Tx
    part: db.Part


@asynccontextmanager
async def reading(
    context: Context, export_id: UUID, choices: Choices, salt: str = ""
) -> AsyncIterator[Reading]:
    """Read an export's rows of one moment, which is noted in its log entry before the first of them.

    salt: what makes the codes of people; by default one that nobody knows afterwards.
    """
    async with context.db.exports.transaction() as tx:
        await SQL.freeze_snapshot(tx)
        moment = await SQL.snapshot_time(tx, seconds=int(TIMEOUT))
        gatherings = await chosen_gatherings(tx, choices)
        hosts = await named_hosts(tx, choices, gatherings)
        async with context.db.one_write() as writing:
            await SQL.note_reading(
                writing, id=export_id, read_at=moment["at"], gatherings=gatherings, hosts=hosts
            )
        yield Reading(tx, await part_of(tx, choices, gatherings, salt or secrets.token_hex(32)))


async def chosen_gatherings(tx: db.Tx, choices: Choices) -> list[UUID] | None:
    """The gatherings of the chosen facilitators; None without such a choice."""
    if not choices.facilitators:
        return None
    return await SQL.gatherings_hosted(
        tx,
        facilitators=list(choices.facilitators),
        first=choices.first,
        last=choices.last,
        circles=list(choices.circles),
    )


async def named_hosts(tx: db.Tx, choices: Choices, gatherings: list[UUID] | None) -> list[UUID] | None:
    """The facilitators whose names or codes a file has; None for files about members."""
    keys = {column.key for column in choices.columns}
    if choices.kind.key not in NAMING_HOSTS or not keys & {"name", "code", "hosts", "email", "person_id"}:
        return None
    return await SQL.hosts_named(
        tx, first=choices.first, last=choices.last, circles=list(choices.circles), gatherings=gatherings
    )


async def part_of(tx: db.Tx, choices: Choices, gatherings: list[UUID] | None, salt: str) -> db.Part:
    """The chosen rows and columns, with the offsets of every zone in use, until now or their end."""
    names = [row["zone"] for row in await db.rows(SQL.zones_of_gatherings(tx))]
    end = datetime.combine(choices.last, time(), UTC) + timedelta(days=3)
    offsets = zones.shifts(names, last=max(end, clock.now()))
    currencies = _odd_currencies()
    arguments: dict[str, Any] = {
        "zones": offsets.zones,
        "since": offsets.since,
        "seconds": offsets.seconds,
        "first": choices.first,
        "last": choices.last,
        "circles": list(choices.circles),
        "gatherings": gatherings,
        "salt": salt,
        "harmless": choices.format in (Format.CSV, Format.CSV_SEMICOLON),
        "currencies": [currency for currency, _ in currencies],
        "places": [places for _, places in currencies],
    }
    order = CODED_ORDER if choices.depth is Depth.PSEUDONYMOUS else ORDER
    if choices.depth is Depth.PSEUDONYMOUS and choices.kind.column("code") is None:
        order = ORDER
    columns = [(column.key, column.title) for column in choices.columns]
    return db.Part(QUERIES[choices.kind.key], arguments, columns, order)


def _odd_currencies() -> list[tuple[str, int]]:
    """The currencies that do not have two decimals, with how many they have."""
    precisions = ((currency, get_currency_precision(currency)) for currency in sorted(list_currencies()))
    return [(currency, places) for currency, places in precisions if places != 2]


async def chunks(
    context: Context, export_id: UUID, choices: Choices, on_rows: OnRows | None = None
) -> AsyncGenerator[bytes]:
    """An export as its file, as fast as its reader takes it; at the end its log entry is finished.

    Closing the generator ends it and frees its connection. on_rows: called now and then with how many rows are written.
    """
    make = (
        _workbook if choices.format is Format.XLSX else _totals if choices.depth is Depth.TOTALS else _lines
    )
    counted = _Counted(on_rows)
    async with aclosing(make(context, export_id, choices, counted)) as made:
        async for chunk in made:
            yield chunk
    async with context.db.transaction() as tx:
        await SQL.finish_export(tx, id=export_id, row_count=counted.rows)


class _Counted:
    """How many rows are written."""

    def __init__(self, on_rows: OnRows | None) -> None:
        self.rows = 0
        self._on_rows = on_rows

    async def set(self, rows: int) -> None:
        self.rows = rows
        if self._on_rows:
            await self._on_rows(rows)


async def _totals(
    context: Context, export_id: UUID, choices: Choices, counted: _Counted
) -> AsyncGenerator[bytes]:
    """Totals as CSV or JSON lines: few rows."""
    columns, rows = await released(context, export_id, choices)
    if choices.format is Format.JSON_LINES:
        keys = [column.key for column in columns]
        lines = (
            json.dumps(dict(zip(keys, row, strict=True)), default=_json, ensure_ascii=False) for row in rows
        )
        yield "".join(f"{line}\n" for line in lines).encode()
    else:
        yield BYTE_ORDER_MARK + csv_lines([[column.title for column in columns], *rows], choices.format)
    await counted.set(len(rows))


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


async def released(
    context: Context, export_id: UUID, choices: Choices
) -> tuple[list[Column], list[list[Any]]]:
    """The columns and rows of totals."""
    async with context.db.transaction() as tx:
        cells = await totals.release(tx, choices)
        await SQL.note_reading(tx, id=export_id, read_at=clock.now(), gatherings=None, hosts=None)
    return totals.columns(choices.kind, choices.group), totals.rows(choices.kind, choices.group, cells)


async def _workbook(
    context: Context, export_id: UUID, choices: Choices, counted: _Counted
) -> AsyncGenerator[bytes]:
    """A workbook, which is made in a temporary file first."""
    with tempfile.TemporaryDirectory(prefix="circles-export-") as folder:
        path = Path(folder) / "export.xlsx"
        if choices.depth is Depth.TOTALS:
            columns, rows = await released(context, export_id, choices)
            await workbooks.write(path, choices, columns, _once(rows), await notes(context, choices, columns))
            await counted.set(len(rows))
        else:
            about = await notes(context, choices, choices.columns)
            async with reading(context, export_id, choices) as source:
                batches = _counting(db.read_batches(source.tx, source.part), counted)
                await workbooks.write(path, choices, choices.columns, batches, about)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


async def _once(rows: list[list[Any]]) -> AsyncGenerator[list[list[Any]]]:
    yield rows


async def _counting(
    batches: AsyncGenerator[list[db.Record]], counted: _Counted
) -> AsyncGenerator[list[db.Record]]:
    async for batch in batches:
        yield batch
        await counted.set(counted.rows + len(batch))


async def notes(context: Context, choices: Choices, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """What a workbook says of itself: how its rows were chosen, and what its columns mean."""
    async with context.db.reading() as tx:
        found = await db.rows(
            SQL.names_of(tx, circles=list(choices.circles), facilitators=list(choices.facilitators))
        )
    names = {
        kind: sorted(row["name"] for row in found if row["kind"] == kind)
        for kind in ("circle", "facilitator")
    }
    return workbooks.about(choices, columns, names["circle"], names["facilitator"])


async def _lines(
    context: Context, export_id: UUID, choices: Choices, counted: _Counted
) -> AsyncGenerator[bytes]:
    """CSV (RFC 4180; UTF-8 with its mark) or JSON lines, by COPY."""
    send, receive = anyio.create_memory_object_stream[bytes](MAX_CHUNKS_AHEAD)
    copying = asyncio.create_task(_copy(context, export_id, choices, send))
    try:
        async with receive:
            if head := head_of(choices):
                yield head
            lines = 0
            async for chunk in receive:
                yield chunk
                lines += chunk.count(b"\n")  # about so many rows: some cells have line breaks
                await counted.set(lines)
        await counted.set(await copying)
    finally:
        copying.cancel()


def head_of(choices: Choices) -> bytes:
    """What a file begins with: the mark and the headings of CSV, nothing of JSON lines."""
    if choices.format is Format.JSON_LINES:
        return b""
    return BYTE_ORDER_MARK + csv_lines([[column.title for column in choices.columns]], choices.format)


def csv_lines(rows: Sequence[Sequence[Any]], written_as: Format) -> bytes:
    """Rows as lines of CSV."""
    text = io.StringIO()
    delimiter = ";" if written_as is Format.CSV_SEMICOLON else ","
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


async def _copy(context: Context, export_id: UUID, choices: Choices, send: ObjectSendStream[bytes]) -> int:
    """Copy every row into the stream, waiting while it is full. Returns how many rows there were."""
    kept = bytearray()

    async def write(chunk: bytes) -> None:
        kept.extend(chunk)
        if len(kept) >= CHUNK_BYTES:
            await send.send(bytes(kept))  # a copy: the server takes no bytearray
            kept.clear()

    async with send:
        try:
            async with reading(context, export_id, choices) as rows:
                count = await copy_rows(rows, choices.format, write)
            if kept:
                await send.send(bytes(kept))
            return count
        except anyio.BrokenResourceError:
            return 0  # its reader went away


async def copy_rows(rows: Reading, written_as: Format, write: Any) -> int:
    """Write the rows of an export as lines, without a head. Returns how many there were."""
    return await db.copy_part(
        rows.tx,
        rows.part,
        write,
        as_json=written_as is Format.JSON_LINES,
        delimiter=";" if written_as is Format.CSV_SEMICOLON else ",",
        timeout=TIMEOUT,
    )
