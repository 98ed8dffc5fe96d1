"""The named queries of sql/."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter
from asyncpg import PostgresError, Record

SQL = Path(__file__).resolve().parents[3] / "sql"


class _Adapter(AsyncPGAdapter):
    """aiosql's adapter for connections alone.

    Its own looks for a pool at each query, by listing all attributes of the connection: a tenth of a page's time.
    """

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> AsyncGenerator[Record]:
        for row in await conn.fetch(sql, *self.maybe_order_params(query_name, parameters)):
            yield row

    async def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> Record | None:
        return await conn.fetchrow(sql, *self.maybe_order_params(query_name, parameters))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        return await conn.fetchval(sql, *self.maybe_order_params(query_name, parameters))

    async def insert_returning(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        row = await conn.fetchrow(sql, *self.maybe_order_params(query_name, parameters))
        return row[0] if row and len(row) == 1 else row or None

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Any) -> str:
        return await conn.execute(sql, *self.maybe_order_params(query_name, parameters))


class _Queries:
    """The named queries of one file, read when the first is used: reading all files makes starting slow."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, query: str) -> Any:
        found = getattr(_read(self._name), query)
        setattr(self, query, found)
        return found


@cache
def _read(name: str) -> Any:
    adapter: Any = _Adapter  # aiosql's types want the methods of its synchronous adapters as well
    return aiosql.from_path(SQL / f"{name}.sql", adapter)


def queries(name: str) -> Any:
    """The named queries of sql/<name>.sql, as attributes (aiosql: keyword arguments only)."""
    return _Queries(name)


async def rows(select: AsyncIterator[Record]) -> list[Record]:
    """All rows of a select, which aiosql returns as an async generator."""
    return [row async for row in select]


async def union(tx: Any, selects: Iterable[Any]) -> list[Record]:
    """The rows of several named queries as one statement. They have no parameters, and the same columns."""
    parts = (f"({select.sql.strip().removesuffix(';')})" for select in selects)
    return await tx.fetch("\nunion all\n".join(parts))


def violated_constraint(error: PostgresError) -> str:
    """The name of the constraint that a statement violated, or an empty string."""
    return getattr(error, "constraint_name", None) or ""
