"""What visitors see of circles and gatherings, over HTTP on a real database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from circles import gatherings
from circles.gatherings import filters
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import missing

NEW_YORK = ZoneInfo("America/New_York")
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def selects(queries: list[str]) -> list[str]:
    """The statements that ask or change something."""
    return [
        query
        for query in queries
        if query.strip().split(None, 1)[0].lower() in ("select", "with", "insert", "update")
    ]


async def shown(page: Browser, url: str) -> set[UUID]:
    """The ids of the gatherings that the list at an address shows."""
    answer = await page.get(url)
    assert answer.status_code == 200
    return {
        UUID(part.split('"')[0])
        for part in answer.text.split('href="/gatherings/')[1:]
        if len(part.split('"')[0]) == 36
    }


def next_weekday(weekday: int, hour: int, zone: ZoneInfo = NEW_YORK) -> datetime:
    """The next moment, two days ahead or more, that falls on this ISO weekday at this hour there."""
    day = datetime.now(zone).date() + timedelta(days=2)
    day += timedelta(days=(weekday - day.isoweekday()) % 7)
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)


# The list as it is kept rendered for visitors


async def test_a_visitors_list_shows_every_change_and_nothing_of_anybody(
    cast: Cast, context: Context, browser: OpenBrowser
) -> None:
    circle = await add_circle(context, cast.farid, name="Evening", capacity=2)
    gathering = await add_gathering(context, circle)
    async with browser() as page, browser(cast.mira) as mira:
        before = (await page.get("/gatherings")).text
        assert (await page.get("/gatherings")).text == before
        own = (await mira.get("/gatherings")).text
        assert "Mira" in own
        page.cookies.set("zone", "Asia/Tokyo")
        tokyo = (await page.get("/gatherings")).text
        assert "time zone, Tokyo" in tokyo
        page.cookies.delete("zone")
        await add_booking(context, gathering, await add_person(context, "Ola"))
        after = (await page.get("/gatherings")).text
        assert ("0 of 2 seats taken" in before, "1 of 2 seats taken" in after) == (True, True)
        assert (await page.get("/gatherings?from=nonsense")).text != after
        assert (await page.get("/gatherings")).text == after


# The first page


async def test_the_first_page_explains_circles_and_shows_the_next(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        answer = await page.get("/")
    assert answer.status_code == 200
    assert not missing(
        answer.text,
        "It is not therapy",
        "Nobody sells",
        "First steps home",
        "Open door",
        'href="/what-a-circle-is-not"',
    )
    assert answer.text.count("button-primary") == 1


async def test_the_first_page_without_any_gathering(context: Context, browser: OpenBrowser) -> None:
    async with browser() as page:
        assert "No gathering is planned just now" in (await page.get("/")).text


async def test_what_a_circle_is_not_leads_to_help(context: Context, browser: OpenBrowser) -> None:
    async with browser() as page:
        answer = await page.get("/what-a-circle-is-not")
    assert "It is not crisis help" in answer.text
    assert answer.text.count("988") >= 2


# The list


async def test_the_list_shows_open_gatherings_ahead(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    draft_circle = await add_circle(context, cast.farid, state="draft")
    hidden = {
        await add_gathering(context, cast.circle, days=3, state="draft"),
        await add_gathering(
            context, cast.circle, days=4, state="cancelled", cancel_reason="The host is ill."
        ),
        await add_gathering(context, cast.circle, days=-4),
        await add_gathering(context, draft_circle, days=3),
    }
    async with browser() as page:
        ids = await shown(page, "/gatherings")
    assert ids == {cast.gathering, cast.free_gathering}
    assert not ids & hidden


async def test_the_list_takes_two_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with browser(cast.mira) as page:
        await page.get("/gatherings?means=20&day=tue&seats=on")
        queries.clear()
        await page.get("/gatherings?means=20&day=tue&seats=on")
    assert len(selects(queries)) == 2


async def test_a_count_stops_after_some_gatherings_and_says_so(
    context: Context, cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_READ_TO_COUNT", 25)
    monkeypatch.setattr(filters, "PER_PAGE", 20)
    added = {await add_gathering(context, cast.circle, days=30 + day) for day in range(50)}
    every = added | {cast.gathering}
    async with browser() as page:
        text = (await page.get("/gatherings?where=online")).text
        assert re.search(r"At least 2\d gatherings for your filters", text)
        reached: set[UUID] = set()
        url = "/gatherings?where=online"
        for _ in range(4):
            reached |= await shown(page, url)
            following = re.search(r'href="(/gatherings\?[^"]*after=[^"]*)"', (await page.get(url)).text)
            if not following:
                break
            url = following[1].replace("&amp;", "&")
    assert reached == every


async def test_a_card_shows_seats_price_and_times(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500)
    async with browser() as page:
        page.cookies.set("zone", "Europe%2FBerlin")
        page.headers["Accept-Language"] = "de-DE,de;q=0.9,en;q=0.8"
        text = (await page.get("/gatherings")).text
    assert "1 of 8 seats taken, 1 community seat left" in text
    assert "$30 to $80" in text
    assert re.search(r", 00:00, the night from \w+ to \w+; \w+day 18:00 in New York</time>", text)
    assert "Facilitated circle, with Farid" in text


@pytest.mark.parametrize(
    ("query", "paid", "free"),
    [
        ("where=online", True, False),
        ("where=in_person", False, True),
        ("format=peer", False, True),
        ("format=facilitated", True, False),
        ("format=ceremony", False, False),
        ("part=evening", True, True),
        ("part=morning&part=afternoon", False, False),
        ("where=&format=&from=&to=&means=", True, True),
        ("where=moon", True, True),
        ("from=yesterday", True, True),
    ],
)
async def test_each_filter(cast: Cast, browser: OpenBrowser, query: str, paid: bool, free: bool) -> None:
    there = {cast.gathering: paid, cast.free_gathering: free}
    expected = {gathering for gathering, is_there in there.items() if is_there}
    async with browser() as page:
        assert await shown(page, f"/gatherings?{query}") == expected


async def test_weekdays_are_the_visitors_own(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    late_monday = await add_gathering(context, cast.circle, starts_at=next_weekday(1, 22))
    async with browser() as page:
        assert late_monday in await shown(page, "/gatherings?day=mon&part=evening")
        page.cookies.set("zone", "Europe%2FBerlin")
        assert late_monday not in await shown(page, "/gatherings?day=mon")
        assert late_monday in await shown(page, "/gatherings?day=mon&day=tue&part=morning")


async def test_dates_include_their_ends(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    at = next_weekday(3, 17)
    mine = await add_gathering(context, cast.circle, starts_at=at)
    day = at.astimezone(NEW_YORK).date()
    async with browser() as page:
        assert mine in await shown(page, f"/gatherings?from={day}&to={day}")
        assert mine not in await shown(page, f"/gatherings?from={day + timedelta(days=1)}")
        assert mine not in await shown(page, f"/gatherings?to={day - timedelta(days=1)}")


async def test_means_count_community_seats(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        assert cast.gathering in await shown(page, "/gatherings?means=30")
        assert cast.gathering in await shown(page, "/gatherings?means=29.99"), "a community seat is left"
        await add_booking(context, cast.gathering, cast.mira, kind="community")
        assert await shown(page, "/gatherings?means=29.99") == {cast.free_gathering}
        assert await shown(page, "/gatherings?means=0") == {cast.free_gathering}


@pytest.mark.parametrize("typed", ["€30", "30 EUR", "£30", "30 kr", "30 JPY"])
async def test_thirty_of_another_currency_is_not_thirty_dollars(
    cast: Cast, browser: OpenBrowser, typed: str
) -> None:
    async with browser() as page:
        answer = await page.get("/gatherings", params={"means": typed})
    assert "Please write the number alone" in answer.text
    assert f'value="{typed}"' in answer.text


async def test_with_seats_left(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    one = await add_gathering(context, cast.circle, days=5, capacity=1, community_seats=0)
    await add_booking(context, one, cast.mira, kind="paid", amount=4500)
    async with browser() as page:
        assert one in await shown(page, "/gatherings")
        assert "Full, the one seat is taken" in (await page.get("/gatherings")).text
        assert one not in await shown(page, "/gatherings?seats=on")


async def test_a_malformed_filter_has_its_reason_and_keeps_its_text(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        text = (await page.get("/gatherings?means=lots&from=2026-02-31&to=%00&day=xyz&page=-7")).text
    assert 'value="lots"' in text
    assert 'aria-describedby="f-means-hint f-means-error"' in text
    assert text.count("This filter was left out.") == 8  # each beside its field, and once above the list


async def test_the_list_in_pages(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    made = [await add_gathering(context, cast.circle, days=10 + i) for i in range(25)]
    async with browser() as page:
        first, second = await shown(page, "/gatherings"), await shown(page, "/gatherings?page=2")
        assert (len(first), len(second)) == (20, 7)
        assert first | second == {cast.gathering, cast.free_gathering, *made}
        assert 'href="/gatherings?where=online"' in (await page.get("/gatherings?where=online&page=2")).text
        assert "The list ends before this page" in (await page.get("/gatherings?page=9")).text


async def test_nothing_fits(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        text = (await page.get("/gatherings?format=ceremony&means=5")).text
    assert "No gathering fits all of this" in text
    assert 'href="/gatherings"' in text


async def test_htmx_is_given_the_part_and_a_clean_address(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        answer = await page.get("/gatherings?where=online&format=&means=", headers=HTMX)
        full = await page.get("/gatherings?where=online")
    assert "<html" not in answer.text
    assert "First steps home" in answer.text
    assert answer.headers["HX-Push-Url"] == "/gatherings?where=online"
    assert "HX-Request" in answer.headers["Vary"]
    assert "HX-Request" in full.headers["Vary"]


async def test_the_number_of_results_is_announced(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        full = (await page.get("/gatherings")).text
        results = (await page.get("/gatherings?format=facilitated", headers=HTMX)).text
        none = (await page.get("/gatherings?format=ceremony", headers=HTMX)).text
    assert full.count('id="n-found"') == 1
    assert '<p class="quietly" id="n-found" role="status"></p>' in full
    assert '<p id="n-found" hx-swap-oob="innerHTML">1 gathering for your filters.</p>' in results
    assert '<p id="n-found" hx-swap-oob="innerHTML">No gatherings for your filters.</p>' in none


# The zone


async def test_a_zone_can_be_chosen_without_javascript(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        assert "/zone?next=" in (await page.get("/gatherings")).text
        assert "Lisbon, Portugal" in (await page.get("/zone?next=/gatherings")).text
        answer = await page.post("/zone", data={"zone": "Europe/Berlin", "next": "/gatherings?where=online"})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/gatherings?where=online")
        text = (await page.get("/gatherings")).text
    assert "Times now show in your time zone, Berlin." in text
    assert "pm in New York</time>" in text


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_the_zone_form_leads_nowhere_else(context: Context, browser: OpenBrowser, back: str) -> None:
    async with browser() as page:
        answer = await page.post("/zone", data={"zone": "Europe/Berlin", "next": back})
        assert answer.headers["Location"] == "/gatherings"
        bad = await page.post("/zone", data={"zone": "Mars/Base", "next": back})
    assert bad.status_code == 422
    assert "choose a time zone" in bad.text


# One gathering


async def test_a_gathering_page(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    await add_gathering(context, cast.circle, days=14)
    async with browser(cast.mira) as page:
        await page.get(f"/gatherings/{cast.gathering}")
        queries.clear()
        text = (await page.get(f"/gatherings/{cast.gathering}")).text
    assert len(selects(queries)) == 2, queries
    assert f'href="/gatherings/{cast.gathering}/book"' in text
    assert not missing(
        text,
        "Farid",
        "(he/him)",
        "$30 to $80",
        "seats left",
        "Other dates of this circle",
        "90 minutes",
        "comes back",
    )


async def test_where_it_is_shows_to_nobody_who_is_not_booked(cast: Cast, browser: OpenBrowser) -> None:
    async with browser() as page:
        texts = [
            (await page.get(url)).text
            for url in (
                "/gatherings",
                f"/gatherings/{cast.gathering}",
                f"/gatherings/{cast.free_gathering}",
                f"/circles/{cast.circle}",
                f"/circles/{cast.other_circle}",
            )
        ]
    assert not any("meet.example.org" in text or "12 Elm Street" in text for text in texts)
    assert "Denver" in texts[2]


async def test_the_page_shows_the_viewers_seat(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.mira) as page:
        text = (await page.get(f"/gatherings/{cast.gathering}")).text
    assert f'href="/bookings/{booking}"' in text
    assert '/book"' not in text
    async with browser(cast.milo) as page:
        assert "You have a seat here" not in (await page.get(f"/gatherings/{cast.gathering}")).text


async def test_why_there_is_no_way_in(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    full = await add_gathering(context, cast.circle, days=5, capacity=1, community_seats=0)
    await add_booking(context, full, cast.milo, kind="paid", amount=3000)
    past = await add_gathering(context, cast.circle, days=-5)
    off = await add_gathering(
        context, cast.circle, days=6, state="cancelled", cancel_reason="Something private."
    )
    async with browser(cast.mira) as page:
        for gathering, words in (
            (full, "Every seat is taken"),
            (past, "has begun or is over"),
            (off, "was canceled"),
        ):
            text = (await page.get(f"/gatherings/{gathering}")).text
            assert words in text
            assert '/book"' not in text
            assert str(cast.gathering) in text, "other dates are offered"
    assert "Something private." not in text


async def test_drafts_and_unknown_ids_are_404(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    draft = await add_gathering(context, cast.circle, days=3, state="draft")
    draft_circle = await add_circle(context, cast.farid, state="draft")
    inside = await add_gathering(context, draft_circle, days=3)
    async with browser(cast.mira) as page:
        answers = [
            await page.get(url)
            for url in (
                f"/gatherings/{uuid4()}",
                f"/gatherings/{draft}",
                f"/gatherings/{inside}",
                f"/circles/{draft_circle}",
                f"/circles/{uuid4()}",
                "/circles/1",
                "/gatherings/%00",
            )
        ]
    assert {answer.status_code for answer in answers} == {404}
    # Two pages at most: the one with "Gatherings" marked in the navigation, and the one without.
    assert len({(answer.request.url.path.split("/")[1], answer.text) for answer in answers}) == 2


# One circle


async def test_a_circle_page(context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into credentials (person_id, kind, body, year) values ($1, 'IFS Level 2', 'IFS', 2021)",
            cast.farid,
        )
    async with browser(cast.mira) as page:
        await page.get(f"/circles/{cast.circle}")  # the driver learns the types of a connection once
        queries.clear()
        text = (await page.get(f"/circles/{cast.circle}")).text
    assert len(selects(queries)) == 3, queries
    assert not missing(
        text,
        "Session guidelines",
        "What is said here stays here",
        "IFS Level 2",
        "he/him",
        str(cast.gathering),
        "not therapy",
    )


async def test_markdown_is_made_harmless(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    evil = "<script>alert(1)</script> [x](javascript:alert(1)) **bold** <img src=x onerror=alert(1)>"
    circle = await add_circle(context, cast.farid, purpose=evil)
    gathering = await add_gathering(context, circle, note=evil)
    async with browser() as page:
        for url in (f"/circles/{circle}", f"/gatherings/{gathering}"):
            text = (await page.get(url)).text
            assert "<strong>bold</strong>" in text
            assert "<script>alert" not in text
            assert "<img" not in text
            assert 'href="javascript' not in text


async def test_an_ended_circle_has_a_notice(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    circle = await add_circle(context, cast.farid, state="archived")
    async with browser() as page:
        assert "This circle has ended" in (await page.get(f"/circles/{circle}")).text


# What bookings read


async def test_an_offer_holds_what_a_booking_needs(context: Context, cast: Cast) -> None:
    wren = await add_person(context, "Wren", is_facilitator=True)
    async with context.db.transaction() as tx:
        await tx.execute("insert into hosts values ($1, $2, 'co')", cast.circle, wren)
        found = (await gatherings.bookable_gatherings(tx, [cast.gathering]))[cast.gathering]
    assert (found.circle_id, found.discreet_name, found.scale.suggested) == (
        cast.circle,
        "Tuesday group",
        4500,
    )
    assert found.hosts == ((cast.farid, "Farid"), (wren, "Wren"))
    assert (found.seats_left, found.community_left) == (8, 1)
    assert found.join_link == "https://meet.example.org/tuesday"


async def test_offers_leave_out_drafts_and_unknown_ids(context: Context, cast: Cast) -> None:
    draft = await add_gathering(context, cast.circle, days=3, state="draft")
    async with context.db.reading() as tx:
        found = await gatherings.bookable_gatherings(
            tx, [cast.gathering, cast.free_gathering, draft, uuid4()]
        )
        assert set(found) == {cast.gathering, cast.free_gathering}
