"""The invariants of sql/checks.sql: what must always hold, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass

from circles.store import db

SQL = db.queries("checks")


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: its name, what it says, and how many rows break it."""

    name: str
    says: str
    broken: int

    @property
    def holds(self) -> bool:
        """Whether no row breaks it."""
        return self.broken == 0


async def run(tx: db.Tx) -> list[Finding]:
    """Ask every invariant. Each query of sql/checks.sql counts the rows that break it."""
    found = []
    for name in sorted(each for each in SQL.available_queries if not each.endswith("_cursor")):
        query = getattr(SQL, name)
        found.append(Finding(name, (query.__doc__ or "").strip(), await query(tx)))
    return found
