"""COPY: rows out as CSV, and in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from asyncpg import Record

from circles.store.db.pools import Tx


@dataclass(frozen=True, slots=True)
class Part:
    """Some columns of a named query, under titles of their own, and in an order.

    query: of aiosql; it may have columns that are in no file and only sort. arguments: of the query, by name.
    columns: (name, title) of each.
    """

    query: Any
    arguments: Mapping[str, Any]
    columns: Sequence[tuple[str, str]]
    order: Sequence[str] = ()

    @property
    def values(self) -> list[Any]:
        """The arguments in the order in which the query names them."""
        return [self.arguments[name] for name in self.query.parameters or ()]

    @property
    def sql(self) -> str:
        chosen = ", ".join(f"part.{_quoted(name)} as {_quoted(title)}" for name, title in self.columns)
        return f"select {chosen} {self._source}{self._ordered}"

    @property
    def json_sql(self) -> str:
        """One column: each row as a JSON object, whose names are those of the columns."""
        chosen = ", ".join(f"part.{_quoted(name)}" for name, _ in self.columns)
        return f"select row_to_json(line) {self._source} cross join lateral (select {chosen}) as line{self._ordered}"

    @property
    def _source(self) -> str:
        return f"from ({self.query.sql.rstrip().rstrip(';')}) as part"

    @property
    def _ordered(self) -> str:
        return " order by " + ", ".join(f"part.{_quoted(name)}" for name in self.order) if self.order else ""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def read_batches(tx: Tx, part: Part, size: int = 1_000) -> AsyncGenerator[list[Record]]:
    """The rows of a part with their types, some at a time, by a cursor of the server. Within a transaction."""
    cursor = await tx.cursor(part.sql, *part.values)
    while batch := await cursor.fetch(size):
        yield batch


async def copy_part(
    tx: Tx,
    part: Part,
    write: Callable[[bytes], Any],
    *,
    as_json: bool = False,
    delimiter: str = ",",
    timeout: float = 600,
) -> int:
    """Stream a part as CSV without headings, or as a JSON object a line, through COPY. Returns the number of rows.

    write: an async function called with each chunk (a bytearray), awaited before the next. timeout: seconds for the
    whole, since the client may be slow. On an error or cancellation the connection is closed, which ends the COPY.
    """
    # JSON is one column of CSV that needs no quotes: it holds neither a line break nor one of these two characters raw.
    options: dict[str, Any] = {"delimiter": "\x01", "quote": "\x02"} if as_json else {"delimiter": delimiter}
    try:
        status = await tx.copy_from_query(
            part.json_sql if as_json else part.sql,
            *part.values,
            output=write,
            format="csv",
            timeout=timeout,
            **options,
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
