"""The queue by the command line: list jobs, retry those that were given up, drop what shall not be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from circles.base.english import Labels, plural
from circles.base.errors import CirclesError
from circles.commands.organizers import confirm
from circles.store import db
from circles.store.context import Context
from circles.store.queue import repair

SQL = db.queries("store/queue")

STATES = Labels({"failed": "given up", "queued": "waits", "picked": "runs"})
MAX_LISTED = 200


class NoSuchJob(CirclesError):
    """No job that waits or was given up was meant by what was given."""


async def list_them(context: Context) -> str:
    """The jobs in the queue, a line each: those given up first. Ids and names alone, nothing about a person."""
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.in_queue(tx, limit=MAX_LISTED))
    if not rows:
        return "The queue is empty."
    lines: list[tuple[str, ...]] = [("id", "job", "state", "age", "failed", "reason")]
    lines += [
        (
            str(row["id"]),
            row["name"],
            STATES[row["status"]],
            _duration(row["age"]),
            str(row["attempts"]),
            _reason(row),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    listed = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    more = rows[0]["total"] - len(rows)
    return "\n".join([*listed, *([f"and {plural(more, 'more job')}"] if more else [])])


def _reason(row: db.Record) -> str:
    """Why the last attempt failed, and when the next is."""
    again = f"next in {_duration(row['due_in'])}" if row["due_in"] and row["status"] == "queued" else ""
    return ", ".join(part for part in (row["reason"], again) if part)


async def retry(context: Context, which: Sequence[str], *, every: bool) -> str:
    """Have jobs done now, with all their attempts. Raises NoSuchJob.

    which: ids of jobs that wait or were given up, or names of jobs of which all that were given up are meant.
    """
    async with context.db.transaction() as tx:
        rows = await _chosen(tx, which, every=every)
        await repair.retry(tx, [row["id"] for row in rows])
    return f"A worker does it now: {_counted(rows)}."


async def drop(context: Context, which: Sequence[str], *, every: bool, is_sure: bool) -> str:
    """Take jobs out of the queue. which: as in `retry`. Raises NoSuchJob, NotConfirmed."""
    async with context.db.transaction() as tx:
        rows = await _chosen(tx, which, every=every)
    confirm(f"What they were to do will not be done. Drop {_counted(rows)}?", is_sure=is_sure)
    async with context.db.transaction() as tx:
        await repair.drop(tx, [row["id"] for row in rows])
    return f"Dropped: {_counted(rows)}."


async def _chosen(tx: db.Tx, which: Sequence[str], *, every: bool) -> list[db.Record]:
    ids = [int(each) for each in which if each.isdecimal()]
    names = [each for each in which if not each.isdecimal()]
    if not which and not every:
        raise NoSuchJob("Say which: the id of a job, the name of jobs that were given up, or --all of those.")
    rows = await db.rows(SQL.chosen(tx, ids=ids, names=names, every=every))
    if not rows:
        raise NoSuchJob(
            "There is no such job that waits or was given up. `python -m circles jobs` lists them."
        )
    return rows


def _counted(rows: Sequence[db.Record]) -> str:
    """Such as "2 mail.deliver, 1 payments.refund"."""
    return ", ".join(
        f"{number} {name}" for name, number in sorted(Counter(row["name"] for row in rows).items())
    )


def _duration(seconds: float) -> str:
    """A time in the largest unit of which there are two."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"
