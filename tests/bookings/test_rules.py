"""Booking rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import OutOfDate, Refused
from circles.base.money import Scale
from circles.bookings import rules
from circles.bookings.rules import ActiveBooking, AlreadyBooked, BookingInput, Eligibility
from circles.gatherings import BookableGathering

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)
VERSION = uuid4()
SCALE = Scale(3000, 4500, 8000, "USD")
FREE = Scale(0, 0, 0, "USD")


def a_gathering(**more: object) -> BookableGathering:
    plain = BookableGathering(
        gathering_id=uuid4(),
        circle_id=uuid4(),
        circle_name="First steps home",
        discreet_name="Tuesday group",
        state="open",
        circle_state="published",
        starts_at=NOW + timedelta(days=7),
        ends_at=NOW + timedelta(days=7, minutes=90),
        zone="America/New_York",
        wall_start=(NOW + timedelta(days=7)).replace(tzinfo=None),
        length_minutes=90,
        capacity=8,
        seats_taken=3,
        community_seats=1,
        community_taken=0,
        place="online",
        city="",
        address="",
        join_link="https://meet.example.org/tuesday",
        format="facilitated",
        scale=SCALE,
        refund_hours=48,
        late_refund_percent=50,
        guidelines_id=uuid4(),
        note="",
        cancel_reason="",
        hosts=(),
    )
    return replace(plain, **more)  # pyright: ignore[reportArgumentType]


def an_input(**more: object) -> BookingInput:
    return replace(BookingInput("amount", "45", VERSION, True, "USD"), **more)  # pyright: ignore[reportArgumentType]


ELIGIBLE = Eligibility(NOW, VERSION, "What is said here stays here.")


def refused(
    gathering: BookableGathering, sent: BookingInput, eligibility: Eligibility = ELIGIBLE
) -> set[str]:
    return {reason.code for reason in rules.booking_refusals(gathering, eligibility, sent)}


def test_the_amount_of_a_booking_that_can_be_made() -> None:
    assert rules.amount_due(a_gathering(), ELIGIBLE, an_input()) == 4500
    assert rules.amount_due(a_gathering(), ELIGIBLE, an_input(amount=3000)) == 3000
    assert rules.amount_due(a_gathering(), ELIGIBLE, an_input(choice="community", amount="")) == 0
    assert (
        rules.amount_due(a_gathering(scale=FREE), ELIGIBLE, an_input(choice="", amount="", currency="")) == 0
    )


@pytest.mark.parametrize(
    ("gathering", "code"),
    [
        ({"state": "cancelled"}, "cancelled"),
        ({"starts_at": NOW}, "past"),
        ({"starts_at": NOW - timedelta(minutes=1)}, "past"),
        ({"circle_state": "archived"}, "not_open"),
        ({"seats_taken": 8}, "full"),
    ],
)
def test_a_gathering_that_cannot_be_booked_says_why(gathering: dict[str, object], code: str) -> None:
    assert refused(a_gathering(**gathering), an_input()) == {code}


def test_booking_is_open_until_the_start() -> None:
    assert refused(a_gathering(starts_at=NOW + timedelta(microseconds=1)), an_input()) == set()


def test_a_community_seat_needs_one_left() -> None:
    community = an_input(choice="community")
    assert refused(a_gathering(community_taken=1), community) == {"no_community_seat"}
    assert refused(a_gathering(community_seats=0), community) == {"no_community_seat"}
    assert refused(a_gathering(community_taken=1), an_input()) == set()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("29.99", "below_scale"),
        ("80.01", "above_scale"),
        ("-45", "amount_unreadable"),
        ("45.005", "amount_fraction"),
        ("NaN", "amount_unreadable"),
        ("Infinity", "amount_unreadable"),
        ("1e21", "amount_unreadable"),
        ("", "amount_unreadable"),
        ("0x2D", "amount_unreadable"),
        ("45\x00", "amount_unreadable"),
        ("999999999", "amount_huge"),
    ],
)
def test_an_amount_that_cannot_be_paid_says_why(typed: str, code: str) -> None:
    assert refused(a_gathering(), an_input(amount=typed)) == {code}


def test_another_currency_is_refused_whatever_the_amount() -> None:
    assert refused(a_gathering(), an_input(currency="JPY")) == {"other_currency"}
    assert refused(a_gathering(), an_input(currency="JPY", amount="nonsense")) == {"other_currency"}
    assert refused(a_gathering(), an_input(currency="usd")) == set()


@pytest.mark.parametrize("amount", [2999, 8001, -1, 10**21])
def test_minor_units_are_checked_as_well(amount: int) -> None:
    assert refused(a_gathering(), an_input(amount=amount)) <= {"below_scale", "above_scale"}
    assert refused(a_gathering(), an_input(amount=amount))


def test_zero_is_free_where_the_scale_begins_at_zero() -> None:
    scale = Scale(0, 2000, 4000, "USD")
    gathering, sent = a_gathering(scale=scale), an_input(amount="0")
    assert rules.amount_due(gathering, ELIGIBLE, sent) == 0
    assert rules.kind_of(sent, scale, 0) == "free"
    assert rules.kind_of(an_input(choice="community"), scale, 0) == "community"
    assert rules.kind_of(an_input(choice="community"), FREE, 0) == "free"


@given(amount=st.integers(1, 49))
def test_less_than_the_least_card_charge_is_refused(amount: int) -> None:
    gathering = a_gathering(scale=Scale(0, 2000, 4000, "USD"))
    assert refused(gathering, an_input(amount=amount)) == {"below_card"}
    assert refused(gathering, an_input(amount=50)) == set()


def test_an_unknown_choice_is_refused() -> None:
    assert refused(a_gathering(), an_input(choice="gold")) == {"no_choice"}


def test_unpaid_seats_per_person_are_limited() -> None:
    many = replace(ELIGIBLE, held=rules.MAX_HELD)
    assert refused(a_gathering(), an_input(), many) == {"many_held"}
    assert refused(a_gathering(), an_input(choice="community"), many) == set()
    assert refused(a_gathering(), an_input(), replace(ELIGIBLE, held=rules.MAX_HELD - 1)) == set()


def test_guidelines_are_agreed_to_as_they_are_now() -> None:
    assert refused(a_gathering(), an_input(agreed=False)) == {"not_agreed"}
    assert refused(a_gathering(), an_input(version_id=uuid4())) == {"guidelines_changed"}
    assert refused(a_gathering(), an_input(version_id=None, agreed=False)) == {"guidelines_changed"}
    with pytest.raises(OutOfDate):
        rules.amount_due(a_gathering(), ELIGIBLE, an_input(version_id=uuid4()))


def test_every_refusal_comes_at_once() -> None:
    sent = an_input(choice="community", agreed=False)
    assert refused(a_gathering(community_seats=0), sent) == {"no_community_seat", "not_agreed"}
    assert refused(a_gathering(seats_taken=8), an_input(amount="1", agreed=False)) == {
        "full",
        "below_scale",
        "not_agreed",
    }
    with pytest.raises(Refused) as caught:
        rules.amount_due(a_gathering(), ELIGIBLE, an_input(amount="1", agreed=False))
    assert caught.value.codes == {"below_scale", "not_agreed"}


@pytest.mark.parametrize(
    ("state", "amount", "code", "same"),
    [
        ("held", "45", "held_already", True),
        ("held", "60", "held_already", False),
        ("held", "nonsense", "held_already", False),
        ("confirmed", "45", "booked_already", True),
    ],
)
def test_a_person_with_a_seat_is_led_to_it(state: str, amount: str, code: str, same: bool) -> None:
    booking = ActiveBooking(UUID(int=1), state, "paid", 4500, "USD", NOW + timedelta(minutes=20))
    with pytest.raises(AlreadyBooked) as caught:
        rules.amount_due(
            a_gathering(seats_taken=8), replace(ELIGIBLE, booking=booking), an_input(amount=amount)
        )
    assert caught.value.codes == {code}
    assert caught.value.same is same
    assert caught.value.booking.id == UUID(int=1)


def test_the_table_of_moves_names_every_state() -> None:
    assert set(rules.MOVES) == set(get_args(rules.State))
