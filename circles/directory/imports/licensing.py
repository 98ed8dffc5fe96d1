"""The licenses of a row: from a column of their own, from numbered columns, or several in one cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from circles.directory.imports.fields import MAX_NUMBERED
from circles.directory.imports.reading import cells, names, quantities, readers
from circles.directory.listing import places, words
from circles.sheets import fold, plain

if TYPE_CHECKING:
    from circles.directory.imports.rows import Match, Read

PARTS: Final = ("kind", "area", "number", "expires_on", "status", "source")
_PARTED: Final = re.compile(r"\s*[;\n|]\s*|\s*,\s+|\s+/\s+|\s+(?:and|&)\s+")
_IN_FRONT: Final = re.compile(r"([A-Z]{2})(?:\s*[:#–-]\s*|\s+)#?\s*(?=\S*\d)(\S.*)")
_BEHIND: Final = re.compile(r"(\S.*\d\S*)\s*\(?\b([A-Z]{2})\)?")

# What stands for a day where a license has run out.
_RUN_OUT: Final = frozenset(
    (
        "expired",
        "lapsed",
        "revoked",
        "suspended",
        "surrendered",
        "inactive",
        "retired",
        "null and void",
        "has expired",
    )
)

Take = Callable[..., Any]


def read(row: Read, match: Match, take: Take) -> None:
    """Read every license of a row into it."""
    areas = [cells.areas(row.cells.get(key, "")) for key in ("license_area_1", "area")]
    area = next((named[0] for named in areas if len(named) == 1), "")
    kind = names.kind_of(row.given.get("letters", ""))
    for license in take(row, match, "licenses", partial(readers.licenses, area=area, kind=kind)) or ():
        parts = {part: getattr(license, part) for part in PARTS[:3]}
        parts |= {"expires_on": license.expires_on} if license.expires_on else {}
        parts |= {"status": license.status, "status_said": True} if license.status_said else {}
        row.licenses.append(("", parts))
    for n in range(1, MAX_NUMBERED + 1):
        keys = {part: f"license_{part}_{n}" for part in PARTS}
        shared = _shared_columns(row, match, keys.values())
        if any(key in row.cells for key in keys.values() if key not in shared) or (
            any(key in row.cells for key in keys.values()) and not row.licenses and n == 1
        ):
            _read_numbered(row, match, take, n, keys)


def _shared_columns(row: Read, match: Match, keys: Any) -> set[str]:
    """The columns of a license that fill another field too: alone they are no license."""
    others = {match.headings[n] for n, key in match.targets() if not key.startswith("license_")}
    return {key for key in keys if row.headings.get(key) in others}


def _read_numbered(row: Read, match: Match, take: Take, n: int, keys: dict[str, str]) -> None:
    numbers = _numbers(row, keys["number"])
    if len(numbers) > 1:
        _read_several(row, match, take, keys, numbers, str(n))
        return
    _take_apart(row, keys)
    parts: dict[str, Any] = {}
    for part, key in keys.items():
        if part == "expires_on" and plain(row.cells.get(key, "")) in _RUN_OUT:
            parts["status"] = "inactive"
            continue
        if part == "area" and len(cells.areas(row.cells.get(key, ""))) > 1:
            value = _one_area(row, key, row.cells.get(keys["number"], ""))
        elif part == "source":
            value = row.cells.get(key) or row.targets.get(key) or row.targets.get(keys["number"])
            value = value if value and re.match(r"https?://|www\.", value, re.I) else None
        else:
            value = take(row, match, key, readers.READERS[f"license_{part}"])
        if value not in (None, ""):
            parts[part] = value
    _complete(row, keys, parts)
    row.licenses.append((str(n), parts))


def _take_apart(row: Read, keys: dict[str, str]) -> None:
    """Where the cell of a number also holds the state and the last day, give them to their own fields."""
    cell = row.cells.get(keys["number"], "")
    number, day = quantities.without_end(cell)
    area = re.search(r"\s*\(\s*([A-Z]{2})\s*\)\s*", number)
    if area and area[1] in words.STATES:
        number = (number[: area.start()] + " " + number[area.end() :]).strip()
        own = cells.areas(row.cells.get(keys["area"], ""))
        if not own:
            row.cells[keys["area"]] = area[1]
        elif area[1] not in own:
            row.fault(keys["number"], f"The number is of {area[1]}, and another column says {own[0]}.")
        else:
            row.cells[keys["area"]] = area[1]
    if day and not row.cells.get(keys["expires_on"]):
        row.cells[keys["expires_on"]] = day
    if re.search(r"\d", number):
        row.cells[keys["number"]] = number


def _complete(row: Read, keys: dict[str, str], parts: dict[str, Any]) -> None:
    """What another cell of the row says of a license whose own columns are empty or absent."""
    if "kind" not in parts and keys["kind"] not in row.cells:
        kind = names.kind_of(parts.get("number", "").split(" ")[0]) or names.kind_of(
            row.given.get("letters", "")
        )
        parts |= {"kind": kind} if kind else {}
    if "area" not in parts and keys["area"] not in row.cells:
        front = _IN_FRONT.fullmatch(parts.get("number", ""))
        parts |= {"area": front[1]} if front and front[1] in words.STATES else {}
    if "status" in parts:
        parts["status_said"] = True


def _one_area(row: Read, key: str, number: str) -> str | None:
    """Of several states in a cell, the one that the license number or the ZIP code names."""
    several = cells.areas(row.cells[key])
    front = _IN_FRONT.fullmatch(number)
    if front and front[1] in several:
        return front[1]
    place = places.find(row.given.get("zip", ""))
    if place and place.area in several:
        return place.area
    row.fault(key, "This names several states, and there is one number. Which state is the number of?")
    return None


def _numbers(row: Read, key: str) -> list[tuple[str, str]]:
    """The numbers of a cell that holds several, each with the state beside it, or without."""
    pieces = [
        piece
        for piece in _PARTED.split(row.cells.get(key, ""))
        if re.search(r"\d", piece) and not re.match(r"exp", piece, re.I)
    ]
    found = []
    for piece in pieces:
        front, behind = _IN_FRONT.fullmatch(piece), _BEHIND.fullmatch(piece)
        if front and front[1] in words.STATES:
            found.append((front[1], piece if "-" in piece[:4] else front[2]))
        elif behind and behind[2] in words.STATES:
            found.append((behind[2], behind[1].rstrip(" (")))
        else:
            found.append(("", piece))
    return found


def _read_several(
    row: Read, match: Match, take: Take, keys: dict[str, str], numbers: Sequence[tuple[str, str]], column: str
) -> None:
    """Several licenses in the cells of one: as many states, kinds and days as numbers, or one for all."""
    areas = [area for area, _ in numbers]
    if not all(areas):
        named = cells.areas(row.cells.get(keys["area"], ""))
        areas = named if len(named) == len(numbers) else named * len(numbers) if len(named) == 1 else []
    if not areas:
        row.fault(
            keys["number"],
            "This holds several numbers. Please write the state before each, as in NJ 123; NY 456.",
        )
        row.licenses.append((column, {}))
        return
    kinds = _each(row.cells.get(keys["kind"], ""), len(numbers))
    in_front = [number.split(" ")[0] for _, number in numbers]
    if all(names.kind_of(word) for word in in_front):
        kinds = in_front
    days = _each(row.cells.get(keys["expires_on"], ""), len(numbers))
    for area, (_, number), kind, day in zip(areas, numbers, kinds, days, strict=True):
        parts = {
            "area": area,
            "number": number,
            "kind": take(row, match, keys["kind"], readers.READERS["license_kind"], kind),
            "expires_on": take(row, match, keys["expires_on"], readers.READERS["license_expires_on"], day),
            "status": take(row, match, keys["status"], readers.READERS["license_status"]),
        }
        parts = {part: value for part, value in parts.items() if value not in (None, "")}
        _complete(row, keys, parts)
        row.licenses.append((column, parts))


def _each(cell: str, count: int) -> list[str]:
    """The parts of a cell for so many licenses; the whole cell for each where it holds another number of parts."""
    parts = [part for part in _PARTED.split(cell) if part]
    return parts if len(parts) == count else [cell] * count


def bare(number: str) -> str:
    """A number without its spaces and signs."""
    return re.sub(r"[\W_]+", "", fold(number)).upper()
