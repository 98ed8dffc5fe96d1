"""The hosts' reflection after a gathering: who reads it, who writes it, what is refused."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.store.context import Context
from tests.cast import Cast, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import missing


async def keep(page: Browser, gathering: UUID, **fields: str) -> Any:
    data = {"went_well": "The long silence.", "carry_on": "Begin on time.", "version": "0"} | fields
    return await page.post(f"/host/gatherings/{gathering}/reflection", data=data)


async def test_reflections_are_saved_and_deleted(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    past = await add_gathering(context, cast.circle, days=-1)
    async with browser(cast.farid) as page:
        kept = await keep(page, past)
        assert kept.status_code == 303
        text = (await page.get(kept.headers["location"])).text
        assert not missing(text, "The long silence.", "Begin on time.", "by Farid")
        stale = await keep(page, past, went_well="Mine.")
        assert stale.status_code == 422
        assert "Another host wrote here" in stale.text
        assert "Mine." in stale.text
        assert 'name="version" value="1"' in stale.text
        assert (await keep(page, past, went_well=" ", carry_on="", version="1")).status_code == 303
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from reflections") == 0
        events = await tx.fetchval(
            "select count(*) from events where what = 'reflection.kept' and about = $1 and who = $2",
            past,
            cast.farid,
        )
    assert events == 2


async def test_hosts_write_and_organizers_read(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    past = await add_gathering(context, cast.circle, days=-1)
    helper = await add_person(context, "Hana", is_facilitator=True)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'helper')", cast.circle, helper
        )
    async with browser(cast.farid) as page:
        await keep(page, past)
    async with browser(cast.odile) as page:
        text = (await page.get(f"/host/gatherings/{past}/reflection")).text
        assert "The long silence." in text
        assert "<textarea" not in text
        assert (await keep(page, past, version="1")).status_code == 404
    for who in (helper, cast.fern, cast.mira):
        async with browser(who) as page:
            assert (await page.get(f"/host/gatherings/{past}/reflection")).status_code == 404
            assert (await keep(page, past, version="1")).status_code == 404


async def test_organizers_find_them(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    past = await add_gathering(context, cast.circle, days=-1)
    async with browser(cast.farid) as page:
        await keep(page, past)
        assert (
            f"/host/gatherings/{past}/reflection"
            in (await page.get(f"/host/circles/{cast.circle}/notes")).text
        )
    async with browser(cast.odile) as page:
        notes = f"/host/circles/{cast.circle}/notes"
        assert notes in (await page.get("/organize/circles")).text
        queries.clear()
        text = (await page.get(notes)).text
        assert len(queries) <= 4
        assert "by Farid" in text
        assert "The long silence." not in text
        assert notes in (await page.get(f"/host/gatherings/{past}/reflection")).text
        assert "Looking back" not in (await page.get(f"/host/circles/{cast.other_circle}/notes")).text
    for who in (cast.fern, cast.mira):
        async with browser(who) as page:
            assert (await page.get(notes)).status_code == 404


async def test_what_is_refused(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    off = await add_gathering(context, cast.circle, days=-2, state="cancelled", cancel_reason="Ill.")
    past = await add_gathering(context, cast.circle, days=-1)
    async with browser(cast.farid) as page:
        for gathering, words in (
            (cast.gathering, "once the gathering has begun"),
            (off, "did not take place"),
        ):
            assert words in (await page.get(f"/host/gatherings/{gathering}/reflection")).text
            assert (await keep(page, gathering)).status_code == 422
        answer = await keep(page, past, went_well="a" * 10_000, carry_on="\x00")
        assert answer.status_code == 422
        assert "10,000 characters" in answer.text
        assert "hidden character" in answer.text
