"""Forms sent without a sign-in: kept, filled in again for the person they are of, and never carried out."""

from __future__ import annotations

import re
from html import unescape

import httpx2

from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, missing, rows, value

NOTE = "Mira likes the window seat; “quiet” <b>please</b> & thank you.\nSecond line."


async def sign_in(page: Browser, context: Context, email: str, next_path: str) -> httpx2.Response:
    """Sign in with the code, as somebody does who was sent to the sign-in page. Returns the last response."""
    await page.post("/sign-in", data={"email": email, "next": next_path})
    mail = await value(
        context, "select text_body from mails where to_address = $1 order by created_at desc", email
    )
    code = re.search(r"code: ([0-9]{6})", mail)
    assert code
    return await page.post("/sign-in/code", data={"code": code[1]})


def next_of(answer: httpx2.Response) -> str:
    """The page that the sign-in page leads back to."""
    assert answer.status_code == 303
    url = httpx2.URL(answer.headers["location"])
    assert url.path == "/sign-in"
    return url.params["next"]


async def test_what_was_typed_is_back_after_signing_in(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        at = f"/host/circles/{cast.circle}/guidelines"
        shown = (await page.get(at)).text
        field = re.search(r'name="sent-from" value="([^"]+)"', shown)
        assert field
        await change(cast.context, "update sign_ins set ended_at = now()")
        answer = await page.post(
            at, data={"sent-from": unescape(field[1]), "guidelines": NOTE, "why": "New <why>"}
        )
        assert next_of(answer) == at
        assert "What you typed is kept" in (await page.get(answer.headers["location"])).text
        done = await sign_in(page, cast.context, "farid@example.org", next_of(answer))
        assert done.headers["location"] == at
        again = (await page.get(at)).text
    assert await rows(cast.context, "select from guidelines_drafts") == []
    assert not missing(
        again, "What you typed is here again", "&lt;b&gt;please&lt;/b&gt; &amp; thank you.\nSecond line."
    )
