"""What the pages of lists show, and the rows of a list in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from circles import sheets
from circles.base.errors import or_not_found
from circles.store import db

SQL = db.queries("imports/imports")

PER_PAGE: Final = 25
# Rows that are read, decided and stored at a time: a long list is worked on in short steps between those of other
# requests, its transaction is never idle for long, and only the cells that are needed are held.
PIECE: Final = 250


async def read_import(tx: db.Tx, import_id: UUID, kinds: Iterable[str]) -> db.Record:
    """An import of one of these kinds, with its counts. Raises NotFound."""
    return or_not_found(await SQL.import_with_counts(tx, id=import_id, kinds=list(kinds)))


def matched_keys(matches: Mapping[str, Any]) -> list[str]:
    """The key of the field that each column fills."""
    # Rows written before 2026-11-26 have the British spelling in their keys.
    return [key.replace("licence", "license") for key in matches["keys"]]


async def page_of_rows(tx: db.Tx, import_id: UUID, outcome: str, page: int) -> list[db.Record]:
    """A page of the rows of one outcome."""
    arguments = {
        "import_id": import_id,
        "outcome": outcome,
        "after": (page - 1) * PER_PAGE,
        "how_many": PER_PAGE,
    }
    return await db.rows(SQL.page_of_rows(tx, **arguments))


async def first_rows(tx: db.Tx, import_id: UUID, how_many: int = 3) -> list[db.Record]:
    """The first rows of a file."""
    return await db.rows(SQL.first_rows(tx, how_many=how_many, import_id=import_id))


async def pieces_of_rows(
    tx: db.Tx, file: db.Record, columns: Collection[int]
) -> AsyncIterator[list[db.Record]]:
    """All rows of a file, some at a time, with the cells of these columns (from 0) and of those without a heading."""
    of = {"import_id": file["id"], "columns": [n + 1 for n in columns], "width": len(file["headings"])}
    after, has_more = -1, True
    while has_more:
        rows = await db.rows(SQL.some_rows(tx, **of, after=after, how_many=PIECE))
        yield rows
        has_more = len(rows) == PIECE
        after = rows[-1]["number"] if rows else after


def sheet_row(row: db.Record, notes: Mapping[str, Any]) -> sheets.Row:
    """A kept row as the sheet had it. notes: of its file."""
    number = str(row["number"])
    links = {int(n): link for n, link in notes.get("links", {}).get(number, {}).items()}
    rounded = tuple(notes.get("rounded", {}).get(number, ()))
    return sheets.Row(row["number"], tuple(row["cells"]), links, rounded=rounded)


async def warnings(tx: db.Tx, import_id: UUID) -> list[db.Record]:
    """What was left out of the rows, each once."""
    return await db.rows(SQL.warnings(tx, import_id=import_id, how_many=200))


async def unknown_words(tx: db.Tx, import_id: UUID) -> list[db.Record]:
    """Words of the file that nobody knows, by field."""
    return await db.rows(SQL.unknown_words(tx, import_id=import_id))


async def refused_rows(tx: db.Tx, import_id: UUID, kinds: Iterable[str]) -> list[list[str]]:
    """The headings, then every refused row with its number and the reasons; harmless for a spreadsheet."""
    headings = or_not_found(await SQL.harmless_headings(tx, id=import_id, kinds=list(kinds)))
    rows = await db.rows(SQL.refused_rows(tx, import_id=import_id))
    head = ["Row", "Why it was refused", *headings]
    return [head, *([str(row["number"]), row["why"], *row["cells"]] for row in rows)]


async def all_imports(tx: db.Tx, kinds: Iterable[str]) -> list[db.Record]:
    """The newest imports of these kinds."""
    return await db.rows(SQL.all_imports(tx, kinds=list(kinds), how_many=50))
