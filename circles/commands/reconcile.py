"""`python -m circles reconcile`: our rows compared with Stripe's books; what differs, without any name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from circles.base.english import plural
from circles.base.money import format_amount
from circles.payments.reconciliation import runs
from circles.payments.reconciliation.runs import Run
from circles.store import db
from circles.store.context import Context

SQL = db.queries("payments/reconciliation")
# So many differences are printed; the page lists all of them.
MOST = 200


async def run(context: Context, month: str) -> tuple[list[str], bool]:
    """Reconcile, once another run is over. Returns lines without names, and whether nothing waits for a person.

    month: as "2026-11"; empty: since the last run. Raises Unreachable, Refused.
    """
    run = await runs.reconcile_when_free(context, "command", month)
    async with context.db.reading() as tx:
        waiting = await db.rows(SQL.open_differences(tx, after=None, most=MOST + 1))
    return lines_of(run, waiting), not waiting


def lines_of(run: Run, waiting: Sequence[db.Record]) -> list[str]:
    """What a run did and what differs still."""
    lines = [
        f"Compared {run.since:%Y-%m-%d} to {run.until:%Y-%m-%d} (UTC): "
        f"{plural(run.transactions, 'transaction')} of Stripe read."
    ]
    lines += _counted("Mended", run.mended)
    lines += _counted("For a person", [row["kind"] for row in waiting[:MOST]])
    lines += [_line(row) for row in waiting[:MOST]]
    if len(waiting) > MOST:
        lines.append(f"There are more than these {MOST}.")
    where = "What each means, and how to settle it: /organize/reconciliation"
    return [*lines, where if waiting else "Nothing differs."]


def _counted(what: str, kinds: Sequence[str]) -> list[str]:
    return [f"{what}: {count} {_words(kind)}" for kind, count in sorted(Counter(kinds).items())]


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _line(row: db.Record) -> str:
    here = _amount(row["ours"], row["currency"])
    there = _amount(row["stripe"], row["other_currency"] or row["currency"])
    return f"  {row['at']:%Y-%m-%d} {_words(row['kind'])}, {row['about']}: here {here}, at Stripe {there}"


def _amount(minor: int | None, currency: str) -> str:
    return "nothing" if minor is None else format_amount(minor, currency)
