"""What the booking desk decides, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import OutOfDate, Refused
from circles.base.money import Scale
from circles.bookings import rules
from circles.bookings.rules import AlreadyBooked, Desk, Mine, Wish
from circles.gatherings import Offer

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)
VERSION = uuid4()
SCALE = Scale(3000, 4500, 8000, "USD")
FREE = Scale(0, 0, 0, "USD")


def an_offer(**more: object) -> Offer:
    plain = Offer(
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


def a_wish(**more: object) -> Wish:
    return replace(Wish("amount", "45", VERSION, True, "USD"), **more)  # pyright: ignore[reportArgumentType]


DESK = Desk(NOW, VERSION, "What is said here stays here.")


def refused(offer: Offer, wish: Wish, desk: Desk = DESK) -> set[str]:
    return {reason.code for reason in rules.refusals(offer, desk, wish)}


def test_a_good_wish_is_granted() -> None:
    assert rules.check(an_offer(), DESK, a_wish()) == 4500
    assert rules.check(an_offer(), DESK, a_wish(amount=3000)) == 3000
    assert rules.check(an_offer(), DESK, a_wish(choice="community", amount="")) == 0
    assert rules.check(an_offer(scale=FREE), DESK, a_wish(choice="", amount="", currency="")) == 0


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        ({"state": "cancelled"}, "cancelled"),
        ({"starts_at": NOW}, "past"),
        ({"starts_at": NOW - timedelta(minutes=1)}, "past"),
        ({"circle_state": "archived"}, "not_open"),
        ({"seats_taken": 8}, "full"),
    ],
)
def test_a_gathering_that_cannot_be_booked_says_why(offer: dict[str, object], code: str) -> None:
    assert refused(an_offer(**offer), a_wish()) == {code}


def test_booking_is_open_until_the_start() -> None:
    assert refused(an_offer(starts_at=NOW + timedelta(microseconds=1)), a_wish()) == set()


def test_a_community_seat_needs_one_left() -> None:
    community = a_wish(choice="community")
    assert refused(an_offer(community_taken=1), community) == {"no_community_seat"}
    assert refused(an_offer(community_seats=0), community) == {"no_community_seat"}
    assert refused(an_offer(community_taken=1), a_wish()) == set()


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
        ("٤٥", "amount_unreadable"),
        ("45\x00", "amount_unreadable"),
        ("999999999", "amount_huge"),
    ],
)
def test_an_amount_that_cannot_be_paid_says_why(typed: str, code: str) -> None:
    assert refused(an_offer(), a_wish(amount=typed)) == {code}


def test_another_currency_is_refused_whatever_the_amount() -> None:
    assert refused(an_offer(), a_wish(currency="JPY")) == {"other_currency"}
    assert refused(an_offer(), a_wish(currency="JPY", amount="nonsense")) == {"other_currency"}
    assert refused(an_offer(), a_wish(currency="usd")) == set()


@pytest.mark.parametrize("amount", [2999, 8001, -1, 10**21])
def test_minor_units_are_checked_as_well(amount: int) -> None:
    assert refused(an_offer(), a_wish(amount=amount)) <= {"below_scale", "above_scale"}
    assert refused(an_offer(), a_wish(amount=amount))


def test_zero_is_free_where_the_scale_begins_at_zero() -> None:
    scale = Scale(0, 2000, 4000, "USD")
    offer, wish = an_offer(scale=scale), a_wish(amount="0")
    assert rules.check(offer, DESK, wish) == 0
    assert rules.kind_of(wish, scale, 0) == "free"
    assert rules.kind_of(a_wish(choice="community"), scale, 0) == "community"
    assert rules.kind_of(a_wish(choice="community"), FREE, 0) == "free"


@given(amount=st.integers(1, 49))
def test_less_than_a_card_can_carry_is_refused(amount: int) -> None:
    offer = an_offer(scale=Scale(0, 2000, 4000, "USD"))
    assert refused(offer, a_wish(amount=amount)) == {"below_card"}
    assert refused(offer, a_wish(amount=50)) == set()


def test_an_unknown_choice_is_asked_again() -> None:
    assert refused(an_offer(), a_wish(choice="gold")) == {"no_choice"}


def test_nobody_holds_more_than_a_few_unpaid_seats() -> None:
    many = replace(DESK, held=rules.MAX_HELD)
    assert refused(an_offer(), a_wish(), many) == {"many_held"}
    assert refused(an_offer(), a_wish(choice="community"), many) == set()
    assert refused(an_offer(), a_wish(), replace(DESK, held=rules.MAX_HELD - 1)) == set()


def test_guidelines_are_agreed_to_as_they_are_now() -> None:
    assert refused(an_offer(), a_wish(agreed=False)) == {"not_agreed"}
    assert refused(an_offer(), a_wish(version_id=uuid4())) == {"guidelines_changed"}
    assert refused(an_offer(), a_wish(version_id=None, agreed=False)) == {"guidelines_changed"}
    with pytest.raises(OutOfDate):
        rules.check(an_offer(), DESK, a_wish(version_id=uuid4()))


def test_every_reason_is_said_at_once() -> None:
    wish = a_wish(choice="community", agreed=False)
    assert refused(an_offer(community_seats=0), wish) == {"no_community_seat", "not_agreed"}
    assert refused(an_offer(seats_taken=8), a_wish(amount="1", agreed=False)) == {
        "full",
        "below_scale",
        "not_agreed",
    }
    with pytest.raises(Refused) as caught:
        rules.check(an_offer(), DESK, a_wish(amount="1", agreed=False))
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
def test_whoever_has_a_seat_is_led_to_it(state: str, amount: str, code: str, same: bool) -> None:
    mine = Mine(UUID(int=1), state, "paid", 4500, "USD", NOW + timedelta(minutes=20))
    with pytest.raises(AlreadyBooked) as caught:
        rules.check(an_offer(seats_taken=8), replace(DESK, mine=mine), a_wish(amount=amount))
    assert caught.value.codes == {code}
    assert caught.value.same is same
    assert caught.value.mine.id == UUID(int=1)


paid = st.integers(1, 10_000_000)
percent = st.integers(0, 100)
hours = st.integers(0, 720)
ahead = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=60))


@given(paid=paid, percent=percent, hours=hours, ahead=ahead)
def test_a_refund_is_never_more_than_was_paid_and_never_a_cent_short(
    paid: int, percent: int, hours: int, ahead: timedelta
) -> None:
    refund = rules.refund_due(paid, NOW + ahead, NOW, hours, percent)
    assert 0 <= refund.amount <= paid
    if ahead >= timedelta(hours=hours):
        assert refund.amount == paid
    else:
        assert paid * percent <= refund.amount * 100 < paid * percent + 100


@given(paid=paid, percent=percent, hours=hours, one=ahead, other=ahead)
def test_waiting_never_brings_more(
    paid: int, percent: int, hours: int, one: timedelta, other: timedelta
) -> None:
    early, late = max(one, other), min(one, other)
    first = rules.refund_due(paid, NOW + early, NOW, hours, percent)
    assert first.amount >= rules.refund_due(paid, NOW + late, NOW, hours, percent).amount


def test_the_refund_turns_at_the_minute_the_terms_say() -> None:
    start = NOW + timedelta(hours=48)
    assert rules.refund_due(4500, start, NOW, 48, 50).amount == 4500
    assert rules.refund_due(4500, start, NOW + timedelta(microseconds=1), 48, 50).amount == 2250
    assert rules.refund_due(4501, start, NOW + timedelta(hours=1), 48, 50).amount == 2251


@pytest.mark.parametrize(
    ("paid", "ahead", "percent", "words"),
    [
        (4500, 72, 50, "You get back all of the $45 you paid."),
        (4500, 24, 50, "you get back $22.50, 50% of the $45 you paid."),
        (4500, 24, 0, "none of the $45 you paid comes back."),
        (4500, 24, 100, "You get back all of the $45 you paid."),
        (0, 72, 50, "You paid nothing, so there is nothing to pay back."),
    ],
)
def test_the_refund_is_said_in_money(paid: int, ahead: int, percent: int, words: str) -> None:
    refund = rules.refund_due(paid, NOW + timedelta(hours=ahead), NOW, 48, percent)
    assert refund.sentence.endswith(words)


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "1 hour"), (48, "48 hours"), (168, "7 days"), (100, "100 hours")]
)
def test_hours_are_said_as_people_say_them(hours: int, words: str) -> None:
    assert rules.hours_words(hours) == words


@pytest.mark.parametrize(
    ("outcome", "let_go", "called_off", "cause"),
    [
        ("expired", False, False, "not_paid"),
        ("expired", True, False, "let_go"),
        ("failed", False, False, "no_checkout"),
        ("failed", True, False, "let_go"),
        ("expired", True, True, "gathering_cancelled"),
    ],
)
def test_a_hold_ends_for_a_reason(outcome: str, let_go: bool, called_off: bool, cause: str) -> None:
    assert rules.end_cause(outcome, let_go=let_go, gathering_cancelled=called_off) == cause
