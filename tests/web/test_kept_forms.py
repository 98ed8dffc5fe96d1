"""Forms sent without a sign-in: kept, filled in again for the person they are of, and never carried out."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.applications import Starlette

from circles import people
from circles.store.context import Context
from tests.cast import Cast, add_listing
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, missing, rows, value
from tests.web.pages import read_page

NOTE = "Mira likes the window seat; “quiet” <b>please</b> & thank you.\nSecond line."


@pytest.fixture
def at(cast: Cast) -> str:
    """The page of the form in these tests, and where it is posted to."""
    return f"/host/circles/{cast.circle}/guidelines"


async def be(page: Browser, context: Context, who: str) -> None:
    """Be signed in as somebody of the cast, without the mail."""
    async with context.db.transaction() as tx:
        person = await people.by_email(tx, f"{who}@example.org")
        assert person
        page.cookies.set("sign-in", await people.start_sign_in(tx, person.id), domain="circles.test")


async def sign_out_elsewhere(context: Context) -> None:
    await change(context, "update sign_ins set ended_at = now()")


async def mail_of(context: Context, email: str) -> str:
    return await value(
        context, "select text_body from mails where to_address = $1 order by created_at desc limit 1", email
    )


async def origin_field(page: Browser, path: str) -> str:
    found = re.search(r'name="sent-from" value="([^"]+)"', (await page.get(path)).text)
    assert found
    return unescape(found[1])


async def send_signed_out(page: Browser, context: Context, at: str, **more: str) -> httpx2.Response:
    """Open the page, be signed out elsewhere, and send its form."""
    field = await origin_field(page, at)
    await sign_out_elsewhere(context)
    answer = await page.post(at, data={"sent-from": field, "guidelines": NOTE, "why": "Why", **more})
    assert answer.status_code == 303
    assert httpx2.URL(answer.headers["location"]).params["next"] == at
    return answer


def is_filled_in(text: str) -> bool:
    return not missing(
        text, "What you typed is here again", "&lt;b&gt;please&lt;/b&gt; &amp; thank you.\nSecond line."
    )


@pytest.mark.parametrize("by", ["code", "link"])
async def test_what_was_typed_is_back_after_signing_in(
    cast: Cast, browser: OpenBrowser, at: str, by: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await send_signed_out(page, cast.context, at)
        assert "What you typed is kept" in (await page.get(answer.headers["location"])).text
        await page.post("/sign-in", data={"email": "farid@example.org", "next": at})
        mail = await mail_of(cast.context, "farid@example.org")
        if by == "code":
            code = re.search(r"code: ([0-9]{6})", mail)
            assert code
            done = await page.post("/sign-in/code", data={"code": code[1]})
        else:
            link = re.search(r"/sign-in/link/[^\s]+", mail)
            assert link
            done = await page.post(link[0])
        assert done.headers["location"] == at
        again = await page.get(at)
        assert is_filled_in(again.text)
        assert is_filled_in((await page.get(at)).text)  # loaded again, it is still there
        assert await rows(cast.context, "select from guidelines_drafts") == []
        form = next(form for form in read_page(again.text, at)[0] if form.path == at)
        body = urlencode(
            [("guidelines", one) if name == "guidelines" else (name, one) for name, one in form.sends()]
        )
        sent = await page.post(
            at, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert sent.status_code == 303
        assert "You were signed out" not in (await page.get(at)).text
    assert await value(cast.context, "select body from guidelines_drafts") == NOTE
    assert await rows(cast.context, "select from kept_forms") == []


async def test_it_is_nobody_elses(cast: Cast, browser: OpenBrowser, at: str) -> None:
    """Odile signs in with the browser Farid typed in: his sign-in ended elsewhere, or in another tab."""
    for in_another_tab in (False, True):
        async with browser(cast.farid) as page:
            field = await origin_field(page, at)
            if in_another_tab:
                await page.post("/sign-out")
            else:
                await sign_out_elsewhere(cast.context)
            await page.post(at, data={"sent-from": field, "guidelines": NOTE})
            await page.post("/sign-in", data={"email": "odile@example.org", "next": at})
            code = re.search(r"code: ([0-9]{6})", await mail_of(cast.context, "odile@example.org"))
            assert code
            done = await page.post("/sign-in/code", data={"code": code[1]})
            assert done.headers["location"] == "/gatherings"
            assert await rows(cast.context, "select from kept_forms") == []
            await be(page, cast.context, "farid")
            assert "window seat" not in (await page.get(at)).text


async def test_another_browser_has_nothing(cast: Cast, browser: OpenBrowser, at: str) -> None:
    async with browser(cast.farid) as page, browser() as other:
        await send_signed_out(page, cast.context, at)
        await be(other, cast.context, "farid")
        assert "window seat" not in (await other.get(at)).text


async def test_another_site_plants_nothing(cast: Cast, browser: OpenBrowser, at: str) -> None:
    async with browser() as page:
        answer = await page.post(at, data={"guidelines": NOTE}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert await rows(cast.context, "select from kept_forms") == []


@pytest.mark.parametrize("page_of_form", ["//evil.example/", "https://evil.example/", "/\\evil.example", "x"])
async def test_the_way_back_stays_on_this_site(
    cast: Cast, browser: OpenBrowser, at: str, page_of_form: str
) -> None:
    async with browser() as page:
        answer = await page.post(at, data={"sent-from": f"key.{page_of_form}", "guidelines": NOTE})
        assert httpx2.URL(answer.headers["location"]).params["next"] == at


async def test_the_database_alone_tells_nothing_of_what_was_typed(
    cast: Cast, browser: OpenBrowser, at: str
) -> None:
    async with browser(cast.farid) as page:
        await send_signed_out(page, cast.context, at)
        kept = await value(cast.context, "select sealed from kept_forms")
        assert b"window" not in kept
        assert page.cookies["kept"].encode() not in kept
        assert at not in page.cookies["kept"]
        dump = str(await rows(cast.context, "select * from kept_forms"))
        assert page.cookies["kept"] not in dump


async def test_it_is_over_after_an_hour_on_sign_out_and_when_discarded(
    cast: Cast, browser: OpenBrowser, at: str
) -> None:
    for how in ("hour", "sign-out", "discard"):
        async with browser(cast.farid) as page:
            await send_signed_out(page, cast.context, at)
            if how == "hour":
                await change(
                    cast.context,
                    "update kept_forms set created_at = now() - $1::interval",
                    timedelta(hours=1),
                )
            await be(page, cast.context, "farid")
            if how == "sign-out":
                await page.post("/sign-out")
                await be(page, cast.context, "farid")
            if how == "discard":
                assert is_filled_in((await page.get(at)).text)
                answer = await page.post("/sign-in/discard")
                assert answer.headers["location"] == at
                assert "kept" not in page.cookies
            assert "window seat" not in (await page.get(at)).text


async def test_a_text_that_is_too_large_to_keep_says_so(cast: Cast, browser: OpenBrowser, at: str) -> None:
    async with browser(cast.farid) as page:
        await send_signed_out(page, cast.context, at, **{f"field-{n}": "" for n in range(1200)})
        await be(page, cast.context, "farid")
        text = (await page.get(at)).text
    assert "too much for us to keep" in text
    assert "window seat" not in text


@pytest.mark.parametrize("size", [8, 400_000])
async def test_a_file_must_be_chosen_again(cast: Cast, browser: OpenBrowser, size: int) -> None:
    async with browser() as page:
        answer = await page.post("/me/picture", files={"picture": ("me.png", b"n" * size, "image/png")})
        assert httpx2.URL(answer.headers["location"]).params["next"] == "/me/picture"
        await be(page, cast.context, "farid")
        assert "Please choose your file again." in (await page.get("/me/picture")).text
    assert await rows(cast.context, "select from pictures") == []


async def test_rows_that_were_added_are_there_again(cast: Cast, browser: OpenBrowser) -> None:
    await add_listing(cast.context, person_id=cast.mira)
    typed = {
        "licenses": "2",
        "license_2_number": "PSY 77",
        "ways": "3",
        "way_3_school": "A school",
        "name": "Wren",
    }
    async with browser(cast.mira) as page:
        field = await origin_field(page, "/my/listing/edit")
        await sign_out_elsewhere(cast.context)
        await page.post("/my/listing/edit", data={"sent-from": field} | typed)
        await be(page, cast.context, "mira")
        text = (await page.get("/my/listing/edit")).text
    assert not missing(text, 'value="PSY 77"', 'value="A school"', 'value="Wren"')


async def test_what_has_no_place_any_more_is_shown_to_be_copied(
    cast: Cast, browser: OpenBrowser, at: str
) -> None:
    async with browser(cast.farid) as page:
        await send_signed_out(page, cast.context, at, gone="A “lost” <i>sentence</i>")
        await be(page, cast.context, "farid")
        assert "A “lost” &lt;i&gt;sentence&lt;/i&gt;" in (await page.get(at)).text
        await change(cast.context, "update circles set state = 'archived'")
        await be(page, cast.context, "milo")
    async with browser(cast.farid) as page:
        await send_signed_out(page, cast.context, at)
        await change(cast.context, "update people set is_facilitator = false where name = 'Farid'")
        await be(page, cast.context, "farid")
        lost = await page.get(at)
    assert lost.status_code == 404
    assert "its form is not here now" in lost.text
    assert "&lt;b&gt;please&lt;/b&gt;" in lost.text


async def test_a_program_gets_no_cookie(cast: Cast, app: Starlette) -> None:
    """The room sends marks as JSON and keeps them on the phone itself."""
    async with Browser(app) as page:
        answer = await page.post(f"/host/gatherings/{cast.gathering}/room/marks", json={"marks": []})
    assert "set-cookie" not in answer.headers
    assert await rows(cast.context, "select from kept_forms") == []
