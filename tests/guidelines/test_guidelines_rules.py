"""The rules of guidelines: comparing versions, conflicts, publishing, starting texts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles.base.errors import OutOfDate, Refused
from circles.guidelines import blocks, diff, rules, texts
from circles.guidelines.rules import Basis

OLD = "## What stays\n\nWhat is said stays here.\n\n- Pass at any time.\n- Nobody records."
NEW = "## What stays here\n\nWhat is said stays.\n\n- Pass at any time.\n- Nobody sells.\n- Nobody records."


def changes(old: str, new: str) -> list[tuple[str, str, str]]:
    """Every change as (shape of its line, kind, words)."""
    return [
        (line.shape, piece.kind, piece.words.strip())
        for line in diff.compare(old, new).lines
        for piece in line.pieces
        if piece.kind != "same"
    ]


def test_added_and_removed_words_are_marked_in_their_lines() -> None:
    assert changes(OLD, NEW) == [
        ("heading", "added", "here"),
        ("plain", "removed", "stays here."),
        ("plain", "added", "stays."),
        ("item", "added", "Nobody sells."),
    ]


def test_lines_keep_their_shape_without_their_mark() -> None:
    lines = diff.compare(OLD, OLD).lines
    assert [line.shape for line in lines] == ["heading", "plain", "item", "item"]
    assert lines[0].pieces[0].words == "What stays"
    assert changes(OLD, OLD) == []


def test_a_word_at_the_end_of_a_line_is_the_same_word() -> None:
    assert changes("One two", "One two three") == [("plain", "added", "three")]


def test_a_line_that_becomes_a_heading_is_removed_and_added() -> None:
    assert changes("Pass", "## Pass") == [("plain", "removed", "Pass"), ("heading", "added", "Pass")]


def test_marks_of_markdown_are_not_words() -> None:
    items = "- Say **no**, or `pass`.\n  Nobody\n  minds.\n\n3. See [the list](https://a.org/x)"
    source = f"## *Here*\n\n{items}\n\n> Rest\n\n---\n"
    lines = diff.compare("", source).lines
    assert [(line.shape, "".join(piece.words for piece in line.pieces)) for line in lines] == [
        ("heading", "Here"),
        ("item", "Say no, or pass. Nobody minds."),
        ("item", "See the list (https://a.org/x)"),
        ("quote", "Rest"),
        ("rule", "* * *"),
    ]
    assert [set(piece.style) for piece in lines[1].pieces] == [set(), {"strong"}, set(), {"code"}, set()]
    assert lines[2].number == "3."


def test_lines_broken_elsewhere_and_items_numbered_anew_are_the_same() -> None:
    assert changes("One two\nthree.", "One\ntwo three.") == []
    assert changes("1. Come\n2. Go", "1. Stay\n2. Come\n3. Go") == [("item", "added", "Stay")]


def test_words_made_strong_are_shown_as_changed() -> None:
    assert changes("You may pass now.", "You **may** pass now.") == [
        ("plain", "removed", "may"),
        ("plain", "added", "may"),
    ]


def test_a_changed_link_address_counts() -> None:
    assert changes("Ask [us](https://a.org) now.", "Ask [us](https://b.org) now.") == [
        ("plain", "removed", "(https://a.org)"),
        ("plain", "added", "(https://b.org)"),
    ]
    assert changes("", "Write to <a@b.org>.") == [("plain", "added", "Write to a@b.org.")]


def words(source: str) -> list[str]:
    """The words of a text as it reads, apart where their style changes."""
    return " ".join(word.text for block in blocks.read(source) for word in block.words).split()


marked = st.text(alphabet="ab #-*`>1.[]()\n", max_size=80)


@given(marked, marked)
@settings(max_examples=200, deadline=None)
def test_no_word_is_lost_or_made_up(old: str, new: str) -> None:
    lines = diff.compare(old, new).lines
    for kind, source in (("removed", new), ("added", old)):
        pieces = [piece for line in lines for piece in line.pieces if piece.kind != kind]
        kept = "".join(piece.words for piece in pieces)
        assert "".join(kept.split()) == "".join(words(source))


@pytest.mark.parametrize("format", ["facilitated", "ceremony", "peer"])
def test_a_starting_text_is_read_without_marks(format: str) -> None:
    kept = " ".join(words(texts.starting_text(format, "online")))
    assert not {"##", "**", "- "} & set(kept.split())
    assert "*you*" not in kept


@pytest.mark.parametrize("unit", ["a ", "a\n", "- a b c\n", "x", "a\n\n", "- a", "> ", "*a*", "[a]("])
def test_no_text_is_slow_to_compare(unit: str) -> None:
    one, other = unit * (20_000 // len(unit)), ("b " + unit * (20_000 // len(unit)))[:20_000]
    begun = time.process_time()
    assert diff.compare(one, other).lines
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("typed", ["", "1", "1.", "x.y", "1.2.3", "-1.0", "9" * 5000 + ".1", "²."])
def test_an_invalid_basis_is_out_of_date(typed: str) -> None:
    with pytest.raises(OutOfDate):
        rules.refuse_stale(Basis.read(typed), Basis(1, 2))


def test_a_basis_survives_the_form() -> None:
    rules.refuse_stale(Basis.read(str(Basis(3, 12))), Basis(3, 12))


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (Basis(2, 0), "Version 2 was published"),
        (Basis(1, 3), "Somebody else saved"),
        (Basis(1, 0), "deleted while"),
    ],
)
def test_a_conflict_names_its_cause(now: Basis, message: str) -> None:
    with pytest.raises(OutOfDate) as stale:
        rules.refuse_stale(Basis(1, 2), now)
    assert message in stale.value.reasons[0].text


def test_publishing_refuses_both_fields_at_once() -> None:
    with pytest.raises(Refused) as refused:
        rules.read_change({"why": "x" * 201})
    assert {reason.field for reason in refused.value.reasons} == {"material", "why"}
    assert rules.read_change({"material": "yes", "why": " Two words "}) == rules.Change(True, "Two words")


def test_the_starting_texts_differ_by_format_and_place() -> None:
    assert len(set(texts.STARTING_TEXTS.values())) == 6
    assert texts.starting_text("dance", "moon") == texts.STARTING_TEXTS["facilitated", "online"]
