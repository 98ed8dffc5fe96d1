"""The rules of the register: when marks can be made, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.register import rules
from circles.attendance.register.rules import Marking

START = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


# When marks can be made


@pytest.mark.parametrize(
    ("before", "opened"),
    [
        (timedelta(days=1), False),
        (timedelta(minutes=30, seconds=1), False),
        (timedelta(minutes=30), True),
        (timedelta(0), True),
        (-timedelta(days=400), True),
    ],
)
def test_the_register_opens_half_an_hour_before_and_stays_open(before: timedelta, opened: bool) -> None:
    now = START - before
    assert rules.is_open("open", START, now) is opened
    assert (rules.mark_refusals("open", START, now, "came") == []) is opened


@given(st.sampled_from(["draft", "cancelled"]), st.timedeltas(timedelta(days=-30), timedelta(days=30)))
def test_only_a_published_gathering_has_a_register(state: str, offset: timedelta) -> None:
    assert not rules.is_open(state, START, START + offset)
    assert rules.mark_refusals(state, START, START + offset, "came")


@given(st.timedeltas(timedelta(days=-30), timedelta(days=30)))
def test_what_is_open_is_what_is_not_refused(offset: timedelta) -> None:
    now = START + offset
    assert rules.is_open("open", START, now) == (not rules.mark_refusals("open", START, now, "excused"))


def test_every_reason_is_given_at_once() -> None:
    codes = {reason.code for reason in rules.mark_refusals("cancelled", START, START, "ill")}
    assert codes == {"mark_unknown", "cancelled"}


@pytest.mark.parametrize("mark", ["", "came", "absent", "excused"])
def test_the_marks_there_are(mark: str) -> None:
    assert rules.mark_refusals("open", START, START, mark) == []


@pytest.mark.parametrize("mark", ["CAME", "came,absent", "late", " came", "\x00"])
def test_other_marks_are_refused(mark: str) -> None:
    assert [reason.code for reason in rules.mark_refusals("open", START, START, mark)] == ["mark_unknown"]


# Counting


@given(st.lists(st.sampled_from(["", "came", "absent", "excused"])))
def test_the_counts_add_up(marks: list[str]) -> None:
    counts = rules.count(Marking(mark) for mark in marks)
    assert counts.came + counts.absent + counts.excused + counts.unmarked == len(marks)
    assert counts.came == marks.count("came")
    assert counts.unmarked == marks.count("")


def test_counts_in_words() -> None:
    def words(*values: str) -> str:
        return rules.count(Marking.parse(value) for value in values).words

    assert words(*["came"] * 5, "excused", "", "") == "5 came, 1 excused, 2 not marked yet"
    assert words("absent") == "0 came, 1 absent"
    assert words() == "0 came"
    assert words("came late", "came late left_early", "came") == "3 came (2 late and 1 left early)"
    assert words("came left_early", "absent") == "1 came (1 left early), 1 absent"


@pytest.mark.parametrize(
    ("value", "marking", "words"),
    [
        ("", Marking(""), ""),
        ("came", Marking("came"), "came"),
        ("came late", Marking("came", late=True), "came, late"),
        ("came late left_early", Marking("came", late=True, left_early=True), "came, late, left early"),
        ("excused", Marking("excused"), "excused"),
    ],
)
def test_a_mark_is_read_from_its_button_and_said(value: str, marking: Marking, words: str) -> None:
    assert Marking.parse(value) == marking
    assert (marking.value, marking.words) == (value, words)


@pytest.mark.parametrize("value", ["absent late", "late", "came early", "came  late", "came late late\n"])
def test_late_is_of_those_who_came_alone(value: str) -> None:
    marking = Marking.parse(value)
    assert not marking.late
    refused = rules.mark_refusals("open", START, START, marking.mark)
    assert [reason.code for reason in refused] == ["mark_unknown"]


def test_a_quality_is_added_and_taken_back() -> None:
    assert Marking("came").toggled("late") == "came late"
    assert Marking("came", late=True).toggled("left_early") == "came late left_early"
    assert Marking("came", late=True, left_early=True).toggled("late") == "came left_early"
