"""Rules of how a booking ends, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.bookings import end_rules

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
