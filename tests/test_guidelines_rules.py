"""What differs between two versions, and what may be said of a change, as pure decisions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles.errors import OutOfDate, Refused
from circles.guidelines import diff, rules, texts
from circles.guidelines.rules import Seen

OLD = "## What stays\n\nWhat is said stays here.\n\n- Pass at any time.\n- Nobody records."
NEW = "## What stays here\n\nWhat is said stays.\n\n- Pass at any time.\n- Nobody sells.\n- Nobody records."


def said(old: str, new: str) -> list[tuple[str, str, str]]:
    """Every change as (shape of its line, kind, words)."""
    return [
        (line.shape, piece.kind, piece.words.strip())
        for line in diff.lines(old, new)
        for piece in line.pieces
        if piece.kind != "same"
    ]


def test_words_that_came_and_went_are_marked_in_their_lines() -> None:
    assert said(OLD, NEW) == [
        ("heading", "added", "here"),
        ("plain", "removed", "stays here."),
        ("plain", "added", "stays."),
        ("item", "added", "Nobody sells."),
    ]


def test_lines_keep_their_shape_without_their_mark() -> None:
    found = diff.lines(OLD, OLD)
    assert [line.shape for line in found] == ["heading", "plain", "item", "item"]
    assert found[0].pieces[0].words == "What stays"
    assert not any(line.changed for line in found)


def test_a_word_at_the_end_of_a_line_is_the_same_word() -> None:
    assert said("One two", "One two three") == [("plain", "added", "three")]


def test_a_mark_that_is_all_that_changed_is_shown() -> None:
    assert [kind for _, kind, _ in said("Pass", "## Pass")] == ["added"]


@given(st.text(alphabet="ab #-\n", max_size=60), st.text(alphabet="ab #-\n", max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_word_is_lost_or_made_up(old: str, new: str) -> None:
    found = diff._pieces(old, new)  # pyright: ignore[reportPrivateUsage]
    pieces = list(found)
    kept = "".join(piece.words for piece in pieces if piece.kind != "removed")
    assert kept.split() == new.split()
    assert "".join(piece.words for piece in pieces if piece.kind != "added").split() == old.split()


@pytest.mark.parametrize("unit", ["a ", "a\n", "- a b c\n", "x"])
def test_no_text_makes_a_reader_wait(unit: str) -> None:
    one, other = unit * (20_000 // len(unit)), ("b " + unit * (20_000 // len(unit)))[:20_000]
    begun = time.perf_counter()
    assert diff.lines(one, other)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("typed", ["", "1", "1.", "x.y", "1.2.3", "-1.0", "9" * 5000 + ".1", "²."])
def test_what_somebody_saw_cannot_be_made_up(typed: str) -> None:
    with pytest.raises(OutOfDate):
        rules.refuse_stale(Seen.read(typed), Seen(1, 2))


def test_what_somebody_saw_survives_the_form() -> None:
    rules.refuse_stale(Seen.read(str(Seen(3, 12))), Seen(3, 12))


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (Seen(2, 0), "Version 2 was published"),
        (Seen(1, 3), "Somebody else saved"),
        (Seen(1, 0), "thrown away"),
    ],
)
def test_it_says_what_happened_meanwhile(now: Seen, says: str) -> None:
    with pytest.raises(OutOfDate) as stale:
        rules.refuse_stale(Seen(1, 2), now)
    assert says in stale.value.reasons[0].text


def test_a_publisher_says_both_things_at_once() -> None:
    with pytest.raises(Refused) as refused:
        rules.read_change({"why": "x" * 201})
    assert {reason.field for reason in refused.value.reasons} == {"material", "why"}
    assert rules.read_change({"material": "yes", "why": " Two words "}) == rules.Change(True, "Two words")


def test_the_starting_texts_differ_by_format_and_place() -> None:
    assert len(set(texts.STARTING_TEXTS.values())) == 6
    assert texts.starting_text("dance", "moon") == texts.STARTING_TEXTS["facilitated", "online"]
