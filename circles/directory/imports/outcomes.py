"""The outcome of every row of an import: read by the match of its columns, decided, described for the preview."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from circles import sheets
from circles.directory.imports import rows as import_rows
from circles.directory.imports import rules
from circles.directory.imports.changes import facts, not_said
from circles.directory.imports.rows import Match, Read
from circles.directory.imports.rules import Decision, Existing, Known
from circles.directory.listing import actions, places
from circles.imports import queries
from circles.store import db

SQL = db.queries("directory/imports")


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of a file and the decision about it."""

    row: db.Record
    read: Read
    decision: Decision


async def match_of(tx: db.Tx, file: db.Record, matches: Mapping[str, Any]) -> Match:
    """How the rows of a file are read; whether its days come before their months, by all of them."""
    keys = queries.matched_keys(matches)
    how = Match(file["headings"], keys, matches.get("also", ()), matches.get("meanings", {}))
    days = [(n, key) for n, key in how.targets() if key.startswith("license_expires_on")]
    if not days:
        return how
    cells: dict[str, list[str]] = {key: [] for _, key in days}
    async for rows in queries.pieces_of_rows(tx, file, [n for n, _ in days]):
        for n, key in days:
            cells[key] += [row["cells"][n] for row in rows if n < len(row["cells"])]
    first = await to_thread.run_sync(_day_first, cells)
    return replace(how, day_first=first)


def _day_first(cells: Mapping[str, Sequence[str]]) -> frozenset[str]:
    return frozenset(key for key, column in cells.items() if sheets.days.is_day_first(column))


async def judge(
    tx: db.Tx, file: db.Record, how: Match, *, only: Collection[str] | None = None, lock: bool = False
) -> list[Judged]:
    """Decide the rows by the listings of now. only: rows of these outcomes. lock: lock those listings until the end of
    the transaction."""
    rows: list[db.Record] = []
    read_rows: list[Read] = []
    async for piece in queries.pieces_of_rows(tx, file, {n for n, _ in how.targets()}):
        chosen = [row for row in piece if only is None or row["outcome"] in only]
        rows += chosen
        read_rows += await to_thread.run_sync(_read_rows, chosen, file["notes"], how)
    known = await _known(tx, read_rows, lock=lock)
    zips = {zip_: places.find(zip_) for zip_ in _zips(read_rows, known)}
    same = await to_thread.run_sync(_same_therapists, read_rows, known)
    judged: list[Judged] = []
    for start in range(0, len(rows), queries.PIECE):
        piece, read = rows[start : start + queries.PIECE], read_rows[start : start + queries.PIECE]
        judged += await to_thread.run_sync(_decide_rows, piece, read, known, zips, same)
    return judged


def _read_rows(rows: Iterable[db.Record], notes: Mapping[str, Any], how: Match) -> list[Read]:
    return [import_rows.read_row(queries.sheet_row(row, notes), how) for row in rows]


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


def _same_therapists(read_rows: Sequence[Read], known: Known) -> Mapping[int, Sequence[tuple[str, int]]]:
    same = rules.rows_of_same_therapist(read_rows, known)
    rules.warn_of_namesakes(read_rows, same)
    return same


def _decide_rows(
    rows: Sequence[db.Record],
    read_rows: Sequence[Read],
    known: Known,
    zips: Mapping[str, Any],
    same: Mapping[int, Sequence[tuple[str, int]]],
) -> list[Judged]:
    return [
        Judged(row, parsed, rules.decide(parsed, known, zips, same.get(parsed.number, ())))
        for row, parsed in zip(rows, read_rows, strict=True)
    ]


async def store(tx: db.Tx, file: db.Record, judged: Sequence[Judged], how: Match) -> None:
    """Keep the outcome of every row, for the preview."""
    for start in range(0, len(judged), queries.PIECE):
        piece = judged[start : start + queries.PIECE]
        await SQL.set_outcome(tx, await to_thread.run_sync(_describe, file, piece, how))


def _describe(file: db.Record, judged: Iterable[Judged], how: Match) -> list[dict[str, Any]]:
    return [outcome(file, one, how) for one in judged]


def outcome(file: db.Record, judged: Judged, how: Match | None = None) -> dict[str, Any]:
    """A row's outcome as the database keeps it, with the lines that the preview shows. how: None once it is written."""
    decision, number = judged.decision, judged.row["number"]
    existing = decision.existing
    is_new = decision.outcome == "new" and decision.draft is not None
    preview: dict[str, Any] = {
        "name": judged.read.name,
        "faults": list(decision.faults),
        "warnings": list(decision.warnings),
        "changes": list(decision.changes),
        "facts": facts(decision.draft, judged.read.cells) if is_new and decision.draft else [],
    }
    if how:
        preview |= {
            "not_said": not_said(decision.draft) if is_new and decision.draft else [],
            "lacks": list(decision.lacks),
            "unknown": [list(pair) for pair in dict.fromkeys(judged.read.unknown)],
            "formulas": _formulas(file, judged.row, how),
            "is_hidden": number in file["notes"].get("hidden", ()),
        }
    return {
        "import_id": file["id"],
        "number": number,
        "outcome": decision.outcome,
        "says": preview,
        "listing": existing.id if existing else None,
        "version": existing.version if existing else None,
    }


def _formulas(file: db.Record, row: db.Record, how: Match) -> list[dict[str, Any]]:
    cells = row["cells"]
    return [
        {"column": how.headings[at], "value": cells[at][:60]}
        for at in file["notes"].get("formulas", {}).get(str(row["number"]), ())
        if at < len(how.keys) and how.keys[at] and at < len(cells)
    ]
