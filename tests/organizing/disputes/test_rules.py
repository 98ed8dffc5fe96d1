"""Dispute rules: what leaves is what was ticked, discreet, and no more; who may answer; what mails say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import discreet
from circles.organizing.disputes import rules

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def booking(**more: Any) -> dict[str, Any]:
    at = NOW.isoformat()
    return {
        "id": str(uuid4()),
        "starts_at": at,
        "zone": "America/New_York",
        "created_at": at,
        "confirmed_at": at,
        "ended_at": None,
        "end_cause": "",
        "refund_hours": 48,
        "late_percent": 50,
        "is_over": True,
        "is_canceled": False,
        "agreed_at": at,
        "version": 3,
        "mark": "came",
        "invites": [at],
        "reply": "accepted",
        "replied_at": at,
        "messages": [at],
    } | more


def dispute(**more: Any) -> dict[str, Any]:
    return {
        "discreet_name": "Tuesday group",
        "circle_name": "Ketamine integration",
        "zone": "America/New_York",
        "pass_id": None,
        "bought": None,
        "name": "Mira Loomis",
        "email": "mira@example.org",
        "currency": "USD",
        "paid": 4500,
        "paid_at": NOW,
        "receipt_name": "R-1001",
        "refunds": [{"at": NOW.isoformat(), "amount": 1000}],
        "bookings": [booking()],
    } | more


parts = st.lists(st.sampled_from(list(rules.PARTS)), unique=True)
bookings = st.lists(
    st.builds(
        booking,
        mark=st.sampled_from([None, "came", "absent", "excused"]),
        reply=st.sampled_from([None, "accepted", "declined"]),
        ended_at=st.sampled_from([None, NOW.isoformat()]),
        agreed_at=st.sampled_from([None, NOW.isoformat()]),
    ),
    max_size=3,
)


@given(parts, bookings)
def test_nothing_leaves_but_what_was_ticked_and_nothing_says_what_a_group_is(
    ticked: list[str], of: list[dict[str, Any]]
) -> None:
    text = rules.evidence(dispute(bookings=of), ticked, "", "Commons").text()
    assert not discreet.refusals(text)
    assert ("Mira Loomis" in text) is ("name" in ticked)
    assert ("mira@example.org" in text) is ("address" in ticked)
    assert ("R-1001" in text) is ("receipt" in ticked)
    assert ("marked" in text) is (
        "register" in ticked and any(one["mark"] in ("came", "absent") for one in of)
    )
    assert ("agreed" in text) is ("agreement" in ticked and any(one["agreed_at"] for one in of))
    assert "Tuesday group" in text


def test_every_part_has_its_field_at_stripe() -> None:
    fields = rules.evidence(dispute(), list(rules.PARTS), "We wrote twice.", "Commons").fields
    assert set(fields) == set(rules.FIELDS)
    assert "version 3" in fields["uncategorized_text"]
    assert fields["uncategorized_text"].endswith("We wrote twice.")
    assert "48 hours" in fields["refund_policy_disclosure"] or "2 days" in fields["refund_policy_disclosure"]


@pytest.mark.parametrize(
    "words", ["She came to the ketamine circle.", "It is a therapy group", "INTEGRATION"]
)
def test_words_about_health_do_not_leave(words: str) -> None:
    assert [reason.field for reason in rules.words_refusals(words)] == ["words"]
    assert not rules.words_refusals("She wrote that she would come, and came.")


def lock(**more: Any) -> dict[str, Any]:
    return {
        "state": "needs_response",
        "answer_by": NOW + timedelta(days=1),
        "now": NOW,
        "is_sending": False,
        "person_id": 1,
        "has_others": True,
    } | more


@pytest.mark.parametrize(
    ("row", "actor", "codes"),
    [
        (lock(), 2, []),
        (lock(state="warning_needs_response"), 2, []),
        (lock(state="under_review"), 2, ["over"]),
        (lock(answer_by=NOW), 2, ["late"]),
        (lock(answer_by=None), 2, []),
        (lock(is_sending=True), 2, ["sending"]),
        (lock(), 1, ["own"]),
        (lock(has_others=False), 1, []),
    ],
)
def test_who_may_answer(row: dict[str, Any], actor: int, codes: list[str]) -> None:
    assert [reason.code for reason in rules.answer_refusals(row, actor)] == codes


def test_accepting_asks_for_a_reason_and_a_tick() -> None:
    codes = [one.code for one in rules.accept_refusals(lock(), 2, "", confirmed=False)]
    assert codes == ["no_reason", "not_confirmed"]
    inquiry = rules.accept_refusals(lock(state="warning_needs_response"), 2, "They are right", confirmed=True)
    assert [one.code for one in inquiry] == ["over"]


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("opened", "needs_response", "A payment is disputed at a bank. Answer it by"),
        ("due", "needs_response", "Without one it is lost."),
        ("closed", "won", "A dispute of a payment was won."),
        ("closed", "lost", "A dispute of a payment was lost."),
        ("closed", "a state of later", "A dispute of a payment is over."),
    ],
)
def test_mails_name_nobody(kind: str, state: str, words: str) -> None:
    text = rules.news_text(kind, state, NOW, "America/New_York")
    assert words in text
    assert "group" not in text


def test_a_pass_has_its_own_terms_and_its_own_agreement() -> None:
    at = NOW.isoformat()
    terms = {"refund_kind": "percent", "refund_percent": 100, "refund_per_use": 0, "refund_weeks": 8}
    bought = {"uses": 6, "created_at": at, "agreed_at": at, "version": 2, "valid_until": at} | terms
    row = dispute(pass_id=uuid4(), bought=bought, bookings=[booking(agreed_at=None)])
    fields = rules.evidence(row, rules.USUAL, "", "Commons").fields
    assert "Within 8 weeks of buying it" in fields["refund_policy_disclosure"]
    assert "Cancel 48 hours" not in fields["refund_policy_disclosure"]
    assert "bought a pass for 6 dates" in fields["uncategorized_text"]
    assert "agreed to the group’s written guidelines, version 2." in fields["uncategorized_text"]
    assert not discreet.refusals("\n".join(fields.values()))
