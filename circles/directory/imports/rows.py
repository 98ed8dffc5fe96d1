"""Rows of a file, read by the match of their columns: values, and faults for what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.directory.imports import cells as import_cells
from circles.directory.imports.changes import Line
from circles.directory.imports.fields import BY_KEY, LEFT_OUT, MAX_NUMBERED, OPTIONS, fold
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

    def fault(self, key: str, says: str, *, column: str = "", value: str | None = None) -> None:
        """Add a fault, with its column and value."""
        self.faulty.add(key)
        said = self.cells.get(key, "") if value is None else value
        line = {
            "column": column or self.headings.get(key, "") or OPTIONS.get(key, key),
            "value": text.tidy_line(said, max_length=60),
            "says": says,
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
        said = [parts for _, parts in self.licenses if all(parts.get(part) for part in LICENSE_PARTS[:3])]
        return {known_by_license(self.name, each["kind"], each["area"], each["number"]) for each in said}


def matches_refusals(keys: Sequence[str], columns: int) -> list[Reason]:
    """Every reason against a match of columns and fields."""
    reasons = []
    for n, key in enumerate(keys):
        if key not in OPTIONS:
            reasons.append(Reason("unknown_choice", "Please choose one of the list.", f"column_{n}"))
        elif key != LEFT_OUT and key in keys[:n]:
            says = f"Two columns cannot both be “{OPTIONS[key]}”. Please leave one out."
            reasons.append(Reason("twice", says, f"column_{n}"))
    if len(keys) != columns:
        reasons.append(
            Reason("columns", "The columns of this form are not those of the file. Please try again.")
        )
    if not {"name", "first_name", "last_name"} & set(keys):
        reasons.append(
            Reason("no_name", "Please say which column holds the name: without it there is no listing.")
        )
    return reasons


# Reading


def read_row(number: int, cells: Sequence[str], headings: Sequence[str], keys: Sequence[str]) -> Read:
    """Read one row by the match of each column. Never raises: what cannot be read is among the faults."""
    found = Read(number)
    extra = [cell for cell in cells[len(headings) :] if cell.strip()]
    if extra:
        says = "This row has more cells than there are headings. Is a comma or a quotation mark out of place?"
        found.fault("row", says, column="The row", value=extra[0])
    for heading, key, cell in zip(headings, keys, cells, strict=False):
        if key != LEFT_OUT:
            found.headings[key] = heading
            _read_cell(found, key, cell)
    _read_plain(found)
    _read_name(found)
    _read_fees(found)
    _read_licenses(found)
    _read_ways(found)
    return found


def _read_cell(found: Read, key: str, cell: str) -> None:
    """Keep the text of a cell; one that is far too long or begins like a formula is a fault."""
    if len(cell) > MAX_CELL:
        says = f"This cell holds {len(cell):,} characters, far more than fit here. Is a quotation mark out of place?"
        found.fault(key, says, value=cell[:60])
        return
    said = import_cells.tidy(cell)
    if said:
        found.cells[key] = said
    if import_cells.is_formula(said):
        says = "This begins like a formula. Nothing of a file is ever run; please write the value itself."
        found.fault(key, says)


def _take(found: Read, key: str, read: Callable[[str], Any]) -> Any:
    """What `read` makes of the cell of a column; None when it is empty, or cannot be read."""
    if key not in found.cells or key in found.faulty:
        return None
    try:
        return read(found.cells[key])
    except Refused as refused:
        for reason in refused.reasons:
            found.fault(key, reason.text)
    return None


def _read_plain(found: Read) -> None:
    """Read every field that has one column and depends on no other."""
    for key in found.headings:
        reader = import_cells.READERS.get(key)
        if not reader or BY_KEY[key].numbered or key in ("licenses", "ways"):
            continue
        value = _take(found, key, reader)
        if key == "meets" and value:
            found.given |= {"telehealth": value[0], "in_person": value[1]}
        elif value is not None and key not in ("meets", "first_name", "last_name"):
            found.given[key] = value


def _read_name(found: Read) -> None:
    parts = [found.cells[key] for key in ("first_name", "last_name") if key in found.cells]
    if parts and "name" not in found.given:
        found.given["name"] = " ".join(parts)


def _read_fees(found: Read) -> None:
    currency = found.given.get("currency", "USD")
    both = _take(found, "fee", lambda cell: import_cells.fee(currency, cell))
    if both:
        found.given |= {"fee_minimum": both[0], "fee_maximum": both[1]}
    for key in ("fee_minimum", "fee_maximum"):
        value = _take(found, key, lambda cell: import_cells.amount(currency, cell))
        if value is not None:
            found.given[key] = value
    if "sliding_floor" in found.cells and "sliding_floor" not in found.faulty:
        value = _take(found, "sliding_floor", lambda cell: import_cells.floor(currency, cell))
        if "sliding_floor" not in found.faulty:
            found.given["sliding_floor"] = value


def _read_licenses(found: Read) -> None:
    for each in _take(found, "licenses", import_cells.licenses) or ():
        parts = {part: getattr(each, part) for part in LICENSE_PARTS[:3]}
        found.licenses.append(("", parts | ({"expires_on": each.expires_on} if each.expires_on else {})))
    for n in range(1, MAX_NUMBERED + 1):
        keys = {part: f"license_{part}_{n}" for part in LICENSE_PARTS}
        if not any(key in found.cells for key in keys.values()):
            continue
        parts = {}
        for part, key in keys.items():
            value = _take(found, key, import_cells.READERS[f"license_{part}"])
            if value is not None:
                parts[part] = value
        found.licenses.append((str(n), parts))


def _read_ways(found: Read) -> None:
    found.ways += [("", each) for each in _take(found, "ways", import_cells.ways) or ()]
    for n in range(1, MAX_NUMBERED + 1):
        if any(f"{part}_{n}" in found.cells for part in ("way", "credential", "school", "year")):
            _read_way(found, n)


def _read_way(found: Read, n: int) -> None:
    typed = _take(found, f"way_{n}", str) or ""
    held = _take(found, f"credential_{n}", str) or ""
    code = import_cells.way(typed) if typed else import_cells.way_of(held)
    if not code:
        if not found.faulty & {f"way_{n}", f"credential_{n}"}:
            key = f"credential_{n}" if held else f"way_{n}"
            found.fault(key, "Which way of working is this? Expected: its name beside it, such as IFS.")
        return
    school = _take(found, f"school_{n}", str) or ""
    year = _take(found, f"year_{n}", import_cells.READERS["year"])
    known = code != "other"
    credential = (
        _take(found, f"credential_{n}", lambda cell: import_cells.credential(code, cell)) if known else ""
    )
    found.ways.append((str(n), Way(code, credential or "", school if known else school or typed, year)))


# Keys of listings


def known_by_license(name: str, kind: str, area: str, number: str) -> tuple[str, str, str, str]:
    """A key of a listing: its name and a license, normalized."""
    return fold(name), kind, area, bare(number)


def bare(number: str) -> str:
    """A number without its spaces and signs."""
    return re.sub(r"[\W_]+", "", number).upper()
