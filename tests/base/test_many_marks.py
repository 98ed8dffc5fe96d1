"""Marks on one letter: Unicode sorts them by the square of their number, so a text keeps a bounded number of them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from circles.base import names, text
from circles.base.errors import Refused

ROOT = Path(__file__).parents[2] / "circles"
# Marks of two classes in turn, the worst case: 100,000 of them took 5 s.
MARKS = "\u0301\u0316"
BOMB = "a" + MARKS * 50_000


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_a_letter_keeps_so_many_marks(form: str) -> None:
    most = text.MAX_MARKS_IN_A_ROW
    safe = text.normalized(form, BOMB)  # pyright: ignore[reportArgumentType]
    assert len(safe) <= most + 1
    assert len(text.normalized("NFC", BOMB + "b" + BOMB)) <= 2 * most + 3


@pytest.mark.parametrize("written", ["Zoe\u0308", "Z̴̧͓a̵l̷g̶o̸", "가나", "ที่", "á" * 40, "a" * 500])
def test_what_people_write_is_normalized_as_always(written: str) -> None:
    assert text.normalized("NFC", written) == unicodedata.normalize("NFC", written)


def test_whoever_reads_a_text_reads_the_short_one() -> None:
    assert len(text.without_invisible(BOMB)) <= text.MAX_MARKS_IN_A_ROW + 1
    assert len(text.tidy_line(BOMB)) <= text.MAX_MARKS_IN_A_ROW + 1
    assert names.key(BOMB) == "a"
    assert len(text.line(BOMB, max_length=40)) <= 40, "what is refused by its length is what is left of it"
    with pytest.raises(Refused):
        text.line("ab" * 100 + BOMB, max_length=40)
    assert not text.is_blank(BOMB)


def test_nothing_else_normalizes() -> None:
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if re.search(r"unicodedata\.normalize|from unicodedata", path.read_text(encoding="utf-8"))
    }
    assert callers == {"base/text.py"}
