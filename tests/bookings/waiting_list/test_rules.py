"""Rules of the waiting list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.clock import Viewer
from circles.bookings import seat_rules
from circles.bookings.seat_rules import OwnBooking, OwnRequest
from circles.bookings.waiting_list import places, rules
from circles.bookings.waiting_list.places import OwnWait
from circles.gatherings import GatheringTimes

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=200)))
def test_an_offer_lasts_a_quarter_of_the_time_and_ends_by_the_start(ahead: timedelta) -> None:
    length = rules.offer_ends_at(NOW, NOW + ahead) - NOW
    assert timedelta(0) < length <= min(timedelta(hours=24), ahead)
    assert length >= min(timedelta(minutes=30), ahead)
    if timedelta(hours=2) <= ahead <= timedelta(days=4):
        assert length == ahead / 4


@pytest.mark.parametrize(
    ("ahead", "length"),
    [
        (timedelta(days=30), timedelta(hours=24)),
        (timedelta(hours=96), timedelta(hours=24)),
        (timedelta(hours=24), timedelta(hours=6)),
        (timedelta(hours=2), timedelta(minutes=30)),
        (timedelta(minutes=90), timedelta(minutes=30)),
        (timedelta(minutes=10), timedelta(minutes=10)),
    ],
)
def test_how_long_an_offer_lasts(ahead: timedelta, length: timedelta) -> None:
    assert rules.offer_ends_at(NOW, NOW + ahead) == NOW + length


def test_under_two_hours_before_the_start_a_seat_is_for_all() -> None:
    assert not rules.is_for_all(NOW, NOW + timedelta(hours=2))
    assert rules.is_for_all(NOW, NOW + timedelta(hours=2) - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("gatherings", "freed", "text"),
    [
        (0, 0, "Too few gatherings of this circle were full so far to say how often a seat comes free."),
        (3, 3, "Too few gatherings of this circle were full so far to say how often a seat comes free."),
        (
            4,
            0,
            "No seat came free at the last 4 full gatherings of this circle, so please look at other dates as well.",
        ),
        (8, 3, "A seat came free at 3 of the last 8 full gatherings of this circle."),
        (5, 5, "A seat came free at every one of the last 5 full gatherings of this circle."),
    ],
)
def test_how_often_a_seat_comes_free(gatherings: int, freed: int, text: str) -> None:
    assert rules.likelihood(gatherings, freed) == text


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "ends_at", "lapses", "is_free", "must_agree", "code"),
    [
        ("offered", NOW + HOUR, 0, False, False, ""),
        ("offered", NOW + HOUR, 0, False, True, "guidelines_changed"),
        ("offered", NOW, 0, False, False, "offer_lapsed"),
        ("offered", NOW - HOUR, 1, True, True, "offer_lapsed"),
        ("waiting", None, 0, False, False, "not_free"),
        ("waiting", None, 1, False, False, "offer_lapsed"),
        ("waiting", None, 1, True, False, ""),
        ("lapsed", NOW - HOUR, 2, True, False, "offer_lapsed"),
        ("accepted", NOW + HOUR, 0, True, False, "wait_ended"),
        ("declined", NOW + HOUR, 0, True, False, "wait_ended"),
        ("left", None, 0, True, False, "wait_ended"),
        ("closed", None, 0, True, False, "wait_ended"),
    ],
)
def test_who_can_take_a_seat(
    state: str, ends_at: datetime | None, lapses: int, is_free: bool, must_agree: bool, code: str
) -> None:
    reasons = rules.take_refusals(state, ends_at, NOW, lapses=lapses, is_free=is_free, must_agree=must_agree)
    assert [reason.code for reason in reasons] == ([code] if code else [])


def test_every_state_has_moves() -> None:
    assert set().union(*rules.MOVES.values()) <= set(rules.MOVES)
    assert {state for state, after in rules.MOVES.items() if after} == {"waiting", "offered", "accepted"}


@pytest.mark.parametrize(
    ("wait", "code", "title", "text"),
    [
        (
            OwnWait(UUID(int=1), "waiting", "amount", 1),
            "waiting",
            "You are on the waiting list",
            "You are first in line. You get a mail as soon as a seat is offered to you.",
        ),
        (
            OwnWait(UUID(int=1), "waiting", "community", 3),
            "waiting",
            "You are on the waiting list",
            "You are number 3 in line for a community seat. You get a mail as soon as a seat is offered to you.",
        ),
        (
            OwnWait(UUID(int=1), "waiting", "amount", 2, is_free=True),
            "seat_free",
            "A seat is free just now",
            "The first to answer has it. You are on the waiting list.",
        ),
        (
            OwnWait(UUID(int=1), "offered", "amount", 2, NOW + timedelta(hours=6)),
            "offered",
            "A seat is free for you",
            "It is kept for you until Monday, November 2, 1:00 pm. If you do not want it, let it go, so that the next "
            "person has it sooner.",
        ),
        (
            OwnWait(UUID(int=1), "offered", "amount", 2, NOW),
            "offer_over",
            "The time for this offer is over",
            "The seat is offered to the next person. You keep your place in line, if it was your first offer.",
        ),
    ],
)
def test_what_pages_say_of_a_place(wait: OwnWait, code: str, title: str, text: str) -> None:
    seat = places.seat_of_wait(wait, NOW, "America/New_York", Viewer("America/New_York"))
    assert seat
    assert (seat.code, seat.text, seat.href) == (code, text, f"/waits/{wait.id}")
    assert seat.title.startswith(title)
    assert seat.may_book == (code in ("seat_free", "offered"))


@pytest.mark.parametrize("state", ["accepted", "declined", "left", "lapsed", "closed"])
def test_a_wait_that_ended_shows_nowhere(state: str) -> None:
    assert places.seat_of_wait(OwnWait(UUID(int=1), state, "amount", 1), NOW, "UTC") is None


def test_a_place_comes_before_a_request_and_after_a_seat_until_the_start() -> None:
    gathering = GatheringTimes(UUID(int=9), "open", NOW + HOUR, NOW + 2 * HOUR, "UTC")
    wait = OwnWait(UUID(int=1), "waiting", "amount", 1)
    booking = OwnBooking(UUID(int=2), "confirmed", "free", 0, "USD")
    request = OwnRequest(UUID(int=3), "approved")

    def code(**own: Any) -> str:
        seat = seat_rules.my_seat(own.pop("booking", None), own.pop("gathering", gathering), NOW, **own)
        return seat.code if seat else ""

    assert code(booking=booking, wait=wait) == "seated"
    assert code(booking=replace(booking, state="cancelled", end_cause="by_member"), wait=wait) == "waiting"
    assert code(wait=wait, request=request) == "waiting"
    assert code(wait=wait, gathering=replace(gathering, starts_at=NOW)) == ""
    assert code(wait=wait, gathering=replace(gathering, state="cancelled")) == ""
