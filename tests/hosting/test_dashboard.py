"""Dashboard: what is next and what is missing, for whom, in few queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from circles.hosting.dashboard import rules
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import missing

NOW = datetime(2027, 3, 8, 20, 0, tzinfo=UTC)


def row(hours: float, zone: str = "America/New_York") -> dict[str, Any]:
    return {"starts_at": NOW + timedelta(hours=hours), "zone": zone, "now": NOW}


def circle(**more: Any) -> dict[str, Any]:
    usual = {
        "id": 1,
        "name": "Tuesday",
        "state": "published",
        "part": "lead",
        "has_co": True,
        "invitations": 0,
    }
    calm = {"has_ahead": True, "drafts": [], "registers": [], "waiting": 0, "has_guidelines_draft": False}
    return usual | calm | more


OPEN = {"id": 7, "starts_at": "2027-03-02T23:00:00+00:00", "zone": "America/New_York", "unmarked": 2}
MARKED = OPEN | {"unmarked": 0}


def test_today_is_the_visitors_day() -> None:
    late, next_morning = row(3), row(14)
    assert rules.today_and_later([late, next_morning], "America/New_York") == (
        [late, next_morning][:1],
        [next_morning],
    )
    assert rules.today_and_later([late, next_morning], "Asia/Tokyo") == ([late, next_morning], [])


def test_what_began_yesterday_and_is_not_over_is_today() -> None:
    under_way = row(-30)
    assert rules.today_and_later([under_way], "")[0] == [under_way]


def test_nothing_is_missing_in_a_circle_that_has_all() -> None:
    assert rules.missing([circle()]) == []


@pytest.mark.parametrize(
    ("more", "text", "href"),
    [
        ({"state": "draft"}, "still a draft", "/host/circles/1"),
        ({"has_co": False}, "no co-facilitator yet", "/host/circles/1/hosts"),
        ({"waiting": 1}, "A request is waiting", "/host/requests"),
        ({"waiting": 3}, "3 requests are waiting", "/host/requests"),
        ({"has_guidelines_draft": True}, "not published yet", "/host/circles/1/guidelines"),
        ({"has_ahead": False}, "Nothing is planned ahead", "/host/circles/1"),
        ({"drafts": [OPEN]}, "Tue, Mar 2, 2027, 6:00 pm in New York is still a draft", "/host/gatherings/7"),
        ({"registers": [OPEN]}, "2 people are not marked yet", "/host/gatherings/7#register"),
        ({"registers": [MARKED]}, "Everybody is marked, so it can be closed", "/host/gatherings/7/after"),
    ],
)
def test_whatever_is_missing_is_listed(more: dict[str, Any], text: str, href: str) -> None:
    (item,) = rules.missing([circle(**more)])
    assert text in item.text
    assert item.href == href


def test_an_open_invitation_counts_as_a_co_facilitator() -> None:
    assert rules.missing([circle(has_co=False, invitations=1)]) == []


def test_registers_come_first_and_helpers_get_these_alone() -> None:
    all_open = circle(state="draft", has_co=False, has_ahead=False, drafts=[OPEN], registers=[OPEN])
    assert [item.label for item in rules.missing([all_open | {"part": "helper"}])] == ["Finish the register"]
    assert rules.missing([all_open])[0].label == "Finish the register"
    assert len(rules.missing([all_open])) == 5
    assert rules.missing([circle(part="helper", registers=[MARKED])]) == []


def test_a_paused_circle_need_not_plan_ahead() -> None:
    assert rules.missing([circle(state="paused", has_ahead=False)]) == []


# The page


async def test_the_dashboard_shows_what_is_next_and_what_is_missing(
    cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    on = await add_gathering(cast.context, cast.circle, starts_at=now - timedelta(minutes=5))
    later = await add_gathering(cast.context, cast.circle, starts_at=now + timedelta(days=3))
    draft = await add_gathering(cast.context, cast.circle, starts_at=now + timedelta(days=4), state="draft")
    past = await add_gathering(cast.context, cast.circle, starts_at=now - timedelta(days=6))
    old = await add_gathering(cast.context, cast.circle, starts_at=now - timedelta(days=40))
    for gathering_id in (on, past, old):
        await add_booking(cast.context, gathering_id, cast.mira)
    await add_circle(cast.context, cast.farid, name="Not yet", state="draft")
    async with browser(cast.farid) as page:
        queries.clear()
        answer = await page.get("/host")
    assert answer.status_code == 200
    assert len(queries) <= 4
    text = answer.text
    for gathering in (on, later, draft, past):
        assert f"/host/gatherings/{gathering}" in text
    assert f"/host/gatherings/{old}" not in text
    assert not missing(
        text,
        "1 seat taken, booking is closed",
        "one person is not marked yet",
        "still a draft",
        "no co-facilitator yet",
    )
    assert text.index("Today") < text.index(str(on)) < text.index("This week") < text.index(str(later))
    assert "Open door" not in text


async def test_an_open_register_is_on_the_dashboard_until_closed(cast: Cast, browser: OpenBrowser) -> None:
    past = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=6))
    booking = await add_booking(cast.context, past, cast.mira)
    async with browser(cast.farid) as page:
        await page.post(f"/host/gatherings/{past}/register", data={"booking": str(booking), "mark": "came"})
        assert "Everybody is marked" in (await page.get("/host")).text
        await page.post(f"/host/gatherings/{past}/close", data={})
        assert "Everybody is marked" not in (await page.get("/host")).text


async def test_a_skipped_hour_is_flagged_on_the_dashboard(cast: Cast, browser: OpenBrowser) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    await add_gathering(cast.context, cast.circle, starts_at=soon, oddity="missing")
    async with browser(cast.farid) as page:
        assert "since the clocks skip its hour" in (await page.get("/host")).text


async def test_requests_and_guidelines_drafts_are_on_the_dashboard(cast: Cast, browser: OpenBrowser) -> None:
    async with cast.context.db.transaction() as tx:
        await tx.execute(
            "with made as (insert into requests (circle_id, person_id, kind) values ($1, $2, 'call') returning id) "
            "insert into events (what, about, after) select 'request.waiting', id, 'waiting' from made",
            cast.circle,
            cast.mira,
        )
        await tx.execute(
            "insert into guidelines_drafts (guidelines_id, body) select guidelines_id, 'New words' from circles "
            "where id = $1",
            cast.circle,
        )
    async with browser(cast.farid) as page:
        text = (await page.get("/host")).text
    assert "A request is waiting" in text
    assert "A draft of its guidelines is not published yet" in text
    async with browser(cast.fern) as page:
        assert "A request is waiting" not in (await page.get("/host")).text


async def test_the_queries_do_not_grow(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    for n in range(5):
        more = await add_circle(cast.context, cast.farid, name=f"Circle {n}")
        for day in range(1, 6):
            await add_gathering(cast.context, more, days=day, hour=10)
    async with browser(cast.farid) as page:
        queries.clear()
        await page.get("/host")
    assert len(queries) <= 4


async def test_an_empty_dashboard_is_calm(cast: Cast, browser: OpenBrowser) -> None:
    async with cast.context.db.transaction() as tx:
        await tx.execute("update people set is_facilitator = true where id = $1", cast.milo)
    async with browser(cast.milo) as page:
        text = (await page.get("/host")).text
    assert "You host no circle yet" in text
    assert "Plan a circle" in text
    assert "What is missing" not in text


async def test_a_week_without_gatherings_has_a_notice(cast: Cast, browser: OpenBrowser) -> None:
    async with cast.context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')",
            cast.other_circle,
            cast.farid,
        )
    async with browser(cast.fern) as page:
        text = (await page.get("/host")).text
    assert "Nothing is on today" in text
    assert "All is in order" in text


async def test_days_are_split_where_the_clocks_change(cast: Cast) -> None:
    """An hour after midnight of the long day in New York is not yesterday."""
    now = datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    zone = ZoneInfo("America/New_York")
    assert now.astimezone(zone).hour == 1
    tonight = {"starts_at": now + timedelta(hours=22), "zone": zone.key, "now": now}
    assert rules.today_and_later([tonight], zone.key)[0] == [tonight]
