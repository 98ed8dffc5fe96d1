"""Imports of listings: keep a file, match its columns, confirm it once, discard it, forget it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import anyio.to_thread

from circles import sandbox, sheets
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.directory.imports import fields, outcomes
from circles.directory.imports import rows as import_rows
from circles.directory.imports.outcomes import Judged
from circles.directory.listing import actions
from circles.sheets import ListFile
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("directory/imports")
LISTINGS = db.queries("directory/listing")

# Up to so many rows are written within the request; more are left to a job.
MAX_AT_ONCE: Final = 200


# A list of 5,000 rows and 100 columns, the most that is taken, needs 3 s of CPU time: 18 to 34 s on two processors with
# ten other processes that want them, since the child lets them go first. Its lines of JSON are 8 MB.
READING: Final = sandbox.Target(
    "circles.directory.imports.reading.files",
    "read_lines",
    sandbox.Limits(memory=768_000_000, cpu_seconds=20, seconds=100, answer=16_000_000),
)


async def read(sent: bytes, choice: sheets.Choice | None = None) -> ListFile:
    """Read a file of listings in a child process, guessing its sheet and its row of headings. Raises Refused."""
    answer = await sandbox.run(READING, sent, **asdict(choice or sheets.Choice()))
    return await anyio.to_thread.run_sync(sheets.from_lines, answer)


async def begin(context: Context, *, actor_id: UUID, file_name: str, sent: bytes, reading: ListFile) -> UUID:
    """Keep the rows of a file, and the file, and guess the field of each column. No listing is written."""
    async with context.db.transaction() as tx:
        import_id: UUID = await SQL.insert_import(
            tx, made_by=actor_id, file_name=file_name, content=sent, **reading.described
        )
        await SQL.insert_row(tx, _kept_rows(import_id, reading))
        await audit.record(tx, "import.begun", import_id, actor_id=actor_id, after="matching")
    return import_id


def _kept_rows(import_id: UUID, reading: ListFile) -> list[dict[str, Any]]:
    return [{"import_id": import_id, "number": number, "cells": cells} for number, cells in reading.rows]


async def read_again(context: Context, *, actor_id: UUID, import_id: UUID, choice: sheets.Choice) -> None:
    """Read a kept file by another sheet or row of headings; the match of its columns begins anew.

    Raises Refused when there is no list, OutOfDate once the import is confirmed or its file is gone.
    """
    async with context.db.reading() as tx:
        sent = await SQL.content(tx, id=import_id)
    if sent is None:
        raise OutOfDate(_already_ended())
    reading = await read(
        sent, choice
    )  # no lock and no connection is held meanwhile; the content never changes
    async with context.db.transaction() as tx:
        file = await _lock_open(tx, import_id)
        await SQL.delete_rows(tx, import_id=import_id)
        await SQL.set_reading(tx, id=import_id, **reading.described)
        await SQL.insert_row(tx, _kept_rows(import_id, reading))
        before = file["state"]
        await audit.record(
            tx, "import.read_again", import_id, actor_id=actor_id, before=before, after="matching"
        )


async def _lock(tx: db.Tx, import_id: UUID) -> db.Record:
    return or_not_found(await SQL.lock(tx, id=import_id))


async def match(
    context: Context, *, actor_id: UUID, import_id: UUID, keys: Sequence[str], also: Sequence[str] = ()
) -> None:
    """Store the fields of each column and the outcome of every row. No listing is written.

    Raises Refused with every reason against such a match, OutOfDate once the import is confirmed.
    """
    async with context.db.transaction() as tx:
        file = await _lock_open(tx, import_id)
        also = list(also) or [fields.LEFT_OUT] * len(keys)
        refuse_if(import_rows.matches_refusals(keys, also, len(file["headings"])))
        matches = file["matches"] | {"keys": list(keys), "also": also}
        await _preview(tx, file, matches, actor_id, "import.matched")


async def _lock_open(tx: db.Tx, import_id: UUID) -> db.Record:
    """An import that is not confirmed yet, locked. Raises NotFound, OutOfDate."""
    file = await _lock(tx, import_id)
    if file["state"] not in ("matching", "preview"):
        raise OutOfDate(_already_ended())
    return file


async def set_meanings(
    context: Context, *, actor_id: UUID, import_id: UUID, meanings: Mapping[str, Mapping[str, str]]
) -> None:
    """Store what words of the file mean, for all rows, and the outcome of every row. Raises OutOfDate."""
    async with context.db.transaction() as tx:
        file = await _lock_open(tx, import_id)
        known: dict[str, dict[str, str]] = {**file["matches"].get("meanings", {})}
        for key, words in meanings.items():
            known[key] = known.get(key, {}) | dict(words)
        await _preview(tx, file, file["matches"] | {"meanings": known}, actor_id, "import.explained")


async def _preview(
    tx: db.Tx, file: db.Record, matches: Mapping[str, Any], actor_id: UUID, event: str
) -> None:
    """Decide every row by these matches, and keep the outcomes."""
    await SQL.set_matches(tx, id=file["id"], matches=dict(matches))
    how = await outcomes.match_of(tx, file, matches)
    await outcomes.store(tx, file, await outcomes.judge(tx, file, how), how)
    await audit.record(tx, event, file["id"], actor_id=actor_id, before=file["state"], after="preview")


def _already_ended() -> Reason:
    return Reason("over", "This import was confirmed or discarded already, so its columns stay as they are.")


# Confirming


async def confirm(context: Context, *, actor_id: UUID, import_id: UUID, shown: bool = False) -> str:
    """Write what is new and what changes. Idempotent. Returns the state: done, or writing for a long list.

    shown: show new listings at once; otherwise they wait for review by an organizer.

    Raises NotFound, Refused when there is nothing to write or the columns are not matched yet.
    """
    async with context.db.transaction() as tx:
        file = await _lock(tx, import_id)
        if file["state"] in ("writing", "done"):
            return file["state"]
        if file["state"] != "preview":
            raise Refused(Reason("not_ready", "Please match the columns first, and look at the preview."))
        count = await SQL.count_to_write(tx, import_id=import_id)
        if not count:
            raise Refused(
                Reason("nothing", "No row is new and none changes anything, so there is nothing to write.")
            )
        starts_as = "shown" if shown else "waiting"
        await SQL.set_starts_as(tx, id=import_id, starts_as=starts_as)
        if count > MAX_AT_ONCE:
            await SQL.set_state(tx, id=import_id, state="writing")
            await jobs.enqueue(tx, "imports.write", key=str(import_id), import_id=import_id, by=actor_id)
            await audit.record(
                tx, "import.confirmed", import_id, actor_id=actor_id, before="preview", after="writing"
            )
            return "writing"
        await _write(tx, file, starts_as, actor_id)
        return "done"


@jobs.job("imports.write")
async def write(context: Context, import_id: str, by: str) -> None:
    """Write a long list that was confirmed, all of it or nothing. Idempotent."""
    async with context.db.transaction() as tx:
        file = await _lock(tx, UUID(import_id))
        if file["state"] == "writing":
            await _write(tx, file, file["starts_as"], UUID(by))


async def _write(tx: db.Tx, file: db.Record, starts_as: str, actor_id: UUID) -> None:
    """Write each row that is still as in the preview; the others become refused, with the reason."""
    how = await outcomes.match_of(tx, file, file["matches"])
    judged = await outcomes.judge(tx, file, how, only=("new", "changed"), lock=True)
    written_rows = []
    for one in judged:
        changed = _changed_since_preview(one)
        written_rows.append(
            _skipped(file, one, changed) if changed else await _write_one(tx, file, one, starts_as, actor_id)
        )
    await SQL.set_outcome(tx, written_rows)
    written = [one["listing"] for one in written_rows if one["outcome"] == "written"]
    await LISTINGS.refresh_facets(tx, ids=written)
    await SQL.set_state(tx, id=file["id"], state="done")
    await audit.record(
        tx,
        "import.written",
        file["id"],
        actor_id=actor_id,
        before=file["state"],
        after="done",
        details={"written": len(written), "left": len(written_rows) - len(written)},
    )


def _changed_since_preview(judged: Judged) -> list[dict[str, str]]:
    """Why a row differs from its preview; empty when it does not."""
    row, decision = judged.row, judged.decision
    now = decision.existing
    if decision.outcome == "refused":
        return list(decision.faults)
    if row["outcome"] == "new" and now:
        return [
            _the_row("A listing of this therapist was added after the preview, so this row was left out.")
        ]
    if row["outcome"] == "changed" and (not now or now.id != row["listing_id"]):
        return [_the_row("The listing of this row is gone since the preview, so this row was left out.")]
    if now and now.version != row["seen_version"]:
        return [_the_row("Somebody changed this listing after the preview, so this row was left out.")]
    return []


def _the_row(message: str) -> dict[str, str]:
    return {"column": "The row", "value": "", "says": message}


def _skipped(file: db.Record, judged: Judged, faults: list[dict[str, str]]) -> dict[str, Any]:
    outcome = outcomes.outcome(file, judged)
    outcome["says"] |= {"faults": faults, "changes": [], "facts": []}
    return outcome | {"outcome": "refused"}


async def _write_one(
    tx: db.Tx, file: db.Record, judged: Judged, starts_as: str, actor_id: UUID
) -> dict[str, Any]:
    decision = judged.decision
    if decision.draft is None:
        raise ValueError("a row that is not refused has a draft")
    existing = decision.existing
    note = f", row {judged.row['number']}"
    listing_id = await actions.write_listing(
        tx,
        decision.draft,
        source="import",
        actor_id=actor_id,
        source_note=file["file_name"][: 200 - len(note)] + note,
        state="waiting" if decision.lacks else starts_as,
        may_lack=True,
        listing_id=existing.id if existing else None,
        version=existing.version if existing else None,
        refresh_facets=False,
    )
    outcome = outcomes.outcome(file, judged)
    outcome["says"]["was"] = judged.row["outcome"]
    return outcome | {"outcome": "written", "listing": listing_id}


async def discard(context: Context, *, actor_id: UUID, import_id: UUID) -> None:
    """Discard a file that is not confirmed. Idempotent. Raises NotFound, OutOfDate once it is confirmed."""
    async with context.db.transaction() as tx:
        file = await _lock(tx, import_id)
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
