"""Lists that are brought in: keep a file, match its columns, confirm it once, discard it, forget it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import anyio.to_thread

from circles import sandbox, sheets
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.imports.kinds import LEFT_OUT, ListKind, matches_refusals
from circles.sheets import ListFile
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("imports/imports")

Kinds = Mapping[str, ListKind]


async def read(kind: ListKind, sent: bytes, choice: sheets.Choice | None = None) -> ListFile:
    """Read a file in a child process, guessing its sheet and its row of headings. Raises Refused."""
    answer = await sandbox.run(kind.target, sent, **asdict(choice or sheets.Choice()))
    return await anyio.to_thread.run_sync(sheets.from_lines, answer)


async def begin(
    context: Context, kind: ListKind, *, actor_id: UUID, file_name: str, sent: bytes, reading: ListFile
) -> UUID:
    """Keep the rows of a file, and the file, with the field of each column as guessed. Nothing else is written."""
    async with context.db.transaction() as tx:
        import_id: UUID = await SQL.insert_import(
            tx, kind=kind.name, made_by=actor_id, file_name=file_name, content=sent, **reading.described
        )
        await SQL.insert_row(tx, _kept_rows(import_id, reading))
        await audit.record(tx, "import.begun", import_id, actor_id=actor_id, after="matching")
    return import_id


def _kept_rows(import_id: UUID, reading: ListFile) -> list[dict[str, Any]]:
    return [{"import_id": import_id, "number": number, "cells": cells} for number, cells in reading.rows]


async def read_again(
    context: Context, kinds: Kinds, *, actor_id: UUID, import_id: UUID, choice: sheets.Choice
) -> None:
    """Read a kept file by another sheet or row of headings; the match of its columns begins anew.

    Raises NotFound, Refused when there is no list, OutOfDate once the import is confirmed or its file is gone.
    """
    async with context.db.reading() as tx:
        file = or_not_found(await SQL.import_with_counts(tx, id=import_id, kinds=list(kinds)))
        sent = await SQL.content(tx, id=import_id, kinds=list(kinds))
    if sent is None:
        raise OutOfDate(_already_ended())
    # No lock and no connection is held meanwhile; the content never changes.
    reading = await read(kinds[file["kind"]], sent, choice)
    async with context.db.transaction() as tx:
        file = await lock_open(tx, import_id, kinds)
        await SQL.delete_rows(tx, import_id=import_id)
        await SQL.set_reading(tx, id=import_id, **reading.described)
        await SQL.insert_row(tx, _kept_rows(import_id, reading))
        before = file["state"]
        await audit.record(
            tx, "import.read_again", import_id, actor_id=actor_id, before=before, after="matching"
        )


async def lock(tx: db.Tx, import_id: UUID, kinds: Kinds) -> db.Record:
    """An import of one of these kinds, locked. Raises NotFound."""
    return or_not_found(await SQL.lock(tx, id=import_id, kinds=list(kinds)))


async def lock_open(tx: db.Tx, import_id: UUID, kinds: Kinds) -> db.Record:
    """An import that is not confirmed yet, locked. Raises NotFound, OutOfDate."""
    file = await lock(tx, import_id, kinds)
    if file["state"] not in ("matching", "preview"):
        raise OutOfDate(_already_ended())
    return file


def _already_ended() -> Reason:
    return Reason("over", "This import was confirmed or discarded already, so its columns stay as they are.")


async def match(
    context: Context,
    kinds: Kinds,
    *,
    actor_id: UUID,
    import_id: UUID,
    keys: Sequence[str],
    also: Sequence[str] = (),
) -> None:
    """Store the fields of each column and the outcome of every row. Nothing else is written.

    Raises Refused with every reason against such a match, OutOfDate once the import is confirmed.
    """

    def matched(file: db.Record) -> dict[str, Any]:
        second = list(also) or [LEFT_OUT] * len(keys)
        refuse_if(matches_refusals(kinds[file["kind"]], keys, second, len(file["headings"])))
        return {"keys": list(keys), "also": second}

    await decide(context, kinds, matched, actor_id=actor_id, import_id=import_id, event="import.matched")


async def decide(
    context: Context,
    kinds: Kinds,
    change: Callable[[db.Record], Mapping[str, Any]],
    *,
    actor_id: UUID,
    import_id: UUID,
    event: str,
) -> None:
    """Store a change of the matches of an import, and the outcome of every row. Raises NotFound, OutOfDate, and what
    `change` raises."""
    async with context.db.transaction() as tx:
        file = await lock_open(tx, import_id, kinds)
        matches = {**file["matches"], **change(file)}
        await SQL.set_matches(tx, id=import_id, matches=matches)
        await kinds[file["kind"]].preview(tx, file, matches)
        await audit.record(tx, event, import_id, actor_id=actor_id, before=file["state"], after="preview")


async def lock_to_confirm(tx: db.Tx, import_id: UUID, kinds: Kinds) -> tuple[db.Record, int]:
    """An import that is confirmed, locked, with the number of rows to write; 0 where that was done or begun before.

    Raises NotFound, Refused when there is nothing to write or the columns are not matched yet.
    """
    file = await lock(tx, import_id, kinds)
    if file["state"] in ("writing", "done"):
        return file, 0
    if file["state"] != "preview":
        raise Refused(Reason("not_ready", "Please match the columns first, and look at the preview."))
    count = await SQL.count_to_write(tx, import_id=import_id)
    if not count:
        message = "No row is new and none changes anything, so there is nothing to write."
        raise Refused(Reason("nothing", message))
    return file, count


async def set_writing(tx: db.Tx, file: db.Record, *, actor_id: UUID) -> None:
    """A confirmed import is left to a job, which the caller enqueues."""
    await SQL.set_state(tx, id=file["id"], state="writing")
    await audit.record(
        tx, "import.confirmed", file["id"], actor_id=actor_id, before="preview", after="writing"
    )


async def set_written(tx: db.Tx, file: db.Record, *, actor_id: UUID | None, details: dict[str, Any]) -> None:
    """A confirmed import is written. details: how many rows were, and what they made."""
    await SQL.set_state(tx, id=file["id"], state="done")
    await audit.record(
        tx,
        "import.written",
        file["id"],
        actor_id=actor_id,
        before=file["state"],
        after="done",
        details=details,
    )


async def discard(context: Context, kinds: Kinds, *, actor_id: UUID, import_id: UUID) -> None:
    """Discard a file that is not confirmed. Idempotent. Raises NotFound, OutOfDate once it is confirmed."""
    async with context.db.transaction() as tx:
        file = await lock(tx, import_id, kinds)
        if file["state"] == "dropped":
            return
        if file["state"] not in ("matching", "preview"):
            raise OutOfDate(_already_ended())
        await SQL.set_state(tx, id=import_id, state="dropped")
        before, after = file["state"], "dropped"
        await audit.record(tx, "import.dropped", import_id, actor_id=actor_id, before=before, after=after)


@jobs.every("imports.forget", "23 4 * * *")
async def forget(context: Context) -> None:
    """Discard what was not confirmed or not written in 30 days; delete contents 30 days after their end."""
    async with context.db.transaction() as tx:
        await SQL.discard_old(tx)
        await SQL.forget_cells(tx)
        await SQL.forget_notes(tx)
