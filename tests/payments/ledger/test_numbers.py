"""Numbers that people read out: the same in Python and in SQL, found however they are typed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import reading as numbers
from circles.store.context import Context
from tests.helpers import rows


def test_a_number_is_ten_digits_without_those_that_are_misread() -> None:
    assert numbers.number_of(UUID(int=0)) == "00000-00000"
    assert numbers.number_of(UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")) == "ZZZZZ-ZZZZW"
    assert numbers.number_of(UUID("00000000-0001-4000-8000-000000000000")) == "00000-00004"
    assert numbers.number_of(UUID("08421084-2108-4000-8000-000000000000")) == "11111-11110"


@given(st.uuids(version=4))
def test_a_number_finds_its_id(id: UUID) -> None:
    number = numbers.number_of(id)
    for typed in (number, number.lower(), number.replace("-", ""), f" #{number[:5]} {number[6:]} "):
        found = numbers.ids_of_number(typed)
        assert found is not None
        assert found[0] <= id <= found[1]
        assert numbers.number_of(found[0]) == numbers.number_of(found[1]) == number


def test_misread_digits_are_read_as_they_were_meant() -> None:
    assert numbers.ids_of_number("oil00-0000o") == numbers.ids_of_number("01100-00000") is not None
    assert numbers.ids_of_number("00000-00001") is None, "no number ends on this digit"


@pytest.mark.parametrize(
    "typed",
    ["", "Mira", "4500", "00000-0000", "00000-000000", "00000-0000U", "pi_1234567", "００００００００００"],
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert numbers.ids_of_number(typed) is None


async def test_the_database_makes_the_same_numbers(context: Context) -> None:
    ids = [UUID(int=0), UUID(int=2**128 - 1), *(uuid4() for _ in range(200))]
    found = await rows(
        context, "select id, number_of(id) as number from unnest($1::uuid[]) as given (id)", ids
    )
    assert {row["id"]: row["number"] for row in found} == {id: numbers.number_of(id) for id in ids}
