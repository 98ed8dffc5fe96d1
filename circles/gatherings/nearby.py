"""Gatherings near a moment, for features that suggest some: open, with a free seat, within a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from circles.gatherings.cards import Card
from circles.store import db

SQL = db.queries("gatherings/nearby")


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """Which places somebody can come to. city: a part of its name, for those in person; empty is any city."""

    online: bool
    in_person: bool
    city: str = ""


async def open_between(
    tx: db.Tx,
    online_from: datetime | None,
    in_person_from: datetime | None,
    until: datetime,
    city: str,
    limit: int,
    actor_id: UUID | None,
) -> list[Card]:
    """Open gatherings that start within a span, the soonest first. Without a start a place is left out.

    actor_id: whose own seats are marked.
    """
    query = SQL.between(
        tx,
        online_from=online_from,
        in_person_from=in_person_from,
        until=until,
        city=city,
        limit=limit,
        actor_id=actor_id,
    )
    return [Card.of(row) for row in await db.rows(query)]


async def open_nearest(
    tx: db.Tx,
    moments: Sequence[datetime],
    within: timedelta,
    places: PlaceFilter,
    actor_id: UUID | None,
) -> list[Card | None]:
    """For each moment the open gathering that starts nearest to it, None where none does within the span."""
    query = SQL.nearest(
        tx,
        moments=list(moments),
        within=within,
        online=places.online,
        in_person=places.in_person,
        city=places.city,
        actor_id=actor_id,
    )
    nearest = {row["number"]: Card.of(row) for row in await db.rows(query)}
    return [nearest.get(number) for number in range(1, len(moments) + 1)]
