"""The organizers' overview and bookings over HTTP, on a real database."""

from __future__ import annotations

import re
from html import unescape
from uuid import UUID

import pytest_asyncio

from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, value

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


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


async def test_bookings_are_listed_with_their_money_by_state_and_circle(
    cast: Cast, booked: UUID, browser: OpenBrowser, queries: list[str]
) -> None:
    await add_booking(cast.context, cast.free_gathering, cast.milo, kind="free")
    async with browser(cast.odile) as page:
        every = (await page.get("/organize/bookings")).text
        queries.clear()
        await page.get("/organize/bookings")
        assert len(queries) <= 3
        assert "2 bookings" in every
        assert "$37.50" in every
        confirmed = (await page.get("/organize/bookings", params={"circle": str(cast.other_circle)})).text
        assert "1 booking," in confirmed
        assert ">Milo</a>" in confirmed
        assert ">Mira</a>" not in confirmed
        assert "No bookings here" in (await page.get("/organize/bookings?state=held")).text
        for odd in ("?state=%00", "?circle=x", "?page=-4", "?page=1e9", "?page=999999"):
            assert (await page.get(f"/organize/bookings{odd}")).status_code == 200


async def test_long_lists_have_pages(cast: Cast, many: int, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        texts, url = [], "/organize/bookings?state=cancelled"
        for _ in range(22):
            texts.append((await page.get(url)).text)
            url = unescape(re.findall(r'rel="next" href="([^"]+)"', texts[-1])[0])
        beyond = (await page.get("/organize/bookings?state=cancelled&page=240")).text
    assert all("More than 1,000 bookings" in text for text in texts)
    assert "Page 1</span>" in texts[0]
    assert "Page 22</span>" in texts[-1]
    assert "First page</a>" in texts[-1]
    assert [text.count('data-label="Person"') for text in texts] == [50] * 22
    lasts = [UUID(re.findall(r'rel="next"[^>]*after=([0-9a-f-]+)', text)[0]) for text in texts]
    assert lasts == await value(
        cast.context,
        "select array_agg(id order by place) from (select id, row_number() over (order by created_at desc, id desc) "
        "as place from bookings where state = 'cancelled') as rows where place % 50 = 0 and place <= 22 * 50",
    ), "every page goes on where the last one ended"
    assert "Page 21</span>" in beyond


async def test_with_many_circles_the_forms_lead_to_their_list(cast: Cast, browser: OpenBrowser) -> None:
    await change(
        cast.context,
        "insert into circles (name, discreet_name, purpose, format, place, zone, capacity, length_minutes, minimum, "
        "suggested, maximum, guidelines_id, state) "
        "select 'Circle ' || n, discreet_name, purpose, format, place, zone, capacity, length_minutes, minimum, "
        "suggested, maximum, guidelines_id, 'archived' from circles, generate_series(1, 70) as n where id = $1",
        cast.circle,
    )
    async with browser(cast.odile) as page:
        for path in ("/organize/bookings", "/organize/exports"):
            text = (await page.get(path)).text
            assert "list of circles" in text
            assert "Circle 7" not in text
            chosen = (await page.get(path, params={"circle": str(cast.circle)})).text
            assert re.search(rf'value="{cast.circle}"[^>]*(selected|checked)', chosen)
        listed = (await page.get("/organize/circles?q=circle+7")).text
        assert "2 circles with this in the name" in listed
        assert f"/organize/exports?circle={cast.circle}" in (await page.get("/organize/circles?q=first")).text
        assert "No circle has this in its name" in (await page.get("/organize/circles?q=xyz")).text
