"""What a host may write, to whom and when, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from circles import people
from circles.base.errors import Refused
from circles.messages import rules

NOW = datetime(2027, 3, 9, 12, tzinfo=UTC)


def gathering(**more: Any) -> dict[str, Any]:
    return {"state": "open", "ends_at": NOW + timedelta(days=3), "now": NOW, "booked": 5, "waiting": 0} | more


def test_what_is_typed_is_read() -> None:
    booking = uuid4()
    draft = rules.read(
        {"to": str(booking), "body": " Bring\r\nsocks. ", "reply_to": "Farid@Example.org"},
        people.parse_address,
    )
    assert draft == rules.Draft(booking, "Bring\nsocks.", "farid@example.org")
    assert rules.read({"to": "all", "body": "Bring socks."}, people.parse_address) == rules.Draft(
        None, "Bring socks.", ""
    )


def test_every_reason_is_given_at_once() -> None:
    with pytest.raises(Refused) as refused:
        rules.read({"to": "Mira", "body": "  ", "reply_to": "nowhere"}, people.parse_address)
    assert refused.value.codes == {"not_booked", "missing", "address_unreadable"}
    assert {reason.field for reason in refused.value.reasons} == {"to", "body", "reply_to"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "missing"),
        ("a" * 5_001, "too_long"),
        ("a" * 10_000, "too_long"),
        ("Hello\x00", "bad_character"),
        ("Hello\x1b[31m", "bad_character"),
    ],
)
def test_bodies_that_are_refused(body: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.read({"body": body}, people.parse_address)
    assert refused.value.codes == {code}


def test_a_reply_address_is_one_line() -> None:
    with pytest.raises(Refused) as refused:
        rules.read({"body": "Hi", "reply_to": "a@example.org\nBcc: b@example.org"}, people.parse_address)
    assert refused.value.codes == {"line_break"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"state": "draft"}, "draft"),
        ({"state": "cancelled"}, "cancelled"),
        ({"booked": 0}, "nobody"),
        ({"ends_at": NOW - timedelta(days=14, seconds=1)}, "too_late"),
    ],
)
def test_when_no_message_can_be_written(more: dict[str, Any], code: str) -> None:
    assert [reason.code for reason in rules.writing_refusals(gathering(**more))] == [code]


def test_those_who_wait_are_written_to_where_nobody_is_booked() -> None:
    assert rules.writing_refusals(gathering(booked=0, waiting=1)) == []


def test_a_thank_you_has_two_weeks() -> None:
    assert rules.writing_refusals(gathering(ends_at=NOW - timedelta(days=14))) == []


@pytest.mark.parametrize(
    ("to_one", "today", "refused"),
    [
        (False, {"to_all": 3, "to_one": 24}, False),
        (False, {"to_all": 4, "to_one": 0}, True),
        (True, {"to_all": 4, "to_one": 23}, False),
        (True, {"to_all": 0, "to_one": 24}, True),
    ],
)
def test_a_day_holds_so_many_messages(to_one: bool, today: dict[str, int], refused: bool) -> None:
    assert bool(rules.limit_refusals(to_one, today)) is refused


@pytest.mark.parametrize("key", rules.STARTING_TEXTS)
def test_a_starting_text_is_added_below_the_typed_text(key: str) -> None:
    start = rules.STARTING_TEXTS[key][1]
    assert rules.add_starting_text("", key) == start
    assert rules.add_starting_text("Dear all,\n", key) == f"Dear all,\n\n{start}"
    rules.read({"body": start}, people.parse_address)
    assert "!" not in start


def test_an_unknown_starting_text_changes_nothing() -> None:
    assert rules.add_starting_text("Dear all,", "nonsense") == "Dear all,"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("Park [where, and until when], by [stop].", ["[where, and until when]", "[stop]"]),
        ("[stop] and again [stop]", ["[stop]"]),
        ("Read [the guide](https://example.org) first.", []),
        ("Nothing to see [", []),
        ("[]", []),
    ],
)
def test_placeholders_are_listed(body: str, left: list[str]) -> None:
    assert rules.placeholders(body) == left


def test_one_text_alone_leaves_something_to_fill_in() -> None:
    assert [key for key, (_, words) in rules.STARTING_TEXTS.items() if rules.placeholders(words)] == ["park"]
