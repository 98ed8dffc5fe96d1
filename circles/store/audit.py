"""Event rows: an append-only row for every change of state."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.store import db

SQL = db.queries("store/audit")


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

    what: the kind of event ("booking.confirmed"). about: the id of the changed row. actor_id: None for the site
    itself. before, after: the states. why: the reason given.
    """
    await SQL.record(
        tx, what=what, about=about, who=actor_id, before=before, after=after, why=why, details=details or {}
    )
