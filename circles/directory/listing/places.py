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
    """Where a ZIP is. area: of words.AREAS. latitude, longitude: degrees, of its middle."""

    zip: str
    city: str
    area: str
    latitude: float
    longitude: float


async def find(zip: str) -> Place | None:
    """The place of a ZIP of five digits; None when there is no such ZIP, or it is military and names no place."""
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
_asked = threading.Event()


def make_ready() -> None:
    """Begin to read the table beside all else: it takes seconds, and who looks for therapists may name a ZIP next."""
    if not _known and not _asked.is_set():
        _asked.set()
        threading.Thread(target=_read, name="zip-table", daemon=True).start()


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
            # All at once: half a table would say of a good ZIP that there is none. The first line of a ZIP holds.
            lines = (line.partition("\t") for line in reversed(told.splitlines()))
            _known.update({zip: place for zip, _, place in lines})
    return _known


# Countries whose mail the United States carry, by the code their ZIPs say and by ours.
ABROAD = {"FM": "FSM", "MH": "MHL", "PW": "PLW"}
# The middle of one for which the table has no point at all.
_MIDDLES = {"FM": (6.9, 158.2)}


def _tell() -> None:
    """Print every ZIP that names a place: ZIP, area, latitude, longitude, city.

    For the few without a point on the map (offices of the government, say) it is the middle of those that begin with
    the same three digits, or of the whole state.
    """
    import zipcodes

    rows = [each for each in zipcodes.list_all() if not is_military(each["zip_code"])]
    near: dict[str, list[tuple[float, float]]] = {area: [point] for area, point in _MIDDLES.items()}
    for each in rows:
        if float(each["lat"] or 0):
            for key in (each["zip_code"], each["state"] + each["zip_code"][:3], each["state"]):
                near.setdefault(key, []).append((float(each["lat"]), float(each["long"])))
    for each in rows:
        keys = (each["zip_code"], each["state"] + each["zip_code"][:3], each["state"])
        points = next(near[key] for key in keys if key in near)
        latitude, longitude = (sum(each) / len(points) for each in zip(*points, strict=True))
        area = ABROAD.get(each["state"], each["state"])
        line = f"{each['zip_code']}\t{area}\t{latitude:.4f}\t{longitude:.4f}\t{each['city']}\n"
        sys.stdout.buffer.write(line.encode())


def is_military(zip: str) -> bool:
    """Whether mail to a ZIP goes through the armed forces or an embassy (APO, FPO, DPO): it says who, not where."""
    return len(zip) == 5 and ("090" <= zip[:3] <= "099" or zip[:3] == "340" or "962" <= zip[:3] <= "966")


def miles(a: Place, b: Place) -> float:
    """How far two places lie apart, as the crow flies."""
    height = radians(b.latitude - a.latitude)
    width = radians(b.longitude - a.longitude)
    turn = sin(height / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(width / 2) ** 2
    return 2 * EARTH_MILES * asin(sqrt(min(1.0, turn)))


if __name__ == "__main__":
    _tell()
