"""The rules of exports: selections, filters, totals."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.exports import rules
from circles.base.errors import Refused

START = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


# What an export covers


def test_an_export_is_read_from_what_was_typed() -> None:
    first, second = uuid4(), uuid4()
    selection = rules.read_selection("2026-11-01", "2026-11-30", [str(first), str(second), str(first), ""])
    assert selection == rules.Selection(date(2026, 11, 1), date(2026, 11, 30), (first, second))
    assert selection.filename == "attendance-2026-11-01-2026-11-30.csv"
    assert selection.filters == {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "circles": [str(first), str(second)],
    }


def test_one_day_is_a_range() -> None:
    assert rules.read_selection("2026-11-01", "2026-11-01", []).circles == ()


@pytest.mark.parametrize(
    ("first", "last", "circles", "codes"),
    [
        ("", "2026-11-30", [], {"date_unreadable"}),
        ("2026-11-31", "soon", [], {"date_unreadable"}),
        ("2026-12-01", "2026-11-30", [], {"dates_order"}),
        ("2026-11-01", "2026-11-30", ["all"], {"circle_unknown"}),
        ("0001-01-01", "9999-12-31", [], {"date_far"}),
        ("2026-11-31", "2026-11-30", ["x"], {"date_unreadable", "circle_unknown"}),
    ],
)
def test_what_makes_no_range_is_refused(first: str, last: str, circles: list[str], codes: set[str]) -> None:
    with pytest.raises(Refused) as refused:
        rules.read_selection(first, last, circles)
    assert refused.value.codes == codes


@given(st.text(max_size=12), st.text(max_size=12), st.lists(st.text(max_size=40), max_size=3))
def test_whatever_is_typed_is_read_or_refused(first: str, last: str, circles: list[str]) -> None:
    with suppress(Refused):
        selection = rules.read_selection(first, last, circles)
        assert selection.first <= selection.last


# The list of bookings


def test_filters_that_make_no_sense_are_left_out() -> None:
    assert rules.read_bookings_filter("gone", "no-id", "-1") == rules.BookingsFilter()
    assert rules.read_bookings_filter("held", str(UUID(int=5)), "3") == rules.BookingsFilter(
        "held", UUID(int=5), 3
    )


@given(st.text(max_size=20))
def test_a_page_is_always_a_number_from_one(page: str) -> None:
    assert rules.read_bookings_filter("", "", page).page >= 1


# The overview


def _row(**more: object) -> dict[str, object]:
    return {
        "state": "open",
        "starts_at": START,
        "ends_at": START + timedelta(minutes=90),
        "now": START,
        "capacity": 8,
        "seats_taken": 5,
        "community_taken": 1,
        "came": 0,
        "unmarked": 5,
    } | more


def test_the_numbers_of_a_fortnight() -> None:
    rows = [
        _row(now=START - timedelta(days=1)),
        _row(now=START - timedelta(days=1), seats_taken=8, community_taken=0),
        _row(now=START + timedelta(days=1), came=4, unmarked=1),
        _row(state="cancelled", seats_taken=0),
    ]
    totals = rules.totals(rows)
    assert (totals.ahead, totals.seats, totals.taken, totals.community) == (2, 16, 13, 1)
    assert (totals.past, totals.came, totals.canceled) == (1, 4, 1)


@pytest.mark.parametrize(
    ("row", "listed"),
    [
        (_row(now=START + timedelta(hours=3)), True),
        (_row(now=START + timedelta(hours=3), unmarked=0), False),
        (_row(now=START + timedelta(minutes=10)), False),
        (_row(now=START + timedelta(hours=3), state="cancelled"), False),
    ],
)
def test_registers_with_gaps_are_of_gatherings_that_are_over(row: dict[str, object], listed: bool) -> None:
    assert rules.with_gaps([row]) == ([row] if listed else [])
