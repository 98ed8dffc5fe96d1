"""Sharing a circle: its short address, its QR code and poster, and its next dates on other sites."""

from __future__ import annotations

import asyncio
import re
import zlib
from datetime import datetime
from uuid import UUID, uuid4

import pytest
import segno
from hypothesis import assume, given
from hypothesis import strategies as st

from circles.base import discreet
from circles.base.errors import Refused
from circles.hosting.sharing import actions, documents, rules
from circles.hosting.sharing.documents import Poster
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, rows, value

ALLOWED = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@given(st.text(max_size=60))
def test_a_slug_made_of_any_name_is_allowed_or_empty(name: str) -> None:
    slug = rules.slug_of(name)
    assume(not discreet.refusals(slug.replace("-", " ")))
    assert not slug or (ALLOWED.fullmatch(slug) and 3 <= len(slug) <= 40 and not rules.slug_refusals(slug))
    for suggestion in rules.suggestions(name):
        assert not rules.slug_refusals(suggestion)


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("tuesday-group", "tuesday-group"),
        ("  Tuesday Group ", "tuesday-group"),
        ("https://circles.test/c/Tuesday-Group/", "tuesday-group"),
        ("Café", "cafe"),
    ],
)
def test_what_people_type_is_read(typed: str, slug: str) -> None:
    assert rules.read_slug(typed) == slug
    assert rules.slug_refusals(slug) == []


@pytest.mark.parametrize(
    "slug", ["", "ab", "a" * 41, "-abc", "abc-", "a--b", "a_b", "東京グループ", "a.b", "a\x00bc"]
)
def test_what_is_no_address_is_refused(slug: str) -> None:
    assert rules.slug_refusals(slug)


@pytest.mark.parametrize(
    "slug", ["ketamine-circle", "after-ketamine", "my-trip", "psych-eve", "group-therapy"]
)
def test_an_address_that_reveals_what_a_circle_is_about_is_refused(slug: str) -> None:
    (refusal,) = rules.slug_refusals(slug)
    assert (refusal.code, refusal.field) == ("not_discreet", "slug")
    assert "browsers" in refusal.text
    assert rules.slug_refusals("tripod-lane") == []


async def test_former_addresses_lead_to_the_present_one(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    farid = await person(context, cast.farid)
    for slug in ("tuesdays", "evenings"):
        assert await actions.choose_address(context, farid, cast.circle, slug) == slug
    async with browser() as page:
        answer = await page.get("/c/tuesdays")
        assert (answer.status_code, answer.headers["location"]) == (302, "/c/evenings")
        assert (await page.get("/c/Evenings")).headers["location"] == "/c/evenings"
        shown = await page.get("/c/evenings")
        assert shown.status_code == 200
        assert "First steps home" in shown.text
        assert '<link rel="canonical" href="http://circles.test/c/evenings">' in shown.text
        assert 'property="og:url" content="http://circles.test/c/evenings"' in shown.text
        assert (await page.get("/c/nobody-has-this")).status_code == 404
    # A former one may be chosen again, by the same circle alone.
    await actions.choose_address(context, farid, cast.circle, "tuesdays")
    async with browser() as page:
        assert (await page.get("/c/evenings")).headers["location"] == "/c/tuesdays"
    with pytest.raises(Refused) as refused:
        await actions.choose_address(context, await person(context, cast.fern), cast.other_circle, "evenings")
    assert refused.value.codes == {"taken"}
    kept = await rows(context, "select slug, is_current from circle_addresses order by slug")
    assert [tuple(row) for row in kept] == [("evenings", False), ("tuesdays", True)]
    events = await rows(
        context, "select before, after from events where what = 'circle.address_chosen' order by at"
    )
    assert [tuple(row) for row in events] == [
        ("", "tuesdays"),
        ("tuesdays", "evenings"),
        ("evenings", "tuesdays"),
    ]


async def test_a_circle_has_ten_addresses_at_most(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    for number in range(rules.MAX_ADDRESSES):
        await actions.choose_address(context, farid, cast.circle, f"group-{number}")
    with pytest.raises(Refused) as refused:
        await actions.choose_address(context, farid, cast.circle, "one-more")
    assert refused.value.codes == {"too_many"}
    assert await actions.choose_address(context, farid, cast.circle, "group-3") == "group-3"


async def test_two_circles_that_want_one_address_at_once(context: Context, cast: Cast) -> None:
    wishes = [
        actions.choose_address(context, await person(context, host), circle, "group")
        for host, circle in ((cast.farid, cast.circle), (cast.fern, cast.other_circle))
    ]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "str"]
    assert await value(context, "select count(*) from circle_addresses") == 1


async def test_a_host_chooses_an_address_on_the_page(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = f"/host/circles/{cast.circle}/share"
    async with browser(cast.farid) as page:
        suggested = await page.get(path)
        assert 'value="tuesday-group"' in suggested.text
        assert f"http://circles.test/circles/{cast.circle}" in suggested.text
        refused = await page.post(path, data={"slug": "no_good!"})
        assert refused.status_code == 422
        assert "single hyphens" in refused.text
        assert 'value="no_good!"' in refused.text
        assert (await page.post(path, data={"slug": "Tuesday Group"})).status_code == 303
        shown = (await page.get(path)).text
        assert "http://circles.test/c/tuesday-group" in shown
        assert "First steps home</strong>" not in shown
    for stranger in (cast.mira, cast.fern):
        async with browser(stranger) as page:
            assert (await page.get(path)).status_code == 404
            assert (await page.post(path, data={"slug": "mine"})).status_code == 404
            for file in ("qr.svg", "poster.pdf"):
                assert (await page.get(f"/host/circles/{cast.circle}/{file}")).status_code == 404


async def test_the_lead_hears_of_it_when_an_organizer_chooses(context: Context, cast: Cast) -> None:
    odile = await person(context, cast.odile)
    with pytest.raises(Refused):
        await actions.choose_address(context, odile, cast.circle, "evenings")
    await actions.choose_address(context, odile, cast.circle, "evenings", why="For the poster.")
    (mail,) = await rows(context, "select to_address, subject, text_body from mails")
    assert mail["to_address"] == await value(context, "select email from people where id = $1", cast.farid)
    told = " ".join(mail["text_body"].split())
    assert not missing(
        told, "Odile, an organizer, gave", "http://circles.test/c/evenings", "The reason: For the poster."
    )
    assert "First steps" not in mail["subject"]


async def test_a_draft_leads_nowhere(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    draft = await add_circle(context, cast.farid, name="Not yet", state="draft")
    await actions.choose_address(context, await person(context, cast.farid), draft, "not-yet")
    async with browser() as page:
        for path in (
            "/c/not-yet",
            f"/circles/{draft}/frame",
            f"/circles/{draft}/dates.json",
            f"/circles/{uuid4()}/frame",
        ):
            assert (await page.get(path)).status_code == 404


def test_the_code_holds_the_address() -> None:
    url = "https://circles.example/c/tuesday-group"
    svg = documents.qr_svg(url)
    assert svg.startswith("<svg")
    assert "<script" not in svg
    # The dark runs of its path are the modules of the code.
    code = segno.make_qr(url, error="m")
    dark = sum(sum(row) for row in code.matrix)
    assert sum(int(run) for run in re.findall(r"h(\d+)", svg.split('stroke="#000"')[1])) == dark
    assert documents.qr_svg(url + "x") != svg


def _text_of(pdf: bytes) -> str:
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    pages = [zlib.decompress(stream) for stream in streams if stream[:1] == b"x"]
    return b"".join(pages).decode("windows-1252", "replace")


def test_a_poster_is_one_page_in_letters_that_it_has() -> None:
    poster = Poster(
        "Community",
        "Zoë’s “Gruppe” — Группа",
        ("Online", "€30 to €80"),
        "https://circles.example/c/abc",
        "Foot",
    )
    pdf = documents.poster_pdf(poster)
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    text = _text_of(pdf)
    assert "Zoë’s “Gruppe” — Gruppa" in text
    assert "€30 to €80" in text
    assert "circles.example/c/abc" in text
    assert documents.writable("東京") == "??"


async def test_a_discreet_poster_says_nothing_of_what_it_is(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        whole = await page.get(f"/host/circles/{cast.circle}/poster.pdf")
        discreet = await page.get(f"/host/circles/{cast.circle}/poster.pdf?name=discreet&save")
        code = await page.get(f"/host/circles/{cast.circle}/qr.svg")
    assert whole.headers["content-type"] == "application/pdf"
    assert code.headers["content-type"].startswith("image/svg+xml")
    assert discreet.headers["content-disposition"] == 'attachment; filename="tuesday-group.pdf"'
    assert "First steps home" in _text_of(whole.content)
    assert "$30 to $80" in _text_of(whole.content)
    said = _text_of(discreet.content)
    assert "Tuesday group" in said
    assert not re.search(r"First steps|therapy|circle goes|ketamine|integration", said)


async def test_a_frame_for_other_sites_is_alike_for_everybody(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    path = f"/circles/{cast.circle}/frame"
    async with browser() as page:
        answer = await page.get(path)
    async with browser(cast.mira) as page:
        assert (await page.get(path)).text == answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "public, max-age=300"
    csp = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in csp
    assert "script-src 'none'" in csp
    assert "form-action 'none'" in csp
    assert "<script" not in answer.text
    assert "1 of 8 seats taken" in answer.text
    assert f'href="http://circles.test/gatherings/{cast.gathering}"' in answer.text
    for name in ("Mira", "Farid", "meet.example"):
        assert name not in answer.text


async def test_the_frame_of_a_circle_that_rests_says_so(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser() as page:
        for state, words in (("paused", "is paused"), ("archived", "has ended")):
            await change(context, "update circles set state = $2 where id = $1", cast.circle, state)
            shown = (await page.get(f"/circles/{cast.circle}/frame")).text
            assert words in shown
            assert "/gatherings/" not in shown
            assert (await page.get(f"/circles/{cast.circle}/dates.json")).json()["takes_bookings"] is False


async def test_programs_of_other_sites_read_the_dates(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        answer = await page.get(f"/circles/{cast.circle}/dates.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    said = answer.json()
    (date,) = said.pop("gatherings")
    assert said == {
        "name": "First steps home",
        "url": f"http://circles.test/circles/{cast.circle}",
        "place": "online",
        "city": "",
        "time_zone": "America/New_York",
        "takes_bookings": True,
    }
    starts_at = await value(context, "select starts_at from gatherings where id = $1", cast.gathering)
    assert datetime.fromisoformat(date["starts_at"]) == starts_at
    assert (datetime.fromisoformat(date["ends_at"]) - starts_at).total_seconds() == 90 * 60
    assert (date["seats"], date["seats_left"]) == (8, 8)
    assert date["url"].endswith(str(UUID(date["url"][-36:])))
