"""Reads of the organizers' pages: the fortnight, all bookings, the log of exports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from circles.attendance.exports import rules
from circles.attendance.exports.rules import STATES, BookingsFilter, Selection
from circles.base import clock, zones
from circles.base.english import MAX_COUNTED
from circles.store import db

SQL = db.queries("attendance/exports")

# With more circles than this, a form offers the list of circles instead of a choice.
MAX_CHOICES = 60
MAX_LOGGED = 50


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


async def export_log(tx: db.Tx) -> list[tuple[db.Record, str]]:
    """The newest exports, each with the names of its circles."""
    log = await db.rows(SQL.export_log(tx, most=MAX_LOGGED))
    ids = {circle for row in log for circle in row["filters"]["circles"]}
    names = (
        {str(row["id"]): row["name"] for row in await db.rows(SQL.circle_names(tx, ids=ids))} if ids else {}
    )
    return [(row, _names(row["filters"]["circles"], names)) for row in log]


def _names(ids: Iterable[str], names: dict[str, str]) -> str:
    return ", ".join(names.get(circle_id, "a circle that is gone") for circle_id in ids) or "All circles"


async def export_parameters(tx: db.Tx, selection: Selection) -> dict[str, Any]:
    """What the query of an export needs: its selection, and the offsets of every zone in use until now or its end."""
    names = [row["zone"] for row in await db.rows(SQL.zones_of_gatherings(tx))]
    end = datetime.combine(selection.last, time(), UTC) + timedelta(days=3)
    offsets = zones.shifts(names, last=max(end, clock.now()))
    return {
        "first": selection.first,
        "last": selection.last,
        "circles": list(selection.circles),
        "zones": offsets.zones,
        "since": offsets.since,
        "seconds": offsets.seconds,
    }
