"""Time zones to choose from: the usual ones first, then the cities of the zone data with their countries, by region."""

from __future__ import annotations

from functools import cache
from itertools import groupby

from circles.base import clock, zones

Choice = tuple[str, str]
Group = tuple[str, list[Choice]]

# The zones most people here live in.
_USUAL = (
    ("America/New_York", "US Eastern (New York)"),
    ("America/Chicago", "US Central (Chicago)"),
    ("America/Denver", "US Mountain (Denver)"),
    ("America/Phoenix", "US Arizona (Phoenix)"),
    ("America/Los_Angeles", "US Pacific (Los Angeles)"),
    ("America/Anchorage", "US Alaska (Anchorage)"),
    ("Pacific/Honolulu", "US Hawaii (Honolulu)"),
    ("America/Toronto", "Canada Eastern (Toronto)"),
    ("America/Winnipeg", "Canada Manitoba (Winnipeg)"),
    ("America/Edmonton", "Canada Alberta (Edmonton)"),
    ("America/Vancouver", "Canada Pacific (Vancouver)"),
    ("Europe/London", "United Kingdom (London)"),
    ("Europe/Berlin", "Central Europe (Berlin)"),
    ("Australia/Sydney", "Australia Eastern (Sydney)"),
)
_REGIONS = {"America": "Americas", "Arctic": "Europe", "Atlantic": "Atlantic Ocean", "Indian": "Indian Ocean"}
_REGIONS |= {"Pacific": "Pacific Ocean"}


def choices(chosen: str = "") -> list[Choice | Group]:
    """The options of a select, grouped.

    chosen: a name of old, such as Asia/Calcutta, stays one of them, with the words of today.
    """
    groups = _groups()
    name = zones.current_name(chosen)
    if name == chosen or not clock.is_zone(chosen):
        return list(groups)
    return [
        (title, [(chosen if zone == name else zone, words) for zone, words in group])
        for title, group in groups
    ]


@cache
def _groups() -> tuple[Group, ...]:
    usual = {zone for zone, _ in _USUAL}
    known = clock.zones()
    places = {
        zone: country for zone, country in zones.places().items() if zone in known and zone not in usual
    }
    rows = sorted((_region(zone), _words(zone, country), zone) for zone, country in places.items())
    regions = groupby(rows, lambda row: row[0])
    return (
        ("Often chosen", list(_USUAL)),
        *((region, [(zone, words) for _, words, zone in group]) for region, group in regions),
        ("Other", [("UTC", "UTC")]),
    )


def _region(zone: str) -> str:
    first = zone.split("/")[0]
    return _REGIONS.get(first, first)


def _words(zone: str, country: str) -> str:
    """Knox, Indiana, United States: the place, what it lies in, the country."""
    _, *within, place = zone.replace("_", " ").split("/")
    return ", ".join(dict.fromkeys((place, *reversed(within), country)))
