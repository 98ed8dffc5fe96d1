"""Rows of a file, read by the match of their columns: values, and faults for what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from circles.base import names, text
from circles.base.errors import Reason, Refused
from circles.directory.imports import cells as import_cells
from circles.directory.imports.changes import Line
from circles.directory.imports.fields import BY_KEY, LEFT_OUT, MAX_NUMBERED, OPTIONS
from circles.directory.listing.values import Way

# No field takes as much; more than this in one cell is a fault of the file.
MAX_CELL: Final = 10_000
LICENSE_PARTS: Final = ("kind", "area", "number", "expires_on", "status", "source")


@dataclass(slots=True)
class Read:
    """The values of a row. cells: by key; licenses and ways: with the number of their columns."""

    number: int
    headings: dict[str, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    licenses: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ways: list[tuple[str, Way]] = field(default_factory=list)
    faults: list[Line] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)

    def fault(self, key: str, message: str, *, column: str = "", value: str | None = None) -> None:
        """Add a fault, with its column and value."""
        self.faulty.add(key)
        cell = self.cells.get(key, "") if value is None else value
        line = {
            "column": column or self.headings.get(key, "") or OPTIONS.get(key, key),
            "value": text.tidy_line(cell, max_length=60),
            "says": message,
        }
        if line not in self.faults:
            self.faults.append(line)

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
        complete = [parts for _, parts in self.licenses if all(parts.get(part) for part in LICENSE_PARTS[:3])]
        return {
            known_by_license(self.name, parts["kind"], parts["area"], parts["number"]) for parts in complete
        }


def matches_refusals(keys: Sequence[str], columns: int) -> list[Reason]:
    """Every reason against a match of columns and fields."""
    reasons = []
    for n, key in enumerate(keys):
        if key not in OPTIONS:
            reasons.append(Reason("unknown_choice", "Please choose one of the list.", f"column_{n}"))
        elif key != LEFT_OUT and key in keys[:n]:
            message = f"Two columns cannot both be “{OPTIONS[key]}”. Please leave one out."
            reasons.append(Reason("twice", message, f"column_{n}"))
    if len(keys) != columns:
        reasons.append(
            Reason("columns", "The columns of this form are not those of the file. Please try again.")
        )
    if not {"name", "first_name", "last_name"} & set(keys):
        reasons.append(
            Reason("no_name", "Please say which column has the name: without it there is no listing.")
        )
    return reasons


# Reading


def read_row(number: int, cells: Sequence[str], headings: Sequence[str], keys: Sequence[str]) -> Read:
    """Read one row by the match of each column. Never raises: what cannot be read is among the faults."""
    row = Read(number)
    extra = [cell for cell in cells[len(headings) :] if cell.strip()]
    if extra:
        message = (
            "This row has more cells than there are headings. Is a comma or a quotation mark out of place?"
        )
        row.fault("row", message, column="The row", value=extra[0])
    for heading, key, cell in zip(headings, keys, cells, strict=False):
        if key != LEFT_OUT:
            row.headings[key] = heading
            _read_cell(row, key, cell)
    _read_plain(row)
    _read_name(row)
    _read_fees(row)
    _read_licenses(row)
    _read_ways(row)
    return row


def _read_cell(row: Read, key: str, cell: str) -> None:
    """Keep the text of a cell; one that is far too long or begins like a formula is a fault."""
    if len(cell) > MAX_CELL:
        message = f"This cell has {len(cell):,} characters, far more than fit here. Is a quotation mark out of place?"
        row.fault(key, message, value=cell[:60])
        return
    tidied = import_cells.tidy(cell)
    if tidied:
        row.cells[key] = tidied
    if import_cells.is_formula(tidied):
        message = "This begins like a formula. Nothing of a file is ever run; please write the value itself."
        row.fault(key, message)


def _take(row: Read, key: str, read: Callable[[str], Any]) -> Any:
    """What `read` makes of the cell of a column; None when it is empty, or cannot be read."""
    if key not in row.cells or key in row.faulty:
        return None
    try:
        return read(row.cells[key])
    except Refused as refused:
        for reason in refused.reasons:
            row.fault(key, reason.text)
    return None


def _read_plain(row: Read) -> None:
    """Read every field that has one column and depends on no other."""
    for key in row.headings:
        reader = import_cells.READERS.get(key)
        if not reader or BY_KEY[key].numbered or key in ("licenses", "ways"):
            continue
        value = _take(row, key, reader)
        if key == "meets" and value:
            row.given |= {"telehealth": value[0], "in_person": value[1]}
        elif value is not None and key not in ("meets", "first_name", "last_name"):
            row.given[key] = value


def _read_name(row: Read) -> None:
    parts = [row.cells[key] for key in ("first_name", "last_name") if key in row.cells]
    if parts and "name" not in row.given:
        row.given["name"] = " ".join(parts)


def _read_fees(row: Read) -> None:
    currency = row.given.get("currency", "USD")
    both = _take(row, "fee", lambda cell: import_cells.fee(currency, cell))
    if both:
        row.given |= {"fee_minimum": both[0], "fee_maximum": both[1]}
    for key in ("fee_minimum", "fee_maximum"):
        value = _take(row, key, lambda cell: import_cells.amount(currency, cell))
        if value is not None:
            row.given[key] = value
    if "sliding_floor" in row.cells and "sliding_floor" not in row.faulty:
        value = _take(row, "sliding_floor", lambda cell: import_cells.floor(currency, cell))
        if "sliding_floor" not in row.faulty:
            row.given["sliding_floor"] = value


def _read_licenses(row: Read) -> None:
    for license in _take(row, "licenses", import_cells.licenses) or ():
        parts = {part: getattr(license, part) for part in LICENSE_PARTS[:3]}
        row.licenses.append(("", parts | ({"expires_on": license.expires_on} if license.expires_on else {})))
    for n in range(1, MAX_NUMBERED + 1):
        keys = {part: f"license_{part}_{n}" for part in LICENSE_PARTS}
        if not any(key in row.cells for key in keys.values()):
            continue
        parts = {}
        for part, key in keys.items():
            value = _take(row, key, import_cells.READERS[f"license_{part}"])
            if value is not None:
                parts[part] = value
        row.licenses.append((str(n), parts))


def _read_ways(row: Read) -> None:
    row.ways += [("", way) for way in _take(row, "ways", import_cells.ways) or ()]
    for n in range(1, MAX_NUMBERED + 1):
        if any(f"{part}_{n}" in row.cells for part in ("way", "credential", "school", "year")):
            _read_way(row, n)


def _read_way(row: Read, n: int) -> None:
    typed = _take(row, f"way_{n}", str) or ""
    held = _take(row, f"credential_{n}", str) or ""
    code = import_cells.way(typed) if typed else import_cells.way_of(held)
    if not code:
        if not row.faulty & {f"way_{n}", f"credential_{n}"}:
            key = f"credential_{n}" if held else f"way_{n}"
            row.fault(key, "Which way of working is this? Expected: its name beside it, such as IFS.")
        return
    school = _take(row, f"school_{n}", str) or ""
    year = _take(row, f"year_{n}", import_cells.READERS["year"])
    known = code != "other"
    credential = (
        _take(row, f"credential_{n}", lambda cell: import_cells.credential(code, cell)) if known else ""
    )
    row.ways.append((str(n), Way(code, credential or "", school if known else school or typed, year)))


# Keys of listings


def known_by_license(name: str, kind: str, area: str, number: str) -> tuple[str, str, str, str]:
    """A key of a listing: its name and a license, normalized."""
    return names.key(name), kind, area, bare(number)


def bare(number: str) -> str:
    """A number without its spaces and signs."""
    return re.sub(r"[\W_]+", "", number).upper()
