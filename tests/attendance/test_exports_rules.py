"""The rules of exports: selections and filters."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.exports import rules
from circles.base.errors import Refused
from circles.web.paging import Window

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
    read = rules.BookingsFilter.read
    assert read({"state": "gone", "circle": "no-id", "page": "-1"}) == rules.BookingsFilter()
    assert read({"state": "held", "circle": str(UUID(int=5)), "page": "3"}) == rules.BookingsFilter(
        "held", UUID(int=5), Window(3)
    )


@given(st.text(max_size=20))
def test_a_page_is_always_a_number_from_one(page: str) -> None:
    assert rules.BookingsFilter.read({"page": page}).window.number >= 1
