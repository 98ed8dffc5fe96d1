"""Two accounts that were joined are one person in every file, also where both had a seat at the same gathering."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.cast import Cast, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.exports.test_totals import COUNTS, come, download
from tests.helpers import change


async def test_accounts_that_were_joined_count_once_and_have_one_code(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    people = [await add_person(context, f"Person {number}") for number in range(5)]
    gathering = await add_gathering(
        context, cast.circle, starts_at=datetime(2026, 1, 10, 18, tzinfo=UTC), capacity=24, community_seats=24
    )
    await come(context, gathering, people)
    await change(context, "select merge_people($1, $2)", people[0], people[1])
    rows = await download(browser, cast, depth="pseudonymous")
    assert (len(rows), len({row["Person"] for row in rows})) == (5, 4)
    (row,) = await download(browser, cast)
    assert {row[count] for count in COUNTS} == {"fewer than 5"}
