"""Reads of the organizers' pages: the fortnight, all bookings, the log of exports."""

from __future__ import annotations

from circles.attendance.exports.rules import BookingsFilter
from circles.store import db

SQL = db.queries("attendance/exports")

PER_PAGE = 50
MAX_LOGGED = 50


async def fortnight(tx: db.Tx) -> list[db.Record]:
    """The gatherings of the last and the next seven days."""
    return await db.rows(SQL.fortnight(tx))


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
