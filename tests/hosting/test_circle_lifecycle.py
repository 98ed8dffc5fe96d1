"""Pausing, ending and copying a circle."""

from __future__ import annotations

import re

import pytest

import app as site
from circles.base.errors import Refused
from circles.bookings import actions as booking_actions
from circles.hosting.circle import actions, lifecycle
from circles.hosting.schedule import planting
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import person
from tests.hosting.helpers import make_schedule, planted

site.connect_features()


async def test_a_paused_circle_takes_no_bookings_and_plants_nothing(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    await lifecycle.pause_circle(context, farid, cast.circle)
    async with context.db.transaction() as tx:
        await tx.execute("delete from gatherings where planned_for > current_date + 50")
        await tx.execute("update schedules set planted_until = current_date + 50")
    await planting.plant(context)
    few = len(await planted(context, schedule))
    with pytest.raises(Refused) as refused:
        await booking_actions.book(
            context,
            await person(context, cast.mira),
            cast.gathering,
            choice="community",
            amount=0,
            version_id=cast.version,
            agreed=True,
        )
    assert refused.value.codes == {"not_open"}
    how_many = await lifecycle.resume_circle(context, farid, cast.circle)
    assert (few + how_many, len(await planted(context, schedule))) == (26, 26)


async def test_a_circle_with_seats_taken_ahead_cannot_end(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    booking = await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as refused:
        await lifecycle.archive_circle(context, farid, cast.circle)
    assert refused.value.codes == {"seats_ahead"}
    await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=0)
    await lifecycle.archive_circle(context, farid, cast.circle)
    async with context.db.reading() as tx:
        state = await tx.fetchval("select state from gatherings where id = $1", cast.gathering)
        ended = await tx.fetchval("select state from schedules where id = $1", schedule)
    assert (state, ended, await planted(context, schedule)) == ("cancelled", "ended", [])


async def test_a_copy_is_a_draft_made_of_the_same(context: Context, cast: Cast) -> None:
    copy = await actions.copy_circle(context, await person(context, cast.farid), cast.circle)
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select * from circles where id = $1", copy)
    assert row is not None
    assert (row["name"], row["state"], row["maximum"]) == ("Copy of First steps home", "draft", 8000)


async def test_a_circle_is_paused_copied_and_ended(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    at = f"/host/circles/{cast.circle}"
    async with browser(cast.farid) as page:
        await page.post(f"{at}/pause")
        assert "Paused" in (await page.get(at)).text
        assert "takes no bookings" in (await page.get(f"/gatherings/{cast.gathering}")).text
        await page.post(f"{at}/resume")
        copied = await page.post(f"{at}/copy")
        assert "Copy of First steps home" in (await page.get(copied.headers["Location"])).text
        await page.post(f"{at}/archive")
        assert "End this circle" not in (await page.get(at)).text


async def test_a_new_circle_plans_its_dates_before_it_is_published(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    """One primary button at a time: the schedule, then publishing."""
    circle = await add_circle(context, cast.farid, state="draft")
    async with browser(cast.farid) as page:

        async def primary() -> list[str]:
            shown = (await page.get(f"/host/circles/{circle}")).text.split("<main")[1]
            return re.findall(r'class="button button-primary"[^>]*>([^<]*)<', shown)

        assert await primary() == ["Make a schedule"]
        await add_gathering(context, circle)
        assert await primary() == ["Publish the circle"]
        await page.post(f"/host/circles/{circle}/publish")
        assert await primary() == ["Plan a gathering"]
