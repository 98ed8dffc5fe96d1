"""The invariants of sql/checks.sql, the chain of events, and time zones, which the database cannot check by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from circles.base import zones
from circles.store import audit, db, zone_data

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

    @property
    def line(self) -> str:
        """The finding as the command prints it."""
        state = "holds " if self.holds else f"BROKEN ({self.broken})"
        return f"{state} {self.name}: {self.description}"


async def run(tx: db.Tx, link: str = "") -> list[Finding]:
    """Check every invariant, and all of the chain of events.

    Each query of sql/checks.sql counts the rows that break one. link: one of the chain that was kept elsewhere, as the
    finding about the chain says it ("120, 3fa9c0d1e2f3a4b5").
    """
    kept = [await _kept_link(tx, link)] if link.strip() else []
    return sorted([*await run_queries(tx), await _chain(tx), *kept], key=lambda finding: finding.name)


_LINK = re.compile(r"(?:link )?([0-9]{1,18})[,:]? *([0-9a-f]{16,64})")


async def _kept_link(tx: db.Tx, typed: str) -> Finding:
    """Whether the chain still has a link: who cut off its end, or made it anew, changed that."""
    read = _LINK.fullmatch(typed.strip().strip("()").lower())
    if read is None:
        text = 'give it as `check` printed it, as in --link "120, 3fa9c0d1e2f3a4b5"'
        return Finding("events_have_the_kept_link", f"the link could not be read: {text}", 1)
    is_there = await audit.has_link(tx, int(read[1]), read[2])
    description = f"link {read[1]} of the chain of events is the one that was kept"
    return Finding("events_have_the_kept_link", description, 0 if is_there else 1)


async def run_queries(tx: db.Tx) -> list[Finding]:
    """Check every invariant but the chain of events."""
    findings = []
    for name in sorted(name for name in SQL.available_queries if not name.endswith("_cursor")):
        query = getattr(SQL, name)
        findings.append(Finding(name, (query.__doc__ or "").strip(), await query(tx)))
    own = [_zone_data(), await _planned_times(tx), await _zones_in_use(tx)]
    return sorted([*findings, *own], key=lambda finding: finding.name)


async def _chain(tx: db.Tx) -> Finding:
    chain, breaks = await audit.chain(tx), await audit.breaks(tx)
    return chain_finding(chain, breaks)


def chain_finding(chain: db.Record | None, breaks: list[audit.Break]) -> Finding:
    """Whether the chain of events is whole. Its length and last hash can be kept elsewhere, against cutting its end."""
    description = "no event was changed, deleted or inserted since it was linked"
    if breaks:
        description += f"; the first that was: {breaks[0].text}"
    elif chain:
        description += f" (link {chain['length']}, {chain['head'][:16]})"
    return Finding("events_are_chained", description, len(breaks))


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
