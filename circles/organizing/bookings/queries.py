"""Reads of the bookings: one page of them, and the story of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from circles.base import clock
from circles.base.english import MAX_COUNTED
from circles.base.errors import or_not_found
from circles.organizing.bookings import rules
from circles.organizing.bookings.rules import PER_PAGE, BookingsFilter, Chapter
from circles.store import db

SQL = db.queries("organizing/bookings")

# With more circles than this, a form offers the list of circles instead of a choice.
MAX_CHOICES = 60
# A gathering that began lately may still go on: it is among those ahead.
UNDER_WAY = timedelta(hours=6)
ALWAYS, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CircleChoices:
    """Circles to choose from, as (id, name); with more than MAX_CHOICES, those chosen already alone."""

    circles: list[tuple[str, str]]
    are_all: bool


async def circle_choices(tx: db.Tx, chosen: Iterable[UUID]) -> CircleChoices:
    """The circles to choose from in a form where some are chosen."""
    ids = list(chosen)
    rows = await db.rows(SQL.circle_choices(tx, chosen=ids, most=MAX_CHOICES + 1))
    circles = [(str(row["id"]), row["name"]) for row in rows]
    if len(circles) <= MAX_CHOICES:
        return CircleChoices(circles, True)
    return CircleChoices([circle for circle in circles if UUID(circle[0]) in ids], False)


async def page(tx: db.Tx, chosen: BookingsFilter) -> list[db.Record]:
    """One page of bookings, the nearest gathering first. Two queries."""
    ids = [row["id"] for row in await db.rows(_ids(tx, chosen))]
    return await db.rows(SQL.with_money(tx, ids=ids)) if ids else []


def _ids(tx: db.Tx, chosen: BookingsFilter) -> Any:
    now, window = clock.now(), chosen.window
    shared = {"states": chosen.states, "circle": chosen.circle}
    since = ALWAYS if chosen.day or chosen.is_past else now - UNDER_WAY
    until = now - UNDER_WAY if chosen.is_past and not chosen.day else NEVER
    if chosen.text:
        place = window.arguments(PER_PAGE)
        del place["after"]
        return SQL.of_names(
            tx,
            text=chosen.text,
            day=chosen.day,
            since=since,
            until=until,
            is_past=chosen.is_past,
            most=MAX_COUNTED,
            **shared,
            **place,
        )
    if chosen.is_past and not chosen.day:
        return SQL.past(tx, until=until, after=window.after, limit=PER_PAGE, **shared)
    return SQL.ahead(tx, day=chosen.day, since=since, after=window.after, limit=PER_PAGE, **shared)


async def numbered(tx: db.Tx, ids: tuple[UUID, UUID]) -> UUID | None:
    """The booking with a number, which is that of every id from the first to the last; the oldest of several."""
    first, last = ids
    return await SQL.of_number(tx, first=first, last=last)


async def story(tx: db.Tx, booking_id: UUID) -> tuple[db.Record, list[Chapter]]:
    """A booking with its money, and its story. Raises NotFound. Two queries."""
    rows = await db.rows(SQL.with_money(tx, ids=[booking_id]))
    booking = or_not_found(rows[0] if rows else None)
    happened = await db.rows(SQL.story(tx, id=booking_id))
    return booking, rules.story([*happened])
