"""A file of listings, read in a child process: its headings and rows, and the field that each column likely fills."""

from __future__ import annotations

from collections.abc import Iterator

from circles import sheets
from circles.directory.imports import guessing


def read_lines(sent: bytes, *, sheet: int | None, heading: int | None, hidden_rows: bool) -> Iterator[bytes]:
    """Read a file, guessing its sheet, its row of headings and the field of each column. Raises Refused."""
    choice = sheets.Choice(sheet, heading, hidden_rows)
    reading = sheets.read(sent, guessing.is_known, choice)
    headings = reading.table.headings
    keys, also = guessing.guess(headings, [row.cells for row in reading.table.rows[:20]])
    yield from sheets.to_lines(reading, {"keys": keys, "also": also}, guessing.notes(headings))
