"""The rules of letters and periods: codes, what is chosen, what checking one says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.letters import rules
from circles.attendance.letters.rules import Said
from circles.attendance.periods import Period, format_hours, read_period, year_to

KEY = b"a key of the site"
TODAY = date(2026, 11, 26)


def letter(**more: Any) -> dict[str, Any]:
    said = {"gatherings": 12, "minutes": 1110, "people": 0}
    return {
        "kind": "attended",
        "first_date": date(2026, 1, 1),
        "last_date": date(2026, 6, 30),
        "hours_said": True,
        "made_at": datetime(2026, 11, 26, 12, tzinfo=UTC),
        **said,
        **{f"{name}_now": number for name, number in said.items()},
        **more,
    }


@given(st.uuids())
def test_a_code_is_read_however_it_is_typed(letter_id: UUID) -> None:
    code = rules.code_of(KEY, letter_id)
    signs = code.replace("-", "")
    assert len(signs) == 16
    assert set(signs) <= set(rules.ALPHABET)
    confused = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert rules.parse_code(f"  {confused}.") == signs
    assert rules.code_hash(code) == rules.code_hash(signs)
    assert rules.code_of(b"another key", letter_id) != code


def test_codes_have_eighty_bits() -> None:
    """All sixteen places take every sign: nothing of a code is fixed."""
    codes = [rules.code_of(KEY, uuid4()).replace("-", "") for _ in range(2000)]
    assert all(len({code[place] for code in codes}) == 32 for place in range(16))


@pytest.mark.parametrize(
    "typed", ["", "7K3M-9XQ2-4TBD", "7K3M-9XQ2-4TBD-V8RA-1", "7K3M-9XQ2-4TBD-V8RU", "é" * 16, "٣" * 16]
)
def test_what_is_no_code(typed: str) -> None:
    assert rules.parse_code(typed) is None


def test_the_code_is_known_with_the_old_key_too_and_lost_after_it() -> None:
    one = {"id": uuid4(), "code_hash": b""}
    one["code_hash"] = rules.code_hash(rules.code_of(KEY, one["id"]))
    assert rules.known_code((b"new", KEY), one) == rules.code_of(KEY, one["id"])
    assert rules.known_code((b"new",), one) == ""


def test_what_checking_a_letter_says() -> None:
    assert rules.statement(letter()) == (
        "A letter of November 26, 2026 says that somebody attended 12 gatherings, 18.5 hours in all, "
        "January 1, 2026 to June 30, 2026."
    )
    assert rules.since(letter()) == "The register says the same today."
    assert "hours" not in rules.statement(letter(hours_said=False))
    corrected = letter(gatherings_now=11, minutes_now=1020)
    assert rules.since(corrected) == (
        "Since then the register was corrected. For the same days it now says 11 gatherings, 17 hours in all."
    )
    assert rules.since(letter(gatherings_now=1, minutes_now=60, hours_said=False)).endswith(
        "says 1 gathering."
    )
    assert rules.since(letter(minutes_now=60, hours_said=False)) == "The register says the same today."
    hosted = letter(kind="hosted", people=84, people_now=83)
    assert "hosted 12 gatherings" in rules.statement(hosted)
    assert "84 people came to them" in rules.statement(hosted)
    assert "83 people came to them" in rules.since(hosted)


def row(circle: UUID, name: str, gatherings: int, minutes: int, people: int = 0) -> dict[str, Any]:
    counts = {"gatherings": gatherings, "minutes": minutes, "people": people}
    return {"circle_id": circle, "name": name, "discreet_name": f"{name} group", **counts}


def test_what_a_letter_says_by_circle() -> None:
    one, two = uuid4(), uuid4()
    rows = [row(one, "A", 2, 180, 9), row(two, "B", 1, 60, 4), row(one, "A", 1, 90, 5), row(two, "B", 0, 0)]
    said = Said.of(rows, None)
    assert (said.gatherings, said.minutes, said.people) == (4, 330, 18)
    assert said.named("none") == []
    assert said.named("discreet") == [
        {"name": "A group", "gatherings": 3, "minutes": 270},
        {"name": "B group", "gatherings": 1, "minutes": 60},
    ]
    assert [line["name"] for line in Said.of(rows, one).named("full")] == ["A"]
    assert Said.of(rows, uuid4()).gatherings == 0


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ({}, []),
        ({"from": "2026-01-01", "to": "2026-06-30"}, []),
        ({"from": "2026-01-01"}, []),
        ({"from": "2026-06-30", "to": "2026-01-01"}, ["backwards"]),
        ({"from": "1926-01-01", "to": "2026-01-01"}, ["date_far"]),
        ({"from": "2000-01-01", "to": "2026-01-01"}, ["long"]),
        ({"from": "2027-01-01", "to": "2027-02-01"}, ["ahead"]),
        ({"from": "x", "to": "2026-13-01"}, ["date_unreadable", "date_unreadable"]),
        ({"to": "2026-01-01"}, ["date_unreadable"]),
    ],
)
def test_periods(typed: dict[str, str], codes: list[str]) -> None:
    period, reasons = read_period(typed, TODAY)
    assert [reason.code for reason in reasons] == codes
    if codes or not typed:
        assert period == year_to(TODAY) == Period(date(2025, 11, 26), TODAY)


def test_a_period_ends_today_and_a_leap_day_has_a_year_before() -> None:
    assert read_period({"from": "2026-11-01", "to": "2026-12-31"}, TODAY)[0].last == TODAY
    assert year_to(date(2028, 2, 29)).first == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 hours"),
        (60, "1 hour"),
        (90, "1.5 hours"),
        (75, "1.25 hours"),
        (50, "0.75 hours"),
        (72_000, "1,200 hours"),
    ],
)
def test_hours_in_words(minutes: int, words: str) -> None:
    assert format_hours(minutes) == words
