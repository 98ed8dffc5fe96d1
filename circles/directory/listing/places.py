"""ZIP codes: the place of one, and the distance between two."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from circles.base.errors import CirclesError

EARTH_MILES = 3958.8
# Made by circles/commands/zips.py, which describes its lines; not committed.
TABLE = Path(__file__).with_name("zips.txt")


class ZipTableMissing(CirclesError):
    """The set-up was not completed: there is no table of ZIP codes."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a ZIP. area: of words.AREAS. latitude, longitude: degrees, of its middle."""

    zip: str
    city: str
    area: str
    latitude: float
    longitude: float


def find(zip: str) -> Place | None:
    """The place of a ZIP of five digits; None when there is no such ZIP, or it is military and names no place.

    Raises ZipTableMissing.
    """
    if not (len(zip) == 5 and zip.isascii() and zip.isdecimal()):
        return None
    lines = _lines()
    at = bisect_left(lines, zip)
    if at == len(lines) or not lines[at].startswith(zip):
        return None
    _, area, latitude, longitude, city = lines[at].split("\t")
    return Place(zip, city, area, float(latitude), float(longitude))


@cache
def _lines() -> list[str]:
    """The lines of the table, in ascending order: about 4 MiB, read in 10 ms with the first ZIP of a process."""
    try:
        return TABLE.read_text(encoding="utf-8").splitlines()[1:]
    except FileNotFoundError:
        raise ZipTableMissing(
            "The table of ZIP codes is missing. Please run: python -m circles assets"
        ) from None


def is_military(zip: str) -> bool:
    """Whether mail to a ZIP goes through the armed forces or an embassy (APO, FPO, DPO), and so names no place."""
    return len(zip) == 5 and ("090" <= zip[:3] <= "099" or zip[:3] == "340" or "962" <= zip[:3] <= "966")


def miles(a: Place, b: Place) -> float:
    """The great-circle distance between two places."""
    height = radians(b.latitude - a.latitude)
    width = radians(b.longitude - a.longitude)
    turn = sin(height / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(width / 2) ** 2
    return 2 * EARTH_MILES * asin(sqrt(min(1.0, turn)))
