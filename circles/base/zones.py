"""Zone data: how far the clocks of a zone are from UTC and since when, and whether the data is new enough.

All of it comes from the package tzdata (see `circles/__init__.py`). The database has a table of zones of its own, which
nothing here may read: queries that need wall times are given `shifts`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

# No zone has changed its clocks and changed them back within a week.
_STEP = timedelta(days=7)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 2, tzinfo=UTC)


@cache
def places() -> dict[str, str]:
    """Every zone that a country has, with the country's name, from the tables of tzdata."""
    countries = {code: name for code, name, *_ in _table("iso3166.tab")}
    return {zone: countries.get(code, "") for code, _, zone, *_ in _table("zone.tab")}


def _table(name: str) -> list[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


def current_name(zone: str) -> str:
    """The name a zone has today: Asia/Kathmandu for Asia/Katmandu, America/New_York for US/Eastern.

    Browsers send names of old: Chromium keeps those that CLDR began with.
    """
    return _current_names().get(zone, zone)


@cache
def _current_names() -> dict[str, str]:
    """The names of old with today's. CLDR's table of aliases says which ones name one zone."""
    aliases: dict[str, str] = get_global("zone_aliases")  # pyright: ignore[reportAssignmentType]
    today = {aliases.get(zone, zone): zone for zone in sorted(places(), reverse=True)}
    known = {zone: today.get(aliases.get(zone, zone), zone) for zone in available_timezones()}
    return {zone: name for zone, name in known.items() if zone not in places() and name != zone}


@dataclass(frozen=True, slots=True)
class Shifts:
    """The offsets of zones from UTC: three columns of equal length, by zone and then by time.

    From since[i] on, the clocks of zones[i] are seconds[i] ahead of UTC. The first row of a zone holds for all times
    before it as well.
    """

    zones: list[str]
    since: list[datetime]
    seconds: list[int]


@lru_cache(maxsize=600)
def of(name: str) -> ZoneInfo:
    """The zone of a name; UTC for one that the table does not have, so that one such row breaks no list and no feed.

    What people choose is checked when they choose it. `python -m circles check` names rows with an unknown zone.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def is_known(name: str) -> bool:
    """Whether the table has a zone of this name."""
    return of(name).key == name


def shifts(names: Iterable[str], first: datetime = _FIRST, last: datetime = _LAST) -> Shifts:
    """The offsets of these zones, exact from `first` to `last`, which lie between 2000 and 2100."""
    rows = [(name, *row) for name in names for row in _between(name, first, last)]
    return Shifts([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def _between(name: str, first: datetime, last: datetime) -> tuple[tuple[datetime, int], ...]:
    rows = _offsets(name)
    begin = bisect_right(rows, first, key=lambda row: row[0]) - 1
    return rows[max(begin, 0) : max(bisect_right(rows, last, key=lambda row: row[0]), 1)]


@lru_cache(maxsize=600)
def _offsets(name: str) -> tuple[tuple[datetime, int], ...]:
    """Every offset of a zone in seconds with the moment it begins, from 2000 to 2100. It takes some milliseconds."""
    tz = of(name)
    rows, at = [(_FIRST, _offset(_FIRST, tz))], _FIRST
    while at < _LAST:
        following = at + _STEP
        if _offset(following, tz) != rows[-1][1]:
            change = _first_change(at, following, tz)
            rows.append((change, _offset(change, tz)))
            at = change
        else:
            at = following
    return tuple(rows)


def _offset(at: datetime, tz: ZoneInfo) -> int:
    offset = at.astimezone(tz).utcoffset()
    return round(offset.total_seconds()) if offset else 0


def _first_change(at: datetime, until: datetime, tz: ZoneInfo) -> datetime:
    """The first second at which the offset is another one than at the beginning."""
    before = _offset(at, tz)
    while until - at > timedelta(seconds=1):
        middle = at + (until - at) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, tz) == before:
            at = middle
        else:
            until = middle
    return until


# Whether the data is new enough

# What laws of recent years say: zone, moment in UTC, its wall time. All of them are in tzdata 2026.6.
_RECENT_LAWS = (
    ("America/Asuncion", "2025-07-01T12:00", "2025-07-01T09:00"),
    ("Africa/Casablanca", "2027-01-16T12:00", "2027-01-16T12:00"),
    ("America/Edmonton", "2027-01-16T12:00", "2027-01-16T06:00"),
    ("America/Havana", "2027-01-16T12:00", "2027-01-16T08:00"),
    ("America/Vancouver", "2027-01-16T01:00", "2027-01-15T18:00"),
    ("America/Winnipeg", "2027-01-16T12:00", "2027-01-16T07:00"),
)


def version() -> str:
    """The version of the package that is installed, as a lock file names it."""
    return metadata.version("tzdata")


def outdated() -> list[str]:
    """The zones whose present law this data does not know."""
    return [
        name
        for name, utc, wall in _RECENT_LAWS
        if datetime.fromisoformat(f"{utc}+00:00").astimezone(ZoneInfo(name)).replace(tzinfo=None)
        != datetime.fromisoformat(wall)
    ]
