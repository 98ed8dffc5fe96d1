"""Every named query is one that PostgreSQL can prepare against the migrated schema."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest

from circles import db

ROOMS = sorted(path.stem for path in db.SQL.glob("*.sql"))


@pytest.mark.parametrize("room", ROOMS)
async def test_every_query_prepares(room: str, database_url: str) -> None:
    queries = db.queries(room)
    connection = await asyncpg.connect(database_url)
    try:
        names = [name for name in queries.available_queries if not name.endswith("_cursor")]
        assert names, f"sql/{room}.sql names no query"
        for name in names:
            query = getattr(queries, name)
            if query.operation.name != "SCRIPT":
                await connection.prepare(query.sql)
    finally:
        await connection.close()


@pytest.mark.parametrize("room", ROOMS)
def test_every_query_says_what_it_is_for(room: str) -> None:
    text = Path(db.SQL / f"{room}.sql").read_text()
    for block in re.split(r"^-- name: ", text, flags=re.M)[1:]:
        lines = block.splitlines()
        assert lines[1].startswith("-- "), f"sql/{room}.sql: {lines[0]} has no comment line"
