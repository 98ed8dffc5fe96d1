"""The chain's timetable, and the export of the audit log as streamed CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID

from circles.organizing.audit import queries, rules
from circles.organizing.audit.rules import Filter
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/audit")

# Rows that one query of an export reads; between two of them no connection is held.
ROWS_AT_ONCE = 500
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@jobs.every("audit.seal", "* * * * *")
async def seal(context: Context) -> None:
    """Link the events of the last minute; after an update of the site, those of before in batches."""
    while True:
        async with context.db.transaction() as tx:
            if await audit.seal(tx) < audit.PER_BATCH:
                return


async def begin_export(context: Context, actor: Person, chosen: Filter) -> UUID:
    """Log who exports what of the audit log, before the first row leaves. Returns the id of the log entry."""
    async with context.db.transaction() as tx:
        filters = dict(chosen.pairs)
        export_id = await SQL.begin_export(tx, actor_id=actor.id, filters=filters)
        await audit.record(tx, "audit.exported", export_id, actor_id=actor.id, details=filters)
    return export_id


async def export(context: Context, actor: Person, export_id: UUID, chosen: Filter) -> AsyncGenerator[bytes]:
    """The events as CSV (RFC 4180; UTF-8 with its mark), the newest first, some hundred rows at a time."""
    yield BYTE_ORDER_MARK + _csv([rules.HEADINGS])
    count = 0
    while True:
        async with context.db.exports.reading() as tx:
            entries = await queries.entries(tx, chosen, ROWS_AT_ONCE, actor.id)
        if entries:
            yield _csv([[rules.harmless(cell) for cell in rules.cells(entry)] for entry in entries])
        count += len(entries)
        if len(entries) < ROWS_AT_ONCE:
            break
        last = entries[-1].event
        chosen = replace(chosen, after_at=last["at"], after_id=last["id"])
    async with context.db.transaction() as tx:
        await SQL.finish_export(tx, id=export_id, row_count=count)


def _csv(rows: list[list[str]] | list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
