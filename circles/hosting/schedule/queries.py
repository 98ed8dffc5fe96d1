"""Schedules as somebody who may change them reads them, and gatherings of the same hosts at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from circles.base import clock, text
from circles.base.clock import Viewer
from circles.base.errors import Reason, Refused, or_not_found
from circles.people import Person
from circles.store import db

SQL = db.queries("hosting/schedule")


async def find_schedule(tx: db.Tx, actor: Person, schedule_id: UUID) -> db.Record:
    """A schedule for somebody who may change it, with its circle. Raises NotFound."""
    return or_not_found(await SQL.hosted_schedule(tx, id=schedule_id, actor_id=actor.id))


async def overlap_reason(
    tx: db.Tx,
    circle_id: UUID,
    times: Sequence[tuple[datetime, datetime]],
    typed: str,
    viewer: Viewer,
    *,
    but_for: Iterable[UUID] = (),
) -> str:
    """The reason given for gatherings of the same hosts at these times; empty when there are none.

    typed: the reason as typed. viewer: on whose clock a refusal says them.
    but_for: gatherings that do not count. Raises Refused when one is needed.
    """
    if not times:
        return ""
    rows = await db.rows(
        SQL.overlapping(
            tx,
            circle_id=circle_id,
            others=list(but_for),
            starts=[start for start, _ in times],
            ends=[end for _, end in times],
            most=3,
        )
    )
    reason = text.line(typed, "overlap_reason", max_length=200, required=False)
    if not rows:
        return ""
    if not reason:
        when = "; ".join(clock.format_short(row["starts_at"], row["zone"], viewer) for row in rows)
        message = (
            f"A host of this circle has another gathering then ({when}). If that is meant, please say why."
        )
        raise Refused(Reason("overlaps", message, "overlap_reason"))
    return reason
