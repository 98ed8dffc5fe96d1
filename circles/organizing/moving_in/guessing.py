"""Which field each heading of a list most likely means. Loaded in the child process that reads the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from circles import sheets
from circles.organizing.moving_in.fields import FIELDS, LEFT_OUT, Field

_IN_BRACKETS: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_ASKING: Final = re.compile(
    r"\b(y n|yes no|y or n|yes or no|required|optional|please|if any|if known|0 1|x)\b"
)
_ADDRESS: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")


@cache
def _known(kind: str) -> dict[str, Field]:
    return {
        name: field for field in FIELDS[kind] for name in (*field.names, sheets.plain(field.label), field.key)
    }


def _field(kind: str, heading: str) -> Field | None:
    """The field a heading most likely means: as it stands, or without brackets and “Y/N”."""
    for text in (heading, _IN_BRACKETS.sub(" ", heading)):
        name = sheets.plain(text)
        for variant in (name, " ".join(_ASKING.sub(" ", name).split())):
            if variant in _known(kind):
                return _known(kind)[variant]
    return None


def is_known(kind: str) -> Callable[[str], bool]:
    """A function that says whether a heading is one of those that match a field."""
    return lambda heading: _field(kind, heading) is not None


def guess(
    kind: str, headings: Sequence[str], rows: Sequence[Sequence[str]] = ()
) -> tuple[list[str], list[str]]:
    """For each heading the key of the field it most likely means, and a second one; none twice, empty where none fits.

    rows: cells of some rows: an address or a day is known by what it is, whatever its heading.
    """
    keys = [LEFT_OUT] * len(headings)
    also = [LEFT_OUT] * len(headings)
    for n, heading in enumerate(headings):
        field = _field(kind, heading)
        if field and field.key not in keys and not _contradicts(field.key, _column(rows, n)):
            keys[n] = field.key
    for n in range(len(headings)):
        column = _column(rows, n)
        if keys[n] == LEFT_OUT and "email" not in keys and _mostly(column, _ADDRESS.search):
            keys[n] = "email"
        elif keys[n] == LEFT_OUT and "date" in _keys_of(kind) - {*keys} and _mostly(column, _is_day):
            keys[n] = "date"
    if "time" in keys and "date" not in keys and "date" in _keys_of(kind):
        keys[keys.index("time")] = "date"  # “Starts” that holds the day as well
    if "name" in keys and "email" not in keys and _mostly(_column(rows, keys.index("name")), _ADDRESS.search):
        also[keys.index("name")] = "email"  # “Ada Osei <ada@example.org>”
    return keys, also


def _keys_of(kind: str) -> set[str]:
    return {field.key for field in FIELDS[kind]}


def _column(rows: Sequence[Sequence[str]], n: int) -> list[str]:
    return [row[n] for row in rows if n < len(row) and row[n].strip()]


def _mostly(cells: Sequence[str], test: Callable[[str], object]) -> bool:
    return bool(cells) and sum(bool(test(cell)) for cell in cells) * 2 > len(cells)


def _is_day(cell: str) -> bool:
    try:
        return len(cell) < 60 and not cell.isdigit() and sheets.days.find(" ".join(cell.split())) is not None
    except sheets.days.NoSuchDay:
        return True


def _contradicts(key: str, cells: Sequence[str]) -> bool:
    """Whether what a column holds speaks against its heading: “Session” with names of groups is no date."""
    if key == "date":
        return bool(cells) and not any(re.search(r"\d", cell) for cell in cells)
    if key == "name":
        return _mostly(cells, _ADDRESS.fullmatch)
    return False
