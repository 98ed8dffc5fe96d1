"""Discarding a draft circle: by its lead, after a confirmation."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from circles.hosting.circle import actions
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule.rules import Rule
from circles.store.context import Context
from tests.cast import Cast, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import demoted, missing, person, value
from tests.hosting.test_hosts import add_host, newest_link

LEFT = (
    "select (select count(*) from circles) + (select count(*) from gatherings) + (select count(*) from schedules) "
    "+ (select count(*) from guidelines) + (select count(*) from guidelines_versions) + (select count(*) from hosts) "
    "+ (select count(*) from run_sheets) + (select count(*) from host_invitations)"
)


async def draft(cast: Cast) -> UUID:
    """A draft of Farid's, copied of his circle, with a schedule and a planned gathering."""
    context, farid = cast.context, await person(cast.context, cast.farid)
    circle = await actions.copy_circle(context, farid, cast.circle)
    await add_gathering(context, circle, days=9, state="draft")
    async with context.db.reading() as tx:
        row: Any = await tx.fetchrow(
            "select *, time '19:30' as wall_time, '' as note, '' as join_link, '' as city, '' as address "
            "from circles where id = $1",
            circle,
        )
    terms = schedule_forms.terms_of(row, row["wall_time"])
    rule = Rule("weekly", date(2031, 1, 7), weekdays=(1,))
    await schedule_actions.create_schedule(context, farid, circle, rule, terms)
    return circle


async def test_a_draft_is_discarded_whole_after_a_confirmation(cast: Cast, browser: OpenBrowser) -> None:
    before = await value(cast.context, LEFT)
    circle = await draft(cast)
    assert await value(cast.context, LEFT) > before
    here = f"/host/circles/{circle}"
    async with browser(cast.farid) as page:
        assert f'href="{here}/discard"' in (await page.get(here)).text
        await page.post(f"{here}/hosts", data={"email": "nell@example.org", "part": "helper"})
        shown = (await page.get(f"{here}/discard")).text
        assert not missing(
            shown,
            "Delete this draft?",
            "With it 1 planned gathering and 1 schedule go.",
            "The invitation to nell@example.org stops working.",
            "cannot be undone",
        )
        assert (await page.post(f"{here}/discard")).headers["Location"] == "/host/circles"
        assert "The draft is gone." in (await page.get("/host/circles")).text
        assert (await page.get(here)).status_code == 404
        assert (await page.get(await newest_link(cast.context, "nell@example.org"))).status_code == 404
    assert await value(cast.context, LEFT) == before
    event = await value(cast.context, "select details from events where what = 'circle.discarded'")
    assert event == {"name": "Copy of First steps home", "gatherings": 1, "schedules": 1}
    gone = "select count(*) from events where what in ('gathering.discarded', 'schedule.discarded')"
    assert await value(cast.context, gone) == 2


async def test_a_draft_discarded_twice_is_discarded_once(cast: Cast, browser: OpenBrowser) -> None:
    circle = await draft(cast)
    async with browser(cast.farid) as page:
        url = f"/host/circles/{circle}/discard"
        answers = await asyncio.gather(*(page.post(url) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
    assert await value(cast.context, "select count(*) from events where what = 'circle.discarded'") == 1


async def test_the_other_hosts_are_notified_of_a_discarded_draft(cast: Cast, browser: OpenBrowser) -> None:
    circle = await draft(cast)
    await add_host(cast.context, circle, cast.fern, "co")
    async with browser(cast.farid) as page:
        url = f"/host/circles/{circle}/discard"
        assert "Told by mail: Fern." in (await page.get(url)).text
        await page.post(url)
    to = "select to_address || ': ' || subject from mails where kind = 'host_news'"
    assert await value(cast.context, to) == "fern@example.org: Tuesday group: news for its hosts"
    assert "Farid threw this draft away" in await value(cast.context, "select text_body from mails")


@pytest.mark.parametrize("who", ["fern", "milo", "mira", "odile"])
async def test_only_the_lead_discards_a_draft(cast: Cast, browser: OpenBrowser, who: str) -> None:
    circle = await draft(cast)
    await add_host(cast.context, circle, cast.fern, "co")
    await add_host(cast.context, circle, cast.milo, "helper")
    async with browser(getattr(cast, who)) as page:
        for answer in (
            await page.get(f"/host/circles/{circle}/discard"),
            await page.post(f"/host/circles/{circle}/discard"),
        ):
            assert answer.status_code == 404
        assert f"circles/{circle}/discard" not in (await page.get(f"/host/circles/{circle}")).text
    assert await value(cast.context, "select state from circles where id = $1", circle) == "draft"


async def test_a_lead_who_is_no_facilitator_any_more_does_not(cast: Cast, browser: OpenBrowser) -> None:
    circle = await draft(cast)
    async with demoted(cast.context, cast.farid), browser(cast.farid) as page:
        assert (await page.post(f"/host/circles/{circle}/discard")).status_code == 404


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("published", "You can end it instead"),
        ("paused", "You can end it instead"),
        ("archived", "has ended already"),
    ],
)
async def test_what_was_published_stays(cast: Cast, browser: OpenBrowser, state: str, message: str) -> None:
    circle = await add_circle(cast.context, cast.farid, state=state)
    here = f"/host/circles/{circle}"
    async with browser(cast.farid) as page:
        assert f"{here}/discard" not in (await page.get(here)).text
        shown = await page.get(f"{here}/discard")
        assert message in shown.text
        assert "Delete it" not in shown.text
        answer = await page.post(f"{here}/discard")
        assert (answer.status_code, message in answer.text) == (422, True)
    assert await value(cast.context, "select state from circles where id = $1", circle) == state


async def test_a_draft_gathering_is_discarded_from_its_own_page(cast: Cast, browser: OpenBrowser) -> None:
    gathering = await add_gathering(cast.context, cast.circle, days=12, state="draft")
    async with browser(cast.farid) as page:
        assert "Delete this draft" in (await page.get(f"/host/gatherings/{gathering}")).text
        assert (await page.post(f"/host/gatherings/{gathering}/discard")).status_code == 303
        assert (await page.get(f"/host/gatherings/{gathering}")).status_code == 404


async def test_the_page_makes_few_queries(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    circle = await draft(cast)
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/circles/{circle}/discard")).status_code == 200
        assert len(queries) <= 2
