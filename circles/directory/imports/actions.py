"""Imports of listings: read a file, say what its words mean, write what was confirmed, once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from circles import imports, sandbox
from circles.directory.imports import fields, outcomes
from circles.directory.imports import rows as import_rows
from circles.directory.imports.outcomes import Judged
from circles.directory.listing import actions
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("directory/imports")
LISTINGS = db.queries("directory/listing")

# Up to so many rows are written within the request; more are left to a job.
MAX_AT_ONCE: Final = 200


READING: Final = sandbox.Target("circles.directory.imports.reading.files", "read_lines", imports.LIMITS)


async def _preview(tx: db.Tx, file: db.Record, matches: Mapping[str, Any]) -> None:
    """Decide every row by these matches, and keep the outcomes."""
    how = await outcomes.match_of(tx, file, matches)
    await outcomes.store(tx, file, await outcomes.judge(tx, file, how), how)


KIND: Final = imports.ListKind("therapists", fields.OPTIONS, READING, import_rows.missing_refusals, _preview)
KINDS: Final = {KIND.name: KIND}

read = partial(imports.actions.read, KIND)


async def set_meanings(
    context: Context, *, actor_id: UUID, import_id: UUID, meanings: Mapping[str, Mapping[str, str]]
) -> None:
    """Store what words of the file mean, for all rows, and the outcome of every row. Raises OutOfDate."""

    def known(file: db.Record) -> dict[str, Any]:
        all_known: dict[str, dict[str, str]] = {**file["matches"].get("meanings", {})}
        for key, words in meanings.items():
            all_known[key] = all_known.get(key, {}) | dict(words)
        return {"meanings": all_known}

    await imports.actions.decide(
        context, KINDS, known, actor_id=actor_id, import_id=import_id, event="import.explained"
    )


# Confirming


async def confirm(context: Context, *, actor_id: UUID, import_id: UUID, shown: bool = False) -> str:
    """Write what is new and what changes. Idempotent. Returns the state: done, or writing for a long list.

    shown: show new listings at once; otherwise they wait for review by an organizer.

    Raises NotFound, Refused when there is nothing to write or the columns are not matched yet.
    """
    async with context.db.transaction() as tx:
        file, count = await imports.actions.lock_to_confirm(tx, import_id, KINDS)
        if not count:
            return file["state"]
        starts_as = "shown" if shown else "waiting"
        await SQL.set_starts_as(tx, id=import_id, starts_as=starts_as)
        if count > MAX_AT_ONCE:
            await imports.actions.set_writing(tx, file, actor_id=actor_id)
            await jobs.enqueue(tx, "imports.write", key=str(import_id), import_id=import_id, by=actor_id)
            return "writing"
        await _write(tx, file, starts_as, actor_id)
        return "done"


@jobs.job("imports.write")
async def write(context: Context, import_id: str, by: str) -> None:
    """Write a long list that was confirmed, all of it or nothing. Idempotent."""
    async with context.db.transaction() as tx:
        file = await imports.actions.lock(tx, UUID(import_id), KINDS)
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
    details = {"written": len(written), "left": len(written_rows) - len(written)}
    await imports.actions.set_written(tx, file, actor_id=actor_id, details=details)


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
