"""The export of attendance: a log entry, then the rows as streamed CSV."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import anyio
from anyio.abc import ObjectSendStream

from circles.attendance.exports import queries, rules
from circles.attendance.exports.rules import Selection
from circles.base.errors import Refused
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/exports")

# Spreadsheets read a file as UTF-8 when it begins with this mark (U+FEFF); without it names lose their accents.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Chunks read ahead of the browser: the copy waits while they are full, so memory stays flat.
MAX_CHUNKS_AHEAD = 8
# Seconds an export may take before it is canceled and its connection freed.
TIMEOUT = 600.0


async def begin_export(context: Context, *, actor_id: UUID, selection: Selection) -> UUID:
    """Log who exports what, before the first row leaves. Returns the id of the log entry.

    Raises Refused for a circle that does not exist.
    """
    async with context.db.transaction() as tx:
        ids = list(selection.circles)
        if ids and await SQL.known_circles(tx, ids=ids) != len(ids):
            raise Refused(rules.unknown_circle())
        export_id = await SQL.begin_export(
            tx, what="attendance", actor_id=actor_id, filters=selection.filters
        )
        await audit.record(tx, "attendance.exported", export_id, actor_id=actor_id, details=selection.filters)
        return export_id


async def export(context: Context, export_id: UUID, selection: Selection) -> AsyncGenerator[bytes]:
    """The attendance as CSV (RFC 4180; UTF-8 with its mark), chunk by chunk as the browser takes them.

    Closing the generator cancels the copy and frees its connection.
    """
    send, receive = anyio.create_memory_object_stream[bytes](MAX_CHUNKS_AHEAD)
    copying = asyncio.create_task(_copy(context, selection, send))
    try:
        async with receive:
            yield BYTE_ORDER_MARK
            async for chunk in receive:
                yield chunk
        await _finish(context, export_id, await copying)
    finally:
        copying.cancel()


async def _copy(context: Context, selection: Selection, send: ObjectSendStream[bytes]) -> int:
    """Copy every row into the stream, waiting while it is full. Returns how many rows there were."""

    async def write(chunk: bytes) -> None:
        await send.send(bytes(chunk))  # of a bytearray, which the server does not take

    async with send:
        try:
            async with context.db.exports.reading() as tx:
                parameters = await queries.export_parameters(tx, selection)
                return await db.copy_out(tx, SQL.attendance_csv, parameters, write, timeout=TIMEOUT)
        except anyio.BrokenResourceError:
            return 0  # the browser went away


async def _finish(context: Context, export_id: UUID, rows: int) -> None:
    async with context.db.transaction() as tx:
        await SQL.finish_export(tx, id=export_id, row_count=rows)
