"""A gathering in a zone with a new law: pages, mail, calendars, the export and the check agree on the time planned."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import icalendar
import pytest

from circles.invites.feeds import make_feed
from circles.store import checks, jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, value

# 18:00 on January 15 by laws of 2026, which many machines and databases do not know yet.
YEAR = datetime.now(UTC).year + 1
NEW_LAWS = {
    "America/Vancouver": (datetime(YEAR, 1, 16, 1, tzinfo=UTC), "-07:00"),
    "America/Winnipeg": (datetime(YEAR, 1, 15, 23, tzinfo=UTC), "-05:00"),
    "Africa/Casablanca": (datetime(YEAR, 1, 15, 18, tzinfo=UTC), "+00:00"),
}
EVENING = re.compile(r"6:00 (in the evening|pm)")


async def plan(context: Context, cast: Cast, browser: OpenBrowser, zone: str) -> UUID:
    """A gathering planned through the form, for January 15 at 18:00 in a zone."""
    circle = await add_circle(
        context, cast.farid, name="Harbor", zone=zone, minimum=0, suggested=0, maximum=0
    )
    async with browser(cast.farid) as page:
        typed = {"date": f"{YEAR}-01-15", "time": "18:00", "length_minutes": "90", "capacity": "8"}
        answer = await page.post(
            f"/host/circles/{circle}/gatherings/new",
            data=typed | {"community_seats": "0", "note": "", "then": "publish"},
        )
    assert answer.status_code == 303, answer.text
    return await value(context, "select id from gatherings where circle_id = $1", circle)


@pytest.mark.parametrize("zone", NEW_LAWS)
async def test_the_time_planned_is_stored_and_shown_everywhere(
    context: Context, cast: Cast, browser: OpenBrowser, drain: Callable[[], Awaitable[Any]], zone: str
) -> None:
    starts_at, offset = NEW_LAWS[zone]
    gathering = await plan(context, cast, browser, zone)
    (stored,) = await rows(context, "select wall_start, starts_at from gatherings where id = $1", gathering)
    assert stored["starts_at"] == starts_at
    assert stored["wall_start"] == datetime(YEAR, 1, 15, 18)

    booking = await add_booking(context, gathering, cast.mira, kind="free")
    await change(context, "update people set zone = $2 where id = $1", cast.mira, zone)
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, "invites.send", booking_id=booking)
        feed = (await make_feed(context, tx, cast.mira)).webcal
    await drain()
    (mail,) = await rows(context, "select subject, text_body, html_body, calendar from mails")
    assert "January 15" in mail["subject"] or "15 January" in mail["subject"]
    assert EVENING.search(mail["text_body"])
    assert EVENING.search(mail["html_body"])
    calendars = [mail["calendar"]]
    async with browser(cast.mira) as page:
        page.cookies.set("zone", zone.replace("/", "%2F"))
        for path in (f"/gatherings/{gathering}", "/my/gatherings", f"/bookings/{booking}"):
            text = (await page.get(path)).text
            assert EVENING.search(text), path
            assert "7:00" not in text, path
        calendars.append((await page.get(f"/bookings/{booking}/invite.ics")).text)
        calendars.append((await page.get(feed.removeprefix("webcal://circles.test"))).text)
    for calendar in calendars:
        (entry,) = icalendar.Calendar.from_ical(calendar).events
        assert entry.start == starts_at
        assert EVENING.search(str(entry["description"]))

    async with browser(cast.odile) as page:
        answer = await page.post(
            "/organize/attendance.csv",
            data={"from": f"{YEAR}-01-15", "to": f"{YEAR}-01-15", "purpose": "For a test"}
            | {f"place-{key}": "1" for key in ("starts", "ends", "starts_exact")},
        )
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["Starts"] == f"{YEAR}-01-15 18:00:00"
    assert row["Ends"] == f"{YEAR}-01-15 19:30:00"
    assert row["Starts, with offset"] == f"{YEAR}-01-15T18:00:00{offset}"
    async with context.db.reading() as tx:
        assert [finding.name for finding in await checks.run(tx) if not finding.holds] == []


@pytest.mark.parametrize(
    ("where", "zone", "day", "part"),
    [
        ("America/Vancouver", "", 15, "evening"),
        ("America/Vancouver", "America/Vancouver", 15, "evening"),
        ("America/Vancouver", "America/Los_Angeles", 15, "afternoon"),
        ("America/Vancouver", "America/Winnipeg", 15, "evening"),
        ("America/Vancouver", "Europe/Berlin", 16, "morning"),
        ("America/Vancouver", "Africa/Casablanca", 16, "morning"),
        ("Africa/Casablanca", "", 15, "evening"),
        ("America/Winnipeg", "", 15, "evening"),
        ("America/Winnipeg", "America/Winnipeg", 15, "evening"),
        ("America/Winnipeg", "Africa/Casablanca", 15, "evening"),
        ("America/Winnipeg", "Europe/Berlin", 16, "morning"),
    ],
)
async def test_filters_go_by_the_same_clocks(
    context: Context, cast: Cast, browser: OpenBrowser, where: str, zone: str, day: int, part: str
) -> None:
    """where: the circle's zone. zone: the visitor's, if it is known. day, part: when it is for them."""
    await plan(context, cast, browser, where)
    before, at, after = (date(YEAR, 1, number) for number in (day - 1, day, day + 1))
    async with browser() as page:
        if zone:
            page.cookies.set("zone", zone.replace("/", "%2F"))

        async def lists_it(**filters: object) -> bool:
            query = {name.rstrip("_"): str(value) for name, value in filters.items()}
            return "Harbor" in (await page.get("/gatherings", params=query)).text

        assert await lists_it(from_=at, to=at)
        assert not await lists_it(from_=after)
        assert not await lists_it(to=before)
        parts = [name for name in ("morning", "afternoon", "evening") if await lists_it(from_=at, part=name)]
        assert parts == [part]
        days = [one for one in (before, at, after) if await lists_it(day=f"{one:%a}".lower())]
        assert days == [at]
