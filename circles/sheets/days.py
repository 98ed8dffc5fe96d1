"""Days as lists write them: 2027-06-30, 6/30/27, 31.12.2026, June 30, 2027, and the numbers of a spreadsheet."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

MONTHS: Final = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
MONTH: Final = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
ISO: Final = re.compile(r"(?<![\d/.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/.-])", re.ASCII)
THREE: Final = re.compile(r"(?<!\d)(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)", re.ASCII)
NAMED: Final = (
    re.compile(rf"{MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}|'\d{{2}})(?!\d)", re.I | re.ASCII),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[-\s.]*{MONTH}[-\s,]*(?P<year>\d{{4}}|'?\d{{2}})(?!\d)",
               re.I | re.ASCII),
)  # fmt: skip
# Days that a workbook counts from December 30, 1899, as a column that lost its format shows them: 1982 to 2064.
_SERIAL: Final = re.compile(r"[34567]\d{4}(?:\.\d+)?", re.ASCII)
_POINTS: Final = re.compile(r"\d\d?\.\d\d\.\d\d", re.ASCII)
_SERIALS: Final = date(1899, 12, 30)


class NoSuchDay(ValueError):
    """What is written as a day is in no calendar, such as February 30."""


def find(typed: str, *, day_first: bool = False) -> date | None:
    """The first day written in a text in one line; None where there is none. Raises NoSuchDay.

    day_first: whether 3/4/2027 is in April; a day above 12 decides by itself. With points the day comes first.
    """
    if _SERIAL.fullmatch(typed):
        return _SERIALS + timedelta(days=int(typed.partition(".")[0]))
    if re.fullmatch(r"(19|20)\d{6}", typed, re.ASCII):
        return _date(int(typed[:4]), int(typed[4:6]), int(typed[6:]))
    if re.fullmatch(r"(?:0\d|1[0-2])[0-3]\d20\d\d", typed, re.ASCII):
        return _date(int(typed[4:]), int(typed[:2]), int(typed[2:4]))
    if match := ISO.search(typed):
        return _date(int(match[1]), int(match[3]), int(match[4]))
    if match := THREE.search(typed):
        first, second, year = int(match[1]), int(match[3]), full_year(match[4])
        first_is_day = first > 12 or (second <= 12 and (day_first or match[2] == "."))
        return _date(year, second, first) if first_is_day else _date(year, first, second)
    for pattern in NAMED:
        if match := pattern.search(typed):
            return _date(full_year(match["year"]), MONTHS[match["month"].lower()], int(match["day"]))
    return None


def has_several(typed: str, *, day_first: bool = False) -> bool:
    """Whether a text in one line has two different days."""
    found: set[date | None] = set()
    for match in (match for pattern in (ISO, THREE, *NAMED) for match in pattern.finditer(typed)):
        if found and _POINTS.fullmatch(match[0]):
            continue  # a time after the day: 31.3.2026 18.30.00
        try:
            found.add(find(match[0], day_first=day_first))
        except NoSuchDay:
            continue
    return len(found - {None}) > 1


def full_year(typed: str) -> int:
    """A year of two digits or four: 69 is 2069, 70 is 1970."""
    year = int(typed.lstrip("'"))
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NoSuchDay from None


def is_day_first(cells: Iterable[str]) -> bool:
    """Whether a column writes the day before the month, by its days above 12."""
    day_first, month_first = _orders(cells)
    return day_first > month_first


def is_undecided(cells: Iterable[str]) -> bool:
    """Whether a column has days such as 3/4/2027, and its other days do not say what comes first, or say both."""
    kept = list(cells)
    day_first, month_first = _orders(kept)
    return bool(day_first) == bool(month_first) and any(map(is_ambiguous, kept))


def is_ambiguous(cell: str) -> bool:
    """Whether a day may be read in two ways, such as 3/4/2027."""
    match = None if ISO.search(cell) else THREE.search(cell)
    if match is None or match[2] == ".":
        return False
    first, second = int(match[1]), int(match[3])
    return first != second and first <= 12 and second <= 12


def _orders(cells: Iterable[str]) -> tuple[int, int]:
    day_first = month_first = 0
    for cell in cells:
        if match := THREE.search(cell):
            day_first += int(match[1]) > 12
            month_first += int(match[3]) > 12 and int(match[1]) <= 12
    return day_first, month_first
