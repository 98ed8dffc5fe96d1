"""A list of people, of past attendance or of bookings ahead, read in a child process, with the fields as guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from circles import sheets
from circles.organizing.moving_in import guessing


def read_people(sent: bytes, **choice: Any) -> Iterator[bytes]:
    """Read a list of people. Raises Refused."""
    yield from _read("people", sent, sheets.Choice(**choice))


def read_attendance(sent: bytes, **choice: Any) -> Iterator[bytes]:
    """Read a list of past attendance. Raises Refused."""
    yield from _read("attendance", sent, sheets.Choice(**choice))


def read_bookings(sent: bytes, **choice: Any) -> Iterator[bytes]:
    """Read a list of bookings ahead. Raises Refused."""
    yield from _read("bookings", sent, sheets.Choice(**choice))


def _read(kind: str, sent: bytes, choice: sheets.Choice) -> Iterator[bytes]:
    reading = sheets.read(sent, guessing.is_known(kind), choice)
    keys, also = guessing.guess(kind, reading.table.headings, [row.cells for row in reading.table.rows[:20]])
    yield from sheets.to_lines(reading, {"keys": keys, "also": also})
