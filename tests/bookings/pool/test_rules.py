"""Pool rules: sums by currency, what a pool carries, what hosts read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.bookings.pool import rules

amount = st.integers(0, 10_000_00)
row = st.fixed_dictionaries(
    {"currency": st.sampled_from(["USD", "EUR", "JPY"]), "paid_in": amount, "given": amount, "below": amount}
)


@given(st.lists(row))
def test_every_currency_adds_up_by_itself(rows: list[dict[str, object]]) -> None:
    sums = rules.sums_of(rows)
    assert [one.currency for one in sums] == sorted({str(row["currency"]) for row in rows})
    for one in sums:
        mine = [row for row in rows if row["currency"] == one.currency]
        assert one.left == sum(row["paid_in"] - row["given"] - row["below"] for row in mine)  # type: ignore[operator]


@given(amount, st.integers(1, 500_00))
def test_a_pool_carries_exactly_the_seats_that_it_can_pay(balance: int, suggested: int) -> None:
    given_seats = 0
    while rules.carries(balance, suggested):
        balance -= suggested
        given_seats += 1
        assert balance >= 0
    assert balance < suggested


@pytest.mark.parametrize(
    ("givers", "balance", "words"),
    [
        (4, 90_000, rules.TOO_FEW),
        (4, -90_000, rules.TOO_FEW),
        (5, 4500, rules.CARRIES),
        (5, 4499, rules.DRAWS_MORE),
        (50, -1, rules.DRAWS_MORE),
    ],
)
def test_hosts_read_no_amount_and_nothing_of_few_people(givers: int, balance: int, words: str) -> None:
    assert rules.host_words(givers, balance, 4500) == words
    assert not [character for character in words if character.isdigit()]


def test_seats_are_held_back_an_hour_after_the_pool_is_empty() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert not rules.is_held_back(None, now)
    assert not rules.is_held_back(now - timedelta(minutes=59), now)
    assert rules.is_held_back(now - timedelta(minutes=60), now)


@pytest.mark.parametrize(
    ("typed", "month"),
    [
        ("2026-02", date(2026, 2, 1)),
        ("", date(2026, 11, 1)),
        ("x", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)),
        ("0001-01", date(2026, 11, 1)),  # none before it
        ("9999-12", date(2026, 11, 1)),  # none after it
        ("2099-12", date(2099, 12, 1)),
    ],
)
def test_a_month_is_read_from_an_address(typed: str, month: date) -> None:
    assert rules.read_month(typed, date(2026, 11, 26)) == month
    assert rules.add_months(rules.add_months(month, -14), 14) == month
