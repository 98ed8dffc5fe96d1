"""Reads what a form may hold at most, in a child process whose processor time is limited."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from circles.base import clock, money, names, text
from circles.base.errors import Refused

# The largest body of a form; and of a text in Markdown.
MOST, MOST_MARKDOWN = 200_000, 20_000
UNITS = (
    *(" ", "a", "1", "1,", "1.", "1 ", "-", "- ", "a@", "a.", "\t", "\n", " \n", "é", "e\u0301", "\u0301"),
    *("$", "$1", "fr.", "12:00 ", "2026-01-01 ", "(", "/", "\u00ad", "\u200d", "😀\u200d", "中", "1'"),
)
MARKS = (
    *(
        "[",
        "![",
        "[a](",
        "[a]\n",
        "<",
        "<![CDATA[",
        "://a",
        "x://",
        "http://a.",
        "https://a[",
        "*a ",
        "_a_",
        "`a",
    ),
    *("> ", "- ", "&", "\\", "=\n", "~", "\n- a\n  "),
)
READERS: dict[str, Callable[[str], object]] = {
    "line": lambda typed: text.line(typed, max_length=120),
    "body": text.body,
    "tidy_line": text.tidy_line,
    "plain_digits": text.plain_digits,
    "amount": lambda typed: money.parse(typed, "USD"),
    "fold": names.fold,
    "date": clock.parse_date,
}


def read_units(sent: bytes, *, reader: str) -> bytes:
    """Read long repetitions of every unit; what is refused is fine."""
    for unit in UNITS:
        with suppress(Refused):
            READERS[reader]((unit * MOST)[:MOST])
    return b"read"


def render_marks(sent: bytes) -> bytes:
    for mark in MARKS:
        text.markdown((mark * MOST_MARKDOWN)[:MOST_MARKDOWN])
        text.markdown_tokens((mark * MOST_MARKDOWN)[:MOST_MARKDOWN])
    return b"rendered"
