"""The numbers of reports on a real database, recounted from its rows in Python; their pages and workbooks."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook

from circles.base import clock
from circles.commands import personal_data
from circles.reports import queries, rules
from circles.reports.catalog import REPORTS
from circles.reports.funder import rules as funder
from circles.reports.rules import Period, Selection
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, rows

JANUARY, JUNE = date(2025, 1, 1), date(2025, 6, 1)
HALF_YEAR = Period(JANUARY, JUNE)
Row = dict[str, Any]


async def mark(context: Context, booking: UUID, word: str) -> None:
    await change(context, "insert into attendance (booking_id, mark) values ($1, $2)", booking, word)


async def walk_in(context: Context, gathering: UUID, person: UUID | None, name: str = "") -> UUID:
    walked = uuid4()
    await change(
        context,
        "insert into walk_ins (id, gathering_id, person_id, name) values ($1, $2, $3, $4)",
        walked,
        gathering,
        person,
        name,
    )
    await change(context, "insert into events (what, about) values ('walk_in.added', $1)", walked)
    return walked


async def take_off(context: Context, walked: UUID) -> None:
    await change(context, "update walk_ins set removed_at = now() where id = $1", walked)
    await change(context, "insert into events (what, about) values ('walk_in.removed', $1)", walked)


async def came(context: Context, gathering: UUID, person: UUID, word: str = "came", **more: Any) -> UUID:
    booking = await add_booking(context, gathering, person, **{"kind": "paid", "amount": 4500} | more)
    await mark(context, booking, word)
    return booking


async def read(context: Context, query: str, selection: Selection) -> list[Row]:
    async with context.db.reading() as tx:
        found = getattr(queries.SQL, query)(tx, **selection.arguments)
        return [dict(row) async for row in found]


async def counted(context: Context, **more: Any) -> Row:
    """The row of the whole half year."""
    [row] = [
        row
        for row in await read(context, "attendance", Selection(HALF_YEAR, **more))
        if row["grouping"] == ""
    ]
    return row


def at(month: int, day: int, hour: int, zone: str, year: int = 2025) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)


async def plant(context: Context, seed: int) -> None:
    """A random community: circles in three zones, gatherings around the ends of months, all that a seat may be."""
    random = Random(seed)
    lead = await add_person(context, "Lead", is_facilitator=True)
    people = [await add_person(context, f"P{number}") for number in range(9)]
    circles = []
    for number, (zone, form, place) in enumerate(
        [
            ("America/Los_Angeles", "facilitated", "online"),
            ("Pacific/Auckland", "peer", "in_person"),
            ("America/New_York", "peer", "online"),
        ]
    ):
        city = {"city": "Denver", "address": "1 Elm", "join_link": ""} if place == "in_person" else {}
        more = {
            "zone": zone,
            "format": form,
            "place": place,
            "minimum": 1000,
            "maximum": 9000,
            "community_seats": 3,
        }
        circles.append((await add_circle(context, lead, name=f"C{number}", **more, **city), zone))
    for number in range(16):
        circle, zone = random.choice(circles)
        # the first and the last days of a month, early and late: where UTC and the circle's calendar differ
        hour, days = 7 + number % 16, random.choice([-1, -1, 0, 0, 1, 14])
        starts_at = at(random.randint(1, 7), 1, hour, zone) + timedelta(days=days, minutes=number)
        await _fill(context, await add_gathering(context, circle, starts_at=starts_at), people, random)
    canceled = await add_gathering(context, circles[0][0], starts_at=at(3, 9, 12, circles[0][1]))
    await walk_in(context, canceled, people[0])
    await change(
        context,
        "update gatherings set state = 'cancelled', cancel_reason = 'The host is ill.' where id = $1",
        canceled,
    )
    await add_gathering(context, circles[0][0], starts_at=at(4, 9, 12, circles[0][1]), state="draft")


async def _fill(context: Context, gathering: UUID, people: list[UUID], random: Random) -> None:
    for person in random.sample(people, random.randint(0, 5)):
        state = random.choice(["confirmed"] * 5 + ["cancelled"])
        kind, amount = random.choice(
            [("paid", 1000), ("paid", 3000), ("paid", 4500), ("paid", 6000), ("community", 0)]
        )
        booking = await add_booking(context, gathering, person, kind=kind, amount=amount, state=state)
        if state == "confirmed" and (
            word := random.choice(["came", "came", "came", "absent", "excused", ""])
        ):
            await mark(context, booking, word)
    if random.random() < 0.5:
        seated = await rows(context, "select person_id from bookings where gathering_id = $1", gathering)
        others = [person for person in people if person not in {row["person_id"] for row in seated}]
        await walk_in(context, gathering, random.choice(others))
        await walk_in(context, gathering, None, "Sam")
        taken_off = await walk_in(context, gathering, None, "Kim")
        await take_off(context, taken_off)


async def seats_of(context: Context) -> list[Row]:
    """Every seat and walk-in of a gathering that was held, with all that counts, read without any query of reports."""
    query = """
    select g.id as gathering, g.circle_id::text as circle, c.format, c.place, g.zone, g.starts_at, g.capacity,
        g.seats_taken, s.person_id as person, s.mark, s.booked, s.kind, s.amount, c.suggested, g.length_minutes
    from gatherings g join circles c on c.id = g.circle_id
    left join (
        select b.gathering_id, b.person_id, a.mark, true as booked, b.kind, b.amount
        from bookings b left join attendance a on a.booking_id = b.id where b.state = 'confirmed'
        union all
        select w.gathering_id, w.person_id, 'walk_in', false, '', 0 from walk_ins w where w.removed_at is null
    ) s on s.gathering_id = g.id
    where g.state = 'open' and g.ends_at < now()
    """
    seats = [dict(row) for row in await rows(context, query)]
    for seat in seats:
        wall = seat["starts_at"].astimezone(ZoneInfo(seat["zone"]))
        seat["month"] = str(wall.date().replace(day=1))
        seat["came"] = seat["mark"] in ("came", "walk_in")
    return seats


def first_visits(seats: list[Row]) -> dict[UUID, Row]:
    firsts: dict[UUID, Row] = {}
    for seat in sorted(seats, key=lambda one: (one["starts_at"], one["gathering"])):
        if seat["came"] and seat["person"]:
            firsts.setdefault(seat["person"], seat)
    return firsts


def recount(seats: list[Row], firsts: dict[UUID, Row]) -> Row:
    """What a row of `attendance` must be, of the seats that belong to it."""
    gatherings = {seat["gathering"]: seat for seat in seats}
    there = [seat for seat in seats if seat["came"]]
    words = Counter(seat["mark"] for seat in seats)
    return {
        "gatherings": len(gatherings),
        "minutes": sum(one["length_minutes"] for one in gatherings.values()),
        "capacity": sum(one["capacity"] for one in gatherings.values()),
        "taken": sum(one["seats_taken"] for one in gatherings.values()),
        "booked": sum(bool(seat["booked"]) for seat in seats),
        **{name: words[name] for name in ("came", "absent", "excused")},
        "walk_ins": words["walk_in"],
        "guests": sum(seat["person"] is None for seat in there),
        "people": len({seat["person"] for seat in there} - {None}),
        "newcomers": sum(first["gathering"] in gatherings for first in firsts.values()),
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_number_is_what_a_recount_of_all_rows_says(context: Context, seed: int) -> None:
    await plant(context, seed)
    everything = await seats_of(context)
    await compare_attendance(context, everything)
    await compare_returns(context, everything)
    await compare_amounts(context, everything)


async def compare_attendance(context: Context, everything: list[Row]) -> None:
    firsts = first_visits(everything)
    months = {str(month) for month in HALF_YEAR.months}
    circles = sorted({seat["circle"] for seat in everything})
    choices: list[Row] = [{}, {"format": "peer"}, {"place": "online"}, {"circle": UUID(circles[0])}]
    for chosen in choices:
        seats = [
            seat
            for seat in everything
            if seat["month"] in months and all(seat[name] == str(value) for name, value in chosen.items())
        ]
        expected = {("", ""): recount(seats, firsts)}
        for grouping in ("month", "circle", "format", "place"):
            for key in {seat[grouping] for seat in seats}:
                part = [seat for seat in seats if seat[grouping] == key]
                expected[grouping, key] = recount(part, firsts)
        found = await read(context, "attendance", Selection(HALF_YEAR, **chosen))
        names = set(expected["", ""])
        assert {
            (row["grouping"], row["key"]): {name: row[name] for name in names} for row in found
        } == expected


async def compare_returns(context: Context, everything: list[Row]) -> None:
    months = {str(month) for month in HALF_YEAR.months}
    cohorts: Counter[tuple[str, int | None]] = Counter()
    again: Counter[str] = Counter()
    for person, first in first_visits(everything).items():
        if first["month"] not in months:
            continue
        cohorts[first["month"], None] += 1
        later = {
            seat["month"]
            for seat in everything
            if seat["came"] and seat["person"] == person and seat["gathering"] != first["gathering"]
        }
        again[first["month"]] += bool(later)
        for month in later:
            cohorts[first["month"], int(month[5:7]) - int(first["month"][5:7])] += 1
    found = await read(context, "returns", Selection(HALF_YEAR))
    assert {(str(row["month"]), row["later"]): row["people"] for row in found} == cohorts
    assert {str(row["month"]): row["again"] for row in found if row["later"] is None} == again


async def compare_amounts(context: Context, everything: list[Row]) -> None:
    months = {str(month) for month in HALF_YEAR.months}
    paid = [seat for seat in everything if seat["month"] in months and seat["kind"] in ("paid", "community")]
    [total] = [row for row in await read(context, "amounts", Selection(HALF_YEAR)) if row["grouping"] == ""]
    amounts = Counter(seat["amount"] for seat in paid if seat["kind"] == "paid")
    places = {"minimum": 1000, "below": 3000, "suggested": 4500, "above": 6000, "maximum": 9000}
    assert {name: total[name] for name in places} == {
        name: amounts[amount] for name, amount in places.items()
    }
    assert total["paid"] == sum(amounts.elements())
    assert total["paid_in"] == sum(max(amount - 4500, 0) for amount in amounts.elements())
    community = sum(seat["kind"] == "community" for seat in paid)
    below = sum(max(4500 - amount, 0) for amount in amounts.elements())
    assert (total["community_seats"], total["drawn"]) == (community, community * 4500 + below)


async def test_the_suggested_amount_is_the_one_of_when_a_seat_was_booked(cast: Cast) -> None:
    gathering = await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    await add_booking(cast.context, gathering, cast.mira, kind="paid", amount=6000)
    await add_booking(cast.context, gathering, cast.milo)
    await change(cast.context, "update circles set suggested = 6500 where id = $1", cast.circle)
    [total] = [
        row for row in await read(cast.context, "amounts", Selection(HALF_YEAR)) if row["grouping"] == ""
    ]
    assert (total["paid_in"], total["drawn"], total["above"]) == (1500, 4500, 1)


async def test_a_month_is_that_of_the_circle_s_calendar(cast: Cast) -> None:
    """Late on March 31 in Los Angeles is April in UTC; early on April 1 in Auckland is March there."""
    for zone, month, day, hour in (("America/Los_Angeles", 3, 31, 22), ("Pacific/Auckland", 4, 1, 8)):
        circle = await add_circle(cast.context, cast.farid, zone=zone, name=zone)
        starts_at = at(month, day, hour, zone)
        assert starts_at.month != month
        await came(cast.context, await add_gathering(cast.context, circle, starts_at=starts_at), cast.mira)
    found = await read(cast.context, "attendance", Selection(Period(date(2025, 3, 1), date(2025, 4, 1))))
    months = {row["key"]: (row["gatherings"], row["people"]) for row in found if row["grouping"] == "month"}
    assert months == {"2025-03-01": (1, 1), "2025-04-01": (1, 1)}
    for month, zone in ((3, "America/Los_Angeles"), (4, "Pacific/Auckland")):
        period = Period(date(2025, month, 1), date(2025, month, 1))
        rows_of_month = await read(cast.context, "attendance", Selection(period))
        names = {row["grouping"]: row["name"] or row["key"] for row in rows_of_month}
        assert (names["circle"], names["month"]) == (zone, f"2025-0{month}-01")
    [total] = [row for row in found if row["grouping"] == ""]
    assert (total["people"], total["newcomers"], total["came"]) == (1, 1, 2)


async def test_somebody_erased_still_counts(cast: Cast) -> None:
    gathering = await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    await came(cast.context, gathering, cast.mira)
    await came(cast.context, gathering, cast.milo)
    before = await counted(cast.context)
    await personal_data.erase(cast.context, "mira@example.org")
    assert await counted(cast.context) == before
    assert before["people"] == 2


async def test_two_accounts_that_became_one_are_one_person_and_one_visit(cast: Cast) -> None:
    """At one gathering one of them had a seat and the other walked in, at another both had a seat."""
    gathering = await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    later = await add_gathering(cast.context, cast.circle, starts_at=at(3, 4, 18, "America/New_York"))
    await came(cast.context, gathering, cast.mira)
    await walk_in(cast.context, gathering, cast.milo)
    await came(cast.context, later, cast.mira)
    await came(cast.context, later, cast.milo)
    assert (await counted(cast.context))["people"] == 2
    await change(cast.context, "select merge_people($1, $2)", cast.mira, cast.milo)
    after = await counted(cast.context)
    assert (after["people"], after["newcomers"], after["came"] + after["walk_ins"], after["booked"]) == (
        1,
        1,
        2,
        3,
    )
    [cohort] = [
        row for row in await read(cast.context, "returns", Selection(HALF_YEAR)) if row["later"] is None
    ]
    assert (cohort["people"], cohort["again"]) == (1, 1)


async def test_marks_that_are_corrected_seats_that_end_and_gatherings_that_are_canceled(cast: Cast) -> None:
    gathering = await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    booking = await came(cast.context, gathering, cast.mira, "absent")
    assert (await counted(cast.context))["absent"] == 1
    await change(cast.context, "update attendance set mark = 'came' where booking_id = $1", booking)
    walked = await walk_in(cast.context, gathering, cast.milo)
    row = await counted(cast.context)
    assert (row["came"], row["absent"], row["people"]) == (1, 0, 2)
    await take_off(cast.context, walked)
    await change(cast.context, "delete from attendance where booking_id = $1", booking)
    row = await counted(cast.context)
    assert (row["people"], row["booked"], row["came"]) == (0, 1, 0)


async def test_how_many_waited_is_known_when_their_waits_are_deleted(cast: Cast) -> None:
    gathering = await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    add = (
        "insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id, state, ended_at) "
        "select $1, $2, 'amount', 4500, 'USD', id, 'left', now() - interval '60 days' from acceptances limit 1"
    )
    await add_booking(cast.context, gathering, cast.fern)  # whose acceptance the waits refer to
    for person in (cast.mira, cast.mira, cast.milo):  # who joins twice waited once
        await change(cast.context, add, gathering, person)
    await change(cast.context, "delete from waits")
    [row] = await read(cast.context, "waiting", Selection(HALF_YEAR))
    assert (row["weekday"], row["hour"], row["waited"], row["gatherings"]) == (2, 18, 2, 1)


async def test_hours_are_of_who_hosted(cast: Cast) -> None:
    await add_gathering(cast.context, cast.circle, starts_at=at(2, 4, 18, "America/New_York"))
    await add_gathering(cast.context, cast.circle, starts_at=at(2, 11, 18, "America/New_York"))
    found = await read(cast.context, "hours", Selection(HALF_YEAR))
    assert [(row["name"], row["gatherings"], row["minutes"]) for row in found] == [("Farid", 2, 180)]


@pytest.fixture
async def busy(cast: Cast) -> Cast:
    """Two people came last month, one of them twice."""
    month = rules.add_months(clock.now().date().replace(day=1), -1)
    for day, people in ((4, (cast.mira, cast.milo)), (11, (cast.mira,))):
        starts_at = at(month.month, day, 18, "America/New_York", month.year)
        gathering = await add_gathering(cast.context, cast.circle, starts_at=starts_at)
        for person in people:
            await came(cast.context, gathering, person, kind="paid", amount=5000)
    return cast


async def test_every_report_is_a_page_and_a_workbook_with_the_same_numbers(
    busy: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    async with browser(busy.odile) as page:
        for slug, report in REPORTS.items():
            queries.clear()
            shown = await page.get(f"/organize/reports/{slug}")
            assert shown.status_code == 200
            asked = [
                query
                for query in queries
                if "sign_ins" not in query and query[:5].lower() not in ("begin", "commi")
            ]
            assert len(asked) <= 3, asked
            assert 'role="img"' in shown.text
            assert f"<h1>{report.title}</h1>" in shown.text
            assert '<a href="/organize/reports" aria-current="true">' in shown.text
            assert '<a href="/organize">' in shown.text
            assert (
                shown.text.count("<title id=") == shown.text.count("<desc id=") == shown.text.count("<figure")
            )
            assert " style=" not in shown.text
            book = await page.get(f"/organize/reports/{slug}.xlsx")
            sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.content))
            assert sheets.sheet_names[-1] == "About this file"
            for name in sheets.sheet_names[:-1]:
                head, *lines = sheets.get_sheet_by_name(name).to_python()
                assert f">{head[0]!s}</th>" in shown.text
                for line in lines:
                    first = rules.month_words(line[0]) if isinstance(line[0], date) else line[0]
                    assert f'<th scope="row">{first}</th>' in shown.text
                if head[0] in ("Month", "First came in"):
                    months = [line[0] for line in lines if line[0] != "All together"]
                    assert months == sorted(months)
                    assert all(isinstance(month, date) and month.day == 1 for month in months)
        people = CalamineWorkbook.from_filelike(
            io.BytesIO((await page.get("/organize/reports/people.xlsx")).content)
        )
        assert people.get_sheet_by_index(0).to_python()[-1] == ["All together", 2, 2, 3, 0, 2]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-05&to=2026-01", "The last month lies before the first."),
        ("from=2000-01&to=2099-01", "Please choose at most 36 months"),
        ("from=soon&to=2026-01", "Please give a month as year and month"),
        ("circle=00000000-0000-0000-0000-000000000001", "That circle is not there any more."),
        ("place=moon", "Please choose online or in person."),
    ],
)
async def test_what_cannot_be_shown_is_said_and_what_was_typed_stays(
    cast: Cast, browser: OpenBrowser, query: str, words: str
) -> None:
    async with browser(cast.odile) as page:
        for suffix in ("", ".xlsx"):
            answer = await page.get(f"/organize/reports/people{suffix}?{query}")
            assert answer.status_code == 422
            assert words in answer.text
        if "from" in query:
            assert f'value="{query[5:].split("&")[0]}"' in answer.text


async def test_reports_are_for_organizers_alone(cast: Cast, browser: OpenBrowser) -> None:
    paths = ["", "/people", "/people.xlsx", "/funder", "/funder.xlsx"]
    for person, status in ((cast.mira, 404), (cast.farid, 404), (cast.odile, 200)):
        async with browser(person) as page:
            assert [(await page.get(f"/organize/reports{path}")).status_code for path in paths] == [
                status
            ] * len(paths)
    async with browser(cast.odile) as page:
        assert (await page.get("/organize/reports/unknown")).status_code == 404


async def funder_report(context: Context, period: Period) -> funder.FunderReport:
    async with context.db.reading() as tx:
        return await queries.funder_report(tx, period)


async def test_the_funder_s_report_says_no_number_of_fewer_than_five_people(cast: Cast) -> None:
    """Of every range of months, and of the difference of every two of them."""
    people = [await add_person(cast.context, f"P{number}") for number in range(7)]
    for month, there in enumerate([people, people[:3], people[2:6], people[:6], people[:1]], start=1):
        gathering = await add_gathering(
            cast.context, cast.circle, starts_at=at(month, 4, 18, "America/New_York")
        )
        for person in there:
            await came(cast.context, gathering, person, kind="paid", amount=6000)
    found = {}
    for first in range(1, 6):
        for last in range(first, 6):
            period = Period(date(2025, first, 1), date(2025, last, 1))
            made = await funder_report(cast.context, period)
            found[first, last] = [figure.number for figure in made.figures if figure.of_people]
    # January is large; February waits for March; May is never said, nor are the two who were new in no large group
    assert {key: numbers[1] for key, numbers in found.items()} == {
        (first, last): sum({1: 5, 3: 5, 4: 5}.get(month, 0) for month in range(first, last + 1))
        for first, last in found
    }
    every = [number for numbers in found.values() for number in numbers]
    assert {number % 5 for number in every} == {0}
    assert found[5, 5] == [0, 0, 0]


async def test_the_page_of_the_funder_s_report(busy: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    """Two people are too few: nothing is said of them, and nobody is named. Months that are not over are refused."""
    async with browser(busy.odile) as page:
        queries.clear()
        shown = (await page.get("/organize/reports/funder")).text
        asked = [
            query
            for query in queries
            if "sign_ins" not in query and query[:5].lower() not in ("begin", "commi")
        ]
        assert len(asked) <= 3, [query[:60] for query in asked]
        article = shown[shown.index("<article") : shown.index("</article>")]
        assert "Fewer than 5" in article
        assert not any(
            name in article
            for name in ("Mira", "Milo", "Farid", "Odile", "Tuesday group", "First steps home")
        )
        today = clock.now().date()
        refused = await page.get(f"/organize/reports/funder?from={today:%Y-%m}")
        assert refused.status_code == 422
        assert "months that are over" in refused.text
        assert (await page.get("/organize/reports/funder?from=2000-01&to=2010-01")).status_code == 422
