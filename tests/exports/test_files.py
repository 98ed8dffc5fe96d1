"""Exports over HTTP on a real database: what each file holds, how it is written, that it is noted."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import people
from circles.attendance.register import actions as register_actions
from circles.base import zones
from circles.exports import actions, kinds, rules, streaming
from circles.exports.rules import Choices
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, value

NAMED = {
    "kind": "attendance",
    "depth": "named",
    "format": "csv",
    "purpose": "For a test",
    "from": "2020-01-01",
    "to": "2029-12-30",
}


def chosen(**query: str) -> Choices:
    return rules.read_choices(NAMED | query, today=date(2026, 11, 26))


def read_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "spreadsheets need the mark to read UTF-8"
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def download(browser: OpenBrowser, cast: Cast, **query: Any) -> list[dict[str, str]]:
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=NAMED | query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return read_csv(answer.content)


async def test_one_row_for_each_booking(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    await add_booking(cast.context, cast.gathering, cast.milo, state="cancelled")
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
    )
    rows = await download(browser, cast)
    assert [(row["Name"], row["Booking"], row["Seat"], row["Mark"]) for row in rows] == [
        ("Mira", "confirmed", "paid", "came"),
        ("Milo", "canceled", "community", ""),
        ("Milo", "confirmed", "free", ""),
    ]
    assert list(rows[0]) == [
        *(
            "Circle",
            "Date",
            "Starts",
            "Gathering",
            "Name",
            "Seat",
            "Booking",
            "Booked",
            "Mark",
            "Late",
            "Left early",
            "First time",
        ),
    ], "names first, and no ids"
    assert rows[0]["Circle"] == "First steps home"
    assert rows[0]["First time"] == "yes"
    content = repr(rows)
    assert "@" not in content
    assert "3750" not in content
    assert "37.5" not in content


async def test_columns_are_chosen_and_ordered(cast: Cast, booked: UUID, browser: OpenBrowser) -> None:
    numbers = {
        "place-person_id": "9",
        "place-name": "2",
        "place-mark": "1",
        "place-code": "3",
        "place-circle": "",
    }
    (row,) = await download(browser, cast, **numbers)
    assert row == {"Mark": "", "Name": "Mira", "Person id": str(cast.mira)}
    assert list(row) == ["Mark", "Name", "Person id"]


async def test_first_time_in_the_export_is_first_time_in_the_register(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    before = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=7))
    seat = await add_booking(cast.context, before, cast.mira)
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=before, booking_id=seat, mark="came"
    )
    rows = await download(browser, cast)
    assert [row["First time"] for row in rows] == ["yes", "no"]


@pytest.mark.parametrize(
    ("starts_at", "zone", "expected"),
    [
        (datetime(2026, 11, 24, 23, 0, tzinfo=UTC), "America/New_York", "2026-11-24T18:00:00-05:00"),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), "America/New_York", "2026-07-14T18:00:00-04:00"),
        (datetime(2026, 1, 15, 12, 30, tzinfo=UTC), "Asia/Kolkata", "2026-01-15T18:00:00+05:30"),
        (datetime(2026, 1, 15, 21, 30, tzinfo=UTC), "America/St_Johns", "2026-01-15T18:00:00-03:30"),
        (datetime(2026, 1, 15, 18, 0, tzinfo=UTC), "UTC", "2026-01-15T18:00:00+00:00"),
        # 1:30 in the night comes twice in New York on 1 November 2026; the offset shows which.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York", "2026-11-01T01:30:00-04:00"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "America/New_York", "2026-11-01T01:30:00-05:00"),
    ],
)
async def test_times_are_iso_with_the_offset_of_the_circle(
    context: Context, starts_at: datetime, zone: str, expected: str
) -> None:
    offsets = zones.shifts([zone], starts_at, starts_at)
    query = "select iso_local_time($1, $2, $3)"
    assert await value(context, query, starts_at, offsets.since, offsets.seconds) == expected
    assert datetime.fromisoformat(expected) == starts_at


async def test_days_are_counted_on_the_circles_own_calendar(cast: Cast, browser: OpenBrowser) -> None:
    """23:30 on the 10th in Denver is the 11th in UTC; a person who asks for the 10th means Denver's."""
    late = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime(2026, 3, 11, 5, 30, tzinfo=UTC), length_minutes=30
    )
    await add_booking(cast.context, late, cast.mira, kind="free")
    assert len(await download(browser, cast, **{"from": "2026-03-10", "to": "2026-03-10"})) == 1
    assert await download(browser, cast, **{"from": "2026-03-11", "to": "2026-03-11"}) == []
    assert await download(browser, cast, **{"from": "2026-03-01", "to": "2026-03-09"}) == []


async def test_circles_can_be_chosen(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    assert [row["Name"] for row in await download(browser, cast, circle=str(cast.circle))] == ["Mira"]
    assert [row["Name"] for row in await download(browser, cast, circle=str(cast.other_circle))] == ["Milo"]
    both = await download(browser, cast, circle=[str(cast.circle), str(cast.other_circle)])
    assert [row["Name"] for row in both] == ["Mira", "Milo"]


FORMULAS = ["=1+1", "+1", "-1", "@sum(a1)", " =1", "＝1", "＠x"]


@pytest.mark.parametrize("name", FORMULAS)
async def test_no_cell_is_a_formula(cast: Cast, browser: OpenBrowser, name: str) -> None:
    person = await add_person(cast.context, name, email="formula@example.org", pronouns=name)
    await change(cast.context, "update circles set name = $2 where id = $1", cast.circle, name)
    await add_booking(cast.context, cast.gathering, person)
    shown = {"place-name": "1", "place-pronouns": "2", "place-circle": "3"}
    (row,) = await download(browser, cast, **shown)
    assert (row["Name"], row["Pronouns"], row["Circle"]) == (f"'{name}",) * 3


SEPARATED = {
    "Ana;=1+1;Lee": "Ana;'=1+1;Lee",
    "Ana,+1,Lee": "Ana,'+1,Lee",
    "Ana; @sum(a1)": "Ana;' @sum(a1)",
    'Ana;"=1+1"': 'Ana;\'"=1+1"',
    "Ana\t-1": "Ana\t'-1",
    "\t=1": "'\t'=1",
    "Ana;＝1;=2": "Ana;'＝1;'=2",
}


@pytest.mark.parametrize(("name", "cell"), SEPARATED.items())
async def test_no_part_of_a_cell_is_a_formula_under_another_separator(
    cast: Cast, browser: OpenBrowser, name: str, cell: str
) -> None:
    """A file with commas is opened with semicolons where the decimal sign is a comma."""
    person = await add_person(cast.context, name, email="formula@example.org")
    await add_booking(cast.context, cast.gathering, person)
    (row,) = await download(browser, cast)
    assert row["Name"] == cell


@pytest.mark.parametrize("name", ['Ann "Nan" O, Neil', "Zoë 🌿", "two\nlines", "a;b", "O'Neil", "1-2"])
async def test_other_names_come_through_as_they_are(cast: Cast, browser: OpenBrowser, name: str) -> None:
    person = await add_person(cast.context, name, email="name@example.org")
    await add_booking(cast.context, cast.gathering, person)
    (row,) = await download(browser, cast)
    assert row["Name"] == name


async def test_every_download_is_noted_with_who_when_and_what(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await download(browser, cast, to="2028-01-01", circle=str(cast.circle))
    async with cast.context.db.reading() as tx:
        (row,) = await tx.fetch("select * from exports")
        (event,) = await tx.fetch("select * from events where what = 'attendance.exported'")
    assert row["who"] == event["who"] == cast.odile
    assert row["filters"] == {
        "from": "2020-01-01",
        "to": "2028-01-01",
        "circles": [str(cast.circle)],
        "facilitators": [],
        "group": "",
    }
    assert event["details"] == row["filters"] | {"depth": "named"}
    assert (row["what"], row["depth"], row["purpose"], row["made_by"]) == (
        "attendance",
        "named",
        "For a test",
        "page",
    )
    assert event["about"] == row["id"]
    assert row["row_count"] == 1
    assert row["finished_at"] >= row["at"]
    async with browser(cast.odile) as page:
        text = (await page.get("/organize/exports")).text
    assert "Odile" in text
    assert "2020-01-01 to 2028-01-01" in text
    assert "For a test" in text


async def test_a_download_is_noted_before_its_first_row_leaves(cast: Cast, booked: UUID) -> None:
    begun = await actions.begin(cast.context, actor_id=cast.odile, choices=chosen())
    chunks = streaming.chunks(cast.context, begun.id, begun.choices)
    assert await value(cast.context, "select count(*) from exports where finished_at is null") == 1
    async for _ in chunks:
        pass
    assert await value(cast.context, "select row_count from exports") == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": "", "to": "2026-01-01"}, "Please give a date"),
        ({"from": "2026-02-30", "to": "soon"}, "Please give a date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "cannot be before the first"),
        ({"from": "1926-01-01", "to": "2026-01-01"}, "year between 2000 and 2100"),
        ({"from": "2000-01-01", "to": "2099-12-31"}, "10 years at most"),
        ({"from": "2026-01-01", "to": "2026-02-01", "facilitator": str(uuid4())}, "is not there"),
        ({"from": "2026-01-01", "to": "2026-02-01", "circle": "everything"}, "is not there"),
        ({"from": "2026-01-01", "to": "2026-02-01", "circle": str(uuid4())}, "is not there"),
    ],
)
async def test_an_invalid_range_is_refused_and_the_form_kept(
    cast: Cast, browser: OpenBrowser, query: dict[str, str], message: str
) -> None:
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=NAMED | query)
    assert answer.status_code == 422
    assert message in answer.text
    assert f'value="{query["to"]}"' in answer.text
    assert await value(cast.context, "select count(*) from exports") == 0


async def test_a_form_of_an_earlier_version_is_asked_what_the_names_are_for(
    cast: Cast, booked: UUID, browser: OpenBrowser
) -> None:
    old = {"from": "2020-01-01", "to": "2026-12-31", "circle": str(cast.circle)}
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/attendance.csv", data=old)
        assert answer.status_code == 422
        assert "what a file with names is for" in answer.text
        assert 'value="2026-12-31"' in answer.text
        assert await value(cast.context, "select count(*) from exports") == 0
        again = await page.post("/organize/attendance.csv", data=old | {"purpose": "The insurer asks"})
        assert [row["Name"] for row in read_csv(again.content)] == ["Mira"]
        moved = await page.get("/organize/attendance", params={"circle": str(cast.circle)})
    assert moved.headers["location"] == f"/organize/exports?kind=attendance&circle={cast.circle}"


async def test_the_pages_are_for_organizers_only(cast: Cast, browser: OpenBrowser) -> None:
    for path in ["/organize/exports", "/organize/attendance", f"/organize/exports/{uuid4()}"]:
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
    """The same context with a single connection for exports, which one that never ends would block."""
    database = await Database.open(database_url, size=1)
    database.exports = await Database.open(database_url, size=1)
    yield Context(cast.context.settings, database)
    await database.close()


async def test_an_export_waits_for_a_slow_browser(cast: Cast, many: int, narrow: Context) -> None:
    """While nobody takes the rows they stay in the database: memory does not grow with the export."""
    every = ",".join(column.key for column in kinds.ATTENDANCE.of_depth(kinds.Depth.NAMED))
    begun = await actions.begin(narrow, actor_id=cast.odile, choices=chosen(columns=every))
    chunks = streaming.chunks(narrow, begun.id, begun.choices)
    async with contextlib.aclosing(chunks):
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
    begun = await actions.begin(narrow, actor_id=cast.odile, choices=chosen())
    chunks = streaming.chunks(narrow, begun.id, begun.choices)
    await anext(chunks)
    await anext(chunks)
    await chunks.aclose()
    async with asyncio.timeout(5):
        async with narrow.db.exports.reading() as tx:
            assert await tx.fetchval("select row_count is null and finished_at is null from exports")


async def test_a_cut_connection_ends_the_copy(cast: Cast, many: int, narrow: Context, app: Starlette) -> None:
    """The same through ASGI, as uvicorn reports it: http.disconnect while rows are sent."""
    async with narrow.db.transaction() as tx:
        token = await people.start_sign_in(tx, cast.odile)
    app.state.context = narrow
    gone = asyncio.Event()

    sent: list[int] = []

    body = [urlencode(NAMED).encode()]

    async def receive() -> dict[str, Any]:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
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
        "method": "POST",
        "scheme": "http",
        "path": "/organize/exports",
        "raw_path": b"/organize/exports",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"circles.test"),
            (b"cookie", f"sign-in={token}".encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("circles.test", 80),
    }
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    assert len(sent) == 3
    async with asyncio.timeout(5):
        async with narrow.db.exports.reading() as tx:
            assert await tx.fetchval("select count(*) from exports where finished_at is null") == 1
