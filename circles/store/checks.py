"""The invariants of sql/checks.sql."""

from __future__ import annotations

from dataclasses import dataclass

from circles.store import db

SQL = db.queries("checks")


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: its name, its description, and how many rows break it."""

    name: str
    description: str
    broken: int

    @property
    def holds(self) -> bool:
        """Whether no row breaks the invariant."""
        return self.broken == 0


async def run(tx: db.Tx) -> list[Finding]:
    """Check every invariant. Each query of sql/checks.sql counts the rows that break one."""
    findings = []
    for name in sorted(name for name in SQL.available_queries if not name.endswith("_cursor")):
        query = getattr(SQL, name)
        findings.append(Finding(name, (query.__doc__ or "").strip(), await query(tx)))
    return findings
