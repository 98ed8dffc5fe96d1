"""A list that a child process read, as lines of JSON, so that the site reads a long one in short steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circles.sheets.reading import Reading


@dataclass(frozen=True, slots=True)
class ListFile:
    """headings, matches (the field of each column) and notes of a file. rows: their numbers and cells."""

    headings: Sequence[str]
    matches: Mapping[str, Any]
    notes: Mapping[str, Any]
    rows: Sequence[tuple[int, list[str]]]

    @property
    def described(self) -> dict[str, Any]:
        """What is kept of the file beside its rows."""
        return {"headings": list(self.headings), "matches": dict(self.matches), "notes": dict(self.notes)}


def to_lines(reading: Reading, matches: Mapping[str, Any], says: Sequence[str] = ()) -> Iterator[bytes]:
    """The lines of a list. matches: the fields of its columns; says: sentences about its headings."""
    described = {"headings": list(reading.table.headings), "matches": dict(matches)}
    yield json.dumps(described | {"notes": _notes(reading, says)}).encode()
    for row in reading.table.rows:
        yield b"\n" + json.dumps([row.number, row.cells]).encode()


def _notes(reading: Reading, says: Sequence[str]) -> dict[str, Any]:
    table = reading.table
    rows = table.rows
    return {
        "says": [*table.notes, *says],
        "formulas": {str(row.number): list(row.formulas) for row in rows if row.formulas},
        "links": {
            str(row.number): {str(n): link for n, link in row.links.items()} for row in rows if row.links
        },
        "rounded": {str(row.number): list(row.rounded) for row in rows if row.rounded},
        "hidden": [row.number for row in rows if row.is_hidden],
        "hidden_columns": sorted(table.hidden_columns),
        "hidden_rows": table.hidden_rows,
        "sheets": list(reading.sheets),
        "sheet": reading.sheet,
        "heading": table.heading,
        "above": [[number, text] for number, text in table.above],
        "with_hidden": reading.choice.hidden_rows,
    }


def from_lines(answer: bytes) -> ListFile:
    """The list that the lines of `to_lines` describe."""
    first, *others = answer.split(b"\n")
    rows = [(number, cells) for number, cells in map(json.loads, others)]
    return ListFile(**json.loads(first), rows=rows)
