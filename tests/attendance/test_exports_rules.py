"""The rules of exports: selections and filters."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from circles.attendance.exports import rules
from circles.web.paging import Window

START = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


def test_filters_that_make_no_sense_are_left_out() -> None:
    read = rules.BookingsFilter.read
    assert read({"state": "gone", "circle": "no-id", "page": "-1"}) == rules.BookingsFilter()
    assert read({"state": "held", "circle": str(UUID(int=5)), "page": "3"}) == rules.BookingsFilter(
        "held", UUID(int=5), Window(3)
    )


@given(st.text(max_size=20))
def test_a_page_is_always_a_number_from_one(page: str) -> None:
    assert rules.BookingsFilter.read({"page": page}).window.number >= 1
