"""A circle's next dates as other sites show them. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from circles.base import text
from circles.base.row import Row
from circles.gatherings.cards import GatheringDate

# How many dates another site shows, and for how long anybody may keep an answer, in seconds.
MAX_DATES = 6
MAX_AGE = 300


def circle_path(circle_id: object, slug: str | None) -> str:
    """The path of a circle's page: its short address where it has one."""
    return f"/c/{slug}" if slug else f"/circles/{circle_id}"


def as_json(circle: Row, dates: Sequence[GatheringDate], base_url: str) -> dict[str, Any]:
    """What programs of other sites read: the circle and its next dates, with times in UTC (RFC 3339).

    circle: a row of the query `next_dates`.
    """
    return {
        "name": text.tidy_line(circle["name"]),
        "url": f"{base_url}{circle_path(circle['id'], circle['slug'])}",
        "place": circle["place"],
        "city": circle["city"],
        "time_zone": circle["zone"],
        "takes_bookings": circle["state"] == "published",
        "gatherings": [
            {
                "url": f"{base_url}/gatherings/{date.id}",
                "starts_at": _utc(date.starts_at),
                "ends_at": _utc(date.starts_at + timedelta(minutes=date.length_minutes)),
                "seats": date.capacity,
                "seats_left": date.seats_left,
            }
            for date in dates
        ],
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
