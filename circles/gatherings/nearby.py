"""Gatherings near a moment, for rooms that suggest some: open, with a free seat, within a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from circles.gatherings.cards import Card, card
from circles.store import db

SQL = db.queries("gatherings/nearby")


@dataclass(frozen=True, slots=True)
class Coming:
    """How somebody can come. city: a part of its name, for gatherings in person; empty is any city."""

    online: bool
    in_person: bool
    city: str = ""


async def open_between(
    tx: db.Tx,
    online_from: datetime | None,
    in_person_from: datetime | None,
    until: datetime,
    city: str,
    most: int,
) -> list[Card]:
    """Open gatherings that begin from then until then, the soonest first. None leaves that place out."""
    found = SQL.between(
        tx, online_from=online_from, in_person_from=in_person_from, until=until, city=city, most=most
    )
    return [card(row) for row in await db.rows(found)]


async def open_nearest(
    tx: db.Tx, moments: Sequence[datetime], within: timedelta, coming: Coming
) -> list[Card | None]:
    """For each moment the open gathering that begins nearest to it, where one does within so long; one query."""
    found = SQL.nearest(
        tx,
        moments=list(moments),
        within=within,
        online=coming.online,
        in_person=coming.in_person,
        city=coming.city,
    )
    near = {row["number"]: card(row) for row in await db.rows(found)}
    return [near.get(number) for number in range(1, len(moments) + 1)]
