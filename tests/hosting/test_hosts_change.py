"""Changing who hosts a circle: hand over the lead, take a host out, leave; shown before, and everybody is told."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from circles.hosting.hosts import change_actions
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, demoted, missing, person, rows, send_invites, value
from tests.hosting.helpers import events, fingerprint, refusal_codes


async def add_host(context: Context, circle: UUID, who: UUID, part: str) -> None:
    await change(
        context, "insert into hosts (circle_id, person_id, part) values ($1, $2, $3)", circle, who, part
    )


async def parts(context: Context, circle: UUID) -> dict[UUID, str]:
    found = await rows(context, "select person_id, part from hosts where circle_id = $1", circle)
    return {row["person_id"]: row["part"] for row in found}


async def mails(context: Context, kind: str) -> dict[str, Any]:
    """The mails of a kind by address; a second one to the same address fails the test."""
    await jobs.drain(context)
    found = await rows(context, "select * from mails where kind = $1", kind)
    assert len({row["to_address"] for row in found}) == len(found)
    return {row["to_address"]: row for row in found}


# What an organizer has to say.
WHY = "Its lead has moved away."


async def confirm(page: Browser, url: str) -> httpx2.Response:
    """Look at what a change does, and press its button."""
    shown = await page.get(url)
    assert shown.status_code == 200, shown.text
    return await page.post(url, data={"seen": fingerprint(shown.text), "why": WHY})


async def test_the_lead_is_handed_over_after_a_look(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    await add_booking(cast.context, cast.gathering, cast.mira)
    here = f"/host/circles/{cast.circle}/hosts"
    async with browser(cast.farid) as page:
        assert f"{here}/{cast.fern}/lead" in (await page.get(here)).text
        shown = (await page.get(f"{here}/{cast.fern}/lead")).text
        assert not missing(
            shown,
            "Fern leads it, with Farid. 1 gathering ahead, 1 seat booked.",
            "Farid stays as co-facilitator.",
            "Told by mail: Fern.",
        )
        assert "a mail" not in shown  # members see the same two names as before
        assert (
            await page.post(f"{here}/{cast.fern}/lead")
        ).status_code == 200  # nothing was shown, nothing is done
        assert (await parts(cast.context, cast.circle))[cast.farid] == "lead"
        assert (await confirm(page, f"{here}/{cast.fern}/lead")).status_code == 303
        assert (await page.get(f"{here}/{cast.fern}/lead")).status_code == 422
    assert await parts(cast.context, cast.circle) == {
        cast.farid: "co",
        cast.fern: "lead",
        cast.milo: "helper",
    }
    news = await mails(cast.context, "host_news")
    assert set(news) == {"fern@example.org"}
    assert "Farid handed the lead over to you. 1 gathering ahead" in news["fern@example.org"]["text_body"]
    assert [row["who"] for row in await events(cast.context, "host.lead")] == [cast.farid]


async def test_a_double_press_changes_the_lead_once(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    url = f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead"
    async with browser(cast.farid) as page:
        seen = {"seen": fingerprint((await page.get(url)).text)}
        answers = await asyncio.gather(*(page.post(url, data=seen) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len(await mails(cast.context, "host_news")) == 1
    assert len(await events(cast.context, "host.lead")) == 1


@pytest.mark.parametrize("who", ["milo", "mira", "odile"])
async def test_the_lead_goes_to_a_co_facilitator_alone(cast: Cast, browser: OpenBrowser, who: str) -> None:
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    url = f"/host/circles/{cast.circle}/hosts/{getattr(cast, who)}/lead"
    async with browser(cast.farid) as page:
        shown = await page.get(url)
        assert shown.status_code == (422 if who == "milo" else 404)
        assert who != "milo" or "goes to a co-facilitator" in shown.text
        assert (await page.post(url, data={"seen": "x"})).status_code == shown.status_code
    async with browser(cast.mira) as page:
        assert (await page.get(url)).status_code == 404


async def test_the_lead_cannot_pass_to_a_former_facilitator(cast: Cast) -> None:
    await add_host(cast.context, cast.circle, cast.milo, "co")
    farid = await person(cast.context, cast.farid)
    handing = change_actions.pass_lead(cast.context, farid, cast.circle, cast.milo, fingerprint="x")
    assert await refusal_codes(handing) == {"not_facilitator"}


async def test_a_host_is_removed_by_the_lead_and_members_are_told(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    for gathering in (cast.gathering, await add_gathering(cast.context, cast.circle, days=14)):
        await add_booking(cast.context, gathering, cast.mira)
    await send_invites(cast.context)
    url = f"/host/circles/{cast.circle}/hosts/{cast.fern}/remove"
    async with browser(cast.farid) as page:
        shown = (await page.get(url)).text
        assert not missing(
            shown,
            "Fern no longer hosts",
            "Told by mail: Fern.",
            "1 person with a seat gets a mail: Mira.",
            "was hosted by Farid and Fern, and now by Farid.",
        )
        seen = {"seen": fingerprint(shown)}
        nell = await add_person(cast.context, "Nell")
        await add_booking(cast.context, cast.gathering, nell, kind="paid", amount=4500)
        await send_invites(cast.context)
        stale = await page.post(url, data=seen)
        assert (stale.status_code, missing(stale.text, "once more", "Mira and Nell")) == (422, [])
        assert (await page.post(url, data={"seen": fingerprint(stale.text)})).status_code == 303
        assert (await page.post(url, data={"seen": "another"})).status_code == 404
    assert cast.fern not in await parts(cast.context, cast.circle)
    told = await mails(cast.context, "changed")
    assert set(told) == {"mira@example.org", "nell@example.org"}  # one each, however many seats they have
    mail = told["mira@example.org"]
    assert mail["subject"] == "Tuesday group: 2 gatherings changed"
    assert mail["text_body"].count("Hosted by: was Farid and Fern, now Farid") == 2
    assert "First steps home" not in mail["subject"] + mail["text_body"] + mail["html_body"]
    news = await mails(cast.context, "host_news")
    assert set(news) == {"fern@example.org"}
    assert "Farid ended your part as co-facilitator." in news["fern@example.org"]["text_body"]


async def test_members_with_a_stand_in_alone_are_not_told_of_the_usual_hosts(
    cast: Cast, browser: OpenBrowser
) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await add_booking(cast.context, cast.gathering, cast.mira)
    await change(cast.context, "insert into stand_ins values ($1, $2)", cast.gathering, cast.odile)
    async with browser(cast.farid) as page:
        await confirm(page, f"/host/circles/{cast.circle}/hosts/{cast.fern}/remove")
    assert await mails(cast.context, "changed") == {}


async def test_leaving_is_told_to_those_who_stay(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    await add_booking(cast.context, cast.gathering, cast.mira)
    await send_invites(cast.context)
    here = f"/host/circles/{cast.circle}/hosts"
    async with browser(cast.fern) as page:
        refused = await page.get(f"{here}/{cast.milo}/remove")
        assert (refused.status_code, missing(refused.text, "Only the lead")) == (422, [])
        left = await confirm(page, f"{here}/{cast.fern}/remove")
        assert left.headers["Location"] == "/host"
        assert (await page.get(here)).status_code == 404
    async with browser(cast.milo) as page:
        assert (await page.get(f"{here}/{cast.farid}/remove")).status_code == 404
        assert (await confirm(page, f"{here}/{cast.milo}/remove")).headers["Location"] == "/host"
    found = await rows(
        cast.context, "select to_address, text_body from mails where kind = 'host_news' order by 2"
    )
    assert [row["to_address"] for row in found] == ["farid@example.org", "farid@example.org"]
    assert "Fern left. Farid leads it." in found[0]["text_body"]
    assert set(await mails(cast.context, "changed")) == {
        "mira@example.org"
    }  # a helper is not shown to members


async def test_the_lead_cannot_leave(cast: Cast, browser: OpenBrowser) -> None:
    url = f"/host/circles/{cast.circle}/hosts/{cast.farid}/remove"
    async with browser(cast.farid) as page:
        assert "Hand the lead over first" in (await page.get(url)).text
        assert (await page.post(url, data={"seen": "x"})).status_code == 422
    assert await parts(cast.context, cast.circle) == {cast.farid: "lead"}


async def test_members_are_told_who_hosts_with_the_others_from_now_on(
    cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    await send_invites(cast.context)
    async with browser(cast.farid) as page:
        typed = {"email": "fern@example.org", "part": "co"}
        await page.post(f"/host/circles/{cast.circle}/hosts", data=typed)
    invitation = await value(cast.context, "select id from host_invitations")
    async with browser(cast.fern) as page:
        accepted = await page.post(f"/host/invitations/{invitation}", data={"answer": "accept"})
        assert accepted.status_code == 303
    mail = (await mails(cast.context, "changed"))["mira@example.org"]
    assert "Hosted by: was Farid, now Farid and Fern" in mail["text_body"]


async def test_an_organizer_chooses_the_lead_of_any_circle(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    here = f"/host/circles/{cast.circle}/hosts"
    async with browser(cast.odile) as page:
        listed = (await page.get(here)).text
        assert not missing(
            listed, "Another lead", "Fern, fern@example.org", "Odile, odile@example.org, that is you"
        )
        assert "Mira, mira@example.org" not in listed
        chosen = await page.get(f"/host/circles/{cast.circle}/lead?host={cast.fern}")
        assert chosen.headers["Location"] == f"{here}/{cast.fern}/lead"
        assert (await page.get(f"{here}/{cast.mira}/lead")).status_code == 404
        shown = (await page.get(f"{here}/{cast.fern}/lead")).text
        assert not missing(shown, "Told by mail: Fern and Farid.", "1 person with a seat gets a mail")
        assert (await confirm(page, f"{here}/{cast.fern}/lead")).status_code == 303
    assert await parts(cast.context, cast.circle) == {cast.fern: "lead", cast.farid: "co"}
    (event,) = await events(cast.context, "host.lead")
    assert (event["who"], event["details"]) == (cast.odile, {"as": "organizer"})
    news = await mails(cast.context, "host_news")
    assert (
        "Odile handed the lead over to Fern. You are co-facilitator" in news["farid@example.org"]["text_body"]
    )


async def test_a_lead_without_the_role_goes_when_another_takes_over(cast: Cast, browser: OpenBrowser) -> None:
    async with demoted(cast.context, cast.farid), browser(cast.odile) as page:
        url = f"/host/circles/{cast.circle}/hosts/{cast.odile}/lead"
        assert (await confirm(page, url)).status_code == 303
        assert await parts(cast.context, cast.circle) == {cast.odile: "lead"}
        assert (await page.get(f"/host/circles/{cast.circle}/edit")).status_code == 200
