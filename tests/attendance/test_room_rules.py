"""The rules of the live page: checks before the room opens, taps, how long a tab keeps the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from circles import gatherings
from circles.attendance.room import readiness_rules, rules
from circles.attendance.room.readiness_rules import Checks
from circles.base.errors import Refused

START = datetime(2027, 3, 16, 22, 0, tzinfo=UTC)
END = START + timedelta(minutes=90)
BOTH = Checks(co=True, card=True)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


# Opening


@pytest.mark.parametrize(
    ("answers", "required", "codes"),
    [
        ({}, BOTH, {"co_not_said", "card_not_read"}),
        ({"co": "here"}, BOTH, {"card_not_read"}),
        ({"co": "alone", "card": "on"}, BOTH, {"no_why"}),
        ({"co": "alone", "why": "  ", "card": "on"}, BOTH, {"no_why"}),
        ({"co": "alone", "why": "x" * 301, "card": "on"}, BOTH, {"too_long"}),
        ({"co": "perhaps", "card": "yes"}, BOTH, {"co_not_said", "card_not_read"}),
        ({}, Checks(co=False, card=True), {"card_not_read"}),
        ({}, Checks(co=True, card=False), {"co_not_said"}),
    ],
)
def test_every_missing_check_is_refused(answers: dict[str, str], required: Checks, codes: set[str]) -> None:
    with pytest.raises(Refused) as refused:
        readiness_rules.read_answers(answers, required)
    assert refused.value.codes == codes


def test_answers_are_stored() -> None:
    read = readiness_rules.read_answers
    assert read({"co": "here", "why": "not said", "card": "on"}, BOTH) == {
        "co": "here",
        "why": "",
        "card": True,
    }
    assert read({"co": "alone", "why": " Ruth is ill ", "card": "on"}, BOTH)["why"] == "Ruth is ill"
    assert read({}, Checks(co=False, card=False)) == {"co": "not asked", "why": "", "card": False}


@pytest.mark.parametrize(
    ("state", "now", "codes"),
    [
        ("open", at(-60), set()),
        ("open", at(89), set()),
        ("open", at(-60.01), {"too_early"}),
        ("open", at(90), {"over"}),
        ("draft", at(0), {"not_published"}),
        ("cancelled", at(0), {"cancelled"}),
    ],
)
def test_when_a_room_can_be_opened(state: str, now: datetime, codes: set[str]) -> None:
    assert {reason.code for reason in readiness_rules.opening_refusals(state, START, END, now)} == codes


def test_a_gathering_moved_to_another_day_is_to_be_opened_anew() -> None:
    assert not gatherings.room_is_open(None, START)
    assert gatherings.room_is_open(at(-10), START)
    assert gatherings.room_is_open(at(20), START)
    assert not gatherings.room_is_open(at(-10), START + timedelta(days=1))


# Taps


def tap(**more: object) -> dict[str, object]:
    return {"key": str(uuid4()), "booking": str(uuid4()), "mark": "came", "ago": 0} | more


def test_taps_are_read_oldest_first() -> None:
    sent = {"taps": [tap(ago=5), tap(ago=60_000, mark="absent"), tap(ago=700, mark="")]}
    assert [read.mark for read in rules.read_sent(json.dumps(sent).encode()).taps] == ["absent", "", "came"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"taps": 7}',
        json.dumps({"taps": [tap(mark="late")]}).encode(),
        json.dumps({"taps": [tap(key="7")]}).encode(),
        json.dumps({"taps": [tap(ago=-1)]}).encode(),
        json.dumps({"taps": [tap(ago=31 * 86_400_000)]}).encode(),
        json.dumps({"taps": [tap() for _ in range(501)]}).encode(),
    ],
)
def test_an_invalid_tap_is_refused(sent: bytes) -> None:
    with pytest.raises(Refused) as refused:
        rules.read_sent(sent)
    assert refused.value.codes == {"taps_unreadable"}


# How long a tab may keep the page


@pytest.mark.parametrize(
    ("now", "lasts"),
    [
        (START - timedelta(hours=12, seconds=1), timedelta(0)),
        (START - timedelta(hours=12), timedelta(hours=16, minutes=30)),
        (START, timedelta(hours=4, minutes=30)),
        (END, timedelta(hours=3)),
        (END + timedelta(hours=3), timedelta(0)),
        (END + timedelta(days=9), timedelta(0)),
    ],
)
def test_a_tab_keeps_the_page_around_its_gathering(now: datetime, lasts: timedelta) -> None:
    assert rules.kept_for("open", START, END, now, closed=False) == lasts


@pytest.mark.parametrize(("state", "closed"), [("open", True), ("cancelled", False), ("draft", False)])
def test_a_tab_keeps_nothing_of_a_room_that_is_over(state: str, closed: bool) -> None:
    assert rules.kept_for(state, START, END, START, closed=closed) == timedelta(0)
