"""The short number of a booking: made of its id, and found again however it is typed."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.reading import booking_number, ids_of_number

ID = UUID("3c9a7b1e-0f2d-4c11-9a55-0123456789ab")


@given(st.uuids())
def test_a_number_leads_to_the_ids_that_have_it(booking_id: UUID) -> None:
    number = booking_number(booking_id)
    lowest, highest = ids_of_number(number) or (None, None)
    assert lowest is not None
    assert highest is not None
    assert lowest <= booking_id <= highest
    assert booking_number(lowest) == booking_number(highest) == number
    assert len(number) == 9


def test_the_number_of_an_id_never_changes() -> None:
    assert booking_number(ID) == "7JD7-P7GF"


@pytest.mark.parametrize(
    "typed",
    ["7JD7-P7GF", " 7jd7p7gf ", "#7JD7 P7GF", "7jd7 - p7gf", "7JD7–P7GF"],
)
def test_however_it_is_typed(typed: str) -> None:
    assert ids_of_number(typed) == ids_of_number(booking_number(ID))


@pytest.mark.parametrize(
    "typed", ["", "Mira", "Ulla-Ulla", "7JD7-P7G", "7JD7-P7GFX", "7JD7-P7G¾", "pi_12345"]
)
def test_what_is_no_number(typed: str) -> None:
    assert ids_of_number(typed) is None


def test_signs_that_are_mistaken_for_others() -> None:
    assert ids_of_number("OIL0-1111") == ids_of_number("0110-1111")
