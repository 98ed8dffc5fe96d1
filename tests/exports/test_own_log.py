"""What people read about files that had a row about them: exact after moves, and nobody is told who booked later."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from circles.exports import actions, streaming
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.exports.test_files import chosen
from tests.helpers import change, rows, value


async def export(cast: Cast, **query: str) -> UUID:
    """Make a file and read all of it."""
    begun = await actions.begin(cast.context, actor_id=cast.odile, choices=chosen(**query))
    async for _ in streaming.chunks(cast.context, begun.id, begun.choices):
        pass
    return begun.id


async def told(cast: Cast, person: UUID) -> set[UUID]:
    return {row[0] for row in await rows(cast.context, "select exports_about($1)", person)}


async def test_people_read_who_made_a_file_with_their_row_and_what_for(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    await export(cast, purpose="The insurer asks who came")
    await export(cast, depth="pseudonymous", kind="bookings", purpose="")
    await export(cast, depth="totals", **{"from": "2026-01-01", "to": "2026-02-01"})
    async with browser(cast.mira) as page:
        text = (await page.get("/my/access")).text
    assert "Odile, an organizer, made a file about attendance with your name" in text
    assert "“The insurer asks who came”" in text
    assert "made a file about bookings with a code instead of your name" in text
    assert text.count("made a file") == 2, "totals have no rows"
    async with browser(cast.milo) as page:
        assert "Nothing yet" in (await page.get("/my/access")).text


async def test_whoever_books_afterwards_was_not_in_it(cast: Cast, booked: UUID) -> None:
    before = await export(cast)
    later = await add_booking(cast.context, cast.gathering, cast.milo)
    after = await export(cast)
    assert await told(cast, cast.mira) == {before, after}
    assert await told(cast, cast.milo) == {after}
    # Brought in from another list, a booking says that it was made long ago; it was not there all the same.
    await change(cast.context, "update bookings set created_at = '2025-01-01' where id = $1", later)
    assert await told(cast, cast.milo) == {after}


async def test_the_days_and_circles_of_a_file_decide(cast: Cast, booked: UUID) -> None:
    none = await export(cast, **{"from": "2024-01-01", "to": "2024-12-31"})
    other = await export(cast, circle=str(cast.other_circle))
    own = await export(cast, circle=f"{cast.circle},{cast.other_circle}")
    host = await export(cast, facilitator=str(cast.farid))
    elsewhere = await export(cast, facilitator=str(cast.fern))
    seats = await export(cast, kind="community_seats")
    assert await told(cast, cast.mira) == {own, host}
    assert {none, other, elsewhere, seats} & await told(cast, cast.mira) == set()


async def test_a_seat_counts_where_it_was_when_the_file_was_made(cast: Cast) -> None:
    there = await add_gathering(cast.context, cast.circle, days=40)
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    days = [
        str(await value(cast.context, "select wall_start::date from gatherings where id = $1", gathering))
        for gathering in (cast.gathering, there)
    ]
    here, not_yet = [await export(cast, **{"from": day, "to": day}) for day in days]
    await change(cast.context, "update bookings set gathering_id = $2 where id = $1", booking, there)
    no_more, now = [await export(cast, **{"from": day, "to": day}) for day in days]
    assert await told(cast, cast.mira) == {here, now}
    assert not {not_yet, no_more} & await told(cast, cast.mira)
    await change(cast.context, "update bookings set gathering_id = $2 where id = $1", booking, cast.gathering)


async def test_a_gathering_counts_when_it_was_then(cast: Cast) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.mira, kind="free")
    read = "select wall_start::date from gatherings where id = $1"
    day = await value(cast.context, read, cast.free_gathering)
    before = await export(cast, **{"from": str(day), "to": str(day)})
    await change(
        cast.context,
        "update gatherings set wall_start = wall_start + interval '9 days', starts_at = starts_at + interval '9 days', "
        "ends_at = ends_at + interval '9 days' where id = $1",
        cast.free_gathering,
    )
    after = await export(cast, **{"from": str(day), "to": str(day)})
    moved = await export(cast, **{"from": str(day + timedelta(days=9)), "to": str(day + timedelta(days=9))})
    assert await told(cast, cast.mira) == {before, moved}
    assert after not in await told(cast, cast.mira)


async def test_a_walk_in_that_was_taken_off_again_was_in_the_file_before(cast: Cast, tonight: UUID) -> None:
    await change(
        cast.context,
        "with made as (insert into walk_ins (id, gathering_id, person_id) values (gen_random_uuid(), $1, $2) "
        "returning id) insert into events (what, about) select 'walk_in.added', id from made",
        tonight,
        cast.milo,
    )
    before, bookings = await export(cast), await export(cast, kind="bookings")
    await change(
        cast.context,
        "with gone as (update walk_ins set removed_at = clock_timestamp() "
        "returning id) insert into events (what, about) select 'walk_in.removed', id from gone",
    )
    after = await export(cast)
    assert await told(cast, cast.milo) == {before}
    assert not {bookings, after} & await told(cast, cast.milo)


async def test_facilitators_read_of_files_about_their_hours(cast: Cast) -> None:
    circle = await add_circle(cast.context, cast.fern, name="Quiet hour")
    await add_gathering(cast.context, circle, days=-9)
    hours = await export(cast, kind="hours", circle=str(circle))
    assert await told(cast, cast.fern) == {hours}
    assert await told(cast, cast.farid) == set()


async def test_an_export_whose_rows_nobody_read_is_not_listed(cast: Cast, booked: UUID) -> None:
    await actions.begin(cast.context, actor_id=cast.odile, choices=chosen())
    assert await told(cast, cast.mira) == set()


async def test_the_list_goes_on(
    cast: Cast, booked: UUID, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("circles.exports.own_pages.PER_PAGE", 2)
    for purpose in ("First reason", "Second reason", "Third reason"):
        await export(cast, purpose=purpose)
    async with browser(cast.mira) as page:
        text = (await page.get("/my/access")).text
        assert "First reason" not in text
        assert text.index("Third reason") < text.index("Second reason")
        address = text.split('href="/my/access?before=')[1].split("#")[0]
        assert "First reason" in (await page.get(f"/my/access?before={address}")).text
        assert (await page.get("/my/access?before=soon")).status_code == 200


async def test_whoever_made_a_file_and_left_is_named_no_more(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    gone = await add_person(cast.context, "Olga", is_organizer=True)
    begun = await actions.begin(cast.context, actor_id=gone, choices=chosen())
    async for _ in streaming.chunks(cast.context, begun.id, begun.choices):
        pass
    await change(cast.context, "update exports set who = null")
    async with browser(cast.mira) as page:
        assert "An organizer who left made a file" in (await page.get("/my/access")).text
