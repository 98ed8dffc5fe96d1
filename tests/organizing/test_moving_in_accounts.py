"""Lists that name accounts which were suspended or joined, and times in other zones."""

from __future__ import annotations

import pytest

from tests.cast import Cast, add_gathering
from tests.helpers import change, rows, value
from tests.organizing.moving_in_helpers import (
    ahead,
    answer,
    confirm,
    csv_file,
    faults,
    outcomes,
    past,
    previewed,
    says,
)

ATTENDED = ("Name", "E-mail", "Circle", "Date", "Time", "Attended?")
AHEAD = ("Name", "E-mail", "Circle", "Date", "Time")


async def test_addresses_of_joined_accounts_are_one_person(cast: Cast) -> None:
    context = cast.context
    await change(context, "select merge_people($1, $2)", cast.mira, cast.milo)
    at = ("Tuesday group", past(9), "18:30", "yes")
    sent = csv_file(
        ATTENDED, [("", "milo@example.org", *at), ("", "mira@example.org", *at), ("Mira", "", *at)]
    )
    import_id = await previewed(cast, "attendance", sent)
    assert await outcomes(context, import_id) == {2: "new", 3: "same", 4: "doubtful"}
    asked = (await says(context, import_id, 4))["candidates"]
    assert [code for code, _ in asked] == [f"person:{cast.mira}"]
    await answer(cast, import_id, {"4": asked[0][0]})
    assert await outcomes(context, import_id) == {2: "new", 3: "same", 4: "same"}
    assert await confirm(cast, import_id) == "done"
    made = await rows(
        context, "select person_id from bookings join moved_in_seats on booking_id = bookings.id"
    )
    assert [row["person_id"] for row in made] == [cast.mira]


async def test_two_addresses_that_are_answered_to_be_one(cast: Cast) -> None:
    at = ("Tuesday group", past(9), "18:30", "yes")
    sent = csv_file(ATTENDED, [("Mira", "a@example.org", *at), ("Mira", "b@example.org", *at)])
    import_id = await previewed(cast, "attendance", sent)
    await answer(cast, import_id, dict.fromkeys(("2", "3"), f"person:{cast.mira}"))
    assert await outcomes(cast.context, import_id) == {2: "new", 3: "same"}
    assert await confirm(cast, import_id) == "done"


async def test_somebody_suspended_was_there_and_gets_no_seat_ahead(cast: Cast) -> None:
    context = cast.context
    await change(context, "update people set suspended_at = now() where id = $1", cast.mira)
    sent = csv_file(ATTENDED, [("Mira", "mira@example.org", "Tuesday group", past(9), "18:30", "yes")])
    import_id = await previewed(cast, "attendance", sent)
    assert await confirm(cast, import_id) == "done"
    assert await outcomes(context, import_id) == {2: "written"}
    await add_gathering(context, cast.circle, days=12, hour=18)
    sent = csv_file(AHEAD, [("Mira", "mira@example.org", "Tuesday group", ahead(12), "18:00")])
    import_id = await previewed(cast, "bookings", sent)
    assert "suspended" in (await faults(context, import_id))[2]


async def test_an_account_that_is_joined_while_a_list_is_written_leaves_the_others(cast: Cast) -> None:
    context = cast.context
    at = ("Tuesday group", past(9), "18:30", "yes")
    sent = csv_file(ATTENDED, [("Milo", "milo@example.org", *at), ("Mira", "mira@example.org", *at)])
    import_id = await previewed(cast, "attendance", sent)
    # As the row of an account that was joined after it was read: no seat comes of it.
    await change(
        context,
        "create function joined() returns trigger language plpgsql as "
        f"$$ begin return case when new.person_id = '{cast.milo}' then null else new end; end $$",
    )
    await change(
        context, "create trigger joined before insert on bookings for each row execute function joined()"
    )
    try:
        assert await confirm(cast, import_id) == "done"
    finally:
        await change(context, "drop function joined cascade")
    assert await outcomes(context, import_id) == {2: "refused", 3: "written"}


@pytest.mark.parametrize(
    ("day", "time", "hour"),
    [
        ("2025-07-08", "6:30 pm", "18:30"),
        ("2025-07-08", "6:30 pm EST", "18:30"),
        ("2025-07-08", "3:30 pm PT", "18:30"),
        ("2025-07-08T22:30:00Z", "", "18:30"),
        ("2025-07-09 00:30:00+02:00", "", "18:30"),
        ("2025-07-08", "18:30-20:00", "18:30"),
    ],
)
async def test_times_of_other_zones_are_those_of_the_circle(
    cast: Cast, day: str, time: str, hour: str
) -> None:
    sent = csv_file(ATTENDED, [("Mira", "mira@example.org", "Tuesday group", day, time, "yes")])
    assert await confirm(cast, await previewed(cast, "attendance", sent)) == "done"
    made = "select wall_start from gatherings join moved_in_gatherings on gathering_id = id"
    assert f"{await value(cast.context, made):%Y-%m-%d %H:%M}" == f"2025-07-08 {hour}"


async def test_days_of_joining_that_may_be_read_in_two_ways_are_asked(cast: Cast) -> None:
    heads = ("Name", "E-mail", "Member since")
    sent = csv_file(
        heads, [("Ada Osei", "ada@example.org", "3/4/2025"), ("Mira", "mira@example.org", "3/4/2025")]
    )
    import_id = await previewed(cast, "people", sent)
    assert await outcomes(cast.context, import_id) == {2: "doubtful", 3: "same"}
    await answer(cast, import_id, {"day_first": "yes"})
    assert await confirm(cast, import_id) == "done"
    since = await value(cast.context, "select created_at from people where email = 'ada@example.org'")
    assert f"{since:%Y-%m-%d}" == "2025-04-03"


async def test_the_seats_of_a_past_gathering_do_not_tell_how_many_came(cast: Cast) -> None:
    usual = await value(cast.context, "select capacity from circles where id = $1", cast.circle)
    for more in (1, 2):
        people = [
            (f"P {n}", f"p{n}@example.org", "Tuesday group", past(9), "18:30", "yes")
            for n in range(usual + more)
        ]
        assert await confirm(cast, await previewed(cast, "attendance", csv_file(ATTENDED, people))) == "done"
        made = "select capacity, seats_taken from gatherings join moved_in_gatherings on gathering_id = id"
        (row,) = await rows(cast.context, made)
        assert (row["capacity"] % 5, row["seats_taken"]) == (0, usual + more)
