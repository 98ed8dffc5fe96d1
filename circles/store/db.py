"""The connection pool, transactions, and the named queries of sql/. The only import of asyncpg."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
from asyncpg import (
    CheckViolationError,
    Connection,
    ForeignKeyViolationError,
    IntegrityConstraintViolationError,
    InterfaceError,
    PostgresError,
    Record,
    UniqueViolationError,
)
from asyncpg.pool import Pool, PoolConnectionProxy

__all__ = [
    "CheckViolationError",
    "Connection",
    "Database",
    "ForeignKeyViolationError",
    "IntegrityConstraintViolationError",
    "InterfaceError",
    "PostgresError",
    "Record",
    "Tx",
    "UniqueViolationError",
    "connect",
    "copy_in",
    "copy_out",
    "queries",
    "rows",
    "violated_constraint",
]

SQL = Path(__file__).resolve().parents[2] / "sql"

# A connection, usually inside a transaction. A function that takes one runs in its caller's transaction.
Tx = PoolConnectionProxy | Connection


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


def _to_jsonb(value: Any) -> str:
    """JSON for a jsonb column. A string is JSON already: pgqueuer serializes its own."""
    return value if isinstance(value, str) else json.dumps(value)


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec("jsonb", encoder=_to_jsonb, decoder=json.loads, schema="pg_catalog")


async def _leave_as_is(_: Any) -> None:
    """No session state is ever set (settings are transaction-local), so there is none to reset."""


# Dates, and times that become JSON or text, are in UTC, whatever zone the server has. Sent when a connection opens, it
# holds behind a transaction pooler as well (PgBouncer keeps TimeZone apart for each client).
_IN_UTC = {"timezone": "UTC"}


async def connect(url: str) -> Connection:
    """A connection outside the pool, for migrations and for the worker's LISTEN."""
    return await asyncpg.connect(url, timeout=15, server_settings=_IN_UTC)


class Database:
    """The connection pool of one process.

    A verb runs in `async with db.transaction() as tx`: the end commits, an exception rolls back. A page that only
    reads uses `async with db.reading() as tx`.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(
        cls, url: str, *, size: int = 6, pooler: bool = False, on_query: Callable[[Any], None] | None = None
    ) -> Database:
        """Open the pool. pooler: behind a transaction pooler, where prepared statements cannot be cached.

        on_query: called with each query, as asyncpg logs it.
        """

        async def init(connection: Any) -> None:
            await _prepare(connection)
            if on_query:
                connection.add_query_logger(on_query)

        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            init=init,
            reset=_leave_as_is,
            server_settings=_IN_UTC,
            statement_cache_size=0 if pooler else 200,
            command_timeout=30,
            timeout=15,
        )
        return cls(pool)

    async def close(self) -> None:
        """Close every connection, after a short wait for running queries."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """A transaction: the end of the block commits, an exception rolls back."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Tx]:
        """A connection for reads, each in its own transaction."""
        async with self._pool.acquire() as connection:
            yield connection


async def copy_out(
    tx: Tx,
    query: Any,
    arguments: dict[str, Any],
    write: Callable[[bytes], Any],
    *,
    header: bool = True,
    timeout: float = 600,
) -> int:
    """Stream a named query as CSV through COPY. Returns the number of rows.

    The query names its parameters in the order in which they appear in it.
    write: an async function called with each chunk (a bytearray), awaited before the next. timeout: seconds for the
    whole, since the client may be slow. On an error or cancellation the connection is closed, which ends the COPY.
    """
    order = list(query.parameters or [])
    try:
        status = await tx.copy_from_query(
            query.sql.rstrip().rstrip(";"),  # it becomes a part of COPY (...)
            *[arguments[name] for name in order],
            output=write,
            format="csv",
            header=header,
            timeout=timeout,
        )
    except BaseException:
        # After a COPY that stopped half-way the connection is unusable, so it must not return to the pool.
        tx.terminate()
        raise
    return int(status.split()[-1])


async def copy_in(tx: Tx, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows into any table through COPY; a column that a row does not name gets its default.

    Values as for a statement: UUIDs, dates and times, lists for arrays; a dict becomes JSON, bytes are given as
    PostgreSQL writes them (`\\x...`).
    """
    for columns, group in groupby(rows, key=tuple):
        text = io.StringIO()
        csv.writer(text).writerows([_csv_value(row[name]) for name in columns] for row in group)
        source = io.BytesIO(text.getvalue().encode())
        await tx.copy_to_table(table, source=source, columns=columns, format="csv", null=_CSV_NULL)


_CSV_NULL = "\\N"


def _csv_value(value: Any) -> Any:
    if value is None:
        return _CSV_NULL
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, list | tuple | set | frozenset):
        items = ",".join(json.dumps(str(item), ensure_ascii=False) for item in value)
        return f"{{{items}}}"
    return value
