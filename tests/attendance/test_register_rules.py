"""The rules of the register: when marks can be made, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.register import rules

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
    counts = rules.count(marks)
    assert counts.came + counts.absent + counts.excused + counts.unmarked == len(marks)
    assert counts.came == marks.count("came")
    assert counts.unmarked == marks.count("")


def test_counts_in_words() -> None:
    assert rules.count(["came"] * 5 + ["excused", "", ""]).words == "5 came, 1 excused, 2 not marked yet"
    assert rules.count(["absent"]).words == "0 came, 1 absent"
    assert rules.count([]).words == "0 came"
