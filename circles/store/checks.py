"""The invariants of sql/checks.sql, and those about time zones, which the database cannot check by itself."""

from __future__ import annotations

from dataclasses import dataclass

from circles.base import zones
from circles.store import db, zone_data

SQL = db.queries("checks")
ZONES = db.queries("store/zone_data")


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
    own = [_zone_data(), await _planned_times(tx), await _zones_in_use(tx)]
    return sorted([*findings, *own], key=lambda finding: finding.name)


def _zone_data() -> Finding:
    outdated = zones.outdated()
    description = f"the zone data (tzdata {zones.version()}) knows the present law of every zone"
    if outdated:
        description += f"; too old for {', '.join(outdated)}: install the locked requirements"
    return Finding("zone_data_is_current", description, len(outdated))


async def _zones_in_use(tx: db.Tx) -> Finding:
    unknown = [
        row["zone"] for row in await db.rows(ZONES.zones_in_use(tx)) if not zones.is_known(row["zone"])
    ]
    description = "every zone that is stored is one of the table of zones"
    if unknown:
        description += f"; unknown, and read as UTC: {', '.join(sorted(unknown)[:10])}"
    return Finding("zones_are_known", description, len(unknown))


async def _planned_times(tx: db.Tx) -> Finding:
    misplaced = await zone_data.misplaced(tx)
    description = "the wall time and the zone of every gathering ahead give its start in UTC"
    if misplaced:
        description += "; `python -m circles zones` lists the others, and with --mend moves them"
    return Finding("wall_time_agrees_with_utc", description, len(misplaced))
