"""The circle of the small hours, whose start falls into a clock change when there is one soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from circles.base import clock
from circles.hosting import HORIZON
from circles.practice.demo.data import Circle

NIGHTS: Final = "hours"
# Clocks in the United States go from 2 to 3 in spring, and from 2 back to 1 in the autumn.
STARTS: Final = (time(2, 30), time(1, 30))


def at_a_clock_change(circle: Circle, now: datetime) -> Circle:
    """The circle of the nights with its hour; every other circle as it is."""
    if circle.key != NIGHTS:
        return circle
    ahead = [now.date() + timedelta(days=days) for days in range(1, HORIZON.days + 1)]
    nights = [datetime.combine(day, at) for day in ahead if day.weekday() == circle.weekday for at in STARTS]
    odd = next((night for night in nights if clock.moment(night, circle.zone).oddity), None)
    return replace(circle, start=odd.time()) if odd else circle


def oddity(circle: Circle, starts_at: datetime) -> str:
    """What the clocks do to the start of a gathering of this circle."""
    day = starts_at.astimezone(ZoneInfo(circle.zone)).date()
    planned = clock.moment(datetime.combine(day, circle.start), circle.zone)
    return planned.oddity if planned.utc == starts_at else ""
