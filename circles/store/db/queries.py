"""The named queries of sql/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
from asyncpg import PostgresError, Record

SQL = Path(__file__).resolve().parents[3] / "sql"


class _Queries:
    """The named queries of one file, read when the first is used: reading all files makes starting slow."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, query: str) -> Any:
        return getattr(_read(self._name), query)


@cache
def _read(name: str) -> Any:
    return aiosql.from_path(SQL / f"{name}.sql", "asyncpg")


def queries(name: str) -> Any:
    """The named queries of sql/<name>.sql, as attributes (aiosql: keyword arguments only)."""
    return _Queries(name)


async def rows(select: AsyncIterator[Record]) -> list[Record]:
    """All rows of a select, which aiosql returns as an async generator."""
    return [row async for row in select]


def violated_constraint(error: PostgresError) -> str:
    """The name of the constraint that a statement violated, or an empty string."""
    return getattr(error, "constraint_name", None) or ""
