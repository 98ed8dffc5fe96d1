"""COPY: rows out as CSV, and in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from circles.store.db.pools import Tx


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
