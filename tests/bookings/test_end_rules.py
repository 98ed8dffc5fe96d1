"""Rules of how a booking ends, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.bookings import end_rules
from circles.bookings.moving import rules as moving_rules

NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)

paid = st.integers(1, 10_000_000)
percent = st.integers(0, 100)
hours = st.integers(0, 720)
ahead = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=60))


@given(paid=paid, percent=percent, hours=hours, ahead=ahead)
def test_a_refund_is_never_more_than_was_paid_and_rounds_up(
    paid: int, percent: int, hours: int, ahead: timedelta
) -> None:
    refund = end_rules.refund_due(paid, NOW + ahead, NOW, hours, percent)
    assert 0 <= refund.amount <= paid
    if ahead >= timedelta(hours=hours):
        assert refund.amount == paid
    else:
        assert paid * percent <= refund.amount * 100 < paid * percent + 100


@given(paid=paid, percent=percent, hours=hours, one=ahead, other=ahead)
def test_waiting_never_increases_the_refund(
    paid: int, percent: int, hours: int, one: timedelta, other: timedelta
) -> None:
    early, late = max(one, other), min(one, other)
    first = end_rules.refund_due(paid, NOW + early, NOW, hours, percent)
    assert first.amount >= end_rules.refund_due(paid, NOW + late, NOW, hours, percent).amount


def test_the_refund_changes_exactly_at_the_deadline() -> None:
    start = NOW + timedelta(hours=48)
    assert end_rules.refund_due(4500, start, NOW, 48, 50).amount == 4500
    assert end_rules.refund_due(4500, start, NOW + timedelta(microseconds=1), 48, 50).amount == 2250
    assert end_rules.refund_due(4501, start, NOW + timedelta(hours=1), 48, 50).amount == 2251


@pytest.mark.parametrize(
    ("paid", "ahead", "percent", "words"),
    [
        (4500, 72, 50, "You get back all of the $45 you paid."),
        (4500, 24, 50, "you get back $22.50, 50% of the $45 you paid."),
        (4500, 24, 0, "none of the $45 you paid comes back."),
        (4500, 24, 100, "You get back all of the $45 you paid."),
    ],
)
def test_the_sentence_names_the_refund(paid: int, ahead: int, percent: int, words: str) -> None:
    refund = end_rules.refund_due(paid, NOW + timedelta(hours=ahead), NOW, 48, percent)
    assert refund.sentence.endswith(words)


# The time after paying in which all of it comes back

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("paid_ago", "ahead", "amount"),
    [
        (0, 47 * 60, 4500),
        (29, 47 * 60, 4500),
        (30, 47 * 60, 0),  # 30 minutes later it is over
        (31, 47 * 60, 0),
        (31, 49 * 60, 4500),  # the terms refund all of it
        (5, 61, 4500),
        (5, 60, 0),  # the start is an hour away
        (5, 30, 0),
    ],
)
def test_whoever_cancels_soon_after_paying_gets_all_of_it_back(
    paid_ago: int, ahead: int, amount: int
) -> None:
    row = booking_row(confirmed_at=NOW - paid_ago * MINUTE, starts_at=NOW + ahead * MINUTE)
    assert end_rules.refund_for(row).amount == amount


def booking_row(**more: Any) -> dict[str, Any]:
    """A booking of $45 that was paid, with terms of 48 hours and nothing after that."""
    return {
        "paid": 4500,
        "kept": 4500,
        "currency": "USD",
        "disputed": "",
        "must_agree": False,
        "terms_start": None,
        "now": NOW,
        "refund_hours": 48,
        "late_refund_percent": 0,
        "full_refund_until": None,
        "added_at": [],
        "added_kept": [],
    } | more


@pytest.mark.parametrize(
    ("added", "percent", "ahead", "amount", "words"),
    [
        # $60, of which $15 was paid in addition: (minutes ago, minor units)
        ([(29, 1500)], 0, 24 * 60, 1500, "so none of the other $45 comes back."),
        ([(30, 1500)], 0, 24 * 60, 0, "so none of the $60 you paid comes back."),
        ([(29, 1500)], 50, 24 * 60, 1500 + 2250, "of the other $45 you get back $22.50, 50%."),
        ([(40, 1000), (5, 500)], 0, 24 * 60, 500, "so none of the other $55 comes back."),
        ([(20, 1000), (5, 500)], 0, 24 * 60, 1500, "so none of the other $45 comes back."),
        ([(5, 6000)], 0, 24 * 60, 6000, "You paid $60 more a moment ago, so you get back all of that."),
        ([(5, 1500)], 0, 61, 1500, "so none of the other $45 comes back."),
        ([(5, 1500)], 0, 60, 0, "so none of the $60 you paid comes back."),  # the start is an hour away
        ([(5, 1500)], 0, 49 * 60, 6000, "You get back all of the $60 you paid."),
        ([(5, 1500)], 100, 24 * 60, 6000, "You get back all of the $60 you paid."),
    ],
)
def test_an_additional_payment_comes_back_whole_soon_after_it(
    added: list[tuple[int, int]], percent: int, ahead: int, amount: int, words: str
) -> None:
    row = booking_row(
        paid=6000,
        kept=6000,
        late_refund_percent=percent,
        confirmed_at=NOW - timedelta(days=9),
        starts_at=NOW + ahead * MINUTE,
        added_at=[NOW - ago * MINUTE for ago, _ in added],
        added_kept=[minor for _, minor in added],
    )
    refund = end_rules.refund_for(row)
    assert refund.amount == amount
    assert refund.sentence.endswith(words)
    if refund.until:
        first = max(ago for ago, _ in added if ago < 30)
        assert refund.until == min(NOW + (30 - first) * MINUTE, NOW + (ahead - 60) * MINUTE)


@given(paid_ago=st.timedeltas(timedelta(0), timedelta(hours=3)), ahead=ahead, hours=hours, percent=percent)
def test_the_time_after_paying_only_ever_adds_to_the_refund(
    paid_ago: timedelta, ahead: timedelta, hours: int, percent: int
) -> None:
    terms = {"refund_hours": hours, "late_refund_percent": percent, "starts_at": NOW + ahead}
    refund = end_rules.refund_for(booking_row(confirmed_at=NOW - paid_ago, **terms))
    without = end_rules.refund_for(booking_row(confirmed_at=NOW - timedelta(days=1), **terms))
    soon = paid_ago < timedelta(minutes=30) and ahead > timedelta(hours=1)
    assert refund.amount == (4500 if soon else without.amount)
    if refund.until:
        assert NOW < refund.until <= NOW + ahead - timedelta(hours=1)
        assert refund.until - (NOW - paid_ago) <= timedelta(minutes=30)


@given(
    paid_ago=st.timedeltas(timedelta(0), timedelta(hours=3)),
    first=ahead,
    then=ahead,
    later=ahead,
    hours=hours,
)
def test_moving_never_improves_what_is_refunded_at_that_moment(
    paid_ago: timedelta, first: timedelta, then: timedelta, later: timedelta, hours: int
) -> None:
    """Nor later, where the time for a full refund had passed when the seat moved."""
    row = booking_row(confirmed_at=NOW - paid_ago, starts_at=NOW + first, refund_hours=hours)
    stays = end_rules.refund_for(row)
    moved = row | {"terms_start": moving_rules.terms_start_after(row), "starts_at": NOW + then}
    assert end_rules.refund_for(moved).amount <= stays.amount
    if moved["terms_start"]:
        after = {"now": NOW + later}
        assert end_rules.refund_for(moved | after).amount <= end_rules.refund_for(row | after).amount


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "1 hour"), (48, "48 hours"), (168, "7 days"), (100, "100 hours")]
)
def test_hours_in_words(hours: int, words: str) -> None:
    assert end_rules.format_hours(hours) == words


@pytest.mark.parametrize(
    ("outcome", "let_go", "canceled", "cause"),
    [
        ("expired", False, False, "not_paid"),
        ("expired", True, False, "let_go"),
        ("failed", False, False, "no_checkout"),
        ("failed", True, False, "let_go"),
        ("expired", True, True, "gathering_cancelled"),
    ],
)
def test_a_hold_ends_for_a_reason(outcome: str, let_go: bool, canceled: bool, cause: str) -> None:
    assert end_rules.end_cause(outcome, let_go=let_go, gathering_canceled=canceled) == cause
