"""Pages and mails of stand-ins, without JavaScript."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import httpx2
import pytest

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.hosting.stand_in import actions
from circles.invites import actions as invites_actions
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, demoted, missing, person, value
from tests.hosting.helpers import fingerprint
from tests.hosting.test_hosts import add_host, newest_link, tonight

NEVER_MENTIONED = re.compile(r"ketamine|therap|integration|psychedelic|medicine|first steps", re.IGNORECASE)


async def preview_and_confirm(page: Browser, url: str, **typed: str) -> httpx2.Response:
    shown = await page.post(url, data=typed)
    assert shown.status_code == 200, shown.text
    return await page.post(url, data={**typed, "then": "do", "seen": fingerprint(shown.text)})


async def preview_and_give_back(page: Browser, gathering: UUID) -> httpx2.Response:
    url = f"/host/gatherings/{gathering}/stand-in/back"
    return await page.post(url, data={"seen": fingerprint((await page.get(url)).text)})


async def newest_mails(context: Context, kind: str) -> dict[str, Any]:
    """The newest mail of a kind to each address."""
    await jobs.drain(context)
    async with context.db.reading() as tx:
        rows = await tx.fetch("select * from mails where kind = $1 order by created_at", kind)
    return {row["to_address"]: row for row in rows}


async def how_many(context: Context, kind: str) -> int:
    await jobs.drain(context)
    return await value(context, "select count(*) from mails where kind = $1", kind)


async def with_two_booked(cast: Cast) -> tuple[UUID, UUID]:
    """Fern is co-facilitator; Mira and Milo have seats."""
    await add_host(cast.context, cast.circle, cast.fern, "co")
    mira = await invited(cast, cast.mira, kind="paid", amount=4500)
    return mira, await invited(cast, cast.milo)


async def invited(cast: Cast, person_id: UUID, **more: Any) -> UUID:
    """Somebody with a seat, whose invite was sent."""
    booking = await add_booking(cast.context, cast.gathering, person_id, **more)
    await invites_actions.send(cast.context, booking_id=str(booking))
    return booking


# A facilitator of the circle


async def test_a_stand_in_is_previewed_then_set_and_notified(cast: Cast, browser: OpenBrowser) -> None:
    await with_two_booked(cast)
    await add_booking(cast.context, cast.gathering, cast.odile, state="held")
    await change(cast.context, "update people set zone = 'America/Los_Angeles'")
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    typed = {"who": "host", "host": str(cast.fern)}
    async with browser(cast.farid) as page:
        shown = await page.post(here, data={**typed, "then": "look"})
        assert not missing(
            shown.text,
            "Fern hosts this gathering",
            "Told by mail: Fern.",
            "2 people with a seat get a mail: Milo and Mira.",
            "The entry in calendars follows with the mail",
        )
        assert await how_many(cast.context, "changed") == await how_many(cast.context, "host_news") == 0
        assert await value(cast.context, "select count(*) from stand_ins") == 0
        done = await page.post(here, data={**typed, "then": "do", "seen": fingerprint(shown.text)})
        assert done.headers["Location"] == f"/host/gatherings/{cast.gathering}"
        assert "3 people are being told" in (await page.get(done.headers["Location"])).text
    assert (await newest_mails(cast.context, "changed")).keys() == {"mira@example.org", "milo@example.org"}
    assert (
        "asks you to host one gathering"
        in (await newest_mails(cast.context, "host_news"))["fern@example.org"]["text_body"]
    )
    event: Any = await value(
        cast.context,
        "select details from events where what = 'gathering.stand_in' and after = $1",
        str(cast.fern),
    )
    assert event == {"told": {"hosts": 1, "members": 2}}


async def test_the_mail_to_members_is_discreet_and_raises_the_entry(cast: Cast, browser: OpenBrowser) -> None:
    booking, _ = await with_two_booked(cast)
    await change(cast.context, "update people set zone = 'America/Los_Angeles' where id = $1", cast.mira)
    async with browser(cast.farid) as page:
        await preview_and_confirm(
            page, f"/host/gatherings/{cast.gathering}/stand-in", who="host", host=str(cast.fern)
        )
    mail = (await newest_mails(cast.context, "changed"))["mira@example.org"]
    assert re.fullmatch(r"Tuesday group, \w+day.*: who hosts it", mail["subject"])
    assert (mail["calendar_method"], mail["person_id"]) == ("REQUEST", cast.mira)
    assert "SEQUENCE:1\r\n" in mail["calendar"]
    assert "was Farid and Fern, now Fern" in mail["text_body"]
    assert "was Farid and Fern,<br>" in mail["html_body"]
    for body in (mail["text_body"], mail["html_body"]):
        assert f"http://circles.test/facilitators/{cast.fern}" not in body  # she hosted it before
        assert f"http://circles.test/bookings/{booking}" in body
        assert not re.search(r"milo|meet\.example|\$", body, re.IGNORECASE)
        assert "ill" not in body.split()
    assert not NEVER_MENTIONED.search(re.sub(r"http\S+", "", mail["text_body"]))


async def test_members_see_the_stand_in_on_their_pages(cast: Cast, browser: OpenBrowser) -> None:
    booking, _ = await with_two_booked(cast)
    pages = ("/my/gatherings", f"/bookings/{booking}", f"/gatherings/{cast.gathering}")
    async with browser(cast.mira) as mine, browser(cast.farid) as page:
        for url in pages:
            assert "Hosted this time by" not in (await mine.get(url)).text
        await preview_and_confirm(
            page, f"/host/gatherings/{cast.gathering}/stand-in", who="host", host=str(cast.fern)
        )
        for url in pages:
            assert "Hosted this time by" in (await mine.get(url)).text
        assert "Usually hosted by" in (await mine.get(pages[2])).text
        assert f'href="/facilitators/{cast.fern}"' in (await mine.get(pages[1])).text
        assert ", with Fern<" in (await mine.get("/gatherings")).text
        assert (await preview_and_give_back(page, cast.gathering)).status_code == 303
        for url in pages:
            assert "Hosted this time by" not in (await mine.get(url)).text


async def test_repeated_and_concurrent_confirmations_notify_once(cast: Cast, browser: OpenBrowser) -> None:
    await with_two_booked(cast)
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    typed = {"who": "host", "host": str(cast.fern)}
    async with browser(cast.farid) as page:
        consent = {**typed, "then": "do", "seen": fingerprint((await page.post(here, data=typed)).text)}
        answers = await asyncio.gather(*(page.post(here, data=consent) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        assert await how_many(cast.context, "changed") == 2
        assert await how_many(cast.context, "host_news") == 1
        back = {"seen": fingerprint((await page.get(f"{here}/back")).text)}
        answers = [await page.post(f"{here}/back", data=back) for _ in range(2)]
        assert {answer.status_code for answer in answers} == {303}
    assert await how_many(cast.context, "changed") == 4
    assert await how_many(cast.context, "host_news") == 2
    assert await value(cast.context, "select count(*) from events where what = 'gathering.stand_in'") == 2


async def test_what_changed_since_it_was_shown_is_shown_again(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    typed = {"who": "host", "host": str(cast.fern)}
    async with browser(cast.farid) as page:
        shown = await page.post(here, data=typed)
        assert "Nobody has a seat who needs to be told" in shown.text
        await add_booking(cast.context, cast.gathering, cast.mira)
        again = await page.post(here, data={**typed, "then": "do", "seen": fingerprint(shown.text)})
        assert again.status_code == 422
        assert "Something changed since you looked" in again.text
        assert "1 person with a seat gets a mail: Mira." in again.text
        assert (await page.post(here, data={**typed, "then": "do"})).status_code == 422
        assert await value(cast.context, "select count(*) from stand_ins") == 0
        assert (
            await page.post(here, data={**typed, "then": "do", "seen": fingerprint(again.text)})
        ).status_code == 303


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"who": "host", "host": ""}, "Please choose who hosts it"),
        ({"who": "host", "host": "nobody"}, "Please choose who hosts it"),
        ({"who": "mail", "email": "fern@example.org"}, "hosts this circle already"),
        ({"who": "mail", "email": "not an address"}, "Please give a mail address"),
        ({"who": "mail", "email": "a" * 10_000 + "@example.org"}, "please keep it to 254"),
    ],
)
async def test_a_refused_stand_in_keeps_the_form(
    cast: Cast, browser: OpenBrowser, typed: dict[str, str], message: str
) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    async with browser(cast.farid) as page:
        for then in ("look", "do"):
            answer = await page.post(
                f"/host/gatherings/{cast.gathering}/stand-in", data={**typed, "then": then}
            )
            assert answer.status_code == 422
            assert message in answer.text
            assert typed.get("email", "") in answer.text


async def test_only_a_facilitator_of_the_circle_is_put_in(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.milo, "helper")
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page:
        for who in (cast.mira, cast.milo, cast.fern):
            for then in ("look", "do"):
                typed = {"who": "host", "host": str(who), "then": then}
                assert (await page.post(here, data=typed)).status_code == 404
        assert "A facilitator of this circle" not in (await page.get(here)).text
    for who in (cast.fern, cast.milo, cast.mira):
        async with browser(who) as page:
            for url in (here, f"{here}/back"):
                assert (await page.get(url)).status_code == 404
                assert (await page.post(url, data={"who": "host", "host": str(who)})).status_code == 404


# An invitation by mail


async def test_an_invitation_mails_only_the_invited(cast: Cast, browser: OpenBrowser) -> None:
    await invited(cast, cast.mira)
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page:
        shown = await page.post(here, data={"who": "mail", "email": "Fern@Example.org"})
        assert not missing(
            shown.text,
            "fern@example.org gets a mail with a link",
            "Nothing changes before they say yes",
            "1 person with a seat gets a mail then: Mira.",
        )
        assert await value(cast.context, "select count(*) from mails where kind <> 'invite'") == 0
        done = await preview_and_confirm(page, here, who="mail", email="fern@example.org")
        assert done.headers["Location"] == here
        assert "fern@example.org" in (await page.get(here)).text
    mailed = "select array_agg(to_address) from mails where kind <> 'invite'"
    assert await value(cast.context, mailed) == ["fern@example.org"]
    assert await value(cast.context, "select count(*) from stand_ins") == 0
    link = await newest_link(cast.context, "fern@example.org")
    async with browser(cast.fern) as page:
        shown = (await page.get(link)).text
        assert "1 person has a seat. They are told by mail that you host it this time" in shown
        assert "Mira" not in shown.split("<main")[1].split("</main>")[0]
        assert (await page.post(link, data={"answer": "accept"})).status_code == 303
        assert (await page.post(link, data={"answer": "accept"})).status_code == 422
    assert (
        "was Farid, now Fern"
        in (await newest_mails(cast.context, "changed"))["mira@example.org"]["text_body"]
    )
    assert await how_many(cast.context, "changed") == 1
    news = await newest_mails(cast.context, "host_news")
    assert news.keys() == {"farid@example.org"}
    assert "Fern said yes" in news["farid@example.org"]["text_body"]
    assert await how_many(cast.context, "host_news") == 1


async def test_both_hosts_are_notified_of_an_acceptance(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await change(cast.context, "update people set is_facilitator = true where id = $1", cast.milo)
    async with browser(cast.farid) as page:
        await preview_and_confirm(
            page, f"/host/gatherings/{cast.gathering}/stand-in", who="mail", email="milo@example.org"
        )
    async with browser(cast.milo) as page:
        await page.post(await newest_link(cast.context, "milo@example.org"), data={"answer": "accept"})
    news = await newest_mails(cast.context, "host_news")
    assert "Milo stepped in. Milo hosts it this time." in news["fern@example.org"]["text_body"]
    assert await how_many(cast.context, "host_news") == 2


async def test_a_new_invitation_replaces_the_open_one(cast: Cast, browser: OpenBrowser) -> None:
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    typed = {"who": "mail", "email": "nell@example.org"}
    async with browser(cast.farid) as page:
        consent = {**typed, "then": "do", "seen": fingerprint((await page.post(here, data=typed)).text)}
        answers = await asyncio.gather(*(page.post(here, data=consent) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        assert await how_many(cast.context, "host_invitation") == 1
        again = await page.post(here, data=typed)
        assert "The link they have stops working" in again.text
        assert (
            await page.post(here, data={**typed, "then": "do", "seen": fingerprint(again.text)})
        ).status_code == 303
    assert await how_many(cast.context, "host_invitation") == 2
    assert await value(cast.context, "select count(*) from host_invitations where state = 'open'") == 1


async def test_the_first_acceptance_withdraws_the_other_invitations(cast: Cast, browser: OpenBrowser) -> None:
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page:
        for email in ("fern@example.org", "nell@example.org"):
            assert (await preview_and_confirm(page, here, who="mail", email=email)).status_code == 303
        invited = await page.post(here, data={"who": "mail", "email": "lou@example.org"})
        assert "whoever says yes first hosts it" in invited.text
    async with browser(cast.fern) as page:
        link = await newest_link(cast.context, "fern@example.org")
        assert (await page.post(link, data={"answer": "accept"})).status_code == 303
    states = "select string_agg(email || ' ' || state, ', ' order by email) from host_invitations"
    assert await value(cast.context, states) == "fern@example.org accepted, nell@example.org withdrawn"
    withdrawn = "select count(*) from events where what = 'host.withdrawn' and why = 'held'"
    assert await value(cast.context, withdrawn) == 1


async def test_an_invitation_is_withdrawn_from_its_page(cast: Cast, browser: OpenBrowser) -> None:
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page:
        await preview_and_confirm(page, here, who="mail", email="nell@example.org")
        invitation = await value(cast.context, "select id from host_invitations")
        url = f"/host/circles/{cast.circle}/asked/{invitation}/withdraw"
        assert url in (await page.get(here)).text
        assert (await page.post(url)).headers["Location"] == here
        assert "nell@example.org" not in (await page.get(here)).text


async def test_concurrent_answers_leave_one_stand_in(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await invited(cast, cast.mira)
    await change(cast.context, "update people set is_facilitator = true where id = $1", cast.milo)
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page, browser(cast.milo) as milo:
        await preview_and_confirm(page, here, who="mail", email="milo@example.org")
        link = await newest_link(cast.context, "milo@example.org")
        typed = {"who": "host", "host": str(cast.fern)}
        consent = {**typed, "then": "do", "seen": fingerprint((await page.post(here, data=typed)).text)}
        one, other = await asyncio.gather(
            page.post(here, data=consent), milo.post(link, data={"answer": "accept"})
        )
        assert sorted((one.status_code, other.status_code)) == [303, 422]
    assert await value(cast.context, "select count(*) from stand_ins") == 1
    assert await how_many(cast.context, "changed") == 1


# Hosting as a stand-in, and giving back


async def test_a_stand_in_from_outside_has_that_register_only(cast: Cast, browser: OpenBrowser) -> None:
    gathering = await tonight(cast)
    async with browser(cast.farid) as page:
        await preview_and_confirm(
            page, f"/host/gatherings/{gathering}/stand-in", who="mail", email="fern@example.org"
        )
    link = await newest_link(cast.context, "fern@example.org")
    booking = await value(cast.context, "select id from bookings where gathering_id = $1", gathering)
    async with browser(cast.fern) as page:
        assert (await page.get(f"/host/gatherings/{gathering}")).status_code == 404
        answer = await page.post(link, data={"answer": "accept"})
        assert answer.headers["Location"] == f"/host/gatherings/{gathering}"
        assert "You stand in" in (await page.get("/host")).text
        marked = await page.post(
            f"/host/gatherings/{gathering}/register", data={"booking": str(booking), "mark": "came"}
        )
        assert marked.status_code == 303
        for url in (
            f"/host/circles/{cast.circle}",
            f"/host/gatherings/{cast.gathering}",
            f"/host/gatherings/{gathering}/cancel",
            f"/host/gatherings/{gathering}/stand-in",
        ):
            assert (await page.get(url)).status_code == 404, url
        async with demoted(cast.context, cast.fern):
            for url in (f"/host/gatherings/{gathering}", f"/host/gatherings/{gathering}/stand-in/back"):
                assert (await page.get(url)).status_code == 404


async def stands_in(cast: Cast, gathering: UUID) -> None:
    """Fern, who is no host of the circle, stands in."""
    await change(cast.context, "insert into stand_ins values ($1, $2, $3)", gathering, cast.fern, cast.farid)


async def test_giving_back_by_the_stand_in_notifies_everybody(cast: Cast, browser: OpenBrowser) -> None:
    await stands_in(cast, cast.gathering)
    await invited(cast, cast.mira)
    here = f"/host/gatherings/{cast.gathering}/stand-in/back"
    async with browser(cast.fern) as page:
        assert here in (await page.get(f"/host/gatherings/{cast.gathering}")).text
        shown = await page.get(here)
        assert "Give this gathering back?" in shown.text
        assert "Told by mail: Farid." in shown.text
        assert "1 person with a seat gets a mail." in shown.text
        consent = {"seen": fingerprint(shown.text)}
        assert (await page.post(here, data=consent)).headers["Location"] == "/host"
        assert (await page.post(here, data=consent)).status_code == 303
        assert "Farid hosts it, as usual" in (await page.get(here)).text
        assert (await page.get(f"/host/gatherings/{cast.gathering}")).status_code == 404
    mail = (await newest_mails(cast.context, "changed"))["mira@example.org"]
    assert "Hosted by: was Fern, now Farid" in mail["text_body"]
    assert f"/facilitators/{cast.farid}" in mail["html_body"]
    news = (await newest_mails(cast.context, "host_news"))["farid@example.org"]["text_body"]
    assert "Fern gave back the gathering of" in news
    assert await how_many(cast.context, "changed") == await how_many(cast.context, "host_news") == 1


async def test_a_former_stand_in_cannot_undo_the_next_one(cast: Cast, browser: OpenBrowser) -> None:
    await stands_in(cast, cast.gathering)
    async with browser(cast.fern) as page:
        assert (await preview_and_give_back(page, cast.gathering)).status_code == 303
        await change(
            cast.context,
            "insert into stand_ins (gathering_id, person_id) values ($1, $2)",
            cast.gathering,
            cast.odile,
        )
        here = f"/host/gatherings/{cast.gathering}/stand-in/back"
        assert (await page.get(here)).status_code == 404
        assert (await page.post(here, data={"seen": "x"})).status_code == 404
    assert await value(cast.context, "select person_id from stand_ins") == cast.odile


async def test_giving_back_by_a_host_notifies_the_stand_in(cast: Cast, browser: OpenBrowser) -> None:
    await stands_in(cast, cast.gathering)
    async with browser(cast.farid) as page:
        link = f"/host/gatherings/{cast.gathering}/stand-in/back"
        assert link in (await page.get(f"/host/gatherings/{cast.gathering}/stand-in")).text
        done = await preview_and_give_back(page, cast.gathering)
        assert done.headers["Location"] == f"/host/gatherings/{cast.gathering}"
    news = (await newest_mails(cast.context, "host_news"))["fern@example.org"]["text_body"]
    assert "Farid changed who hosts it. Farid hosts it, so you do not have to." in news


@pytest.mark.parametrize("booked", [True, False])
async def test_a_cancellation_notifies_the_stand_in(cast: Cast, browser: OpenBrowser, booked: bool) -> None:
    if booked:
        await add_booking(cast.context, cast.gathering, cast.mira)
    await stands_in(cast, cast.gathering)
    async with browser(cast.farid) as page:
        here = f"/host/gatherings/{cast.gathering}/cancel"
        shown = (await page.get(here)).text
        assert "Fern, who would host it, is told by mail." in shown
        assert "nobody needs to be told" not in shown
        for _ in range(2):
            consent = {"reason": "The heating broke.", "seen": fingerprint(shown)}
            assert (await page.post(here, data=consent)).status_code == 303
    mail = (await newest_mails(cast.context, "host_news"))["fern@example.org"]["text_body"]
    assert "Farid canceled the gathering of" in mail
    assert "so you do not have to host it" in mail
    assert await how_many(cast.context, "host_news") == 1


async def test_the_stand_in_cannot_change_once_it_is_over(cast: Cast, browser: OpenBrowser) -> None:
    over = await add_gathering(cast.context, cast.circle, days=-3)
    await stands_in(cast, over)
    here = f"/host/gatherings/{over}/stand-in"
    async with browser(cast.farid) as page:
        assert "who hosts it stays as it is" in (await page.get(here)).text
        for typed in ({"who": "host", "host": str(cast.farid)}, {"who": "mail", "email": "x@example.org"}):
            assert (await page.post(here, data={**typed, "then": "do"})).status_code == 422
        assert (await page.get(f"{here}/back")).status_code == 422
        assert (await page.post(f"{here}/back", data={"seen": "x"})).status_code == 422
    assert await value(cast.context, "select count(*) from stand_ins") == 1


async def test_the_verbs_refuse_what_nobody_saw(cast: Cast) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    farid = await person(cast.context, cast.farid)
    with pytest.raises(OutOfDate):
        await actions.set_stand_in(cast.context, farid, cast.gathering, cast.fern, fingerprint="")
    with pytest.raises(OutOfDate):
        await actions.invite(cast.context, farid, cast.gathering, email="x@example.org", fingerprint="")
    with pytest.raises(NotFound):
        await actions.set_stand_in(cast.context, farid, cast.free_gathering, cast.farid, fingerprint="")
    await stands_in(cast, cast.gathering)
    with pytest.raises(OutOfDate):
        await actions.give_back(cast.context, farid, cast.gathering, fingerprint="")


async def test_nobody_fills_mailboxes_with_it(cast: Cast) -> None:
    farid = await person(cast.context, cast.farid)
    async with cast.context.db.reading() as tx:
        gathering = await actions.hosted_gathering(tx, cast.gathering, farid)
    codes: set[str] = set()
    for n in range(32):
        plan = actions.plan_invitation(gathering, farid, f"n{n}@example.org")
        try:
            await actions.invite(
                cast.context, farid, cast.gathering, email=plan.email, fingerprint=plan.fingerprint
            )
        except Refused as refused:
            codes |= refused.codes
    assert codes == {"too_often"}


async def test_the_pages_run_few_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    await with_two_booked(cast)
    here = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.farid) as page:
        await page.get(here)
        for ask in (
            page.get(here),
            page.post(here, data={"who": "host", "host": str(cast.fern)}),
            page.get(f"{here}/back"),
        ):
            queries.clear()
            assert (await ask).status_code == 200
            assert len(queries) <= 2
