"""The register, the exports and the organizers' pages, over HTTP on a real database."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import people
from circles.attendance.register import actions, rules
from circles.attendance.register import actions as register_actions
from circles.base.errors import NotFound, Refused
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Enter
from tests.helpers import change, value

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def marks(context: Context) -> dict[UUID, str]:
    async with context.db.reading() as tx:
        return {
            row["booking_id"]: row["mark"]
            for row in await tx.fetch("select booking_id, mark from attendance")
        }


# The roster


async def test_a_host_sees_who_is_coming_and_never_what_they_paid(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    await add_booking(cast.context, tonight, cast.milo)
    async with browser(cast.farid) as page:
        answer = await page.get(f"/host/gatherings/{tonight}")
    text = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert answer.status_code == 200
    assert "Mira" in text
    assert "she/her" in text
    assert "Milo" in text
    assert "First time" in text
    for private in ("37.5", "3750", "$", "@", "paid", "Paid", "community"):
        assert private not in text, private


async def test_somebody_who_came_before_is_not_here_for_the_first_time(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    """Only having come to an earlier gathering of this very circle counts."""
    before = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=7))
    elsewhere = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime.now(UTC) - timedelta(days=7)
    )
    missed = await add_booking(cast.context, before, cast.milo)
    await add_booking(cast.context, tonight, cast.milo)
    other = await add_booking(cast.context, elsewhere, cast.mira, kind="free")
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=before, booking_id=missed, mark="absent"
    )
    await register_actions.mark(
        cast.context, person_id=cast.fern, gathering_id=elsewhere, booking_id=other, mark="came"
    )
    assert await _firsts(cast, tonight) == {"Mira": True, "Milo": True}
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=before, booking_id=missed, mark="came"
    )
    assert await _firsts(cast, tonight) == {"Mira": True, "Milo": False}
    assert await _firsts(cast, before) == {"Milo": True}


async def _firsts(cast: Cast, gathering: UUID) -> dict[str, bool]:
    async with cast.context.db.reading() as tx:
        found = await register_actions.register(tx, gathering, cast.farid)
    return {seat.name: seat.first_time for seat in found.seats}


async def test_only_those_with_a_confirmed_seat_stand_in_the_roster(
    cast: Cast, tonight: UUID, browser: Enter
) -> None:
    await add_booking(cast.context, tonight, cast.mira, state="cancelled")
    await add_booking(cast.context, tonight, cast.milo, kind="paid", amount=3000, state="held")
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{tonight}")).text
    assert "Nobody is booked yet" in text
    assert "1 of them is held while somebody pays" in text
    assert "Milo" not in text


async def test_the_page_asks_the_database_at_most_three_times(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter, queries: list[str]
) -> None:
    for n in range(6):
        await add_booking(
            cast.context, tonight, await add_person(cast.context, f"Guest {n}"), kind="paid", amount=3000
        )
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/gatherings/{tonight}")).status_code == 200
    assert len(queries) <= 3, queries


# Who may see and keep it


async def test_only_its_hosts_see_a_gathering(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    for person in (cast.fern, cast.mira, cast.odile):
        async with browser(person) as page:
            foreign = await page.get(f"/host/gatherings/{tonight}")
            unknown = await page.get(f"/host/gatherings/{uuid4()}")
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.text == unknown.text
            post = await page.post(
                f"/host/gatherings/{tonight}/register", data={"booking": str(booked), "mark": "came"}
            )
            assert post.status_code == 404
    assert await marks(cast.context) == {}


async def test_a_helper_keeps_the_register_and_cannot_cancel_the_gathering(
    cast: Cast, browser: Enter
) -> None:
    ahead = await add_gathering(
        cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=10)
    )
    seat = await add_booking(cast.context, ahead, cast.mira)
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    async with browser(cast.fern) as page:
        text = (await page.get(f"/host/gatherings/{ahead}")).text
        assert f"/host/gatherings/{ahead}/cancel" not in text
        answer = await page.post(
            f"/host/gatherings/{ahead}/register", data={"booking": str(seat), "mark": "came"}
        )
    assert answer.status_code == 303
    assert await marks(cast.context) == {seat: "came"}
    async with browser(cast.farid) as page:
        assert f"/host/gatherings/{ahead}/cancel" in (await page.get(f"/host/gatherings/{ahead}")).text


async def test_a_draft_can_be_published_or_thrown_away_from_its_page(cast: Cast, browser: Enter) -> None:
    draft = await add_gathering(cast.context, cast.circle, days=9, state="draft")
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{draft}")).text
        assert f'action="/host/gatherings/{draft}/discard"' in text
        assert f"/host/gatherings/{draft}/cancel" not in text
        assert (await page.post(f"/host/gatherings/{draft}/publish")).status_code == 303
        text = (await page.get(f"/host/gatherings/{draft}")).text
    assert f"/host/gatherings/{draft}/discard" not in text
    assert f"/host/gatherings/{draft}/cancel" in text


async def test_a_post_from_another_site_marks_nobody(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(booked), "mark": "came"},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
    assert answer.status_code == 403
    assert await marks(cast.context) == {}


# Keeping it


async def test_one_tap_marks_another_changes_and_the_same_again_takes_it_away(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    async with browser(cast.farid) as page:
        for mark, says in (
            ("came", "<b>1</b> came"),
            ("absent", "<b>1</b> absent"),
            ("excused", "<b>1</b> excused"),
            ("", "<b>1</b> not marked yet"),
        ):
            answer = await page.post(
                f"/host/gatherings/{tonight}/register", data={"booking": str(booked), "mark": mark}
            )
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/host/gatherings/{tonight}#seat-1"
            assert says in (await page.get(f"/host/gatherings/{tonight}")).text
            assert await marks(cast.context) == ({booked: mark} if mark else {})
    async with cast.context.db.reading() as tx:
        events = await tx.fetch(
            "select who, before, after from events where what = 'attendance.marked' order by id"
        )
    assert [(row["before"], row["after"]) for row in events] == [
        ("", "came"),
        ("came", "absent"),
        ("absent", "excused"),
        ("excused", ""),
    ]
    assert {row["who"] for row in events} == {cast.farid}


async def test_a_pressed_mark_offers_to_be_taken_away(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
    )
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{tonight}")).text
    button = text[text.index('id="seat-1-came"') :].split(">")[0]
    assert 'value=""' in button
    assert 'aria-pressed="true"' in button


async def test_a_double_tap_is_one_mark(cast: Cast, tonight: UUID, booked: UUID) -> None:
    """Two hosts at two phones, or one nervous thumb: the same mark twice changes nothing the second time."""
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    await asyncio.gather(
        *(
            register_actions.mark(
                cast.context, person_id=person, gathering_id=tonight, booking_id=booked, mark="came"
            )
            for person in (cast.farid, cast.fern, cast.farid, cast.fern)
        )
    )
    assert await marks(cast.context) == {booked: "came"}
    assert await value(cast.context, "select count(*) from events where what = 'attendance.marked'") == 1


async def test_htmx_gets_the_line_and_the_counts_alone(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    await add_booking(cast.context, tonight, cast.milo)
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(booked), "mark": "came"},
            headers=HTMX,
        )
    assert answer.status_code == 200
    assert "HX-Request" in answer.headers["vary"]
    assert "<html" not in answer.text
    assert "Milo</strong>" not in answer.text
    assert answer.text.count('class="register-row"') == 1
    assert answer.text.count('hx-swap-oob="true"') == 2
    assert "<b>1</b> came" in answer.text


async def test_htmx_is_sent_to_the_page_when_a_mark_is_refused(
    cast: Cast, tonight: UUID, browser: Enter
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(uuid4()), "mark": "came"},
            headers=HTMX,
        )
        assert answer.headers["hx-redirect"] == f"/host/gatherings/{tonight}"
        assert "given back in the meantime" in (await page.get(f"/host/gatherings/{tonight}")).text


async def test_before_it_opens_there_is_a_roster_and_no_register(cast: Cast, browser: Enter) -> None:
    later = await add_gathering(
        cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=45)
    )
    seat = await add_booking(cast.context, later, cast.mira)
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{later}")).text
        assert "The register opens" in text
        assert "Mira" in text
        assert f"/host/gatherings/{later}/register" not in text
        answer = await page.post(
            f"/host/gatherings/{later}/register", data={"booking": str(seat), "mark": "came"}
        )
        assert answer.status_code == 422
        assert "opens 30 minutes before the start" in answer.text
    assert await marks(cast.context) == {}


async def test_it_stays_open_long_after(cast: Cast) -> None:
    old = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=40))
    seat = await add_booking(cast.context, old, cast.mira)
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=old, booking_id=seat, mark="excused"
    )
    assert await marks(cast.context) == {seat: "excused"}


async def test_a_cancelled_gathering_has_no_register(cast: Cast, tonight: UUID, browser: Enter) -> None:
    await change(
        cast.context,
        "update gatherings set state = 'cancelled', cancel_reason = 'I am ill.' where id = $1",
        tonight,
    )
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{tonight}")).text
        assert "I am ill." in text
        answer = await page.post(
            f"/host/gatherings/{tonight}/register", data={"booking": str(uuid4()), "mark": "came"}
        )
    assert answer.status_code == 422


@pytest.mark.parametrize("booking", ["", "x", "0" * 32, "' or 1=1 --"])
@pytest.mark.parametrize("mark", ["came", "late", "", "came\x00"])
async def test_what_is_no_mark_or_no_booking_changes_nothing(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter, booking: str, mark: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register", data={"booking": booking, "mark": mark}
        )
    assert answer.status_code == 422
    assert await marks(cast.context) == {}


async def test_a_seat_of_another_gathering_cannot_be_marked_here(cast: Cast, tonight: UUID) -> None:
    seat = await add_booking(cast.context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as refused:
        await register_actions.mark(
            cast.context, person_id=cast.farid, gathering_id=tonight, booking_id=seat, mark="came"
        )
    assert refused.value.codes == {"not_booked"}


async def test_a_mark_goes_with_its_seat(cast: Cast) -> None:
    """The register is open for half an hour in which a seat can still be given back."""
    soon = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=20))
    seat = await add_booking(cast.context, soon, cast.mira)
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=soon, booking_id=seat, mark="excused"
    )
    await change(
        cast.context,
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1",
        seat,
    )
    await change(
        cast.context,
        "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled')",
        seat,
    )
    assert await marks(cast.context) == {}
    with pytest.raises(Refused):
        await register_actions.mark(
            cast.context, person_id=cast.farid, gathering_id=soon, booking_id=seat, mark="came"
        )


async def test_whoever_hosts_no_longer_keeps_no_register(cast: Cast, tonight: UUID, booked: UUID) -> None:
    await change(cast.context, "update hosts set person_id = $2 where person_id = $1", cast.farid, cast.fern)
    with pytest.raises(NotFound):
        await register_actions.mark(
            cast.context, person_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
        )


# Exports


def read_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "spreadsheets need the mark to read UTF-8"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def download(browser: Enter, cast: Cast, **query: Any) -> list[dict[str, str]]:
    chosen = {"from": "2020-01-01", "to": "2099-12-31"} | query
    async with browser(cast.odile) as page:
        answer = await page.get("/organize/attendance.csv", params=chosen)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return read_csv(answer.content)


async def test_the_export_has_one_row_for_each_booking(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    await add_booking(cast.context, cast.gathering, cast.milo, state="cancelled")
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
    )
    rows = await download(browser, cast)
    assert [(row["name"], row["booking_state"], row["seat_kind"], row["mark"]) for row in rows] == [
        ("Mira", "confirmed", "paid", "came"),
        ("Milo", "cancelled", "community", ""),
        ("Milo", "confirmed", "free", ""),
    ]
    assert rows[0]["booking_id"] == str(booked)
    assert rows[0]["person_id"] == str(cast.mira)
    assert rows[0]["circle"] == "First steps home"
    assert rows[0]["first_time"] == "yes"
    content = repr(rows)
    assert "@" not in content
    assert "3750" not in content
    assert "37.5" not in content


async def test_first_time_in_the_export_is_first_time_in_the_register(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    before = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=7))
    seat = await add_booking(cast.context, before, cast.mira)
    await register_actions.mark(
        cast.context, person_id=cast.farid, gathering_id=before, booking_id=seat, mark="came"
    )
    rows = await download(browser, cast)
    assert [row["first_time"] for row in rows] == ["yes", "no"]


@pytest.mark.parametrize(
    ("starts_at", "zone", "said"),
    [
        (datetime(2026, 11, 24, 23, 0, tzinfo=UTC), "America/New_York", "2026-11-24T18:00:00-05:00"),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), "America/New_York", "2026-07-14T18:00:00-04:00"),
        (datetime(2026, 1, 15, 12, 30, tzinfo=UTC), "Asia/Kolkata", "2026-01-15T18:00:00+05:30"),
        (datetime(2026, 1, 15, 21, 30, tzinfo=UTC), "America/St_Johns", "2026-01-15T18:00:00-03:30"),
        (datetime(2026, 1, 15, 18, 0, tzinfo=UTC), "UTC", "2026-01-15T18:00:00+00:00"),
        # 1:30 in the night comes twice in New York on 1 November 2026; the offset tells which.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York", "2026-11-01T01:30:00-04:00"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "America/New_York", "2026-11-01T01:30:00-05:00"),
    ],
)
async def test_times_are_iso_with_the_offset_of_the_circle(
    context: Context, starts_at: datetime, zone: str, said: str
) -> None:
    assert await value(context, "select iso_time($1, $2)", starts_at, zone) == said
    assert datetime.fromisoformat(said) == starts_at


async def test_days_are_counted_on_the_circles_own_calendar(cast: Cast, browser: Enter) -> None:
    """23:30 on the 10th in Denver is the 11th in UTC; a person who asks for the 10th means Denver's."""
    late = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime(2026, 3, 11, 5, 30, tzinfo=UTC), length_minutes=30
    )
    await add_booking(cast.context, late, cast.mira, kind="free")
    assert len(await download(browser, cast, **{"from": "2026-03-10", "to": "2026-03-10"})) == 1
    assert await download(browser, cast, **{"from": "2026-03-11", "to": "2026-03-11"}) == []
    assert await download(browser, cast, **{"from": "2026-03-01", "to": "2026-03-09"}) == []


async def test_circles_can_be_chosen(cast: Cast, tonight: UUID, booked: UUID, browser: Enter) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    assert [row["name"] for row in await download(browser, cast, circle=str(cast.circle))] == ["Mira"]
    assert [row["name"] for row in await download(browser, cast, circle=str(cast.other_circle))] == ["Milo"]
    both = await download(browser, cast, circle=[str(cast.circle), str(cast.other_circle)])
    assert [row["name"] for row in both] == ["Mira", "Milo"]


FORMULAS = ["=1+1", "+1", "-1", "@sum(a1)", " =1", "\t=1", "＝1", "＠x"]


@pytest.mark.parametrize("name", FORMULAS)
async def test_no_cell_is_a_formula(cast: Cast, browser: Enter, name: str) -> None:
    person = await add_person(cast.context, name, email="formula@example.org", pronouns=name)
    await change(cast.context, "update circles set name = $2 where id = $1", cast.circle, name)
    await add_booking(cast.context, cast.gathering, person)
    (row,) = await download(browser, cast)
    assert (row["name"], row["pronouns"], row["circle"]) == (f"'{name}",) * 3


@pytest.mark.parametrize("name", ['Ann "Nan" O, Neil', "Zoë 🌿", "two\nlines", "a;b", "O'Neil", "1-2"])
async def test_other_names_come_through_as_they_are(cast: Cast, browser: Enter, name: str) -> None:
    person = await add_person(cast.context, name, email="name@example.org")
    await add_booking(cast.context, cast.gathering, person)
    (row,) = await download(browser, cast)
    assert row["name"] == name


async def test_every_download_is_noted_with_who_when_and_what(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter
) -> None:
    await download(browser, cast, to="2098-01-01", circle=str(cast.circle))
    async with cast.context.db.reading() as tx:
        (row,) = await tx.fetch("select * from exports")
        (event,) = await tx.fetch("select * from events where what = 'attendance.exported'")
    assert row["who"] == event["who"] == cast.odile
    assert row["filters"] == {"from": "2020-01-01", "to": "2098-01-01", "circles": [str(cast.circle)]}
    assert event["details"] == row["filters"]
    assert event["about"] == row["id"]
    assert row["row_count"] == 1
    assert row["finished_at"] >= row["at"]
    async with browser(cast.odile) as page:
        text = (await page.get("/organize/attendance")).text
    assert "Odile" in text
    assert "2020-01-01 to 2098-01-01" in text


async def test_a_download_is_noted_before_its_first_row_leaves(cast: Cast, booked: UUID) -> None:
    wanted = rules.read_wanted("2020-01-01", "2099-12-31", [])
    export_id = await actions.begin_export(cast.context, person_id=cast.odile, wanted=wanted)
    chunks = actions.export(cast.context, export_id, wanted)
    assert await value(cast.context, "select count(*) from exports where finished_at is null") == 1
    async for _ in chunks:
        pass
    assert await value(cast.context, "select row_count from exports") == 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"from": "", "to": "2026-01-01"}, "Please give a date"),
        ({"from": "2026-02-30", "to": "soon"}, "Please give a date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "cannot be before the first"),
        ({"from": "2026-01-01", "to": "2026-02-01", "circle": "everything"}, "is not there"),
        ({"from": "2026-01-01", "to": "2026-02-01", "circle": str(uuid4())}, "is not there"),
    ],
)
async def test_a_bad_range_is_said_beside_what_was_typed(
    cast: Cast, browser: Enter, query: dict[str, str], says: str
) -> None:
    async with browser(cast.odile) as page:
        answer = await page.get("/organize/attendance.csv", params=query)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{query["to"]}"' in answer.text
    assert await value(cast.context, "select count(*) from exports") == 0


async def test_only_organizers_come_in(cast: Cast, browser: Enter) -> None:
    paths = ["/organize", "/organize/bookings", "/organize/attendance", "/organize/attendance.csv"]
    for path in paths:
        for person in (cast.mira, cast.farid):
            async with browser(person) as page:
                assert (await page.get(path)).status_code == 404
        async with browser() as page:
            assert (await page.get(path)).status_code == 303


# A large export


@pytest_asyncio.fixture
async def many(cast: Cast) -> int:
    """Twelve thousand old bookings, about four megabytes of rows: more than sockets hold."""
    await add_booking(cast.context, cast.gathering, cast.mira)
    await change(
        cast.context,
        "with made as ("
        "insert into bookings (gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, "
        "scale_maximum, acceptance_id, ended_at, end_cause) "
        "select gathering_id, person_id, 1, 'community', 'cancelled', 0, currency, scale_minimum, scale_maximum, "
        "acceptance_id, now(), 'by_member' from bookings cross join generate_series(1, 11999) returning id"
        ") insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from made",
    )
    return 12_000


@pytest_asyncio.fixture
async def narrow(cast: Cast, database_url: str) -> AsyncIterator[Context]:
    """The same house with a single connection: whoever keeps it starves everybody."""
    database = await Database.open(database_url, size=1)
    yield Context(cast.context.settings, database)
    await database.close()


async def test_an_export_waits_for_a_slow_browser(cast: Cast, many: int, narrow: Context) -> None:
    """While nobody takes the rows they stay in the database: memory does not grow with the export."""
    wanted = rules.read_wanted("2020-01-01", "2099-12-31", [])
    export_id = await actions.begin_export(narrow, person_id=cast.odile, wanted=wanted)
    chunks = actions.export(narrow, export_id, wanted)
    first = await anext(chunks) + await anext(chunks)
    await asyncio.sleep(0.5)
    copying = (
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and query like 'COPY (%' and state = 'active'"
    )
    assert await value(cast.context, copying) == 1
    content = first + b"".join([chunk async for chunk in chunks])
    assert len(content) > 3_000_000
    assert len(read_csv(content)) == many
    assert await value(cast.context, "select row_count from exports") == many


async def test_a_browser_that_goes_away_frees_the_connection(cast: Cast, many: int, narrow: Context) -> None:
    wanted = rules.read_wanted("2020-01-01", "2099-12-31", [])
    export_id = await actions.begin_export(narrow, person_id=cast.odile, wanted=wanted)
    chunks = actions.export(narrow, export_id, wanted)
    await anext(chunks)
    await anext(chunks)
    await chunks.aclose()
    async with asyncio.timeout(5):
        assert await value(narrow, "select row_count is null and finished_at is null from exports")


async def test_a_connection_cut_in_the_middle_ends_the_copy(
    cast: Cast, many: int, narrow: Context, app: Starlette
) -> None:
    """The same through the server's own door, as uvicorn tells of it: http.disconnect while rows are sent."""
    async with narrow.db.transaction() as tx:
        token = await people.start_sign_in(tx, cast.odile)
    app.state.context = narrow
    gone = asyncio.Event()

    sent: list[int] = []

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.append(len(message["body"]))
            if len(sent) == 3:
                gone.set()
                await asyncio.sleep(30)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/organize/attendance.csv",
        "raw_path": b"/organize/attendance.csv",
        "query_string": b"from=2020-01-01&to=2099-12-31",
        "root_path": "",
        "headers": [(b"host", b"circles.test"), (b"cookie", f"sign-in={token}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("circles.test", 80),
    }
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    assert len(sent) == 3
    async with asyncio.timeout(5):
        assert await value(narrow, "select count(*) from exports where finished_at is null") == 1


# The organizers' other pages


async def test_the_overview_adds_up_the_week(
    cast: Cast, tonight: UUID, booked: UUID, browser: Enter, queries: list[str]
) -> None:
    over = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime.now(UTC) - timedelta(days=2)
    )
    await add_booking(cast.context, over, cast.milo, kind="free")
    async with browser(cast.odile) as page:
        queries.clear()
        answer = await page.get("/organize")
    assert answer.status_code == 200
    assert len(queries) <= 4
    assert "Registers with gaps" in answer.text
    assert "1 of 1 not marked yet" in answer.text
    assert "Money that needs a hand" not in answer.text


async def test_the_overview_tells_of_a_refund_that_failed(cast: Cast, booked: UUID, browser: Enter) -> None:
    await change(
        cast.context,
        "insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, fault) "
        "select 'refund', booking_id, id, 'k', 100, 'failed', 'charge_disputed' from checkouts",
    )
    async with browser(cast.odile) as page:
        text = (await page.get("/organize")).text
    assert "Money that needs a hand" in text
    assert "charge_disputed" in text
    assert "$1" in text


async def test_bookings_are_listed_with_their_money_by_state_and_circle(
    cast: Cast, booked: UUID, browser: Enter, queries: list[str]
) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    async with browser(cast.odile) as page:
        queries.clear()
        every = (await page.get("/organize/bookings")).text
        assert len(queries) <= 3
        assert "2 bookings" in every
        assert "$37.50" in every
        confirmed = (await page.get("/organize/bookings", params={"circle": str(cast.other_circle)})).text
        assert "1 booking," in confirmed
        assert 'data-label="Person">Milo' in confirmed
        assert 'data-label="Person">Mira' not in confirmed
        assert "No bookings here" in (await page.get("/organize/bookings?state=held")).text
        for odd in ("?state=%00", "?circle=x", "?page=-4", "?page=1e9", "?page=999999"):
            assert (await page.get(f"/organize/bookings{odd}")).status_code == 200


async def test_long_lists_have_pages(cast: Cast, many: int, browser: Enter) -> None:
    async with browser(cast.odile) as page:
        first = (await page.get("/organize/bookings?state=cancelled")).text
        last = (await page.get("/organize/bookings?state=cancelled&page=240")).text
    assert "11,999 bookings" in first
    assert "Page 1 of 240" in first
    assert "/organize/bookings?state=cancelled&amp;page=2" in first
    assert "Page 240 of 240" in last
