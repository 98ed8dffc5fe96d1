"""The share of a payment, the facilitator's part, and what is left of it as money goes back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.payments.shares.rules import ShareTerms, part_left
from circles.store.context import Context
from tests.helpers import rows

AMOUNTS = st.integers(1, 10_000_00)
TERMS = st.builds(
    ShareTerms,
    percent=st.integers(0, 100_00),
    flat=st.integers(0, 200_00),
    at_most=st.none() | st.integers(0, 200_00),
)


@pytest.mark.parametrize(
    ("terms", "amount", "share"),
    [
        (ShareTerms(20_00, 100), 4000, 900),
        (ShareTerms(20_00, 100, at_most=500), 4000, 500),
        (ShareTerms(0), 4000, 0),
        (ShareTerms(100_00), 4000, 4000),
        (ShareTerms(0, 900), 500, 500),
        (ShareTerms(12_50), 100, 13),
        (ShareTerms(50_00), 1, 1),
        (ShareTerms(0, 0, at_most=0), 4000, 0),
    ],
)
def test_share(terms: ShareTerms, amount: int, share: int) -> None:
    assert (terms.share_of(amount), terms.part_of(amount)) == (share, amount - share)


@given(TERMS, AMOUNTS, AMOUNTS)
def test_a_larger_amount_never_leaves_a_smaller_part(terms: ShareTerms, amount: int, more: int) -> None:
    assert 0 <= terms.part_of(amount) <= terms.part_of(amount + more) <= terms.part_of(amount) + more


@given(AMOUNTS, st.data())
def test_refunds_reverse_all_and_never_too_much(amount: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, amount))
    steps = sorted(data.draw(st.lists(st.integers(0, amount), max_size=6)))
    left = [part_left(part, amount, gone) for gone in [0, *steps, amount]]
    assert (left[0], left[-1]) == (part, 0)
    assert left == sorted(left, reverse=True)
    assert all(0 <= one <= amount - gone for one, gone in zip(left, [0, *steps, amount], strict=True))


async def test_the_database_counts_the_same(context: Context) -> None:
    chance = random.Random(13)
    cases = []
    for _ in range(2000):
        amount = chance.randint(1, 10_000_00)
        at_most = chance.choice((None, chance.randint(0, 200_00)))
        terms = ShareTerms(chance.randint(0, 100_00), chance.randint(0, 200_00), at_most)
        cases.append((amount, terms, chance.randint(0, amount)))
    found = await rows(
        context,
        "select facilitator_part(amount, percent, flat, at_most) as part,"
        " part_left(facilitator_part(amount, percent, flat, at_most), amount, gone) as rest"
        " from unnest($1::bigint [], $2::int [], $3::int [], $4::int [], $5::bigint [])"
        " with ordinality as given (amount, percent, flat, at_most, gone, position) order by position",
        [amount for amount, _, _ in cases],
        [terms.percent for _, terms, _ in cases],
        [terms.flat for _, terms, _ in cases],
        [terms.at_most for _, terms, _ in cases],
        [gone for _, _, gone in cases],
    )
    expected = [
        (terms.part_of(amount), part_left(terms.part_of(amount), amount, gone))
        for amount, terms, gone in cases
    ]
    assert [(row["part"], row["rest"]) for row in found] == expected
