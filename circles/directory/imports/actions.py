"""Imports of listings: keep a file, match its columns, confirm it once, discard it, forget it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import anyio.to_thread

from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.directory.imports import fields, queries, rules
from circles.directory.imports import rows as import_rows
from circles.directory.imports.changes import facts
from circles.directory.imports.reading import Table
from circles.directory.imports.rows import Read
from circles.directory.imports.rules import Decision, Existing, Known
from circles.directory.listing import actions, places
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("directory/imports")
LISTINGS = db.queries("directory/listing")

# Up to so many rows are written within the request; more are left to a job.
MAX_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of a file and the decision about it."""

    row: db.Record
    read: Read
    decision: Decision


async def begin(context: Context, *, actor_id: UUID, file_name: str, table: Table) -> UUID:
    """Keep the rows of a file and guess the field of each column. No listing is written."""
    guessed = fields.guess(table.headings)
    notes = {
        "says": list(table.notes),
        "formulas": {str(number): columns for number, columns in table.formulas.items()},
    }
    async with context.db.transaction() as tx:
        import_id: UUID = await SQL.insert_import(
            tx,
            made_by=actor_id,
            file_name=file_name,
            headings=list(table.headings),
            matches={"keys": guessed},
            notes=notes,
        )
        rows = [
            {"import_id": import_id, "number": row.number, "cells": list(row.cells)} for row in table.rows
        ]
        await SQL.insert_row(tx, rows)
        await audit.record(tx, "import.begun", import_id, actor_id=actor_id, after="matching")
    return import_id


async def _lock(tx: db.Tx, import_id: UUID) -> db.Record:
    return or_not_found(await SQL.lock(tx, id=import_id))


async def match(context: Context, *, actor_id: UUID, import_id: UUID, keys: Sequence[str]) -> None:
    """Store the field of each column and the outcome of every row. No listing is written.

    Raises Refused with every reason against such a match, OutOfDate once the import is confirmed.
    """
    async with context.db.transaction() as tx:
        file = await _lock(tx, import_id)
        if file["state"] not in ("matching", "preview"):
            raise OutOfDate(_already_ended())
        refuse_if(import_rows.matches_refusals(keys, len(file["headings"])))
        await SQL.set_matches(tx, id=import_id, matches={"keys": list(keys)})
        rows = await db.rows(SQL.all_rows(tx, import_id=import_id))
        judged = await _judge(tx, rows, file["headings"], keys)
        await SQL.set_outcome(tx, await anyio.to_thread.run_sync(_outcomes, file, judged, keys))
        before, after = file["state"], "preview"
        await audit.record(tx, "import.matched", import_id, actor_id=actor_id, before=before, after=after)


def _already_ended() -> Reason:
    return Reason("over", "This import was confirmed or dropped already, so its columns stay as they are.")


async def _judge(
    tx: db.Tx, rows: Sequence[db.Record], headings: Sequence[str], keys: Sequence[str], *, lock: bool = False
) -> list[Judged]:
    """Decide every row by the listings of now. lock: lock those listings until the end of the transaction."""
    read = await anyio.to_thread.run_sync(_read_rows, rows, headings, keys)
    known = await _known(tx, read, lock=lock)
    zips = {zip_: places.find(zip_) for zip_ in _zips(read, known)}
    return await anyio.to_thread.run_sync(_decide_rows, rows, read, known, zips)


def _read_rows(rows: Iterable[db.Record], headings: Sequence[str], keys: Sequence[str]) -> list[Read]:
    return [import_rows.read_row(row["number"], row["cells"], headings, keys) for row in rows]


async def _known(tx: db.Tx, read: Iterable[Read], *, lock: bool) -> Known:
    keys = {
        "npis": list({parsed.npi for parsed in read if parsed.npi}),
        "names": list({parsed.name for parsed in read if parsed.name}),
    }
    listings = await db.rows(SQL.candidates(tx, **keys))
    if lock and listings:
        await SQL.lock_listings(tx, ids=[row["id"] for row in listings])
        listings = await db.rows(SQL.candidates(tx, **keys))  # again, as they are under the lock
    return Known(
        Existing(row["id"], row["version"], row["state"], row["owned"], actions.draft_of(row))
        for row in listings
    )


def _zips(read: Iterable[Read], known: Known) -> set[str]:
    given = {parsed.given["zip"] for parsed in read if parsed.given.get("zip")}
    return given | {listing.draft.zip for listing in known.listings if listing.draft.zip}


def _decide_rows(
    rows: Sequence[db.Record], read: Sequence[Read], known: Known, zips: Mapping[str, Any]
) -> list[Judged]:
    same = rules.rows_of_same_therapist(read, known)
    return [
        Judged(row, parsed, rules.decide(parsed, known, zips, same.get(parsed.number, ())))
        for row, parsed in zip(rows, read, strict=True)
    ]


def _outcomes(file: db.Record, judged: Iterable[Judged], keys: Sequence[str]) -> list[dict[str, Any]]:
    formulas = file["notes"].get("formulas", {})
    return [_outcome(file["id"], one, file["headings"], keys, formulas) for one in judged]


def _outcome(
    import_id: UUID, judged: Judged, headings: Sequence[str], keys: Sequence[str], formulas: Mapping[str, Any]
) -> dict[str, Any]:
    """A row's outcome as the database keeps it, with the lines that the preview shows."""
    decision, number = judged.decision, judged.row["number"]
    cells = judged.row["cells"]
    preview = {
        "name": judged.read.name,
        "faults": list(decision.faults),
        "changes": list(decision.changes),
        "facts": facts(decision.draft) if decision.outcome == "new" and decision.draft else [],
        "formulas": [
            {"column": headings[at], "value": cells[at][:60]}
            for at in formulas.get(str(number), ())
            if at < len(keys) and keys[at] and at < len(cells)
        ],
    }
    existing = decision.existing
    return {
        "import_id": import_id,
        "number": number,
        "outcome": decision.outcome,
        "says": preview,
        "listing": existing.id if existing else None,
        "version": existing.version if existing else None,
    }


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
        rows = await db.rows(SQL.rows_to_write(tx, import_id=import_id))
        if not rows:
            raise Refused(
                Reason("nothing", "No row is new and none changes anything, so there is nothing to write.")
            )
        starts_as = "shown" if shown else "waiting"
        await SQL.set_starts_as(tx, id=import_id, starts_as=starts_as)
        if len(rows) > MAX_AT_ONCE:
            await SQL.set_state(tx, id=import_id, state="writing")
            await jobs.enqueue(tx, "imports.write", key=str(import_id), import_id=import_id, by=actor_id)
            await audit.record(
                tx, "import.confirmed", import_id, actor_id=actor_id, before="preview", after="writing"
            )
            return "writing"
        await _write(tx, file, rows, starts_as, actor_id)
        return "done"


@jobs.job("imports.write")
async def write(context: Context, import_id: str, by: str) -> None:
    """Write a long list that was confirmed, all of it or nothing. Idempotent."""
    async with context.db.transaction() as tx:
        file = await _lock(tx, UUID(import_id))
        if file["state"] == "writing":
            rows = await db.rows(SQL.rows_to_write(tx, import_id=file["id"]))
            await _write(tx, file, rows, file["starts_as"], UUID(by))


async def _write(
    tx: db.Tx, file: db.Record, rows: Sequence[db.Record], starts_as: str, actor_id: UUID
) -> None:
    """Write each row that is still as in the preview; the others become refused, with the reason."""
    judged = await _judge(tx, rows, file["headings"], queries.matched_keys(file), lock=True)
    outcomes = []
    for one in judged:
        changed = _changed_since_preview(one)
        outcomes.append(
            _skipped(file["id"], one, changed)
            if changed
            else await _write_one(tx, file, one, starts_as, actor_id)
        )
    await SQL.set_outcome(tx, outcomes)
    written = [one["listing"] for one in outcomes if one["outcome"] == "written"]
    await LISTINGS.refresh_facets(tx, ids=written)
    await SQL.set_state(tx, id=file["id"], state="done")
    await audit.record(
        tx,
        "import.written",
        file["id"],
        actor_id=actor_id,
        before=file["state"],
        after="done",
        details={"written": len(written), "left": len(outcomes) - len(written)},
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


def _skipped(import_id: UUID, judged: Judged, faults: list[dict[str, str]]) -> dict[str, Any]:
    outcome = _outcome(import_id, judged, (), (), {})
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
        state=starts_as,
        listing_id=existing.id if existing else None,
        version=existing.version if existing else None,
        refresh_facets=False,
    )
    outcome = _outcome(file["id"], judged, (), (), {})
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
