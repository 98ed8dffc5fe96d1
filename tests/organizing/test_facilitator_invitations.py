"""Invitations to be a facilitator: one discreet mail, one answer, any account of theirs, withdrawn and over."""

from __future__ import annotations

import re

from circles.commands import personal_data
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, rows, value


async def link_to(context: Context, address: str) -> str:
    """The link in the newest invitation to an address."""
    text = await value(
        context,
        "select text_body from mails where kind = 'facilitator_invitation' and to_address = $1 "
        "order by created_at desc",
        address,
    )
    link = re.search(r"/facilitator-invitations/\S+", text)
    assert link
    return link[0]


async def test_the_page_is_the_same_with_and_without_an_account(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        answers = [
            await page.post("/organize/people/invitations", data={"email": email})
            for email in ("mira@example.org", "nobody@example.org")
        ]
        listed = (await page.get("/organize/people/invitations")).text
    assert [one.headers["location"] for one in answers] == ["/organize/people/invitations"] * 2
    assert not missing(listed, "mira@example.org", "nobody@example.org", "invited by Odile")
    mails = await rows(context, "select subject, text_body from mails where kind = 'facilitator_invitation'")
    assert {row["subject"] for row in mails} == {"An invitation"}
    assert not any(
        word in row["text_body"] for row in mails for word in ("facilitator ", "ketamine", "Tuesday")
    )
    async with browser() as page:
        shown = [
            (await page.get(await link_to(context, email))).text
            for email in ("mira@example.org", "nobody@example.org")
        ]
    path = re.compile(r"[\w%./-]*facilitator-invitations[\w%./-]*")
    assert path.sub("", shown[0]) == path.sub("", shown[1])
    assert not missing(shown[0], "What a facilitator does", "Go on")
    assert "mira@example.org" not in shown[0]


async def test_who_accepts_is_a_facilitator_and_the_link_works_once(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        await page.post("/organize/people/invitations", data={"email": "mira@example.org"})
    link = await link_to(context, "mira@example.org")
    async with browser(cast.mira) as page:
        assert (await page.post(link, data={"answer": "yes"})).headers["location"] == "/host"
        again = await page.post(link, data={"answer": "yes"})
        assert (again.status_code, missing(again.text, "accepted already")) == (422, [])
    assert (await person(context, cast.mira)).is_facilitator
    given = await value(context, "select who from events where what = 'person.facilitator'")
    assert given == cast.odile
    assert (
        await value(
            context,
            "select count(*) from mails where kind = 'role_news' and to_address = 'odile@example.org'",
        )
        == 1
    )


async def test_with_another_address_it_is_confirmed_first(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        await page.post("/organize/people/invitations", data={"email": "other@example.org"})
    link = await link_to(context, "other@example.org")
    async with browser(cast.milo) as page:
        assert not missing((await page.get(link)).text, "milo@example.org", "It is for me")
        asked = await page.post(link, data={"answer": "yes"})
        assert (asked.status_code, missing(asked.text, "another address")) == (422, [])
        assert not (await person(context, cast.milo)).is_facilitator
        await page.post(link, data={"answer": "yes", "mine": "on"})
    assert (await person(context, cast.milo)).is_facilitator


async def test_withdrawn_declined_over_and_replaced_ones_do_not_work(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    async with browser(cast.odile) as page, browser(cast.mira) as hers:
        url = "/organize/people/invitations"
        await page.post(url, data={"email": "mira@example.org"})
        first = await link_to(context, "mira@example.org")
        await page.post(url, data={"email": "mira@example.org"})
        assert await value(context, "select count(*) from facilitator_invitations where state = 'open'") == 1
        assert (await hers.post(first, data={"answer": "yes"})).status_code == 422
        second = await link_to(context, "mira@example.org")
        invitation = await value(context, "select id from facilitator_invitations where state = 'open'")
        assert (await page.post(f"{url}/{invitation}/withdraw")).status_code == 303
        assert (await page.post(f"{url}/{invitation}/withdraw")).status_code == 404
        assert (await hers.post(second, data={"answer": "yes"})).status_code == 422
        await page.post(url, data={"email": "mira@example.org"})
        await change(context, "update facilitator_invitations set expires_at = now()")
        late = await hers.post(await link_to(context, "mira@example.org"), data={"answer": "yes"})
        assert (late.status_code, missing(late.text, "no longer open")) == (422, [])
        await page.post(url, data={"email": "mira@example.org"})
        third = await link_to(context, "mira@example.org")
        assert (await hers.post(third, data={"answer": "no"})).status_code == 303
        assert (await hers.post(third, data={"answer": "yes"})).status_code == 422
        wrong = await page.post(url, data={"email": "no address"})
        assert (wrong.status_code, missing(wrong.text, 'value="no address"')) == (422, [])
        assert (await hers.get(url)).status_code == 404
        assert (await hers.get("/facilitator-invitations/unknown")).status_code == 404
    assert not (await person(context, cast.mira)).is_facilitator
    assert await value(context, "select count(*) from events where what = 'person.invitation_declined'") == 1


async def test_an_erasure_deletes_invitations(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        await page.post("/organize/people/invitations", data={"email": "mira@example.org"})
    await personal_data.erase(cast.context, "mira@example.org")
    assert await value(cast.context, "select count(*) from facilitator_invitations") == 0
