"""What happens to a file of listings: read, matched, looked at, confirmed once, and forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import anyio.to_thread

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.directory.imports import fields as import_fields
from circles.directory.imports import rows as import_rows
from circles.directory.imports import rules as import_rules
from circles.directory.imports.changes import facts
from circles.directory.imports.reading import Table
from circles.directory.imports.rows import Read
from circles.directory.imports.rules import Decision, Existing, Known
from circles.directory.listing import actions, places
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("directory/imports")
LISTINGS = db.queries("directory/listing")

OUTCOMES: Final = ("refused", "new", "changed", "same")
PER_PAGE: Final = 25
# As many are written while one waits; more are written by the queue.
MAX_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """One row with what becomes of it."""

    row: db.Record
    read: Read
    decision: Decision


async def begin(context: Context, *, person_id: UUID, file_name: str, table: Table) -> UUID:
    """Keep a file's rows, and guess which column is what. No listing is written."""
    guessed = import_fields.guess(table.headings)
    notes = {
        "says": list(table.notes),
        "formulas": {str(number): columns for number, columns in table.formulas.items()},
    }
    async with context.db.transaction() as tx:
        import_id: UUID = await SQL.begin(
            tx,
            made_by=person_id,
            file_name=file_name,
            headings=list(table.headings),
            matches={"keys": guessed},
            notes=notes,
        )
        rows = [
            {"import_id": import_id, "number": row.number, "cells": list(row.cells)} for row in table.rows
        ]
        await SQL.keep_row(tx, rows)
        await audit.record(tx, "import.begun", import_id, actor_id=person_id, after="matching")
    return import_id


async def one(tx: db.Tx, import_id: UUID) -> db.Record:
    """An import with its counts. Raises NotFound."""
    found = await SQL.one(tx, id=import_id)
    if found is None:
        raise NotFound
    return found


def matched_keys(row: db.Record) -> list[str]:
    """The key of the field that each column fills; rows of before 2026-11-26 hold "licence" in their keys."""
    return [key.replace("licence", "license") for key in row["matches"]["keys"]]


async def _lock(tx: db.Tx, import_id: UUID) -> db.Record:
    found = await SQL.lock(tx, id=import_id)
    if found is None:
        raise NotFound
    return found


async def match(context: Context, *, person_id: UUID, import_id: UUID, keys: Sequence[str]) -> None:
    """Say which column is what, and work out what becomes of every row. No listing is written.

    Raises Refused with every reason why the columns cannot be matched like this, OutOfDate once it is confirmed.
    """
    async with context.db.transaction() as tx:
        found = await _lock(tx, import_id)
        if found["state"] not in ("matching", "preview"):
            raise OutOfDate(_over())
        refuse_if(import_rows.check_matches(keys, len(found["headings"])))
        await SQL.keep_matches(tx, id=import_id, matches={"keys": list(keys)})
        rows = await db.rows(SQL.all_rows(tx, import_id=import_id))
        judged, _ = await _judge(tx, rows, found["headings"], keys)
        await SQL.keep_outcome(tx, await anyio.to_thread.run_sync(_outcomes, found, judged, keys))
        before, after = found["state"], "preview"
        await audit.record(tx, "import.matched", import_id, actor_id=person_id, before=before, after=after)


def _over() -> Reason:
    return Reason("over", "This import was confirmed or dropped already, so its columns stay as they are.")


async def _judge(
    tx: db.Tx, rows: Sequence[db.Record], headings: Sequence[str], keys: Sequence[str], *, hold: bool = False
) -> tuple[list[Judged], Known]:
    """What becomes of each row as things stand now. hold: nobody changes the listings they are until the end."""
    read = await anyio.to_thread.run_sync(_read_rows, rows, headings, keys)
    known = await _known(tx, read, hold=hold)
    zips = {zip_: places.find(zip_) for zip_ in _zips(read, known)}
    return await anyio.to_thread.run_sync(_decide_rows, rows, read, known, zips), known


def _read_rows(rows: Iterable[db.Record], headings: Sequence[str], keys: Sequence[str]) -> list[Read]:
    return [import_rows.read_row(row["number"], row["cells"], headings, keys) for row in rows]


async def _known(tx: db.Tx, read: Iterable[Read], *, hold: bool) -> Known:
    asked = {
        "npis": list({each.npi for each in read if each.npi}),
        "names": list({each.name for each in read if each.name}),
    }
    found = await db.rows(SQL.candidates(tx, **asked))
    if hold and found:
        await SQL.hold(tx, ids=[row["id"] for row in found])
        found = await db.rows(SQL.candidates(tx, **asked))  # as they are now that nobody changes them
    return Known(
        Existing(row["id"], row["version"], row["state"], row["owned"], actions.draft_of(row))
        for row in found
    )


def _zips(read: Iterable[Read], known: Known) -> set[str]:
    said = {each.given["zip"] for each in read if each.given.get("zip")}
    return said | {each.draft.zip for each in known.listings if each.draft.zip}


def _decide_rows(
    rows: Sequence[db.Record], read: Sequence[Read], known: Known, zips: Mapping[str, Any]
) -> list[Judged]:
    same = import_rules.twins(read, known)
    return [
        Judged(row, each, import_rules.decide(each, known, zips, same.get(each.number, ())))
        for row, each in zip(rows, read, strict=True)
    ]


def _outcomes(found: db.Record, judged: Iterable[Judged], keys: Sequence[str]) -> list[dict[str, Any]]:
    formulas = found["notes"].get("formulas", {})
    return [_kept(found["id"], each, found["headings"], keys, formulas) for each in judged]


def _kept(
    import_id: UUID, judged: Judged, headings: Sequence[str], keys: Sequence[str], formulas: Mapping[str, Any]
) -> dict[str, Any]:
    """A row's outcome for the database, with what people are told."""
    decision, number = judged.decision, judged.row["number"]
    cells = judged.row["cells"]
    says = {
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
        "says": says,
        "listing": existing.id if existing else None,
        "version": existing.version if existing else None,
    }


# Confirming


async def confirm(context: Context, *, person_id: UUID, import_id: UUID, shown: bool = False) -> str:
    """Write what is new and what changes; pressed twice, once. Returns the state: done, or writing for long lists.

    shown: new listings show at once, where they would wait for an organizer's look.

    Raises NotFound, Refused when there is nothing to write or the import is not ready for it.
    """
    async with context.db.transaction() as tx:
        found = await _lock(tx, import_id)
        if found["state"] in ("writing", "done"):
            return found["state"]
        if found["state"] != "preview":
            raise Refused(Reason("not_ready", "Please match the columns first, and look at the preview."))
        rows = await db.rows(SQL.rows_to_write(tx, import_id=import_id))
        if not rows:
            raise Refused(
                Reason("nothing", "No row is new and none changes anything, so there is nothing to write.")
            )
        starts_as = "shown" if shown else "waiting"
        await SQL.keep_start(tx, id=import_id, starts_as=starts_as)
        if len(rows) > MAX_AT_ONCE:
            await SQL.move(tx, id=import_id, state="writing")
            await jobs.enqueue(tx, "imports.write", key=str(import_id), import_id=import_id, by=person_id)
            await audit.record(
                tx, "import.confirmed", import_id, actor_id=person_id, before="preview", after="writing"
            )
            return "writing"
        await _write(tx, found, rows, starts_as, person_id)
        return "done"


@jobs.job("imports.write")
async def write(context: Context, import_id: str, by: str) -> None:
    """Write a long list that was confirmed, all of it or nothing. Safe to repeat."""
    async with context.db.transaction() as tx:
        found = await _lock(tx, UUID(import_id))
        if found["state"] == "writing":
            rows = await db.rows(SQL.rows_to_write(tx, import_id=found["id"]))
            await _write(tx, found, rows, found["starts_as"], UUID(by))


async def _write(tx: db.Tx, found: db.Record, rows: Sequence[db.Record], starts_as: str, by: UUID) -> None:
    """Write each row that is still what the preview showed; the others are named and left."""
    judged, _ = await _judge(tx, rows, found["headings"], matched_keys(found), hold=True)
    kept = []
    for each in judged:
        moved = _moved(each)
        kept.append(
            _left(found["id"], each, moved) if moved else await _write_one(tx, found, each, starts_as, by)
        )
    await SQL.keep_outcome(tx, kept)
    written = [each["listing"] for each in kept if each["outcome"] == "written"]
    await LISTINGS.refresh_facets(tx, ids=written)
    await SQL.move(tx, id=found["id"], state="done")
    await audit.record(
        tx,
        "import.written",
        found["id"],
        actor_id=by,
        before=found["state"],
        after="done",
        details={"written": len(written), "left": len(kept) - len(written)},
    )


def _moved(judged: Judged) -> list[dict[str, str]]:
    """Why a row is no longer what the preview showed; empty: it is."""
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


def _the_row(says: str) -> dict[str, str]:
    return {"column": "The row", "value": "", "says": says}


def _left(import_id: UUID, judged: Judged, faults: list[dict[str, str]]) -> dict[str, Any]:
    kept = _kept(import_id, judged, (), (), {})
    kept["says"] |= {"faults": faults, "changes": [], "facts": []}
    return kept | {"outcome": "refused"}


async def _write_one(tx: db.Tx, found: db.Record, judged: Judged, starts_as: str, by: UUID) -> dict[str, Any]:
    decision = judged.decision
    if decision.draft is None:
        raise ValueError("a row that is not refused has a draft")
    existing = decision.existing
    note = f", row {judged.row['number']}"
    listing_id = await actions.write_listing(
        tx,
        decision.draft,
        source="import",
        actor_id=by,
        source_note=found["file_name"][: 200 - len(note)] + note,
        state=starts_as,
        listing_id=existing.id if existing else None,
        version=existing.version if existing else None,
        refresh_facets=False,
    )
    kept = _kept(found["id"], judged, (), (), {})
    kept["says"]["was"] = judged.row["outcome"]
    return kept | {"outcome": "written", "listing": listing_id}


async def drop(context: Context, *, person_id: UUID, import_id: UUID) -> None:
    """Leave a file. Raises NotFound, OutOfDate once it is confirmed."""
    async with context.db.transaction() as tx:
        found = await _lock(tx, import_id)
        if found["state"] == "dropped":
            return
        if found["state"] not in ("matching", "preview"):
            raise OutOfDate(_over())
        await SQL.move(tx, id=import_id, state="dropped")
        before, after = found["state"], "dropped"
        await audit.record(tx, "import.dropped", import_id, actor_id=person_id, before=before, after=after)


# Looking


async def page_of_rows(tx: db.Tx, import_id: UUID, outcome: str, page: int) -> list[db.Record]:
    """Some rows of one outcome."""
    said = {"import_id": import_id, "outcome": outcome, "after": (page - 1) * PER_PAGE, "how_many": PER_PAGE}
    return await db.rows(SQL.page_of_rows(tx, **said))


async def first_rows(tx: db.Tx, import_id: UUID, how_many: int = 3) -> list[db.Record]:
    """The first rows of a file."""
    return await db.rows(SQL.first_rows(tx, how_many=how_many, import_id=import_id))


async def refused_rows(tx: db.Tx, import_id: UUID) -> list[list[str]]:
    """The headings, then every refused row with its number and the reasons; harmless for a spreadsheet."""
    headings = await SQL.harmless_headings(tx, id=import_id)
    if headings is None:
        raise NotFound
    rows = await db.rows(SQL.refused_rows(tx, import_id=import_id))
    head = ["Row", "Why it was refused", *headings]
    return [head, *([str(row["number"]), row["why"], *row["cells"]] for row in rows)]


async def all_imports(tx: db.Tx) -> list[db.Record]:
    """The newest files."""
    return await db.rows(SQL.all_imports(tx, how_many=50))


@jobs.every("imports.forget", "23 4 * * *")
async def forget(context: Context) -> None:
    """Drop what was not confirmed or not written in 30 days; forget what files held 30 days after their end."""
    async with context.db.transaction() as tx:
        await SQL.drop_old(tx)
        await SQL.forget_cells(tx)
