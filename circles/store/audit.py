"""Event rows: an append-only row for every change of state, and the chain of hashes over them.

An event is linked by the timetable and not as it is added, so that nobody who books waits for the one before. See
docs/decisions/0029-audit-chain.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from circles.store import db

SQL = db.queries("store/audit")

# Events that one transaction links: a second of work at most.
PER_BATCH = 5_000
# How long an event may take from its number to its row, before that number counts as one that never got a row.
PATIENCE = timedelta(minutes=10)

# Events whose reason is what a person wrote about somebody. An erasure empties it; the chain holds all the same.
WRITTEN_REASONS = (
    "booking.moved",
    "booking.taken_off",
    "cash.noted",
    "dispute.accepted",
    "finding.settled",
    "mail.let_be",
    "pass.ended",
    "payout.corrected",
    "payout.noted",
    "person.invited",
    "person.lifted",
    "person.merge_asked",
    "person.merge_withdrawn",
    "person.suspended",
    "person.suspension_asked",
    "refund.by_hand",
    "refund.by_hand_asked",
    "refund.settled",
    "wait.put_first",
)


async def record(
    tx: db.Tx,
    what: str,
    about: UUID,
    *,
    actor_id: UUID | None = None,
    before: str = "",
    after: str = "",
    why: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Add an event row in the caller's transaction.

    what: the kind of event ("booking.confirmed"), with its words in organizing/audit/words.py. about: the id of the
    changed row. actor_id: None for the site itself. before, after: the states. why: the reason given. details: ids and
    codes, never what somebody wrote, since nothing empties them.
    """
    await SQL.record(
        tx, what=what, about=about, who=actor_id, before=before, after=after, why=why, details=details or {}
    )


@dataclass(frozen=True, slots=True)
class Break:
    """One break of the chain. place: the position of its link. event_id: None where the chain itself was changed."""

    place: int | None
    event_id: int | None
    problem: str

    @property
    def text(self) -> str:
        if self.event_id is None:
            return f"{self.problem} (position {self.place})"
        return f"event {self.event_id}: {self.problem}"


async def seal(tx: db.Tx, *, most: int = PER_BATCH, patience: timedelta = PATIENCE) -> int:
    """Link the events that are not linked yet, at most `most`. Returns how many they were."""
    return await SQL.seal(tx, most=most, patience=patience)


async def breaks(tx: db.Tx, *, after: int = 0, most: int = 20) -> list[Break]:
    """Where the chain is broken after a position, the first event first."""
    return [
        Break(row["place"], row["event_id"], row["problem"])
        for row in await db.rows(SQL.broken(tx, after=after, most=most))
    ]


async def chain(tx: db.Tx) -> db.Record | None:
    """The length of the chain, its last hash in hex, and how far it was verified; None before anything was linked."""
    return await SQL.chain(tx)


async def has_link(tx: db.Tx, position: int, beginning: str) -> bool:
    """Whether the link at a position has a hash that begins so, in hex."""
    found = await SQL.hash_at(tx, position=position)
    return found is not None and found.startswith(beginning)


async def verify_new(tx: db.Tx) -> list[Break]:
    """Verify what was linked since the last time, and note that it was. The whole of it is verified by `check`."""
    now = await chain(tx)
    if now is None:
        return await breaks(tx)
    # The last link that was verified is read again, since the first new one is made of it.
    found = await breaks(tx, after=max(0, now["verified"] - 1))
    if not found:
        await SQL.note_verified(tx, length=now["length"])
    return found


async def erase_reasons(tx: db.Tx, person_id: UUID) -> None:
    """Empty what people wrote as reasons about somebody, in an erasure, before it deletes rows of theirs."""
    await SQL.erase_reasons(tx, person=person_id, kinds=list(WRITTEN_REASONS))
