"""Jobs that were given up: tried again, or taken out of the queue."""

from __future__ import annotations

from collections.abc import Sequence

from circles.store import db

SQL = db.queries("store/queue")


async def retry(tx: db.Tx, ids: Sequence[int]) -> None:
    """Have jobs done now, with all their attempts; but for those of which another does the same already."""
    await SQL.delete_superseded(tx, ids=ids)
    await SQL.retry(tx, ids=ids)


async def drop(tx: db.Tx, ids: Sequence[int]) -> None:
    """Take jobs out of the queue: they will not be done."""
    await SQL.drop_jobs(tx, ids=ids)


async def given_up(tx: db.Tx, ids: Sequence[int]) -> list[db.Record]:
    """Those of these jobs that were given up, locked."""
    rows = await db.rows(SQL.chosen(tx, ids=ids, names=[], every=False))
    return [row for row in rows if row["is_given_up"]]
