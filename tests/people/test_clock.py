"""Whose clock times show on: the browser's language, or what a person chose on their page; and their mail."""

from __future__ import annotations

import re

from circles.people import sign_in_actions
from circles.people.sign_in_rules import SignInRequest
from circles.store import mail
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser

GERMAN = "de-DE,de;q=0.9,en;q=0.8"


async def clock_of(context: Context, cast: Cast) -> tuple[int | None, bool]:
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select clock_hours, clock_chosen from people where id = $1", cast.mira)
    assert row
    return row["clock_hours"], row["clock_chosen"]


async def sign_in(context: Context, hours: int | None) -> None:
    """Sign Mira in from a browser whose language has this clock."""
    request = SignInRequest("mira@example.org", clock_hours=hours)
    browser = await sign_in_actions.request_mail(context, request, network="n")
    async with context.db.reading() as tx:
        text = await tx.fetchval(
            "select text_body from mails where kind = 'sign_in' order by created_at desc limit 1"
        )
    code = re.search(r"\b([0-9]{6})\b", text)
    assert code
    await sign_in_actions.use_code(context, keys=sign_in_actions.BrowserKeys(browser), digits=code[1])


async def test_a_sign_in_remembers_the_clock_of_the_browser_for_mails(context: Context, cast: Cast) -> None:
    for hours in (24, 12, 24):
        await sign_in(context, hours)
        assert await clock_of(context, cast) == (hours, False)
    await sign_in(context, None)  # a browser that names no language changes nothing
    assert await clock_of(context, cast) == (24, False)
    async with context.db.reading() as tx:
        assert (await mail.viewer_of(tx, cast.mira)).hours == 24


async def test_a_chosen_clock_is_kept_whatever_the_browser_says(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    address = f"/gatherings/{cast.gathering}"
    async with browser(cast.mira) as page:
        page.cookies.set("zone", "America%2FNew_York")
        assert "6:00 pm</time>" in (await page.get(address)).text
        page.headers["Accept-Language"] = GERMAN
        assert "18:00</time>" in (await page.get(address)).text
        saved = await page.post("/me", data={"name": "Mira", "zone": "America/New_York", "clock": "12"})
        assert saved.status_code == 303
        assert "6:00 pm</time>" in (await page.get(address)).text
        assert '<option value="12" selected>6:30 pm</option>' in (await page.get("/me")).text
        await sign_in(context, 24)
        assert await clock_of(context, cast) == (12, True)
        await page.post("/me", data={"name": "Mira", "zone": "America/New_York", "clock": ""})
        assert "18:00</time>" in (await page.get(address)).text
        refused = await page.post("/me", data={"name": "Mira", "zone": "", "clock": "13"})
        assert refused.status_code == 422
