"""A file of listings as an import keeps it: headings, guessed fields, notes, rows. Read in a child process.

`read_lines` runs in the child, and answers in lines of JSON, so that ours reads a long list in short steps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from circles import sheets
from circles.directory.imports import guessing


@dataclass(frozen=True, slots=True)
class ListFile:
    """headings, matches and notes: columns of `imports`. rows: their numbers and cells."""

    headings: Sequence[str]
    matches: Mapping[str, Any]
    notes: Mapping[str, Any]
    rows: Sequence[tuple[int, list[str]]]

    @property
    def described(self) -> dict[str, Any]:
        """What is kept of the file beside its rows."""
        return {"headings": list(self.headings), "matches": dict(self.matches), "notes": dict(self.notes)}


def read_lines(sent: bytes, *, sheet: int | None, heading: int | None, hidden_rows: bool) -> Iterator[bytes]:
    """Read a file, guessing its sheet, its row of headings and the field of each column. Raises Refused."""
    choice = sheets.Choice(sheet, heading, hidden_rows)
    reading = sheets.read(sent, guessing.is_known, choice)
    yield json.dumps(_described(reading)).encode()
    for row in reading.table.rows:
        yield b"\n" + json.dumps([row.number, row.cells]).encode()


def _described(reading: sheets.Reading) -> dict[str, Any]:
    table = reading.table
    rows = table.rows
    keys, also = guessing.guess(table.headings, [row.cells for row in rows[:20]])
    notes = {
        "says": [*table.notes, *guessing.notes(table.headings)],
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
    return {"headings": list(table.headings), "matches": {"keys": keys, "also": also}, "notes": notes}


def from_lines(answer: bytes) -> ListFile:
    """The file that the lines of `read_lines` describe."""
    first, *others = answer.split(b"\n")
    rows = [(number, cells) for number, cells in map(json.loads, others)]
    return ListFile(**json.loads(first), rows=rows)
