"""Who may book in a circle that asks first, and how many newcomers it takes, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.bookings.screening import rules
from circles.bookings.screening.rules import CALL, OPEN_DOOR, Room

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)
START = NOW + timedelta(days=7)
ZONE = "America/New_York"


def codes(room: Room, now: datetime = NOW) -> list[str]:
    return [reason.code for reason in rules.refusals(room, START, ZONE, now)]


def test_an_open_door_keeps_nobody_out() -> None:
    assert codes(OPEN_DOOR) == []
    assert codes(replace(OPEN_DOOR, newcomer=True)) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("", "send the hosts a request"),
        ("waiting", "with the hosts"),
        ("asked", "answer it"),
        ("declined", "not a yes"),
    ],
)
def test_without_approval_it_says_what_comes_next(state: str, words: str) -> None:
    (reason,) = rules.refusals(Room("questions", approved=False, request_state=state), START, ZONE, NOW)
    assert reason.code == "not_approved"
    assert words in reason.text


def test_newcomers_wait_for_their_day_and_for_room() -> None:
    room = Room(newcomer=True, newcomers=2, newcomers_most=2, newcomers_days=3)
    assert codes(room) == ["newcomers_later", "newcomers_full"]
    assert codes(room, START - timedelta(days=3)) == ["newcomers_full"]
    assert codes(room, START - timedelta(days=3, microseconds=1)) == ["newcomers_later", "newcomers_full"]
    assert codes(replace(room, newcomers=1), START - timedelta(days=1)) == []
    assert codes(replace(room, newcomer=False)) == []
    assert codes(replace(room, newcomers_most=0, newcomers=0, newcomers_days=None)) == ["newcomers_full"]
    (later, _) = rules.refusals(room, START, ZONE, NOW)
    assert "Saturday 6 March" in later.text


@given(st.integers(0, 24), st.integers(0, 24))
def test_room_is_left_while_fewer_are_there_than_may_be(there: int, most: int) -> None:
    room = Room(newcomer=True, newcomers=there, newcomers_most=most)
    assert (codes(room) == []) == (there < most)


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


def test_answers_are_all_wanted() -> None:
    assert rules.read_answers(CALL, {"a1": "555", "a2": "Evenings"}) == ["555", "Evenings"]
    with pytest.raises(Refused) as caught:
        rules.read_answers(("One?", "Two?", "Three?"), {"a1": "yes", "a2": " ", "a3": "x" * 2001})
    assert {reason.field for reason in caught.value.reasons} == {"a2", "a3"}


def test_a_request_is_answered_once_and_asked_back_in_turn() -> None:
    for state in ("approved", "declined", "withdrawn"):
        with pytest.raises(Refused):
            rules.may_decide(state)
    rules.may_decide("waiting")
    rules.may_decide("asked")
    rules.may_ask_again("waiting", 2)
    for state, so_far in (("asked", 2), ("waiting", 12), ("approved", 2)):
        with pytest.raises(Refused):
            rules.may_ask_again(state, so_far)


def test_a_request_is_sent_once() -> None:
    rules.may_send(Room("questions", approved=False))
    for room in (OPEN_DOOR, Room("questions", approved=False, request_state="waiting")):
        with pytest.raises(Refused):
            rules.may_send(room)
