"""Hosting together: asking, answering, leaving, handing over, stepping in; and who is let in by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from circles import people
from circles.base.errors import Refused
from circles.hosting.hosts import actions, rules
from circles.hosting.hosts import mail as hosts_mail
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, person, rows, value


async def part_of(context: Context, circle: UUID, who: UUID) -> str | None:
    return await value(context, "select part from hosts where circle_id = $1 and person_id = $2", circle, who)


async def newest_link(context: Context, email: str) -> str:
    """The path of the link in the newest invitation mailed to an address."""
    text = await value(
        context,
        "select text_body from mails where to_address = $1 and kind = 'host_invitation' "
        "order by created_at desc limit 1",
        email,
    )
    match = re.search(r"(/host/invitations/\S+)", text)
    assert match
    return match.group(1)


async def add_host(context: Context, circle: UUID, who: UUID, part: str) -> None:
    await change(
        context, "insert into hosts (circle_id, person_id, part) values ($1, $2, $3)", circle, who, part
    )


async def tonight(cast: Cast) -> UUID:
    """A gathering of Farid's circle that has just begun, with Mira in it."""
    gathering = await add_gathering(
        cast.context,
        cast.circle,
        starts_at=datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5),
    )
    await add_booking(cast.context, gathering, cast.mira)
    return gathering


# Asking and answering


@pytest.mark.parametrize(("who", "part"), [("fern", "co"), ("milo", "helper")])
async def test_from_the_form_to_a_host(cast: Cast, browser: OpenBrowser, who: str, part: str) -> None:
    email, them = f"{who}@example.org", getattr(cast, who)
    async with browser(cast.farid) as page:
        here = f"/host/circles/{cast.circle}/hosts"
        answer = await page.post(here, data={"email": email.upper(), "part": part})
        assert answer.headers["Location"] == here
        assert email in (await page.get(here)).text
    link = await newest_link(cast.context, email)
    async with browser(them) as page:
        shown = await page.get(link)
        assert shown.status_code == 200
        assert "Yes, I will" in shown.text
        assert "First steps home" in shown.text
        done = await page.post(link, data={"answer": "accept"})
        assert done.headers["Location"] == f"/host/circles/{cast.circle}"
        assert (await page.get(done.headers["Location"])).status_code == 200
        again = await page.post(link, data={"answer": "accept"})
        assert again.status_code == 422
        assert "answered already" in again.text
    assert await part_of(cast.context, cast.circle, them) == part
    events = "select count(*) from events where what in ('host.invited', 'host.accepted', 'host.joined')"
    assert await value(cast.context, events) == 3
    news = "select text_body from mails where kind = 'host_news' and to_address = 'farid@example.org'"
    assert "said yes" in await value(cast.context, news)


@pytest.mark.parametrize(("who", "part"), [("odile", "co"), ("milo", "helper")])
async def test_the_other_hosts_are_told_of_a_new_one(
    cast: Cast, browser: OpenBrowser, who: str, part: str
) -> None:
    """Farid invited them, and reads that they said yes; Fern hosts it too, and reads who is new."""
    await add_host(cast.context, cast.circle, cast.fern, "co")
    async with browser(cast.farid) as page:
        await page.post(
            f"/host/circles/{cast.circle}/hosts", data={"email": f"{who}@example.org", "part": part}
        )
    link = await newest_link(cast.context, f"{who}@example.org")
    async with browser(getattr(cast, who)) as page:
        await page.post(link, data={"answer": "accept"})
    sent = await rows(cast.context, "select to_address, text_body from mails where kind = 'host_news'")
    news = {row["to_address"]: row["text_body"] for row in sent}
    assert len(sent) == len(news) == 2
    assert "said yes" in news["farid@example.org"]
    assert f"{who.title()} hosts it from now on" in news["fern@example.org"]


async def test_an_invited_person_without_an_account_signs_in_first(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="nell@example.org", part="helper")
    link = await newest_link(cast.context, "nell@example.org")
    async with browser() as page:
        answer = await page.get(link)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/sign-in?next={link}"
    nell = await add_person(cast.context, "Nell")
    async with browser(nell) as page:
        assert (await page.post(link, data={"answer": "accept"})).status_code == 303
    assert await part_of(cast.context, cast.circle, nell) == "helper"


async def test_the_mail_is_discreet_and_the_link_is_stored_as_its_hash(cast: Cast) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="nell@example.org", part="co")
    async with cast.context.db.reading() as tx:
        mail: Any = await tx.fetchrow("select * from mails where kind = 'host_invitation'")
    assert "Tuesday group" in mail["subject"]
    for text in (mail["subject"], mail["text_body"], mail["html_body"]):
        assert "First steps home" not in text
    token = (await newest_link(cast.context, "nell@example.org")).rsplit("/", 1)[1]
    assert await value(cast.context, "select token_hash from host_invitations") == people.fingerprint(token)


async def test_an_invitation_is_for_its_address_alone(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="nell@example.org", part="helper")
    link = await newest_link(cast.context, "nell@example.org")
    async with browser(cast.mira) as page:
        shown = (await page.get(link)).text
        assert "went to another address than mira@example.org" in shown
        assert "First steps home" not in shown
        assert (await page.post(link, data={"answer": "accept"})).status_code == 422
    assert await part_of(cast.context, cast.circle, cast.mira) is None


async def test_holding_a_circle_takes_the_part_of_facilitator(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part="co")
    link = await newest_link(cast.context, "milo@example.org")
    async with browser(cast.milo) as page:
        shown = (await page.get(link)).text
        assert "which an organizer gives" in shown
        assert "Yes, I will" not in shown
        assert (await page.post(link, data={"answer": "accept"})).status_code == 422
        await change(cast.context, "update people set is_facilitator = true where id = $1", cast.milo)
        assert (await page.post(link, data={"answer": "accept"})).status_code == 303
    assert await part_of(cast.context, cast.circle, cast.milo) == "co"


async def test_no_is_an_answer(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part="co")
    link = await newest_link(cast.context, "milo@example.org")
    async with browser(cast.milo) as page:
        assert (await page.post(link, data={"answer": "perhaps"})).status_code == 422
        assert (await page.post(link, data={"answer": "decline"})).status_code == 303
        assert (await page.get(link)).status_code == 410
    assert await part_of(cast.context, cast.circle, cast.milo) is None


async def test_withdrawn_expired_and_replaced_links_are_refused(cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(cast.context, cast.farid)
    first = await actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part="helper")
    link = await newest_link(cast.context, "milo@example.org")
    second = await actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part="helper")
    newer = await newest_link(cast.context, "milo@example.org")
    states = {
        row["id"]: row["state"] for row in await rows(cast.context, "select id, state from host_invitations")
    }
    assert states == {first: "withdrawn", second: "open"}
    async with browser(cast.milo) as page:
        assert "a newer one took its place" in (await page.get(link)).text
        assert (await page.get(newer)).status_code == 200
        await change(cast.context, "update host_invitations set expires_at = now() where id = $1", second)
        assert "older than two weeks" in (await page.post(newer, data={"answer": "accept"})).text
        assert (await page.get("/host/invitations/nobody-made-this")).status_code == 404
    third = await actions.invite(cast.context, farid, cast.circle, email="milo@example.org", part="helper")
    async with browser(cast.fern) as page:
        url = f"/host/circles/{cast.circle}/asked/{third}/withdraw"
        assert (await page.post(url)).status_code == 404
    async with browser(cast.farid) as page:
        assert (await page.post(url)).status_code == 303
        assert (await page.post(url)).status_code == 404


@pytest.mark.parametrize(
    ("email", "part", "message"),
    [
        ("not an address", "co", "Please give a mail address"),
        ("a" * 10_000 + "@example.org", "co", "please keep it to 254"),
        ("nell@example.org", "lead", "Please choose one of these"),
        ("farid@example.org", "co", "is lead of this circle already"),
    ],
)
async def test_a_refused_invitation_keeps_the_form(
    cast: Cast, browser: OpenBrowser, email: str, part: str, message: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/circles/{cast.circle}/hosts", data={"email": email, "part": part})
    assert answer.status_code == 422
    assert message in answer.text
    assert email in answer.text


async def test_nobody_fills_mailboxes_and_refused_invitations_do_not_count(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts_mail, "DAY", timedelta(days=36_500))  # no window ends while this runs
    farid = await person(cast.context, cast.farid)

    async def invite(address: str) -> set[str]:
        try:
            await actions.invite(cast.context, farid, cast.circle, email=address, part="helper")
        except Refused as refused:
            return refused.codes
        return set()

    for number in range(rules.MAX_INVITATIONS_A_DAY - 1):
        assert await invite(f"n{number % 2}@example.org") == set()
    for _ in range(5):
        assert await invite("farid@example.org") == {"hosts_already"}
    assert await invite("n1@example.org") == set()
    assert await invite("n2@example.org") == {"too_often"}
    assert await value(cast.context, "select count(*) from mails") == rules.MAX_INVITATIONS_A_DAY


async def test_old_invitations_are_forgotten(cast: Cast) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="nell@example.org", part="helper")
    await actions.forget_invitations(cast.context)
    assert await value(cast.context, "select count(*) from host_invitations") == 1
    await change(cast.context, "update host_invitations set expires_at = now() - interval '31 days'")
    await actions.forget_invitations(cast.context)
    assert await value(cast.context, "select count(*) from host_invitations") == 0


# Who is let in


async def test_a_helper_keeps_the_register_and_changes_nothing_else(cast: Cast, browser: OpenBrowser) -> None:
    gathering = await tonight(cast)
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    booking = await value(cast.context, "select id from bookings where gathering_id = $1", gathering)
    async with browser(cast.milo) as page:
        for url in (
            "/host",
            "/host/circles",
            f"/host/circles/{cast.circle}",
            f"/host/gatherings/{gathering}",
        ):
            assert (await page.get(url)).status_code == 200, url
        assert 'href="/host"' in (await page.get("/me")).text
        marked = await page.post(
            f"/host/gatherings/{gathering}/register", data={"booking": str(booking), "mark": "came"}
        )
        assert marked.status_code == 303
        for url in (
            "/host/circles/new",
            f"/host/circles/{cast.circle}/edit",
            f"/host/circles/{cast.circle}/gatherings/new",
            f"/host/gatherings/{gathering}/cancel",
            f"/host/gatherings/{gathering}/stand-in",
            f"/host/gatherings/{cast.free_gathering}",
            f"/host/circles/{cast.other_circle}",
        ):
            assert (await page.get(url)).status_code == 404, url
        invited = await page.post(
            f"/host/circles/{cast.circle}/hosts", data={"email": "x@example.org", "part": "helper"}
        )
        assert invited.status_code == 404
    assert await value(cast.context, "select mark from attendance where booking_id = $1", booking) == "came"


async def test_a_member_has_no_dashboard(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        for url in ("/host", f"/host/circles/{cast.circle}", f"/host/circles/{cast.circle}/hosts"):
            assert (await page.get(url)).status_code == 404
        assert 'href="/host"' not in (await page.get("/me")).text


@pytest.mark.parametrize("part", ["lead", "co"])
async def test_a_demotion_holds_from_the_next_request_on(cast: Cast, browser: OpenBrowser, part: str) -> None:
    gathering = await tonight(cast)
    who = cast.farid if part == "lead" else cast.fern
    if part == "co":
        await add_host(cast.context, cast.circle, cast.fern, "co")
    doors = (
        f"/host/circles/{cast.circle}",
        f"/host/circles/{cast.circle}/edit",
        f"/host/circles/{cast.circle}/hosts",
        f"/host/circles/{cast.circle}/notes",
        f"/host/circles/{cast.circle}/room",
        f"/host/circles/{cast.circle}/run-sheet",
        f"/host/circles/{cast.circle}/screening",
        f"/host/circles/{cast.circle}/apart",
        f"/host/gatherings/{gathering}",
        f"/host/gatherings/{gathering}/after",
        f"/host/gatherings/{gathering}/change",
        f"/host/gatherings/{gathering}/messages",
        f"/host/gatherings/{gathering}/reflection",
        f"/host/gatherings/{gathering}/room",
        f"/host/gatherings/{gathering}/run-sheet",
        f"/host/gatherings/{gathering}/stand-in",
    )
    async with browser(who) as page:
        for url in doors:
            assert (await page.get(url)).status_code == 200, url
        async with demoted(cast.context, who):
            for url in (*doors, "/host"):
                assert (await page.get(url)).status_code == 404, url
            booking = await value(cast.context, "select id from bookings where gathering_id = $1", gathering)
            marked = await page.post(
                f"/host/gatherings/{gathering}/register", data={"booking": str(booking), "mark": "came"}
            )
            assert marked.status_code == 404
            for verb in ("open", "shut", "close", "reopen", "notes", "room/marks"):
                answer = await page.post(
                    f"/host/gatherings/{gathering}/{verb}", data={"about": str(cast.mira)}
                )
                assert answer.status_code == 404, verb
            assert (
                await page.post(f"/host/circles/{cast.circle}/hosts/{cast.mira}/remove")
            ).status_code == 404
            assert "First steps home" not in (await page.get("/host/circles")).text


async def test_a_facilitator_touches_only_their_own_circles(cast: Cast, browser: OpenBrowser) -> None:
    gathering = await tonight(cast)
    async with browser(cast.fern) as page:
        for url in (
            f"/host/circles/{cast.circle}",
            f"/host/circles/{cast.circle}/hosts",
            f"/host/gatherings/{gathering}",
            f"/host/gatherings/{gathering}/stand-in",
        ):
            assert (await page.get(url)).status_code == 404, url
        for url in (
            f"/host/circles/{cast.circle}/hosts",
            f"/host/circles/{cast.circle}/hosts/{cast.farid}/remove",
            f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead",
            f"/host/gatherings/{gathering}/stand-in/back",
        ):
            answer = await page.post(url, data={"email": "x@example.org", "part": "helper"})
            assert answer.status_code == 404, url
        assert "First steps home" not in (await page.get("/host")).text


# What it costs


async def test_the_pages_run_few_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/circles/{cast.circle}/hosts")).status_code == 200
        assert len(queries) <= 2


async def test_mails_go_out(cast: Cast, drain: Callable[[], Any]) -> None:
    farid = await person(cast.context, cast.farid)
    await actions.invite(cast.context, farid, cast.circle, email="nell@example.org", part="helper")
    await drain()
    assert await value(cast.context, "select state from mails") == "sent"
