"""The newest version is in force in every process: for those signed in at once, for others and jobs a look later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from starlette.applications import Starlette

from app import build
from circles.base.errors import OutOfDate
from circles.base.settings import Settings
from circles.commands.read_settings import not_in_force
from circles.community import actions
from circles.store import audit, db, in_force
from circles.store.context import Context
from tests.cast import Cast
from tests.community.test_settings_pages import publish
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change


async def test_another_process_shows_it_to_whoever_is_signed_in_at_once(
    cast: Cast, browser: OpenBrowser, settings: Settings
) -> None:
    other = build(settings)
    other.state.context = Context(settings, cast.context.db)
    async with browser(cast.odile) as page, Browser(other) as elsewhere:
        elsewhere.cookies.update(page.cookies)
        assert "Circles of the lake" not in (await elsewhere.get("/gatherings")).text
        await publish(page, cast.context, community_name="Circles of the lake")
        assert "Circles of the lake" in (await elsewhere.get("/gatherings")).text


async def test_another_process_follows_without_any_request(
    cast: Cast, browser: OpenBrowser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "EVERY", 0.01)
    other = Context(settings, cast.context.db)
    for_jobs = Context(settings, cast.context.db, other.in_force)
    async with browser(cast.odile) as page, other.in_force.followed(other.db):
        await publish(page, cast.context, community_name="Circles of the lake", mail_name="Lake office")
        while other.settings.community_name != "Circles of the lake":
            await asyncio.sleep(0.01)
        assert for_jobs.settings.mail_name == "Lake office"
        assert for_jobs.settings is other.settings


async def test_the_last_known_version_stays_while_the_database_is_away(
    cast: Cast, browser: OpenBrowser, app: Starlette, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "EVERY", 0.01)
    database = await db.Database.open(settings.database_url)
    other = Context(settings, database)
    lines = {"line_1_name": "Lake line", "line_1_how": "Call 555 0100", "line_1_href": "tel:5550100"}
    async with browser(cast.odile) as page:
        await publish(page, cast.context, community_name="Circles of the lake", **lines)
        async with other.in_force.followed(database):
            await database.close()
            app.state.context = other
            async with browser() as visitor:
                failed = await visitor.get("/gatherings")
            await asyncio.sleep(0.05)  # it looks, and goes on
            assert other.settings.community_name == "Circles of the lake"
        app.state.context = cast.context
    assert failed.status_code == 503
    assert "Circles of the lake" in failed.text
    assert 'href="tel:5550100"' in failed.text


async def test_a_page_needs_no_further_query(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async def count(page: Browser) -> int:
        await page.get("/gatherings")
        queries.clear()
        assert (await page.get("/gatherings")).status_code == 200
        return len(queries)

    async with browser(cast.odile) as page, browser() as visitor:
        before = (await count(page), await count(visitor))
        await publish(page, cast.context)
        assert (await count(page), await count(visitor)) == before


async def test_a_version_of_newer_code_does_not_take_pages_down(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        await publish(page, cast.context)
        await change(
            cast.context,
            "insert into community_versions (number, id, community_name, mail_name, calendar_name, statement_name, "
            "crisis_lines, accent, ground, accent_dark, ground_dark, currency, minimum, suggested, maximum, "
            "refund_hours, late_refund_percent, asks) select 2, '00000000-0000-0000-0000-000000000002', 'Newer', "
            'mail_name, calendar_name, statement_name, \'[{"name": "Here", "how": "Ring", "more": 1}]\', '
            "accent, ground, accent_dark, ground_dark, currency, minimum, suggested, maximum, "
            "refund_hours, late_refund_percent, '{shoe_size,pronouns}' "
            "from community_versions",
        )
        async with cast.context.db.transaction() as tx:
            await audit.record(tx, "community.published", UUID(int=2), actor_id=cast.odile)
        assert "Newer" in (await page.get("/gatherings")).text
        assert (await page.get("/organize/settings")).status_code == 200
    assert cast.context.settings.community.asks == ("pronouns",)


async def test_of_two_that_publish_at_once_one_is_told(cast: Cast) -> None:
    first = cast.context.environment.community
    done = await asyncio.gather(
        *(
            actions.publish(
                cast.context, cast.odile, replace(first, mail_name=name), basis=0, why="", put_back=None
            )
            for name in ("One", "Two")
        ),
        return_exceptions=True,
    )
    assert sorted(map(type, done), key=str) == sorted((bool, OutOfDate), key=str)
    assert cast.context.in_force.number == 1


async def test_the_start_says_which_variables_are_not_in_force(cast: Cast, browser: OpenBrowser) -> None:
    set_here = Settings(community_name="Ours", mail_name="Circles")
    assert not_in_force(set_here, None) == []
    async with browser(cast.odile) as page:
        await publish(page, cast.context)
    (sentence,) = not_in_force(set_here, cast.context.in_force.stored)
    assert "CIRCLES_COMMUNITY_NAME" in sentence
    assert "CIRCLES_MAIL_NAME" not in sentence
