"""Readers of query strings, hidden fields and forms: numbers, pages, choices, repeated fields."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import reading
from circles.base.reading import Reader

DAYS = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday"}


@given(st.integers(0, 999_999_999))
def test_a_whole_number_is_read_back(number: int) -> None:
    assert reading.whole_number(str(number), -1) == number


@pytest.mark.parametrize("typed", ["", "-1", "1.0", "1e3", "٣", "²", "1 2", "0x1", "9999999999", "None"])
def test_what_is_no_whole_number_is_what_was_to_be_instead(typed: str) -> None:
    assert reading.whole_number(typed, -1) == -1
    assert reading.whole_number(typed, None) is None


@given(st.uuids())
def test_an_id_is_read_back(id: UUID) -> None:
    assert reading.uuid_or_none(str(id)) == id
    assert reading.uuid_or_none(id.hex) == id


@pytest.mark.parametrize("typed", ["", "None", "7", "g" * 32, "0" * 31, "0" * 33, "\0" * 36])
def test_what_is_no_id_is_none(typed: str) -> None:
    assert reading.uuid_or_none(typed) is None


@given(st.text())
def test_every_typed_page_number_is_a_page(typed: str) -> None:
    assert reading.page_number(typed, 50) in range(1, 51)


@pytest.mark.parametrize(
    ("typed", "page"), [("", 1), ("0", 1), ("-3", 1), ("7", 7), ("51", 50), ("999999999", 50)]
)
def test_a_page_lies_within_the_list(typed: str, page: int) -> None:
    assert reading.page_number(typed, 50) == page


def test_what_comes_several_times_is_joined_by_commas() -> None:
    fields = [("day", "mon"), ("q", ""), ("day", "wed"), ("day", "")]
    assert reading.join_fields(fields) == {"day": "mon,wed,", "q": ""}


def test_one_choice_or_none_and_others_are_refused() -> None:
    reader = Reader({"a": " mon ", "b": "", "c": "moonday"})
    assert [reader.one(field, DAYS, "Not a day.") for field in "abcd"] == ["mon", "", "", ""]
    assert [(reason.field, reason.text) for reason in reader.reasons] == [("c", "Not a day.")]


def test_several_choices_come_in_the_order_of_the_options() -> None:
    reader = Reader({"a": "wed, mon,,mon", "b": "mon,sun"})
    assert [reader.several(field, DAYS, "Not all are days.") for field in "abc"] == [
        ("mon", "wed"),
        ("mon",),
        (),
    ]
    assert [(reason.field, reason.text) for reason in reader.reasons] == [("b", "Not all are days.")]
