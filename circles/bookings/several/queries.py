"""Reads of booking several dates: the coming dates of a circle."""

from __future__ import annotations

from uuid import UUID

from circles import payments
from circles.base.errors import NotFound
from circles.bookings import queries
from circles.bookings.several.rules import Date
from circles.store import db

SQL = db.queries("bookings/several")


async def dates(tx: db.Tx, actor_id: UUID, circle_id: UUID) -> list[Date]:
    """The next dates of a circle, at most as many as one checkout pays. Raises NotFound when there is none."""
    rows = await db.rows(SQL.dates(tx, circle_id=circle_id, actor_id=actor_id, most=payments.MAX_LINES))
    if not rows:
        raise NotFound
    return [Date(*queries.eligibility_of(row)) for row in rows]
