"""Reads of the organizers' pages: all bookings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from circles.attendance.exports import rules
from circles.attendance.exports.rules import STATES, BookingsFilter
from circles.base.english import MAX_COUNTED
from circles.store import db

SQL = db.queries("attendance/exports")

# With more circles than this, a form offers the list of circles instead of a choice.
MAX_CHOICES = 60


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


async def bookings_page(tx: db.Tx, selection: BookingsFilter) -> tuple[list[db.Record], CircleChoices]:
    """One page of all bookings, and the circles to choose from."""
    bookings = SQL.bookings_page(
        tx,
        states=[selection.state] if selection.state else STATES,
        circle=selection.circle,
        most=MAX_COUNTED + 1,
        **selection.window.arguments(rules.PER_PAGE),
    )
    choices = await circle_choices(tx, [selection.circle] if selection.circle else [])
    return await db.rows(bookings), choices
