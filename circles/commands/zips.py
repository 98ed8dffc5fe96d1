"""The table of ZIP codes, made once from the package `zipcodes`, so that the site itself never loads that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from statistics import fmean
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "directory" / "listing" / "zips.txt"

# Countries whose mail the United States carry, by the package's code and by ours.
_ABROAD = {"FM": "FSM", "MH": "MHL", "PW": "PLW"}
# A point in the middle of a state for which the package has none at all.
_MIDDLES = {"FM": (6.9, 158.2)}


def write(table: Path = TABLE) -> Path:
    """Write the table, unless it is there and made from the installed package, and return its path.

    After a header, each line is one ZIP, in ascending order: ZIP, area, latitude, longitude, city, between tabs.
    """
    header = f"1 zipcodes {metadata.version('zipcodes')}\n"  # 1: raised when the lines change their form
    if table.exists():
        with table.open(encoding="utf-8") as lines:
            if lines.readline() == header:
                return table
    part = table.with_suffix(".part")
    part.write_text(header + "".join(_lines()), encoding="utf-8")
    return part.replace(table)


def _lines() -> Iterator[str]:
    import zipcodes  # takes seconds

    from circles.directory.listing.places import is_military

    rows = [row for row in zipcodes.list_all() if not is_military(row["zip_code"])]
    points = _points(rows)
    for row in sorted(rows, key=lambda row: row["zip_code"]):
        near = next(points[key] for key in _keys(row) if key in points)
        latitude, longitude = (fmean(degrees) for degrees in zip(*near, strict=True))
        area = _ABROAD.get(row["state"], row["state"])
        yield f"{row['zip_code']}\t{area}\t{latitude:.4f}\t{longitude:.4f}\t{row['city']}\n"


def _points(rows: Iterable[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """All known points of each ZIP, of each three first digits within a state, and of each state."""
    points = {state: [point] for state, point in _MIDDLES.items()}
    for row in rows:
        if float(row["lat"] or 0):
            for key in _keys(row):
                points.setdefault(key, []).append((float(row["lat"]), float(row["long"])))
    return points


def _keys(row: dict[str, Any]) -> tuple[str, str, str]:
    """Where to find a point for a ZIP, the best first: some (of government offices, say) have none of their own."""
    return row["zip_code"], row["state"] + row["zip_code"][:3], row["state"]
