"""What a pass is worth and what comes back of it: pure, by hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from circles.base.errors import Refused
from circles.bookings.passes import rules, use_rules
from circles.bookings.passes.rules import Terms
from circles.hosting.passes import rules as hosting

NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)

amounts, uses = some.integers(1, 10_000_000), some.integers(2, 52)


def a_pass(**more: Any) -> dict[str, Any]:
    """A pass of $160 for six gatherings within eight weeks, bought yesterday and not used."""
    return {
        "state": "active",
        "amount": 16000,
        "currency": "USD",
        "uses": 6,
        "used": 0,
        "used_value": 0,
        "kept": 16000,
        "paid_at": NOW - timedelta(days=1),
        "now": NOW,
        "zone": "America/New_York",
        "disputed": "",
        "circle_state": "published",
        "refund_kind": "percent",
        "refund_percent": 100,
        "refund_per_use": 0,
        "refund_weeks": 8,
    } | more


@given(amounts, uses)
def test_the_gatherings_of_a_pass_are_worth_its_price(amount: int, count: int) -> None:
    values = rules.use_values(amount, count)
    assert len(values) == count
    assert sum(values) == amount
    assert min(values) >= 0
    assert values[-1] - values[0] < count


@given(amounts, uses, some.data())
def test_no_more_comes_back_than_is_not_used_and_is_here(
    amount: int, count: int, data: some.DataObject
) -> None:
    taken = data.draw(some.integers(0, count))
    kept = data.draw(some.integers(0, amount))
    terms = {
        "refund_kind": data.draw(some.sampled_from(("percent", "per_use"))),
        "refund_percent": data.draw(some.integers(0, 100)),
        "refund_per_use": data.draw(some.integers(0, amount)),
    }
    value = sum(rules.use_values(amount, count)[:taken])
    row = a_pass(amount=amount, uses=count, used=taken, used_value=value, kept=kept, **terms)
    refund = rules.refund_for(row)
    assert 0 <= refund.amount <= min(amount - value, kept)
    assert refund.sentence
    for what in rules.REFUNDS:
        assert 0 <= rules.amount_of(row, what) <= kept


@given(some.integers(0, 10_000_000), some.integers(0, 100))
def test_a_part_of_a_cent_goes_to_the_person(unused: int, percent: int) -> None:
    back = rules.terms_value(Terms("percent", percent, 0, 8), unused, 3)
    assert back * 100 >= unused * percent > (back - 1) * 100


@pytest.mark.parametrize(
    ("more", "amount"),
    [
        ({}, 16000),
        ({"refund_percent": 50, "used": 1, "used_value": 2666}, 6667),
        ({"refund_percent": 0}, 0),
        ({"refund_kind": "per_use", "refund_per_use": 2000}, 12000),
        ({"refund_kind": "per_use", "refund_per_use": 9000}, 16000),
        ({"now": NOW + timedelta(weeks=8)}, 0),
        ({"refund_weeks": 0, "circle_state": "paused"}, 16000),
        ({"refund_percent": 0, "paid_at": NOW - timedelta(minutes=29)}, 16000),
        ({"refund_percent": 0, "paid_at": NOW - timedelta(minutes=31)}, 0),
        ({"used": 6, "used_value": 16000}, 0),
        ({"disputed": "needs_response"}, 0),
        ({"kept": 4000}, 4000),
        ({"state": "ended"}, 0),
    ],
)
def test_what_giving_back_pays(more: dict[str, Any], amount: int) -> None:
    assert rules.refund_for(a_pass(**more)).amount == amount


@pytest.mark.parametrize("cause", ["gathering_cancelled", "by_host", "taken_off"])
def test_what_others_cancel_always_comes_back(cause: str) -> None:
    seat = {"must_agree": False, "starts_at": NOW + timedelta(hours=1)}
    assert use_rules.comes_back(seat, cause)


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"uses": "1"}, {"uses"}),
        ({"uses": "six", "weeks": ""}, {"uses", "weeks"}),
        ({"minimum": "300"}, {"suggested"}),
        ({"minimum": "0.20", "suggested": "1"}, {"minimum"}),
        ({"suggested": "a lot", "maximum": "-5"}, {"suggested", "maximum"}),
        ({"refund_weeks": "9"}, {"refund_weeks"}),
        ({"refund_percent": "120"}, {"refund_percent"}),
        ({"refund_kind": "per_use", "refund_per_use": "500"}, {"refund_per_use"}),
        ({"refund_kind": "gold"}, {"refund_kind"}),
    ],
)
def test_an_offer_is_refused_with_every_reason(typed: dict[str, str], fields: set[str]) -> None:
    values = {
        "is_sold": "on",
        "uses": "6",
        "weeks": "8",
        "minimum": "100",
        "suggested": "160",
        "maximum": "240",
    }
    values |= {"refund_kind": "percent", "refund_percent": "100", "refund_weeks": "8", "refund_per_use": "20"}
    with pytest.raises(Refused) as refused:
        hosting.read(values | typed, "USD")
    assert {reason.field for reason in refused.value.reasons} == fields


@given(amounts, some.integers(0, 100), some.integers(0, 104), some.sampled_from(("percent", "per_use")))
def test_terms_are_said_in_words(per_use: int, percent: int, weeks: int, kind: str) -> None:
    text = rules.terms_text(Terms(kind, percent, per_use, weeks), "USD")
    assert text.endswith("all that is not used comes back.")
    pays = weeks and (per_use if kind == "per_use" else percent)
    assert ("are not paid back" in text) != bool(pays)
