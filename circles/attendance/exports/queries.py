"""Reads of the organizers' pages: the fortnight, all bookings, the log of exports."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from circles.attendance.exports.rules import BookingsFilter, Selection
from circles.base import clock, zones
from circles.store import db

SQL = db.queries("attendance/exports")

PER_PAGE = 50
MAX_LOGGED = 50


async def fortnight(tx: db.Tx) -> list[db.Record]:
    """The gatherings of the last and the next seven days."""
    return await db.rows(SQL.fortnight(tx))


async def todo(tx: db.Tx) -> db.Record:
    """How many listings, complaints, circles and requests wait for organizers."""
    return await SQL.todo(tx)


async def bookings_page(tx: db.Tx, selection: BookingsFilter) -> tuple[list[db.Record], list[db.Record]]:
    """One page of all bookings, and the circles to choose from."""
    bookings = SQL.bookings_page(
        tx,
        state=selection.state,
        circle=selection.circle,
        most=PER_PAGE,
        skip=(selection.page - 1) * PER_PAGE,
    )
    return await db.rows(bookings), await db.rows(SQL.circle_choices(tx))


async def export_page(tx: db.Tx) -> tuple[list[db.Record], list[db.Record]]:
    """The circles to choose from, and the newest exports."""
    return await db.rows(SQL.circle_choices(tx)), await db.rows(SQL.export_log(tx, most=MAX_LOGGED))


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
