"""Payment rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from circles.payments import rules
from circles.payments.refunds import rules as refund_rules
from circles.payments.rules import CheckoutSnapshot, CheckoutState, StripeStatus

NOW = datetime(2027, 3, 14, 12, 0, tzinfo=UTC)
STATES = list(get_args(CheckoutState))
STATUSES = list(get_args(StripeStatus))

CURRENCIES = ["USD", "EUR", "JPY", "ISK", "UGX", "KWD", "HUF", "RSD", "CLP"]

# What Stripe can answer: paid goes with complete, and with nothing else.
ANSWERS = [("open", False), ("complete", True), ("complete", False), ("expired", False)]


def snapshot(status: StripeStatus, paid: bool) -> CheckoutSnapshot:
    return CheckoutSnapshot("cs_1", status, paid, "pi_1" if paid else "", 4500, "USD", "", NOW, None)


@pytest.mark.parametrize(
    ("ours", "status", "is_paid", "then"),
    [
        ("open", "complete", True, "paid"),
        ("open", "expired", False, "expired"),
        ("open", "open", False, "open"),
        ("open", "complete", False, "open"),  # a slow way to pay: not money yet
        ("asked", "expired", False, "failed"),
        ("asked", "complete", True, "paid"),
        ("expired", "complete", True, "paid"),  # money that came late is still money
        ("failed", "complete", True, "paid"),
        ("paid", "expired", False, "paid"),  # answers in the wrong order
        ("failed", "expired", False, "failed"),
    ],
)
def test_a_checkout_goes_where_stripe_says(
    ours: CheckoutState, status: StripeStatus, is_paid: bool, then: CheckoutState
) -> None:
    assert rules.next_state(ours, snapshot(status, is_paid)) == then


@pytest.mark.parametrize(
    ("intent", "then"),
    [("processing", "open"), ("", "open"), ("requires_payment_method", "expired"), ("canceled", "expired")],
)
def test_a_complete_checkout_without_money_waits_until_its_payment_has_failed(
    intent: str, then: CheckoutState
) -> None:
    answer = replace(snapshot("complete", paid=False), intent_status=intent)
    assert rules.next_state("open", answer) == then
    assert answer.payment_pending is (then == "open")


def test_the_tables_of_moves_name_every_state() -> None:
    assert set(rules.CHECKOUT_MOVES) == set(STATES)
    assert set(refund_rules.REFUND_MOVES) == set(get_args(refund_rules.RefundState))


@given(st.sampled_from(STATES), st.lists(st.sampled_from(ANSWERS), max_size=6))
def test_once_paid_it_stays_paid_whatever_comes_after(
    ours: CheckoutState, answers: list[tuple[StripeStatus, bool]]
) -> None:
    for status, paid in [("complete", True), *answers]:
        ours = rules.next_state(ours, snapshot(status, paid))
    assert ours == "paid"


@given(st.sampled_from(STATES), st.sampled_from(ANSWERS))
def test_the_same_answer_twice_changes_nothing_more(
    ours: CheckoutState, answer: tuple[StripeStatus, bool]
) -> None:
    once = rules.next_state(ours, snapshot(*answer))
    assert rules.next_state(once, snapshot(*answer)) == once


@given(st.integers(-100_000, 100_000))
def test_a_checkout_ends_within_what_stripe_takes(minutes: int) -> None:
    ahead = rules.checkout_end(NOW + timedelta(minutes=minutes), NOW) - NOW
    skew = timedelta(minutes=5)  # of Stripe's clock, either way
    assert timedelta(minutes=30) < ahead - skew
    assert ahead + skew < timedelta(hours=24)


def test_a_seat_is_held_as_long_as_its_checkout_can_be_paid() -> None:
    held = timedelta(minutes=rules.HOLD_MINUTES)
    assert rules.checkout_end(NOW + held, NOW) == NOW + held


def test_a_checkout_ends_as_wanted_where_stripe_takes_it() -> None:
    assert rules.checkout_end(NOW + timedelta(hours=2), NOW) == NOW + timedelta(hours=2)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.data())
def test_no_more_is_refunded_than_was_paid(wanted: int, balance: int, data: st.DataObject) -> None:
    under_way = data.draw(st.integers(0, balance))
    back = refund_rules.left_to_refund(wanted, balance, under_way)
    assert 0 <= back <= wanted
    assert under_way + back <= balance


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (4550, "USD", 4550),
        (4500, "JPY", 4500),  # no decimals here and there
        (45, "ISK", 4500),  # none here, two at Stripe
        (45, "UGX", 4500),
        (4550, "KWD", 4550),  # three here and there
    ],
)
def test_stripe_counts_in_its_own_way(minor: int, currency: str, amount: int) -> None:
    assert rules.to_stripe(minor, currency) == amount
    assert rules.from_stripe(amount, currency) == minor


@given(st.integers(0, 10**7), st.sampled_from(CURRENCIES))
def test_amounts_convert_there_and_back(minor: int, currency: str) -> None:
    assert get_currency_precision(currency) in (0, 2, 3)
    assert rules.from_stripe(rules.to_stripe(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("Tuesday group", "TUESDAY GR"),
        ("Café № 5", "CAFE NO 5"),
        ("<b>\"A\\'*", "B A"),
        ("2027", ""),  # Stripe wants a letter
        ("火曜日", ""),
        ("", ""),
    ],
)
def test_a_card_statement_takes_few_signs(text: str, suffix: str) -> None:
    assert rules.statement_suffix(text) == suffix


@given(st.text())
def test_any_name_makes_a_statement_that_stripe_takes(text: str) -> None:
    suffix = rules.statement_suffix(text)
    assert len(suffix) <= 10
    assert not set(suffix) & set("<>\\'\"*")
    assert suffix == "" or any(sign.isalpha() and sign.isascii() for sign in suffix)


def test_a_refused_refund_waits_longer_each_time() -> None:
    waits = [refund_rules.next_wait(tries) or timedelta() for tries in range(1, refund_rules.MAX_TRIES)]
    assert waits == sorted(set(waits))
    assert waits[0] == timedelta(minutes=10)
    assert refund_rules.next_wait(refund_rules.MAX_TRIES) is None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://a.test/bookings/1", "/bookings/1"),
        ("http://a.test.evil/bookings", "http://a.test.evil/bookings"),
        ("https://checkout.stripe.com/c/1", "https://checkout.stripe.com/c/1"),
    ],
)
def test_only_our_own_address_becomes_a_path(url: str, path: str) -> None:
    assert rules.local_path(url, "http://a.test") == path
