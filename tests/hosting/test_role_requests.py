"""Asking for the facilitator's role from an invitation: the organizers are told, and the person gets an answer."""

from __future__ import annotations

import asyncio
import re

import pytest

from circles.hosting.hosts import actions as hosts_actions
from circles.hosting.roles import requests
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, value
from tests.hosting.helpers import events, fingerprint
from tests.hosting.test_hosts import newest_link
from tests.hosting.test_hosts_change import mails, parts


async def invite_milo(cast: Cast, part: str = "co") -> str:
    """Farid invites Milo, who has no role. Returns the path of the link."""
    farid = await person(cast.context, cast.farid)
    await hosts_actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part=part)
    return await newest_link(cast.context, "milo@example.org")


async def test_from_the_invitation_to_a_host(cast: Cast, browser: OpenBrowser) -> None:
    link = await invite_milo(cast)
    async with browser(cast.milo) as milo, browser(cast.odile) as odile:
        assert not missing((await milo.get(link)).text, "Ask the organizers", f'action="{link}/ask"')
        answers = await asyncio.gather(*(milo.post(f"{link}/ask") for _ in range(3)))
        assert {answer.headers["Location"] for answer in answers} == {link}
        asked = (await milo.get(link)).text
        assert not missing(asked, "The organizers’ answer comes by mail")
        assert "Ask the organizers" not in asked
        told = await mails(cast.context, "organizers_todo")
        assert set(told) == {"odile@example.org"}
        assert "Milo" not in told["odile@example.org"]["subject"] + told["odile@example.org"]["text_body"]
        assert "Milo asks to be a facilitator" in (await odile.get("/organize")).text
        listed = (await odile.get("/organize/people/requests")).text
        assert not missing(listed, "Milo", "milo@example.org", "Farid invited them to First steps home")
        await change(cast.context, "update host_invitations set expires_at = now() - interval '1 hour'")
        url, form = f"/organize/people/{cast.milo}/roles", {"role": "facilitator", "on": "yes"}
        assert f"{url}?role=facilitator&amp;on=yes" in listed
        form |= {"seen": fingerprint((await odile.get(url, params=form)).text), "then": "do"}
        assert (await odile.post(url, data=form)).status_code == 303
        assert "Nobody waits" in (await odile.get("/organize/people/requests")).text
        mail = (await mails(cast.context, "role_news"))["milo@example.org"]["text_body"]
        here = re.search(r"http://circles\.test(/host/invitations/\S+)", mail)
        assert here, mail
        assert "Yes, I will" in (await milo.get(here[1])).text
        assert (await milo.post(here[1], data={"answer": "accept"})).status_code == 303
    assert (await parts(cast.context, cast.circle))[cast.milo] == "co"
    assert len(await events(cast.context, "role_request.open")) == 1
    assert len(await events(cast.context, "role_request.granted")) == 1


async def test_a_no_comes_with_a_word(cast: Cast, browser: OpenBrowser) -> None:
    link = await invite_milo(cast)
    async with browser(cast.milo) as milo, browser(cast.odile) as odile:
        await milo.post(f"{link}/ask")
        request_id = await value(cast.context, "select id from role_requests")
        url = f"/organize/people/requests/{request_id}/decline"
        assert (await milo.post(url)).status_code == 404
        assert (await odile.post(url, data={"note": "x" * 501})).status_code == 422
        answers = await asyncio.gather(
            *(odile.post(url, data={"note": "After the training."}) for _ in range(2))
        )
        assert {answer.status_code for answer in answers} == {303}
        assert "Ask the organizers" in (await milo.get(link)).text
    mail = (await mails(cast.context, "role_news"))["milo@example.org"]["text_body"]
    assert not missing(mail, "cannot say yes now", "They write: After the training.")
    assert len(await events(cast.context, "role_request.declined")) == 1


@pytest.mark.parametrize("who", ["mira", "fern"])
async def test_only_whoever_is_invited_and_needs_it_asks(cast: Cast, browser: OpenBrowser, who: str) -> None:
    link = await invite_milo(cast)
    async with browser(getattr(cast, who)) as page:
        assert (await page.post(f"{link}/ask")).status_code == 303
        assert (await page.post("/host/invitations/unknown/ask")).status_code == 404
    async with browser(cast.milo) as page:
        invitation = await value(cast.context, "select id from host_invitations")
        assert (await page.get(f"/host/invitations/{invitation}")).status_code == 200
    async with browser(cast.mira) as page:
        assert (await page.get(f"/host/invitations/{invitation}")).status_code == 404
    assert await value(cast.context, "select count(*) from role_requests") == 0
    assert await mails(cast.context, "organizers_todo") == {}


async def test_a_helper_needs_no_role(cast: Cast, browser: OpenBrowser) -> None:
    link = await invite_milo(cast, "helper")
    async with browser(cast.milo) as page:
        assert "Ask the organizers" not in (await page.get(link)).text
        await page.post(f"{link}/ask")
    assert await value(cast.context, "select count(*) from role_requests") == 0


async def test_old_requests_are_forgotten(cast: Cast) -> None:
    add = (
        "insert into role_requests (person_id, state, decided_at) "
        "values ($1, 'declined', now() - $2::int * interval '1 day')"
    )
    for age in (29, 31):
        await change(cast.context, add, cast.milo, age)
    for _ in range(2):
        await requests.forget_requests(cast.context)
        assert await value(cast.context, "select count(*) from role_requests") == 1
