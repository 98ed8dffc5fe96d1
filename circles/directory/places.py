"""ZIP codes: which place one names, and how far places lie apart. The only place that imports zipcodes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_MILES = 3958.8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ZIP is. area: a US state by two letters. latitude, longitude: degrees, of its middle."""

    zip: str
    city: str
    area: str
    latitude: float
    longitude: float


async def find(zip: str) -> Place | None:
    """The place of a ZIP of five digits; None when there is no such ZIP, or it names no place (a ship's, say)."""
    if not (len(zip) == 5 and zip.isascii() and zip.isdecimal()):
        return None
    table = _known or await asyncio.to_thread(_read)
    line = table.get(zip)
    if line is None:
        return None
    area, latitude, longitude, city = line.split("\t")
    return Place(zip, city, area, float(latitude), float(longitude))


# Every ZIP with its place as one line of text, a few MiB in all; empty until somebody asks.
_known: dict[str, str] = {}
_reading = threading.Lock()


def _read() -> dict[str, str]:
    """Read the table, once a process.

    The library reads its own for a second during which nothing else in a process can run, and keeps all of it; so
    a process of its own does that, and tells what we need.
    """
    with _reading:
        if not _known:
            told = subprocess.run(
                [sys.executable, "-P", __file__], check=True, capture_output=True, text=True, encoding="utf-8"
            ).stdout
            for line in told.splitlines():
                zip, place = line.split("\t", 1)
                _known.setdefault(zip, place)
    return _known


def _tell() -> None:
    """Print every ZIP that names a place: ZIP, state, latitude, longitude, city."""
    import zipcodes

    lines = [
        "\t".join((each["zip_code"], each["state"], each["lat"], each["long"], each["city"]))
        for each in zipcodes.list_all()
        if each["zip_code_type"] != "MILITARY" and float(each["lat"] or 0)
    ]
    sys.stdout.buffer.write("\n".join(lines).encode())


def miles(a: Place, b: Place) -> float:
    """How far two places lie apart, as the crow flies."""
    height = radians(b.latitude - a.latitude)
    width = radians(b.longitude - a.longitude)
    turn = sin(height / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(width / 2) ** 2
    return 2 * EARTH_MILES * asin(sqrt(min(1.0, turn)))


if __name__ == "__main__":
    _tell()
