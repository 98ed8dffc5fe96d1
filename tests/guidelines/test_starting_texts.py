"""The starting texts of guidelines."""

from __future__ import annotations

import pytest

from circles import guidelines
from circles.gatherings import rules
from circles.guidelines import texts as guideline_texts
from tests.helpers import missing


@pytest.mark.parametrize("place", sorted(rules.PLACES))
@pytest.mark.parametrize("format_", sorted(rules.FORMATS))
def test_every_starting_text_has_the_required_parts(format_: str, place: str) -> None:
    body = guidelines.read_text(guideline_texts.STARTING_TEXTS[format_, place]).casefold()
    assert not missing(
        body,
        "stays in the circle",
        "pass",
        "advice",
        "sells",
        "clear-headed",
        "while a medicine still acts",
        "own experience",
        "touch",
        "on time",
        "records",
        "hard",
        "if it is about the",
        "988",
        "organizers",
    )
    assert "{" not in body
    assert ("drive" in body) is (place == "in_person")
    assert ("screen" in body) is (place == "online")
