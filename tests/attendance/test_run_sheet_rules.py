"""The run sheet's arithmetic and its buttons, without a database."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.run_sheet import rules
from circles.attendance.run_sheet.rules import Step
from circles.base.clock import NOBODY
from circles.base.errors import Refused

STEPS = [Step("One", 5), Step("Two", 10, "Say hello."), Step("Three", 15)]


@pytest.mark.parametrize("format_", rules.STARTING_SHEETS)
@pytest.mark.parametrize("length", [15, 50, 60, 75, 90, 120, 180])
@pytest.mark.parametrize("place", ["online", "in_person"])
def test_a_starting_sheet_fills_the_gathering(format_: str, length: int, place: str) -> None:
    steps = rules.starting_sheet(format_, length, place)
    assert rules.total(steps) == length
    assert rules.read(rules.form_values(steps)) == steps
    assert len({step.title for step in steps}) == 8


@pytest.mark.parametrize("format_", rules.STARTING_SHEETS)
@pytest.mark.parametrize("length", range(50, 241, 5))
def test_the_sharing_stays_the_most_of_it(format_: str, length: int) -> None:
    assert (
        max(rules.starting_sheet(format_, length, "in_person"), key=lambda step: step.minutes).title
        == rules.SHARING
    )


@pytest.mark.parametrize("format_", rules.STARTING_SHEETS)
def test_an_online_sheet_speaks_of_the_call_and_not_of_a_room(format_: str) -> None:
    """Each step has words of its own: chairs, shoes and a stone to pass are of no use on a screen."""
    here, online = (
        {step.title: step.words for step in rules.starting_sheet(format_, 90, place)}
        for place in ("in_person", "online")
    )
    assert [step for step in here if here[step] == online[step]] == []
    of_a_room = r"\b(room|rooms|chairs|shoes|stone|seats?|ring|within reach|tea)\b"
    assert [words for words in online.values() if re.search(of_a_room, words, re.IGNORECASE)] == []
    assert re.search(r"\b(call|camera|chat|link|connection|muted)\b", " ".join(online.values()))


def test_the_longest_gathering_has_time_left() -> None:
    steps = rules.starting_sheet("peer", 480, "in_person")
    assert max(step.minutes for step in steps) == rules.MAX_MINUTES
    assert rules.total(steps) < 480


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (30, "30 minutes in all, just as long as the gathering."),
        (31, "30 minutes in all. The gathering has 31 minutes, so 1 minute are free."),
        (
            20,
            "30 minutes in all. The gathering has 20 minutes: the steps take 10 minutes more than there are.",
        ),
    ],
)
def test_the_total_is_compared_with_the_length(length: int, words: str) -> None:
    assert rules.total_sentence(STEPS, length) == words.replace("1 minute are", "1 minute is")


def test_steps_begin_on_the_gatherings_clock() -> None:
    begins = rules.times(STEPS, datetime(2027, 3, 9, 23, 50, tzinfo=UTC), "America/New_York", NOBODY)
    assert begins == ["6:50 pm", "6:55 pm", "7:05 pm"]


@pytest.mark.parametrize(
    ("verb", "number", "titles"),
    [
        ("save", 0, "One Two Three"),
        ("up", 2, "Two One Three"),
        ("up", 1, "One Two Three"),
        ("up", 9, "One Two Three"),
        ("down", 2, "One Three Two"),
        ("down", 3, "One Two Three"),
        ("remove", 1, "Two Three"),
        ("remove", 9, "One Two Three"),
    ],
)
def test_what_the_buttons_do(verb: str, number: int, titles: str) -> None:
    assert " ".join(step.title for step in rules.change(STEPS, verb, number)) == titles


def test_a_step_is_added_at_the_end_until_it_is_full() -> None:
    more = rules.change(STEPS, "add", 0)
    assert more[:3] == STEPS
    assert rules.anchor(more, "add", 0) == 4
    with pytest.raises(Refused) as refused:
        rules.change([Step("One", 1)] * rules.MAX_STEPS, "add", 0)
    assert refused.value.codes == {"too_many"}


def test_the_last_step_stays() -> None:
    with pytest.raises(Refused) as refused:
        rules.change(STEPS[:1], "remove", 1)
    assert refused.value.codes == {"last"}


@given(st.lists(st.tuples(st.sampled_from(["up", "down"]), st.integers(0, 5)), max_size=20))
def test_moving_loses_nothing(moves: list[tuple[str, int]]) -> None:
    steps = STEPS
    for verb, number in moves:
        steps = rules.change(steps, verb, number)
        assert 1 <= rules.anchor(steps, verb, number) <= 3
    assert sorted(steps, key=lambda step: step.minutes) == STEPS


@pytest.mark.parametrize(
    ("then", "read"),
    [
        ("up-3", ("up", 3)),
        ("add", ("add", 0)),
        ("", ("save", 0)),
        ("up", ("save", 0)),
        ("up-²", ("save", 0)),
        ("drop-1", ("save", 0)),
    ],
)
def test_buttons_are_read(then: str, read: tuple[str, int]) -> None:
    assert rules.read_button(then) == read


def test_every_reason_is_given_at_once() -> None:
    values = rules.form_values(STEPS) | {
        "title-1": " ",
        "minutes-1": "0",
        "minutes-2": "241",
        "minutes-3": "½",
        "words-2": "a" * 1_001,
        "title-3": "a" * 10_000,
    }
    with pytest.raises(Refused) as refused:
        rules.read(values)
    assert {(reason.field, reason.code) for reason in refused.value.reasons} == {
        ("title-1", "missing"),
        ("minutes-1", "number"),
        ("minutes-2", "number"),
        ("words-2", "too_long"),
        ("minutes-3", "number"),
        ("title-3", "too_long"),
    }


@pytest.mark.parametrize("count", ["", "x", "-1", "9" * 20])
def test_a_count_that_is_none_reads_nothing(count: str) -> None:
    assert rules.read({"count": count}) == []
