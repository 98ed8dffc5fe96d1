"""Reads of months: their list, and one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from circles.base import zones
from circles.organizing.bookkeeping.months import rules
from circles.organizing.bookkeeping.months.rules import Month, Summary, Sums
from circles.store import db

SQL = db.queries("organizing/months")


@dataclass(frozen=True, slots=True)
class Listed:
    """A month of the list, with its sums by currency."""

    month: Month
    sums: list[tuple[str, Sums]]


async def listed(tx: db.Tx, newest: Month) -> tuple[list[Listed], bool]:
    """A page of months, the newest first, without those in which nothing moved; and whether there are earlier ones."""
    oldest = newest.later(1 - rules.PER_PAGE)
    rows = await db.rows(SQL.by_month(tx, **_of(oldest, newest)))
    first = await SQL.first_entry(tx)
    months = [newest.later(-back) for back in range(rules.PER_PAGE)]
    found = [
        Listed(month, [(row["currency"], Sums.of(row)) for row in rows if row["month"] == month.first])
        for month in months
    ]
    return [one for one in found if one.sums], first is not None and first < oldest.begins


async def summaries(tx: db.Tx, month: Month) -> list[Summary]:
    """A month by currency, with what accounts held before it. Two queries."""
    rows = await db.rows(SQL.by_circle(tx, **_of(month, month)))
    before = await db.rows(
        SQL.before(tx, **_clock(month), last_month=month.later(-1).first, ends=month.begins)
    )
    return rules.summaries([*rows], {row["currency"]: Sums.of(row) for row in before})


def movements(month: Month) -> db.Part:
    """Every movement of a month, for a cursor."""
    columns = (
        *(
            "id",
            "at",
            "kind",
            "currency",
            "circle_id",
            "entries",
            "gross",
            "refund",
            "fee",
            "payout",
            "paid_out",
        ),
        *("income", "owed", "passes_sold", "stripe", "bank", "cash", "unknown"),
        *("number", "discreet_name", "reference"),
    )
    arguments = {"begins": month.begins, "ends": month.ends}
    return db.Part(SQL.movements, arguments, [(name, name) for name in columns], ("at", "id"))


def _clock(month: Month) -> dict[str, Any]:
    shifts = zones.shifts([month.zone])
    return {"zone": month.zone, "since": shifts.since, "seconds": shifts.seconds}


def _of(oldest: Month, newest: Month) -> dict[str, Any]:
    return _clock(newest) | {
        "first_month": oldest.first,
        "last_month": newest.first,
        "begins": oldest.begins,
        "ends": newest.ends,
    }
