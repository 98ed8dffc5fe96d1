"""What is left of a payment, how a refund is split, and how a span of time is summed up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from circles.organizing.payments import rules
from circles.organizing.payments.rules import HandRefund, Part, Totals
from circles.organizing.payments.story import story

PAYER, ORGANIZER = UUID(int=1), UUID(int=2)


@st.composite
def payments(draw: st.DrawFn) -> list[Part]:
    left = draw(st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
    return [Part(UUID(int=100 + number), amount, PAYER) for number, amount in enumerate(left)]


def wish(part: UUID | None, amount: int | None, shown: int) -> HandRefund:
    return HandRefund(uuid4(), part, amount, shown, "They could not come in")


def codes(parts: list[Part], asked: HandRefund) -> set[str]:
    refusals = rules.refund_refusals(asked, parts, "USD", is_disputed=False, is_asked=False)
    return {reason.code for reason in refusals}


@given(payments(), st.integers(1, 200_000), st.data())
def test_no_refund_is_more_than_what_is_left(parts: list[Part], amount: int, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from([None, *(each.id for each in parts)]))
    left, whole = rules.left_of(parts, part), rules.left_of(parts, None)
    refused = codes(parts, wish(part, amount, whole))
    assert ("more_than_left" in refused) == (0 < left < amount)
    assert ("nothing_left" in refused) == (left == 0)
    shares = rules.shares_of(parts, part, amount)
    assert sum(share for _, share in shares) == min(amount, left)
    of = {each.id: each.left for each in parts}
    assert all(0 < share <= of[id] for id, share in shares)
    assert len({id for id, _ in shares}) == len(shares)


@given(payments(), st.lists(st.integers(1, 30_000), max_size=8))
def test_however_often_it_is_asked_no_more_goes_back_than_was_paid(
    parts: list[Part], amounts: list[int]
) -> None:
    paid, sent = rules.left_of(parts, None), 0
    for amount in amounts:
        if codes(parts, wish(None, amount, rules.left_of(parts, None))):
            continue
        shares = dict(rules.shares_of(parts, None, amount))
        parts = [Part(each.id, each.left - shares.get(each.id, 0), PAYER) for each in parts]
        sent += sum(shares.values())
        assert all(each.left >= 0 for each in parts)
    assert sent + rules.left_of(parts, None) == paid


@given(payments(), st.integers(0, 100_000))
def test_what_changed_since_it_was_shown_is_looked_at_once_more(parts: list[Part], shown: int) -> None:
    whole = rules.left_of(parts, None)
    if whole:
        assert ("changed" in codes(parts, wish(None, None, shown))) == (shown != whole)


def test_nobody_agrees_to_their_own_refund() -> None:
    parts = [Part(UUID(int=100), 4500, ORGANIZER)]
    asked = {
        "state": "asked",
        "asked_by": ORGANIZER,
        "booking_id": None,
        "amount": 4500,
        "currency": "USD",
    }
    assert rules.needs_second(parts, ORGANIZER, others=1)
    assert not rules.needs_second(parts, ORGANIZER, others=0)
    assert not rules.needs_second(parts, PAYER, others=3)

    def refused(row: dict[str, Any], actor: UUID, *, is_disputed: bool = False) -> list[str]:
        return [reason.code for reason in rules.agree_refusals(row, actor, parts, is_disputed=is_disputed)]

    assert refused(asked, ORGANIZER) == ["own"]
    assert refused(asked, PAYER) == []
    assert refused(asked, PAYER, is_disputed=True) == ["disputed"]
    assert refused(asked | {"amount": 4501}, PAYER) == ["more_than_left"]
    assert refused(asked | {"state": "declined"}, PAYER) == ["over"]


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(moments, moments, st.lists(moments, max_size=20))
def test_a_span_has_every_moment_once(since: datetime, until: datetime, others: list[datetime]) -> None:
    span = rules.span_of(since, until)
    for at in (since, until, until - timedelta(microseconds=1), *others):
        in_days = span.first_day <= at.date() < span.last_day
        in_edges = [begin <= at < end for begin, end in span.edges]
        assert [in_days, *in_edges].count(True) == (since <= at < until)
    assert all(end - begin < timedelta(days=2) for begin, end in span.edges)


def test_all_of_time_is_whole_days() -> None:
    span = rules.span_of(rules.ALWAYS, rules.NEVER)
    assert span.edges == ()
    assert (span.first_day, span.last_day) == (rules.ALWAYS.date(), rules.NEVER.date())


def test_net_is_what_is_left_of_a_payment() -> None:
    assert Totals("USD", 3, 13_500, 2_000, 4_500, 700, 391, 1).net == 6_609


def test_a_story_knows_words_of_newer_versions() -> None:
    row = {
        "at": rules.ALWAYS,
        "source": "money",
        "what": "some_day",
        "why": "",
        "amount": 4500,
        "currency": "USD",
    }
    row |= {"part": None, "stripe_id": None, "who_name": ""}
    assert [chapter.what for chapter in story([row], is_shared=False)] == ["Money: some day"]
