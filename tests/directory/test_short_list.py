"""The short list: in the URL by default, in the account on request, printed with the three questions."""

from __future__ import annotations

import re
from html import unescape
from uuid import UUID

from circles.directory.listing import words
from circles.directory.search import short_list_rules
from circles.store.context import Context
from tests.cast import Cast, add_listing
from tests.conftest import OpenBrowser


def url(*ids: UUID) -> str:
    return short_list_rules.url([short_list_rules.code(listing) for listing in ids])


def listed_names(page: str) -> list[str]:
    return re.findall(r'<h2><a href="/therapists/[^"]+">([^<]+)</a>', page)


async def test_the_short_list_is_in_the_url(context: Context, browser: OpenBrowser) -> None:
    one, two = await add_listing(context, name="One"), await add_listing(context, name="Two")
    async with browser() as page:
        answer = await page.get(url(two, one))
        assert listed_names(answer.text) == ["Two", "One"]
        for question in words.QUESTIONS.values():
            assert answer.text.count(f"<dt>{question}</dt>") == 2
        (first, _) = re.findall(r'no-print" href="([^"]+)">Remove', answer.text)
        assert listed_names((await page.get(unescape(first))).text) == ["One"]
        assert listed_names((await page.get(f"{short_list_rules.PATH}?t={one}")).text) == ["One"]


async def test_empty_and_invalid_short_lists_are_pages(context: Context, browser: OpenBrowser) -> None:
    hidden = await add_listing(context, state="hidden", hidden_because="complaint")
    async with browser() as page:
        for query in ("", "?t=", "?t=nonsense,%00", "?t=" + ",".join(["x"] * 500)):
            answer = await page.get(short_list_rules.PATH + query)
            assert answer.status_code == 200
            assert "Nobody is on it yet" in answer.text
        answer = await page.get(url(hidden))
        assert "One therapist is no longer listed" in answer.text


async def test_no_more_than_twelve(context: Context, browser: OpenBrowser) -> None:
    ids = [await add_listing(context) for _ in range(13)]
    async with browser() as page:
        assert len(listed_names((await page.get(url(*ids))).text)) == 12
        full = "&".join(f"t={short_list_rules.code(listing_id)}" for listing_id in ids[:12])
        answer = await page.get(f"/therapists?state=FL&{full}")
    assert "Your short list is full" in answer.text


async def test_the_short_list_is_saved_only_on_request(cast: Cast, browser: OpenBrowser) -> None:
    one, two = await add_listing(cast.context, name="One"), await add_listing(cast.context, name="Two")
    async with browser(cast.mira) as page:
        answer = await page.get(url(one, two))
        assert "Save it in my account" in answer.text
        assert listed_names((await page.get(short_list_rules.PATH)).text) == []
        codes = ",".join(map(short_list_rules.code, (two, one)))
        assert (await page.post(f"{short_list_rules.PATH}/keep", data={"t": codes})).status_code == 303
        answer = await page.get(short_list_rules.PATH)
        assert listed_names(answer.text) == ["Two", "One"]
        assert "In your account, because you asked" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    async with browser(cast.milo) as page:
        assert listed_names((await page.get(short_list_rules.PATH)).text) == []


async def test_a_saved_short_list_is_replaced_and_deleted(cast: Cast, browser: OpenBrowser) -> None:
    one, two = await add_listing(cast.context, name="One"), await add_listing(cast.context, name="Two")
    path = short_list_rules.PATH
    async with browser(cast.mira) as page:
        await page.post(f"{path}/keep", data={"t": short_list_rules.code(one)})
        answer = await page.get(url(two))
        assert "Your account has another list" in answer.text
        await page.post(f"{path}/keep", data={"t": short_list_rules.code(two)})
        assert listed_names((await page.get(path)).text) == ["Two"]
        answer = await page.post(f"{path}/forget", data={"t": short_list_rules.code(two)})
        assert answer.headers["location"] == url(two)
        assert listed_names((await page.get(path)).text) == []
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from short_lists") == 0
        events = await tx.fetch("select what, details from events where about = $1 order by id", cast.mira)
    expected = ["short_list.kept", "short_list.kept", "short_list.forgotten"]
    assert [row["what"] for row in events][-3:] == expected
    assert all(row["details"] == {} for row in events[-3:])


async def test_saving_a_short_list_needs_a_sign_in(context: Context, browser: OpenBrowser) -> None:
    one = await add_listing(context)
    async with browser() as page:
        answer = await page.get(url(one))
        assert "Save it in my account" not in answer.text
        answer = await page.post(f"{short_list_rules.PATH}/keep", data={"t": short_list_rules.code(one)})
    assert answer.headers["location"].startswith("/sign-in")
