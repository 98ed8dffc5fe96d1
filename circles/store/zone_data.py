"""Planned gatherings whose stored UTC is not what the zone data of today makes of their wall time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from circles.base import clock, zones
from circles.store import db

SQL = db.queries("store/zone_data")


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A planned gathering that starts at another moment than its wall time says. right: when it should start."""

    gathering_id: UUID
    circle_id: UUID
    circle_name: str
    wall_start: datetime
    starts_at: datetime
    right: clock.Moment
    seats_taken: int


async def misplaced(tx: db.Tx) -> list[Misplaced]:
    """The open gatherings and drafts ahead that a change of zone data has moved, in the order of their stored start."""
    rows = [(row, right_start(row)) for row in await db.rows(SQL.planned_times(tx))]
    names = ("circle_id", "circle_name", "wall_start", "starts_at", "seats_taken")
    return [
        Misplaced(row["id"], right=right, **{name: row[name] for name in names})
        for row, right in rows
        if right
    ]


def right_start(row: db.Record) -> clock.Moment | None:
    """When a gathering should start; None where its stored start shows its wall time already.

    In a doubled hour both moments do. A time that was moved out of a missing hour comes from its schedule again, since
    the hour may be there by now.
    """
    wall: datetime = row["wall_start"]
    if row["oddity"] == "missing" and row["schedule_start"]:
        wall = row["schedule_start"]
    if not zones.is_known(row["zone"]):
        return None  # a check of its own names it
    right = clock.moment(wall, row["zone"])
    shown = clock.wall_time(row["starts_at"], row["zone"])
    return None if shown == right.wall else right
