"""Run sheets over HTTP on a real database: shown, changed, copied for one gathering, put back."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from circles.attendance.run_sheet import actions, rules
from circles.attendance.run_sheet.rules import Step
from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import missing

FIELD = re.compile(r'name="(version|count|title-\d+|minutes-\d+)" value="([^"]*)"')
AREA = re.compile(r'<textarea id="f-(words-\d+)"[^>]*>\n(.*?)</textarea>', re.S)


async def host(context: Context, circle: UUID, person: UUID, part: str) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, $3)", circle, person, part
        )


async def titles(context: Context, cast: Cast, kind: actions.Kind) -> list[str]:
    about = cast.circle if kind == "circle" else cast.gathering
    async with context.db.reading() as tx:
        return [step.title for step in (await actions.sheet(tx, kind, about, cast.farid)).steps]


async def press(page: Browser, address: str, then: str = "save", **changes: str) -> Any:
    """Open the form, type the changes, press a button."""
    text = (await page.get(f"{address}/run-sheet/edit")).text
    typed = dict(FIELD.findall(text)) | dict(AREA.findall(text))
    changes = {name.replace("_", "-"): value for name, value in changes.items()}
    return await page.post(f"{address}/run-sheet/edit", data=typed | changes | {"then": then})


async def test_a_circle_begins_with_a_sheet_for_its_format(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/circles/{cast.circle}/run-sheet")).text
        assert not missing(
            text, "Arriving", "Sharing rounds", "90 minutes in all, just as long", "a sheet to begin with"
        )
        assert "Begin again" not in text
        dated = (await page.get(f"/host/gatherings/{cast.gathering}/run-sheet")).text
        assert not missing(dated, "6:00 pm", "6:05 pm", "7:25 pm")


async def test_steps_are_changed_and_moved(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}"
    start = await titles(context, cast, "circle")
    async with browser(cast.farid) as page:
        saved = await press(page, address, title_1="Tea", minutes_1="20", words_1="Boil <water>.")
        assert saved.headers["location"] == f"{address}/run-sheet"
        text = (await page.get(saved.headers["location"])).text
        assert "Boil &lt;water&gt;." in text
        assert "the steps take 15 minutes more than there are" in text
        moved = await press(page, address, "down-1")
        assert moved.headers["location"] == f"{address}/run-sheet/edit#step-2"
        await press(page, address, "up-8")
        await press(page, address, "remove-3")
        assert (await press(page, address, "add")).headers["location"].endswith("#step-8")
    assert await titles(context, cast, "circle") == [
        start[1],
        "Tea",
        *start[3:6],
        start[7],
        start[6],
        "Another step",
    ]
    async with context.db.reading() as tx:
        events = await tx.fetchval(
            "select count(*) from events where what = 'run_sheet.changed' and who = $1", cast.farid
        )
    assert events == 5


async def test_a_gathering_has_its_own_copy(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    circle, gathering = f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}"
    async with browser(cast.farid) as page:
        await press(page, circle, title_1="Tea")
        assert (await titles(context, cast, "gathering"))[0] == "Tea"
        await press(page, gathering, title_1="Cake")
        await press(page, circle, title_1="Soup")
        assert (await titles(context, cast, "gathering"))[0] == "Cake"
        assert (await titles(context, cast, "circle"))[0] == "Soup"
        assert "a run sheet of its own" in (await page.get(f"{gathering}/run-sheet")).text
        for _ in range(2):
            assert (await page.post(f"{gathering}/run-sheet/put-back")).status_code == 303
        assert (await titles(context, cast, "gathering"))[0] == "Soup"
        await page.post(f"{circle}/run-sheet/put-back")
        assert (await titles(context, cast, "gathering"))[0] == "Arriving"
    async with context.db.reading() as tx:
        backs = await tx.fetchval("select count(*) from events where what = 'run_sheet.put_back'")
    assert backs == 2


async def test_an_invalid_form_keeps_its_values(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await press(
            page, f"/host/circles/{cast.circle}", "up-2", minutes_1="a lot", title_2="a" * 10_000
        )
        assert answer.status_code == 422
        assert not missing(
            answer.text, "from 1 to 240", "10,000 characters", 'value="a lot"', 'href="#f-minutes-1"'
        )
        empty = await page.post(
            f"/host/circles/{cast.circle}/run-sheet/edit", data={"count": "0", "version": "0"}
        )
        assert empty.status_code == 422
        assert "at least one step" in empty.text
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from run_sheets") == 0


async def test_the_second_writer_gets_a_conflict(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}"
    async with browser(cast.farid) as page:
        await press(page, address, title_1="Tea")
        stale = await press(page, address, title_1="Cake", version="0")
        assert stale.status_code == 422
        assert "Somebody else saved" in stale.text
        assert "Cake" in stale.text
        # The form now goes with the newest version, so a second try saves it.
        typed = dict(FIELD.findall(stale.text)) | dict(AREA.findall(stale.text))
        assert (await page.post(f"{address}/run-sheet/edit", data=typed)).status_code == 303
    assert (await titles(context, cast, "circle"))[0] == "Cake"


async def test_who_sees_and_changes_a_sheet(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    helper = await add_person(context, "Hana")
    await host(context, cast.circle, helper, "helper")
    addresses = (f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}")
    data = rules.form_values([Step("Mine", 5)]) | {"version": "0"}
    for who, sees in ((helper, 200), (cast.fern, 404), (cast.mira, 404), (cast.odile, 404)):
        async with browser(who) as page:
            for address in addresses:
                shown = await page.get(f"{address}/run-sheet")
                assert shown.status_code == sees
                assert f"{address}/run-sheet/edit" not in shown.text
                assert (await page.get(f"{address}/run-sheet/edit")).status_code == 404
                assert (await page.post(f"{address}/run-sheet/edit", data=data)).status_code == 404
                assert (await page.post(f"{address}/run-sheet/put-back")).status_code == 404
    assert "Mine" not in await titles(context, cast, "circle")


async def test_a_stand_in_has_one_sheet(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into stand_ins (gathering_id, person_id) values ($1, $2)", cast.gathering, cast.fern
        )
    address = f"/host/gatherings/{cast.gathering}"
    async with browser(cast.fern) as page:
        shown = (await page.get(f"{address}/run-sheet")).text
        assert "Change it for this gathering" in shown
        assert "The circle’s run sheet</a>" not in shown
        assert (await press(page, address, title_1="Tea")).status_code == 303
        assert (await page.get(f"/host/circles/{cast.circle}/run-sheet")).status_code == 404
    assert (await titles(context, cast, "gathering"))[0] == "Tea"
    assert (await titles(context, cast, "circle"))[0] == "Arriving"


async def test_the_page_needs_two_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with browser(cast.farid) as page:
        for address in (f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}"):
            await page.get(f"{address}/run-sheet")
            queries.clear()
            await page.get(f"{address}/run-sheet")
            assert len(queries) == 2
