"""The organizers' overview: the next days, and the numbers of this month beside the last."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from circles.organizing.needs import rules as needs_rules
from circles.organizing.overview import rules
from circles.store import jobs
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, rows
from tests.organizing.test_needs import listed

COUNT = "select gatherings, seats, taken, people, came, newcomers, paid, given from count_month($1, $2)"


async def visit(cast: Cast, gathering: UUID, person: UUID, mark: str = "came", **more: Any) -> UUID:
    booking = await add_booking(cast.context, gathering, person, **more)
    await change(cast.context, "insert into attendance (booking_id, mark) values ($1, $2)", booking, mark)
    return booking


async def at(cast: Cast, circle: UUID, day: date, hour: int = 18) -> UUID:
    return await add_gathering(
        cast.context, circle, starts_at=datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    )


async def two_months(cast: Cast) -> tuple[date, date]:
    """Two months that are over: Mira came once in the first and twice in the second, Milo once in the second."""
    first, second = date(2026, 3, 1), date(2026, 4, 1)
    await visit(cast, await at(cast, cast.circle, date(2026, 3, 10)), cast.mira, kind="paid", amount=4500)
    april = await at(cast, cast.circle, date(2026, 4, 7))
    await visit(cast, april, cast.mira, kind="paid", amount=3000)
    await visit(cast, april, cast.milo)  # a community seat
    again = await at(cast, cast.other_circle, date(2026, 4, 20))
    await visit(cast, again, cast.mira, kind="free")
    await visit(cast, again, cast.fern, "absent", kind="free")
    return first, second


async def counted(cast: Cast, month: date, most: int = 100) -> list[dict[str, Any]]:
    return [dict(row) for row in await rows(cast.context, COUNT, month, most)]


async def test_a_month_is_counted(cast: Cast) -> None:
    first, second = await two_months(cast)
    assert await counted(cast, first) == [
        {
            "gatherings": 1, "seats": 8, "taken": 1, "people": 1, "came": 1, "newcomers": 1,
            "paid": {"USD": 4500}, "given": {},
        }
    ]  # fmt: skip
    assert await counted(cast, second) == [
        {
            "gatherings": 2, "seats": 14, "taken": 4, "people": 2, "came": 3, "newcomers": 1,
            "paid": {"USD": 3000}, "given": {"USD": 4500},
        }
    ]  # fmt: skip
    assert await counted(cast, second, 1) == [], "more gatherings than may be counted for a page"


async def test_a_walk_in_came_as_well(cast: Cast) -> None:
    gathering = await at(cast, cast.circle, date(2026, 4, 7))
    await change(
        cast.context,
        "with added as (insert into walk_ins (id, gathering_id, name) values (gen_random_uuid(), $1, 'Wil') "
        "returning id) insert into events (what, about) select 'walk_in.added', id from added",
        gathering,
    )
    (row,) = await counted(cast, date(2026, 4, 1))
    assert (row["people"], row["came"], row["newcomers"]) == (1, 1, 0)


async def test_a_month_begins_on_the_clock_of_the_circle(cast: Cast) -> None:
    """11 pm on March 31 in New York is April in UTC."""
    late = datetime(2026, 4, 1, 3, tzinfo=UTC)
    await visit(cast, await add_gathering(cast.context, cast.circle, starts_at=late), cast.mira)
    assert [row["came"] for row in await counted(cast, date(2026, 3, 1))] == [1]
    assert [row["came"] for row in await counted(cast, date(2026, 4, 1))] == [0]


async def test_the_timetable_counts_a_year(cast: Cast) -> None:
    await jobs.run_timetable(cast.context, "overview.count_months")
    stored = await rows(cast.context, "select month from month_numbers order by month")
    assert len(stored) >= rules.MONTHS
    await change(cast.context, "update month_numbers set came = 99")
    await jobs.run_timetable(cast.context, "overview.count_months")
    changed = await rows(cast.context, "select month from month_numbers where came = 0")
    assert 2 <= len(changed) <= 3, "what may still change is counted again"


async def test_the_page_shows_the_next_days_and_the_month(cast: Cast, browser: OpenBrowser) -> None:
    now = datetime.now(UTC)
    soon = await add_gathering(cast.context, cast.circle, starts_at=now + timedelta(hours=1))
    await change(
        cast.context,
        "update gatherings set state = 'cancelled', cancel_reason = 'Ill' where id = $1",
        cast.gathering,
    )
    ago = now - timedelta(hours=3)
    await visit(
        cast, await add_gathering(cast.context, cast.other_circle, starts_at=ago), cast.mira, kind="free"
    )
    text = await listed(browser, cast.odile)
    assert "First steps home" in text
    assert "with Farid" in text
    assert "People who came" in text
    assert "Seats filled" in text
    async with browser(cast.odile) as page:
        page_text = (await page.get("/organize")).text
    assert f"/gatherings/{soon}" in page_text
    assert page_text.count('<svg class="spark"') == 5  # no money was paid
    for person in (cast.mira, cast.farid):
        async with browser(person) as page:
            assert (await page.get("/organize")).status_code == 404


async def test_a_mark_is_counted_by_the_transaction_that_makes_it(cast: Cast, browser: OpenBrowser) -> None:
    over = await add_gathering(cast.context, cast.other_circle, days=-3)
    gone = [await add_booking(cast.context, over, person, kind="free") for person in (cast.mira, cast.milo)]

    async def gaps() -> list[str]:
        return re.findall(r"(\d of \d) not marked yet", await needs_of(browser, cast.odile))

    assert await gaps() == ["2 of 2"]
    await change(cast.context, "insert into attendance (booking_id, mark) values ($1, 'came')", gone[0])
    assert await gaps() == ["1 of 2"]
    await change(cast.context, "insert into attendance (booking_id, mark) values ($1, 'absent')", gone[1])
    assert await gaps() == []
    await change(cast.context, "delete from attendance where booking_id = $1", gone[0])
    assert await gaps() == ["1 of 2"]


async def needs_of(browser: OpenBrowser, person: UUID) -> str:
    async with browser(person) as page:
        return "\n".join(re.findall(r"<strong>([^<]+)</strong>", (await page.get("/organize")).text))


async def test_the_lists_are_cut(cast: Cast, browser: OpenBrowser) -> None:
    for hour in range(1, 23):
        await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(hours=hour))
        late = await add_gathering(
            cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(hours=hour + 30)
        )
        await add_booking(cast.context, late, cast.mira)
    async with browser(cast.odile) as page:
        text = (await page.get("/organize")).text
    assert text.count('class="glance-row"') == 20
    assert "All gatherings ahead" in text
    assert text.count("not marked yet.</strong>") == needs_rules.MAX_SHOWN
    assert "There are more." in text


# Rules


def month(number: int, **more: Any) -> dict[str, Any]:
    return {
        "month": date(2026, number, 1), "gatherings": 4, "seats": 20, "taken": 15, "people": 7, "came": 12,
        "newcomers": 2, "paid": {}, "given": {},
    } | more  # fmt: skip


def test_figures_are_said_beside_the_month_before() -> None:
    known = rules.newest_counts([month(10, people=3), month(11, paid={"USD": 123450, "EUR": 100})])
    figures = {figure.label: figure for figure in rules.figures(known, date(2026, 11, 1))}
    assert (figures["People who came"].now, figures["People who came"].before) == ("7", "3")
    assert figures["Seats filled"].now == "75%"
    assert figures["Paid by card, USD"].now == "$1,234.50"
    assert figures["Paid by card, USD"].before == "$0"
    assert figures["People who came"].points == (None,) * 10 + (3.0, 7.0)
    assert figures["People who came"].described == "October 2026 3, November 2026 7"


def test_a_month_that_nobody_counted_is_left_open() -> None:
    figures = rules.figures({}, date(2026, 1, 1))
    assert [figure.label for figure in figures] == [
        "People who came", "Attendances", "Newcomers", "Gatherings", "Seats filled",
    ]  # fmt: skip
    assert {(figure.now, figure.before, figure.described) for figure in figures} == {("", "", "")}


def test_what_was_counted_now_is_newer() -> None:
    rows_of = [month(11, people=1), month(11, people=2)]
    assert rules.newest_counts(rows_of)[date(2026, 11, 1)]["people"] == 2


@pytest.mark.parametrize(
    ("points", "lines"),
    [
        ((), []),
        ((None, None), []),
        ((0.0, 0.0), ["3.0,25.0 117.0,25.0"]),
        ((None, 1.0, 2.0), ["60.0,14.0 117.0,3.0"]),
        ((1.0, None, 2.0), ["3.0,14.0", "117.0,3.0"]),
        ((-5.0, 5.0), ["3.0,25.0 117.0,3.0"]),
    ],
)
def test_a_small_chart_has_a_line_for_each_run_of_months(
    points: tuple[float | None, ...], lines: list[str]
) -> None:
    assert rules.polylines(points) == lines


def test_months_go_back_over_the_year() -> None:
    assert rules.months_before(date(2026, 2, 1), 3) == date(2025, 11, 1)
