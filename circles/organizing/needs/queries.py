"""What needs a hand now, in one query."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from circles.organizing.needs.kinds import KINDS
from circles.organizing.needs.rules import MAX_OF_KIND, MAX_SHOWN, Kind, Need
from circles.store import db

SQL = db.queries("organizing/needs")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, each with its kind, and what is put off. Of a kind there may be one more than MAX_OF_KIND."""

    needs: list[tuple[Kind, Need]] = field(default_factory=list)
    put_off: list[Need] = field(default_factory=list)

    def first(self, most: int) -> list[tuple[Kind, Need]]:
        """So many of each kind at most: those that its query puts first."""
        counts: Counter[str] = Counter()
        kept = []
        for kind, need in self.needs:
            counts[kind.name] += 1
            if counts[kind.name] <= most:
                kept.append((kind, need))
        return kept

    @property
    def counted(self) -> list[tuple[Kind, Need]]:
        """What a page counts; with a "+" where it is less than what waits."""
        return self.first(MAX_OF_KIND)

    @property
    def shown(self) -> list[tuple[Kind, Need]]:
        """What a page shows."""
        return self.first(MAX_SHOWN)

    def need(self, kind: str, about: str, *, of: str = "") -> Need | None:
        """One that waits, by its key; or one of the kind "put_off", by what it is `of`."""
        every = self.put_off if of else [need for _, need in self.needs]
        key = (kind, about, of)
        return next(
            (need for need in every if (need.kind, need.about, need.facts.get("of", "")) == key), None
        )


async def waiting(tx: db.Tx, reader_id: UUID | None = None) -> Waiting:
    """What waits for a person, and what is put off: without what is about the reader. One query."""
    rows = await db.union(tx, [*(kind.query for kind in KINDS.values()), SQL.put_off_rows])
    found = Waiting()
    for row in rows:
        need = Need.of(row)
        if need.not_for is not None and need.not_for == reader_id:
            continue
        if need.kind == "put_off":
            found.put_off.append(need)
        elif KINDS[need.kind].holds(need):
            found.needs.append((KINDS[need.kind], need))
    return found
