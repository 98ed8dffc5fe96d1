"""Counts with their nouns, lists of names."""

from __future__ import annotations

import pytest

from circles.base import english


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 seats"), (1, "1 seat"), (2, "2 seats"), (1200, "1,200 seats")]
)
def test_a_count_has_its_noun(count: int, expected: str) -> None:
    assert english.plural(count, "seat") == expected


def test_nouns_with_a_plural_of_their_own() -> None:
    assert english.plural(1, "person", "people") == "1 person"
    assert english.plural(3, "person", "people") == "3 people"
    assert (english.choose(1, "is", "are"), english.choose(2, "is", "are")) == ("is", "are")


def test_names_are_joined_as_in_a_sentence() -> None:
    assert english.join_names([]) == ""
    assert english.join_names(["Mira"]) == "Mira"
    assert english.join_names(["Mira", "Milo"]) == "Mira and Milo"
    assert english.join_names(iter(["Mira", "Milo", "Fern"]), "or") == "Mira, Milo or Fern"
