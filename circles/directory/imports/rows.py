"""Rows of a file, read by the match of their columns: values, faults of name and license, warnings about the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from circles import sheets
from circles.base import names as base_names
from circles.base import text
from circles.base.errors import Reason, Refused
from circles.directory.imports import licensing, pricing
from circles.directory.imports.changes import Line
from circles.directory.imports.fields import LEFT_OUT, MAX_NUMBERED, OPTIONS
from circles.directory.imports.licensing import bare
from circles.directory.imports.reading import cells as import_cells
from circles.directory.imports.reading import contacts, names, readers
from circles.directory.imports.reading.cells import Notes
from circles.directory.imports.reading.lexicon import Meanings, base_key, meaning
from circles.directory.listing.values import Way

# No field takes as much; more than this in one cell is a fault of the file.
MAX_CELL: Final = 10_000
# Only these refuse a row; anything else that cannot be read is left out, with a warning.
_REFUSING: Final = ("name", "first_name", "last_name", "licenses", "license_kind", "license_area", "license_number",
                    "license_status", "row")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """How the columns of a file are read: by column the field it fills (or none), and a second one.

    meanings: what words mean, for all rows. day_first: keys of the columns that write the day before the month.
    """

    headings: Sequence[str]
    keys: Sequence[str]
    also: Sequence[str] = ()
    meanings: Meanings = field(default_factory=dict)
    day_first: frozenset[str] = frozenset()

    def targets(self) -> list[tuple[int, str]]:
        """Each column, from 0, with a field it fills."""
        pairs = [(n, key) for n, key in enumerate(self.keys) if key != LEFT_OUT]
        return pairs + [(n, key) for n, key in enumerate(self.also) if key != LEFT_OUT]


@dataclass(slots=True)
class Read:
    """The values of a row. cells: by key; licenses and ways: with the number of their columns.

    faults refuse the row, warnings name what is left out of it. unknown: words nobody knows, with their field.
    """

    number: int
    headings: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    licenses: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ways: list[tuple[str, Way]] = field(default_factory=list)
    faults: list[Line] = field(default_factory=list)
    warnings: list[Line] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)
    targets: dict[str, str] = field(default_factory=dict)

    def fault(self, key: str, message: str, *, column: str = "", value: str | None = None) -> None:
        """Add what is wrong with a column: it refuses the row where that is the name or a license."""
        self.faulty.add(key)
        lines = self.faults if base_key(key) in _REFUSING else self.warnings
        self._add(lines, key, message, column, value)

    def refuse(self, key: str, message: str, *, column: str = "", value: str | None = None) -> None:
        """Refuse the row, whichever column it is about."""
        self.faulty.add(key)
        self._add(self.faults, key, message, column, value)

    def warn(self, key: str, message: str, *, column: str = "", value: str | None = None) -> None:
        """Add a warning; what the column holds is used all the same."""
        self._add(self.warnings, key, message, column, value)

    def _add(self, lines: list[Line], key: str, message: str, column: str, value: str | None) -> None:
        cell = self.cells.get(key, "") if value is None else value
        line = {
            "column": column or self.headings.get(key, "") or OPTIONS.get(key, key),
            "value": text.tidy_line(cell, max_length=60),
            "says": message,
        }
        if line not in lines:
            lines.append(line)

    @property
    def name(self) -> str:
        """The name as given, for the page."""
        return text.tidy_line(self.given.get("name", ""), max_length=80)

    @property
    def npi(self) -> str:
        """The NPI as given."""
        return self.given.get("npi", "")

    @property
    def known_by(self) -> set[tuple[str, str, str, str]]:
        """Keys of the listing besides the NPI: the name with each license."""
        complete = [
            parts for _, parts in self.licenses if all(parts.get(part) for part in ("kind", "area", "number"))
        ]
        return {
            known_by_license(self.name, parts["kind"], parts["area"], parts["number"]) for parts in complete
        }


def missing_refusals(keys: Iterable[str]) -> list[Reason]:
    """Why a list cannot be read by these fields: there is no name."""
    if {"name", "first_name", "last_name"} & set(keys):
        return []
    return [Reason("no_name", "Please say which column has the name: without it there is no listing.")]


# Reading


def read_row(row_: sheets.Row, match: Match) -> Read:
    """Read one row by the match of each column. Never raises: what cannot be read is among the faults and warnings."""
    row = Read(row_.number)
    extra = [cell for cell in row_.cells[len(match.headings) :] if cell.strip()]
    if extra:
        message = (
            "This row has more cells than there are headings. Is a comma or a quotation mark out of place?"
        )
        row.fault("row", message, column="The row", value=extra[0])
    for n, key in match.targets():
        row.headings[key] = match.headings[n]
        _read_cell(row, key, row_.cells[n] if n < len(row_.cells) else "", n in row_.rounded)
        if link := row_.links.get(n):
            row.targets[key] = link
    _follow_links(row)
    _read_plain(row, match)
    _read_name(row)
    _read_place(row, match)
    pricing.read(row, match, _take)
    licensing.read(row, match, _take)
    _read_ways(row, match)
    _add_links(row)
    return row


def _read_cell(row: Read, key: str, cell: str, is_rounded: bool) -> None:
    """Keep the text of a cell; one that is far too long, begins like a formula or shows an error is left out."""
    if len(cell) > MAX_CELL:
        message = f"This cell has {len(cell):,} characters, far more than fit here. Is a quotation mark out of place?"
        row.fault(key, message, value=cell[:60])
        return
    tidied = sheets.tidy(cell)
    if not tidied:
        return
    row.cells[key] = tidied
    if sheets.is_formula(tidied):
        message = "This begins like a formula. Nothing of a file is ever run; please write the value itself."
        row.fault(key, message)
    elif sheets.is_error(tidied):
        row.fault(key, "The spreadsheet shows an error here instead of a value.")
    elif is_rounded and base_key(key) in ("license_number", "licenses", "npi", "phone"):
        row.fault(
            key,
            "The spreadsheet keeps 15 digits, so the last ones of this number are lost. Please write it as text.",
        )
    elif sheets.NO_CHARACTER in tidied:
        row.fault(key, "This has a hidden character in it. Please type it again.")


def _follow_links(row: Read) -> None:
    """Where a cell shows words and leads to an address, the address counts."""
    for key, target in row.targets.items():
        cell = row.cells.get(key, "")
        is_web = re.match(r"https?://", target, re.I)
        if key == "links" and is_web and not re.search(r"[\w-]\.[a-z]{2,}", cell, re.I):
            row.cells[key] = target
        elif key == "email" and target.lower().startswith("mailto:") and "@" not in cell:
            row.cells[key] = target[7:].partition("?")[0]


def _take(
    row: Read, match: Match, key: str, read: Callable[[str, Notes], Any], cell: str | None = None
) -> Any:
    """What `read` makes of the cell of a column; None when it is empty, or cannot be read."""
    typed = row.cells.get(key, "") if cell is None else cell
    if not typed or key in row.faulty:
        return None
    said = meaning(key, typed, match.meanings)
    if said is not None:
        return _meant(key, said)
    notes = Notes(key, match.meanings, key in match.day_first, row.headings.get(key, ""))
    try:
        value = read(typed, notes)
    except Refused as refused:
        for reason in refused.reasons:
            row.fault(key, reason.text if reason.code != "not_said" else "No amount is given.", value=typed)
        value = None
    row.unknown += [(base_key(key), word) for word in notes.unknown]
    for warning in notes.warnings:
        row.warn(key, warning, value=typed)
    return value


def _meant(key: str, code: str) -> Any:
    """The value of what an organizer said; None to leave it out."""
    if not code:
        return None
    value = readers.known_meaning(key, code)
    if base_key(key) in ("works_with", "for_whom", "languages"):
        return {base_key(key): (code,)}
    return value if key in readers.SPREADING else value[base_key(key)]


def _read_plain(row: Read, match: Match) -> None:
    """Read every field that has one column and depends on no other."""
    spread: dict[str, Any] = {}
    for key in row.headings:
        if key in readers.SPREADING:
            for name, value in (_take(row, match, key, readers.SPREADING[key]) or {}).items():
                joined = (*spread.get(name, ()), *value) if isinstance(value, tuple) else value
                if isinstance(value, tuple) or name == key or name not in spread:
                    spread[name] = joined
        elif key in readers.READERS and key not in ("licenses", "ways"):
            value = _take(row, match, key, readers.READERS[key])
            if value not in (None, ""):
                row.given[key] = value
    for name, value in spread.items():
        row.given.setdefault(name, tuple(dict.fromkeys(value)) if isinstance(value, tuple) else value)


def _read_name(row: Read) -> None:
    parts = [
        row.cells[key] for key in ("first_name", "last_name") if key in row.cells and key not in row.faulty
    ]
    key = "name" if "name" in row.cells else "last_name" if "last_name" in row.cells else "first_name"
    cell = row.cells.get("name") or " ".join(parts)
    if not cell or row.faulty & {"name", "first_name", "last_name"}:
        return
    try:
        name = names.read(cell)
    except Refused as refused:
        row.fault(key, refused.reasons[0].text)
        row.given["name"] = cell
        return
    row.given["name"] = name.name
    if name.left:
        row.warn(key, f"“{name.left}” beside the name is left out.", value=cell)
    row.given |= {"letters": name.letters} if name.letters and not row.given.get("letters") else {}
    row.given |= {"pronouns": name.pronouns} if name.pronouns and not row.given.get("pronouns") else {}


def _read_place(row: Read, match: Match) -> None:
    area = _take(row, match, "area", _area)
    if area:
        row.given["area"] = area
    elif (
        area == "" and not row.cells.get("zip") and row.headings.get("license_area_1") != row.headings["area"]
    ):
        row.warn("area", "There is room for one state here, so these are left out.")
    if "city" not in row.cells or "city" in row.faulty:
        return
    cell = row.cells["city"]
    if import_cells.is_meeting_place(cell):
        row.given.setdefault("telehealth", True)
        return
    places = import_cells.places_of(cell)
    if any(map(import_cells.is_meeting_place, places)):  # “Asheville / Online”
        row.given.setdefault("telehealth", True)
        places = [part for part in places if not import_cells.is_meeting_place(part)]
    first, *others = places
    if others:
        row.warn("city", f"There is room for one place: {first} is taken, the others are left out.")
    values = import_cells.place(first)
    if not values:
        row.warn("city", "This is no city.")
    for name, value in values.items():
        if (value and name not in row.cells) or name == "city":
            row.given[name] = value


def _area(cell: str, notes: Notes) -> str | None:
    several = import_cells.areas(cell)
    return import_cells.area(cell, notes) if len(several) < 2 else ""


def _read_ways(row: Read, match: Match) -> None:
    row.ways += [("", way) for way in _take(row, match, "ways", readers.ways) or ()]
    for n in range(1, MAX_NUMBERED + 1):
        if any(f"{part}_{n}" in row.cells for part in ("way", "credential", "school", "year")):
            _read_way(row, match, n)


def _read_way(row: Read, match: Match, n: int) -> None:
    def typed(key: str) -> str:
        return _take(row, match, f"{key}_{n}", lambda cell, _: cell) or ""

    way, held = typed("way"), typed("credential")
    code = readers.way(way) if way else readers.way_of(held)
    if not code:
        if not row.faulty & {f"way_{n}", f"credential_{n}"}:
            key = f"credential_{n}" if held else f"school_{n}" if typed("school") else f"way_{n}"
            row.fault(key, "Which way of working is this? Expected: its name beside it, such as IFS.")
        return
    year = _take(row, match, f"year_{n}", readers.READERS["year"])
    if code == "other" and not typed("school"):
        several = readers.ways(way, Notes(f"way_{n}", match.meanings))
        if len(several) > 1:  # “KAP, IFS” in a column for one
            row.ways += [(str(n), each) for each in several]
            return
    known = code != "other"
    credential = (
        _take(row, match, f"credential_{n}", lambda cell, _: readers.credential(code, cell)) if known else ""
    )
    row.ways.append(
        (str(n), Way(code, credential or "", typed("school") if known else typed("school") or way, year))
    )


def _add_links(row: Read) -> None:
    """Keep where linked cells lead: a web address among the links, a mail address where none is given."""
    for key, target in row.targets.items():
        is_web = re.match(r"https?://", target, re.I)
        if is_web and not base_key(key).startswith("license"):
            host = target.partition("://")[2].rstrip("/").lower()
            links = row.given.get("links", ())
            if (
                not any(host == link.partition("://")[2].rstrip("/").lower() for link in links)
                and len(links) < contacts.MAX_LINKS
            ):
                row.given["links"] = (*links, target)
        elif target.lower().startswith("mailto:") and "email" not in row.given and "email" not in row.cells:
            row.given["email"] = target[7:].partition("?")[0]


def known_by_license(name: str, kind: str, area: str, number: str) -> tuple[str, str, str, str]:
    """A key of a listing: its name and a license, normalized."""
    return base_names.key(name), kind, area, bare(number)
