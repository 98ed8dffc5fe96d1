"""What the pages of an import show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from circles.base.errors import or_not_found
from circles.store import db

SQL = db.queries("directory/imports")

PER_PAGE: Final = 25


async def read_import(tx: db.Tx, import_id: UUID) -> db.Record:
    """An import with its counts. Raises NotFound."""
    return or_not_found(await SQL.import_with_counts(tx, id=import_id))


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


async def warnings(tx: db.Tx, import_id: UUID) -> list[db.Record]:
    """What was left out of the rows, each once."""
    return await db.rows(SQL.warnings(tx, import_id=import_id, how_many=200))


async def unknown_words(tx: db.Tx, import_id: UUID) -> list[db.Record]:
    """Words of the file that nobody knows, by field."""
    return await db.rows(SQL.unknown_words(tx, import_id=import_id))


async def refused_rows(tx: db.Tx, import_id: UUID) -> list[list[str]]:
    """The headings, then every refused row with its number and the reasons; harmless for a spreadsheet."""
    headings = or_not_found(await SQL.harmless_headings(tx, id=import_id))
    rows = await db.rows(SQL.refused_rows(tx, import_id=import_id))
    head = ["Row", "Why it was refused", *headings]
    return [head, *([str(row["number"]), row["why"], *row["cells"]] for row in rows)]


async def all_imports(tx: db.Tx) -> list[db.Record]:
    """The newest imports."""
    return await db.rows(SQL.all_imports(tx, how_many=50))
