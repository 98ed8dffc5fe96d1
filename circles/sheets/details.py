"""What a sheet's part says beside the values: formulas, hidden rows, merged cells, links, formats, exact numbers."""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from circles.base.errors import Reason, Refused

# A sheet is laid out up to its farthest cell, empty ones too.
MAX_ROW: Final = 20_000
MAX_COLUMN: Final = 200
MAX_CELLS: Final = 1_000_000
# Of all sheets together, as they are laid out.
MAX_AREA: Final = 5_000_000
# The characters of all cells together: one shared text may be in every cell.
MAX_SHARED: Final = 50_000_000
# Merged cells, links, and values noted apart, beyond which no more are kept.
MAX_NOTED: Final = 20_000
# A double keeps fifteen digits for sure.
EXACT_DIGITS: Final = 15
_HYPERLINK: Final = re.compile(r'\s*=?\s*HYPERLINK\(\s*"([^"]{1,300})"', re.I)

Place = tuple[int, int]


@dataclass(slots=True)
class Details:
    """Of one sheet; rows are numbered from 1, columns from 0.

    formulas: columns by row. merged: first row, first column, last row of each. styles: by row, the style of each
    column whose number may be shown in another way. exact: errors, and numbers as written, where a float loses digits.
    """

    formulas: dict[int, list[int]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    links: dict[Place, str] = field(default_factory=dict)
    styles: dict[int, array[int]] = field(default_factory=dict)
    exact: dict[Place, str] = field(default_factory=dict)


def parse_place(reference: str) -> Place:
    """The row from 1 and the column from 0 of a cell such as B7. Raises ValueError for what is none."""
    match = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", reference.upper())
    if not match:
        raise ValueError
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column - 1


def letters(place: int) -> str:
    """The letters of a column from 0: 0 is A, 26 is AA."""
    name = ""
    while place >= 0:
        name = chr(65 + place % 26) + name
        place = place // 26 - 1
    return name


def _too_much(message: str) -> Refused:
    return Refused(Reason("too_much", message, "file"))


@dataclass(slots=True)
class SheetParser:
    """A sheet while it is parsed. lengths: of the shared texts. formatted: styles whose cells are noted.

    row: of the row's tag, from 1; cell: row from 1 and column from 0 of the current cell. rows: tags of rows, which may
    repeat a number. farthest: how many rows and columns the sheet is laid out in.
    """

    lengths: list[int]
    formatted: Collection[int] = ()
    row: int = 0
    cell: Place = (0, -1)
    rows: int = 0
    cells: int = 0
    farthest: Place = (0, 0)
    shared: int = 0
    kind: str = ""
    value: str | None = None
    formula: str | None = None
    link_ids: list[tuple[str, str]] = field(default_factory=list)
    details: Details = field(default_factory=Details)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Follow rows and cells; one without a reference comes after the one before."""
        if name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.rows += 1
            self.cell = (self.row, -1)
            if attributes.get("hidden") in ("1", "true"):
                self.details.hidden_rows.add(self.row)
        elif name == "c":
            self._start_cell(attributes)
        elif name == "f":
            self.details.formulas.setdefault(self.cell[0], []).append(self.cell[1])
            self.formula = ""
        elif name == "v" and self.kind in ("s", "n", "e"):
            self.value = ""
        elif name in ("col", "mergeCell", "hyperlink"):
            self._note(name, attributes)
        if max(self.row, self.rows, self.cell[0]) > MAX_ROW or self.cell[1] >= MAX_COLUMN:
            raise _too_much(
                f"A sheet of this workbook reaches beyond row {MAX_ROW:,} or column {letters(MAX_COLUMN)}. "
                "Please delete what stands far off, or save the list as .csv."
            )
        if self.cells > MAX_CELLS:
            raise _too_much(f"This workbook has more than {MAX_CELLS:,} cells. Please send it in parts.")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self.cell = parse_place(attributes["r"]) if "r" in attributes else (self.row, self.cell[1] + 1)
        self.kind = attributes.get("t", "n")
        self.cells += 1
        self.farthest = max(self.farthest[0], self.cell[0]), max(self.farthest[1], self.cell[1] + 1)
        style = attributes.get("s", "0")
        row, column = self.cell
        if (
            self.kind == "n"
            and style != "0"
            and int(style) in self.formatted
            and column < MAX_COLUMN
            and row <= MAX_ROW
        ):
            styles = self.details.styles.setdefault(row, array("i"))
            styles.extend([-1] * (column + 1 - len(styles)))
            styles[column] = int(style)

    def _note(self, name: str, attributes: dict[str, str]) -> None:
        details = self.details
        if name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", 1)), int(attributes.get("max", 1))
            details.hidden_columns.update(range(first - 1, min(last, MAX_COLUMN)))
        elif name == "mergeCell" and len(details.merged) < MAX_NOTED:
            first, _, last = attributes.get("ref", "").partition(":")
            (row, column), (last_row, _) = parse_place(first), parse_place(last or first)
            details.merged.append((row, column, min(last_row, MAX_ROW)))
        elif name == "hyperlink" and len(self.link_ids) < MAX_NOTED:
            id = next((attributes[key] for key in attributes if key.endswith(":id")), "")
            self.link_ids.append((attributes.get("ref", ""), id))

    def text(self, characters: str) -> None:
        """Collect the text of a value or formula."""
        if self.formula is not None:
            self.formula += characters[: 500 - len(self.formula)]
        elif self.value is not None:
            self.value += characters

    def end(self, name: str) -> None:
        """Take up a formula or a value at its end."""
        if name == "f" and self.formula is not None:
            link, self.formula = _HYPERLINK.match(self.formula), None
            if link and len(self.details.links) < MAX_NOTED:
                self.details.links[self.cell] = link[1]
        elif name == "v" and self.value is not None:
            value, self.value = self.value, None
            if self.kind == "s":
                self._add_shared(int(value))
            elif (self.kind == "e" or len(value) > EXACT_DIGITS) and len(self.details.exact) < MAX_NOTED:
                self.details.exact[self.cell] = value[:40]

    def _add_shared(self, number: int) -> None:
        """Add the length of a shared text."""
        self.shared += self.lengths[number] if 0 <= number < len(self.lengths) else 0
        if self.shared > MAX_SHARED:
            raise _too_much("The texts of this workbook come to more than 50 MB. Please send it in parts.")
