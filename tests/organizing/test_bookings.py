"""Every booking for organizers: searched by name, day and circle, nearest first; and the story of one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from uuid import UUID

from circles.base.reading import number_of
from circles.organizing.bookings import rules
from circles.organizing.bookings.rules import BookingsFilter
from circles.web.paging import Window
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, send_invites, value

LIST = "/organize/bookings"

# Thirty-nine people who left the gathering of a booking ($1), with what their bookings need.
CANCELED = """
with people as (
    insert into people (name, email) select 'P' || n, 'p' || n || $2 || '@example.org' from generate_series(2, 40) as n
    returning id
), agreed as (
    insert into acceptances (person_id, version_id, sha256)
    select people.id, version_id, sha256 from people, acceptances
    where acceptances.id = (select acceptance_id from bookings where id = $1)
    returning id, person_id
), made as (
    insert into bookings (
        gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, acceptance_id,
        ended_at, end_cause
    )
    select
        gathering_id, agreed.person_id, 2, kind, 'cancelled', 0, currency, scale_minimum, scale_maximum, agreed.id,
        now(), 'by_member'
    from bookings, agreed where bookings.id = $1
    returning id
)
insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from made
"""


async def names(browser: OpenBrowser, cast: Cast, **query: str) -> list[str]:
    async with browser(cast.odile) as page:
        text = (await page.get(LIST, params=query)).text
    return re.findall(rf'href="{LIST}/[0-9a-f-]+">([^<]+)</a>', text)


async def searched(browser: OpenBrowser, cast: Cast, **typed: str) -> tuple[str, list[str]]:
    """The address that a search leads to, and whom it finds."""
    async with browser(cast.odile) as page:
        answer = await page.post(LIST, data=typed)
        assert answer.status_code == 303
        text = (await page.get(answer.headers["Location"])).text
    return answer.headers["Location"], re.findall(rf'href="{LIST}/[0-9a-f-]+">([^<]+)</a>', text)


async def some(cast: Cast) -> None:
    """Zoë in a day, Mira in a week, Milo in eight days, Fern was there three days ago and Odile ten days ago."""
    zoe = await add_person(cast.context, "Zoë", email="z@example.org")
    tomorrow = await add_gathering(cast.context, cast.circle, days=1)
    await add_booking(cast.context, tomorrow, zoe)
    await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    for days, who in ((-3, cast.fern), (-10, cast.odile)):
        await add_booking(
            cast.context, await add_gathering(cast.context, cast.other_circle, days=days), who, kind="free"
        )


async def test_the_nearest_gathering_comes_first(
    cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    await some(cast)
    assert await names(browser, cast) == ["Zoë", "Mira", "Milo"]
    assert await names(browser, cast, time="past") == ["Fern", "Odile"]
    assert await names(browser, cast, circle=str(cast.circle)) == ["Zoë", "Mira"]
    assert await names(browser, cast, circle=str(cast.other_circle), time="past") == ["Fern", "Odile"]
    assert await names(browser, cast, state="held") == []
    day = await value(cast.context, "select wall_start::date from gatherings where id = $1", cast.gathering)
    assert await names(browser, cast, day=str(day)) == ["Mira"]
    async with browser(cast.odile) as page:
        queries.clear()
        text = (await page.get(LIST)).text
        assert len(queries) <= 4  # one of them finds who is signed in
        assert "$45" in text
        for odd in (
            "?state=%00",
            "?circle=x",
            "?page=-4",
            "?page=9",
            "?day=2026-99-99",
            "?after=x",
            "?find=x",
            "?time=x",
        ):
            assert (await page.get(f"{LIST}{odd}")).status_code == 200


async def test_a_name_is_found_without_its_accents_and_is_in_no_address(
    cast: Cast, browser: OpenBrowser
) -> None:
    await some(cast)
    address, found = await searched(browser, cast, q="zoe")
    assert found == ["Zoë"]
    assert "zoe" not in address.lower()
    assert (await searched(browser, cast, q="mi"))[1] == ["Mira", "Milo"]
    assert (await searched(browser, cast, q="fern"))[1] == []
    assert (await searched(browser, cast, q="fern", time="past"))[1] == ["Fern"]
    assert (await searched(browser, cast, q="mi", circle=str(cast.other_circle)))[1] == ["Milo"]
    assert (await searched(browser, cast, q="example.org"))[1] == [], "a name is looked for, not an address"


async def test_a_number_leads_to_its_booking(cast: Cast, browser: OpenBrowser) -> None:
    """As it is read out, whatever else is chosen; a number of no booking is looked for as a name."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="community")
    number = number_of(booking)
    async with browser(cast.odile) as page:
        for typed in (number, number.lower().replace("-", " ")):
            answer = await page.post(LIST, data={"q": typed, "time": "past", "state": "lapsed"})
            assert answer.headers["location"] == f"{LIST}/{booking}"
        assert f"Booking {number}" in (await page.get(f"{LIST}/{booking}")).text
        answer = await page.post(LIST, data={"q": number_of(cast.mira)})
        assert answer.headers["location"].startswith(f"{LIST}?")


async def test_pages_go_on_where_the_last_one_ended(cast: Cast, browser: OpenBrowser) -> None:
    """Many seats at one start, and several gatherings at the same hour."""
    at = datetime.now(UTC) + timedelta(days=9)
    for circle in (cast.circle, cast.other_circle):
        gathering = await add_gathering(cast.context, circle, starts_at=at)
        first = await add_booking(
            cast.context, gathering, cast.mira, kind="free" if circle == cast.other_circle else "community"
        )
        await change(
            cast.context,
            CANCELED,
            first,
            str(circle)[:8],
        )
    seen: list[str] = []
    async with browser(cast.odile) as page:
        url = LIST
        while url:
            text = (await page.get(url)).text
            seen += re.findall(rf'href="{LIST}/([0-9a-f-]+)">', text)
            further = re.findall(r'rel="next" href="([^"]+)"', text)
            url = unescape(further[0]) if further else ""
    assert len(seen) == len(set(seen)) == 80


async def test_the_story_of_a_booking(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await change(
        cast.context,
        "insert into events (what, about, who, before, after, why) values "
        "('booking.confirmed', $1, $2, 'held', 'confirmed', ''), ('request.approved', $1, $3, '', '', 'An answer')",
        booking,
        cast.mira,
        cast.farid,
    )
    await send_invites(cast.context)
    await change(
        cast.context,
        "insert into attendance (booking_id, mark, marked_by) values ($1, 'came', $2)",
        booking,
        cast.farid,
    )
    url = f"{LIST}/{booking}"
    async with browser(cast.odile) as page:
        text = (await page.get(url)).text
        words = " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
        assert not missing(
            words, "Mira", "First steps home", "Confirmed a seat, by Mira", "$45 paid by card",
            "Agreed to the guidelines, by Mira", "Marked as there", "Move, take off",
        )  # fmt: skip
        assert f'href="/host/seats/{booking}"' in text
        assert not [word for word in ("An answer", "mira@example.org") if word in text]
        assert (await page.get(f"{LIST}/{cast.circle}")).status_code == 404
    for who in (cast.mira, cast.farid):
        async with browser(who) as page:
            assert (await page.get(url)).status_code == 404
            assert (await page.get(LIST)).status_code == 404
            assert (await page.post(LIST, data={"q": "Mira"})).status_code == 404


async def test_with_many_circles_the_form_leads_to_their_list(cast: Cast, browser: OpenBrowser) -> None:
    await change(
        cast.context,
        "insert into circles (name, discreet_name, purpose, format, place, zone, capacity, length_minutes, minimum, "
        "suggested, maximum, guidelines_id, state) "
        "select 'Circle ' || n, discreet_name, purpose, format, place, zone, capacity, length_minutes, minimum, "
        "suggested, maximum, guidelines_id, 'archived' from circles, generate_series(1, 70) as n where id = $1",
        cast.circle,
    )
    async with browser(cast.odile) as page:
        for path in (LIST, "/organize/exports"):
            text = (await page.get(path)).text
            assert "list of circles" in text
            assert "Circle 7" not in text
            chosen = (await page.get(path, params={"circle": str(cast.circle)})).text
            assert re.search(rf'value="{cast.circle}"[^>]*(selected|checked)', chosen)
        listed = (await page.get("/organize/circles?q=circle+7")).text
        assert "2 circles with this in the name" in listed
        assert f"/organize/exports?circle={cast.circle}" in (await page.get("/organize/circles?q=first")).text
        assert "No circle has this in its name" in (await page.get("/organize/circles?q=xyz")).text


def test_filters_that_make_no_sense_are_left_out() -> None:
    assert (
        BookingsFilter.read({"state": "gone", "circle": "no-id", "page": "-1", "day": "x"}, "")
        == BookingsFilter()
    )
    read = BookingsFilter.read(
        {"state": "held", "circle": str(UUID(int=5)), "day": "2026-11-26", "page": "3"}, ""
    )
    assert read == BookingsFilter(state="held", circle=UUID(int=5), day=date(2026, 11, 26))
    assert BookingsFilter.read({"page": "3"}, "Mira").window == Window(3)


def test_the_story_says_nothing_that_is_in_confidence() -> None:
    row = {"at": datetime(2026, 1, 1, tzinfo=UTC), "why": "", "amount": None, "currency": "", "who_name": ""}
    story = rules.story(
        [
            row | {"source": "event", "what": "reflection.kept"},
            row | {"source": "event", "what": "concern.made"},
            row | {"source": "mail", "what": "introduction_news"},
            row | {"source": "mark", "what": "of_tomorrow"},
        ]
    )
    assert [chapter.what for chapter in story] == ["Mail: a mail in confidence", "Mark: of tomorrow"]
