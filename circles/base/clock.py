"""Time: wall time in a zone, the missing and the repeated hour, dates and times in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from circles.base.errors import Reason, Refused

Oddity = Literal["", "missing", "doubled"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")


def now() -> datetime:
    """Now, in UTC. For pages; deadlines use the database's clock."""
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every IANA zone with a place in its name, and UTC."""
    return frozenset(
        z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/"))
    ) | {"UTC"}


def is_zone(name: str) -> bool:
    """Whether this is one of `zones`."""
    return name in zones()


def city(zone: str) -> str:
    """A zone's name on pages: its city."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall time in a zone, and its instant in UTC.

    oddity: "missing" or "doubled" where a clock change skips or repeats the hour.
    """

    wall: datetime
    zone: str
    utc: datetime
    oddity: Oddity


def moment(wall: datetime, zone: str) -> Moment:
    """Derive UTC from a naive wall time.

    In a doubled hour it is the first of the two. A missing hour moves forward by the gap: `wall` is then the
    time that clocks show.
    """
    tz = ZoneInfo(zone)
    first, second = wall.replace(tzinfo=tz, fold=0), wall.replace(tzinfo=tz, fold=1)
    utc = first.astimezone(UTC)
    actual = utc.astimezone(tz).replace(tzinfo=None)
    if actual != wall:
        return Moment(actual, zone, utc, "missing")
    return Moment(wall, zone, utc, "doubled" if first.utcoffset() != second.utcoffset() else "")


def wall_time(at: datetime, zone: str) -> datetime:
    """What clocks in a zone show at a moment, without the zone."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def parse_date(typed: str, field: str = "date") -> date:
    """Read a date as browsers send it (2027-03-14). Raises Refused."""
    text = typed.strip()
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(
            Reason("date_unreadable", "Please give a date as year-month-day, such as 2027-03-14.", field)
        ) from None
    if not 2000 <= day.year <= 2100:
        raise Refused(Reason("date_far", "Please give a year between 2000 and 2100.", field))
    return day


def parse_wall(typed_date: str, typed_time: str, zone: str) -> Moment:
    """Read a date and a time of day in a zone. Raises Refused, for a time the clocks skip too."""
    day = parse_date(typed_date)
    match = _TIME.fullmatch(typed_time.strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise Refused(Reason("time_unreadable", "Please give a time such as 18:00.", "time"))
    wall = datetime.combine(day, time(int(match[1]), int(match[2])))
    result = moment(wall, zone)
    if result.oddity == "missing":
        raise Refused(
            Reason(
                "time_missing",
                f"On this day the clocks in {city(zone)} skip {wall:%H:%M}. "
                f"The next time that exists is {result.wall:%H:%M}.",
                "time",
            )
        )
    return result


def format_time(wall: datetime) -> str:
    """A time of day in words: 6:00 in the evening, 12:00 noon."""
    if wall.minute == 0 and wall.hour in (0, 12):
        return "12:00 midnight" if wall.hour == 0 else "12:00 noon"
    hour = wall.hour % 12 or 12
    part = (
        "at night"
        if wall.hour < 5 or wall.hour >= 22
        else "in the morning"
        if wall.hour < 12
        else "in the afternoon"
        if wall.hour < 18
        else "in the evening"
    )
    return f"{hour}:{wall:%M} {part}"


def format_date(day: date, today: date | None = None) -> str:
    """A date in words: Tuesday 24 November, with the year when it is not this one."""
    this_year = (today or now().date()).year
    return f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != this_year else "")


def format_when(at: datetime, zone: str, viewer_zone: str = "") -> str:
    """A moment in the circle's zone, then in the visitor's where that differs.

    "Tuesday 24 November, 6:00 in the evening in New York, 3:00 in the afternoon for you"
    """
    there = at.astimezone(ZoneInfo(zone))
    text = f"{format_date(there.date())}, {format_time(there)} in {city(zone)}"
    for_you = format_for_viewer(at, zone, viewer_zone)
    return f"{text}, {for_you}" if for_you else text


def format_for_viewer(at: datetime, zone: str, viewer_zone: str) -> str:
    """A moment in the visitor's zone; empty where its clocks show the same time as the circle's."""
    if not viewer_zone or not is_zone(viewer_zone):
        return ""
    there, here = at.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo(viewer_zone))
    if there.utcoffset() == here.utcoffset():
        return ""
    day = "" if here.date() == there.date() else f"{here:%A} "
    return f"{day}{format_time(here)} for you"


def format_short(at: datetime, zone: str) -> str:
    """A moment in the circle's zone, short: Tue 24 Nov, 6:00 pm."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b}, {there.hour % 12 or 12}:{there:%M} {'am' if there.hour < 12 else 'pm'}"


def format_length(minutes: int) -> str:
    """A length in words: 90 minutes, 2 hours."""
    if minutes >= 120 and minutes % 60 == 0:
        return f"{minutes // 60} hours"
    return f"{minutes} minutes"


def format_span(length: timedelta) -> str:
    """A length of time, rounded down: 48 hours, 3 days, 20 minutes."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours <= 72 else f"{hours // 24} days"
