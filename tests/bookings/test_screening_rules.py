"""Screening rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.bookings.screening import rules
from circles.bookings.screening.rules import CALL_QUESTIONS, OPEN, Admission

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)
START = NOW + timedelta(days=7)
ZONE = "America/New_York"


def codes(admission: Admission, now: datetime = NOW) -> list[str]:
    return [reason.code for reason in rules.admission_refusals(admission, START, ZONE, now)]


def test_a_circle_that_asks_nothing_admits_everybody() -> None:
    assert codes(OPEN) == []
    assert codes(replace(OPEN, newcomer=True)) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("", "send the hosts a request"),
        ("waiting", "with the hosts"),
        ("asked", "answer it"),
        ("declined", "not a yes"),
    ],
)
def test_the_refusal_names_the_next_step_of_a_request(state: str, words: str) -> None:
    (reason,) = rules.admission_refusals(
        Admission("questions", approved=False, request_state=state), START, ZONE, NOW
    )
    assert reason.code == "not_approved"
    assert words in reason.text


def test_newcomers_wait_for_their_day_and_for_a_place() -> None:
    admission = Admission(newcomer=True, newcomers=2, newcomers_most=2, newcomers_days=3)
    assert codes(admission) == ["newcomers_later", "newcomers_full"]
    assert codes(admission, START - timedelta(days=3)) == ["newcomers_full"]
    assert codes(admission, START - timedelta(days=3, microseconds=1)) == [
        "newcomers_later",
        "newcomers_full",
    ]
    assert codes(replace(admission, newcomers=1), START - timedelta(days=1)) == []
    assert codes(replace(admission, newcomer=False)) == []
    assert codes(replace(admission, newcomers_most=0, newcomers=0, newcomers_days=None)) == ["newcomers_full"]
    (later, _) = rules.admission_refusals(admission, START, ZONE, NOW)
    assert "Saturday, March 6" in later.text


@given(st.integers(0, 24), st.integers(0, 24))
def test_newcomers_are_admitted_up_to_the_limit(there: int, most: int) -> None:
    admission = Admission(newcomer=True, newcomers=there, newcomers_most=most)
    assert (codes(admission) == []) == (there < most)


def test_settings_are_read_with_every_reason_at_once() -> None:
    good = {"asks": "questions", "q1": " What  brings you? ", "q4": "Who?", "newcomers_most": "2"}
    assert rules.read_screening(good) == rules.Screening("questions", ("What brings you?", "Who?"), 2, None)
    assert rules.read_screening({"asks": "off"}) == rules.Screening("off", (), None, None)
    bad = {"asks": "questions", "newcomers_most": "25", "newcomers_days": "-1"}
    with pytest.raises(Refused) as caught:
        rules.read_screening(bad)
    assert {reason.field for reason in caught.value.reasons} == {"q1", "newcomers_most", "newcomers_days"}
    for wrong in ({"asks": "all"}, {}, {"asks": "off", "q1": "x" * 201}, {"asks": "off", "q6": "a\u0000b"}):
        with pytest.raises(Refused):
            rules.read_screening(wrong)


def test_every_answer_is_required() -> None:
    assert rules.read_answers(CALL_QUESTIONS, {"a1": "555", "a2": "Evenings"}) == ["555", "Evenings"]
    with pytest.raises(Refused) as caught:
        rules.read_answers(("One?", "Two?", "Three?"), {"a1": "yes", "a2": " ", "a3": "x" * 2001})
    assert {reason.field for reason in caught.value.reasons} == {"a2", "a3"}


def test_a_request_is_decided_once_and_asked_back_in_turn() -> None:
    assert rules.decision_refusals("waiting") == rules.decision_refusals("asked") == []
    assert rules.question_back_refusals("waiting", 2) == []
    assert rules.answer_refusals("asked") == []
    for state in ("approved", "declined", "withdrawn"):
        assert rules.decision_refusals(state)
        assert rules.answer_refusals(state)
        assert rules.question_back_refusals(state, 2)
    assert rules.question_back_refusals("asked", 2)
    assert rules.question_back_refusals("waiting", 12)
    assert rules.answer_refusals("waiting")


def test_a_request_is_sent_once() -> None:
    assert rules.request_refusals(Admission("questions", approved=False)) == []
    assert rules.request_refusals(OPEN)
    assert rules.request_refusals(Admission("questions", approved=False, request_state="waiting"))


def test_the_table_of_moves_names_every_state() -> None:
    assert set(rules.MOVES) == set(get_args(rules.State))
