"""Files of long exports: made by a job, kept in the database in parts, deleted after a week."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final
from uuid import UUID

from circles.exports import streaming
from circles.exports.rules import KEPT_FOR, Choices
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("exports/exports")

JOB: Final = "exports.make"  # as it is declared below; the name is stored in the queue
# Bytes of a part: each is a row, which a download reads by itself.
PART_BYTES: Final = 1_048_576
# After so many runs, also those that a restart cut short, a file is given up.
MAX_RUNS: Final = 10
# Seconds between two writes of the progress.
NOTED_EVERY: Final = 1.0


class Superseded(Exception):
    """Another run makes this file now, or nobody wants it any more."""


@jobs.job("exports.make", at_once=1)
async def make(context: Context, export_id: str) -> None:
    """Make the file of an export. Run again, it begins anew, with the rows and the codes of that moment."""
    async with context.db.transaction() as tx:
        row = await SQL.begin_file(tx, export_id=UUID(export_id), kept_for=KEPT_FOR)
    if row is None:
        return  # made already, or deleted
    run = _Run(context, UUID(export_id), row["attempt"])
    if run.attempt > MAX_RUNS:
        await run.end("failed")
        return
    try:
        chunks = streaming.chunks(context, run.export_id, Choices.stored(row), on_rows=run.note_rows)
        async with aclosing(chunks):
            async for chunk in chunks:
                await run.add(chunk)
        await run.end("ready")
    except Superseded:
        return


class _Run:
    """One run of the job: what it has written so far."""

    def __init__(self, context: Context, export_id: UUID, attempt: int) -> None:
        self.export_id, self.attempt = export_id, attempt
        self._context = context
        self._kept = bytearray()
        self._number = self._rows = 0
        self._noted_at = 0.0

    async def note_rows(self, rows: int) -> None:
        """Show how many rows are written; now and then, since each time is a transaction."""
        self._rows, now = rows, time.monotonic()
        if now - self._noted_at < NOTED_EVERY:
            return
        self._noted_at = now
        async with self._context.db.one_write() as tx:
            await SQL.note_progress(tx, export_id=self.export_id, attempt=self.attempt, rows_done=rows)

    async def add(self, chunk: bytes) -> None:
        self._kept += chunk
        if len(self._kept) >= PART_BYTES:
            await self._write()

    async def _write(self) -> None:
        async with self._context.db.transaction() as tx:
            number = await SQL.add_chunk(
                tx,
                export_id=self.export_id,
                attempt=self.attempt,
                number=self._number,
                body=bytes(self._kept),
                rows_done=self._rows,
            )
        if number is None:
            raise Superseded
        self._number += 1
        self._kept.clear()

    async def end(self, state: str) -> None:
        """Write the rest, and say what became of the file."""
        if self._kept:
            await self._write()
        async with self._context.db.transaction() as tx:
            await SQL.end_file(
                tx, export_id=self.export_id, attempt=self.attempt, state=state, kept_for=KEPT_FOR
            )


async def stored(context: Context, export_id: UUID) -> AsyncGenerator[bytes]:
    """The parts of a file, each read when the one before has left."""
    number = 0
    while True:
        async with context.db.reading() as tx:
            body = await SQL.chunk(tx, export_id=export_id, number=number)
        if body is None:
            return
        yield body
        number += 1


@jobs.every("exports.tidy", "43 * * * *")
async def delete_expired(context: Context) -> None:
    """Delete files that were made a week ago."""
    async with context.db.transaction() as tx:
        await SQL.delete_expired(tx)
