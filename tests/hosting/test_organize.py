"""Organizers act for any circle: cancel, find a stand-in, write, hand over, end; orphaned circles are found."""

from __future__ import annotations

import asyncio

import pytest

from circles.store import checks
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, missing, rows, value
from tests.hosting.helpers import events, fingerprint
from tests.hosting.test_hosts_change import add_host, confirm, mails, parts

WHY = "Farid is in hospital."


async def find_broken(context: Context) -> set[str]:
    """The invariants that do not hold now, as `python -m circles check` names them."""
    async with context.db.reading() as tx:
        return {finding.name for finding in await checks.run(tx) if not finding.holds}


async def test_an_orphaned_circle_is_found_and_taken_in_hand(cast: Cast, browser: OpenBrowser) -> None:
    """As yesterday's code left it: the role is gone, the gatherings are there, and nobody can touch them."""
    await add_booking(cast.context, cast.gathering, cast.mira)
    async with demoted(cast.context, cast.farid), browser(cast.farid) as page:
        assert "every_lead_may_host" in await find_broken(cast.context)
        assert (await page.get(f"/host/gatherings/{cast.gathering}/cancel")).status_code == 404
        async with browser(cast.odile) as odile:
            assert "Nobody can lead First steps home" in (await odile.get("/organize")).text
            listed = (await odile.get("/organize/circles")).text
            assert not missing(
                listed, "Circles that need you", "Farid cannot lead it", "1 gathering ahead, 1 seat booked"
            )
            shown = (await odile.get(f"/organize/circles/{cast.circle}")).text
            assert not missing(
                shown, "Nobody can lead this circle", f"/host/gatherings/{cast.gathering}/cancel"
            )
            await confirm(odile, f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead")
            assert "Circles that need you" not in (await odile.get("/organize/circles")).text
            assert "Nobody can lead" not in (await odile.get("/organize")).text
        assert "every_lead_may_host" not in await find_broken(cast.context)
    assert await parts(cast.context, cast.circle) == {cast.fern: "lead"}


async def test_a_stand_in_without_the_role_is_found(cast: Cast, browser: OpenBrowser) -> None:
    await change(cast.context, "insert into stand_ins values ($1, $2)", cast.free_gathering, cast.farid)
    await change(cast.context, "update hosts set person_id = $1 where person_id = $2", cast.fern, cast.farid)
    async with demoted(cast.context, cast.farid), browser(cast.odile) as page:
        assert await find_broken(cast.context) == {"every_stand_in_may_host"}
        assert "1 gathering with a stand-in who cannot host" in (await page.get("/organize/circles")).text
        shown = (await page.get(f"/organize/circles/{cast.other_circle}")).text
        assert not missing(shown, "Farid stands in.", "No facilitator any more")
        url = f"/host/gatherings/{cast.free_gathering}/stand-in/back"
        back = await page.post(url, data={"seen": fingerprint((await page.get(url)).text), "why": WHY})
        assert back.headers["Location"] == f"/organize/circles/{cast.other_circle}"
        assert await find_broken(cast.context) == set()


async def test_an_organizer_cancels_for_any_circle(cast: Cast, browser: OpenBrowser) -> None:
    await add_host(cast.context, cast.circle, cast.fern, "co")
    await add_booking(cast.context, cast.gathering, cast.mira)
    url = f"/host/gatherings/{cast.gathering}/cancel"
    async with browser(cast.odile) as page:
        shown = (await page.get(url)).text
        assert not missing(shown, "1 person has a seat", "Told by mail as hosts: Farid and Fern.")
        form = {"reason": "The host is ill.", "seen": fingerprint(shown)}
        answers = await asyncio.gather(*(page.post(url, data=form) for _ in range(3)))
        assert {answer.headers["Location"] for answer in answers} == {f"/organize/circles/{cast.circle}"}
    news = await mails(cast.context, "host_news")
    assert set(news) == {"farid@example.org", "fern@example.org"}
    told = " ".join(news["farid@example.org"]["text_body"].split())
    assert not missing(told, "Odile, an organizer, canceled the gathering of", "The reason: The host is ill.")
    (event,) = await events(cast.context, "gathering.cancelled")
    assert (event["who"], event["why"], event["details"]) == (
        cast.odile,
        "The host is ill.",
        {"as": "organizer"},
    )


async def test_an_organizer_finds_a_stand_in(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    url = f"/host/gatherings/{cast.gathering}/stand-in"
    async with browser(cast.odile) as page:
        assert "Odile, that is you" in (await page.get(url)).text
        form = {"who": "mail", "email": "fern@example.org", "then": "look"}
        shown = (await page.post(url, data=form)).text
        asked = form | {"then": "do", "seen": fingerprint(shown)}
        assert 'href="#f-why"' in (await page.post(url, data=asked)).text
        assert (await page.post(url, data=asked | {"why": WHY})).status_code == 303
        form = {"who": "host", "host": str(cast.odile), "then": "look"}
        shown = (await page.post(url, data=form)).text
        assert not missing(shown, "Odile hosts this gathering", "Told by mail: Farid.")
        done = await page.post(url, data=form | {"then": "do", "seen": fingerprint(shown), "why": WHY})
        assert done.headers["Location"] == f"/organize/circles/{cast.circle}"
        assert (await page.get(f"/host/gatherings/{cast.gathering}")).status_code == 200
    assert await value(cast.context, "select person_id from stand_ins") == cast.odile
    found = await rows(
        cast.context, "select text_body from mails where kind = 'host_news' order by created_at"
    )
    assert len(found) == 2
    told = [" ".join(row["text_body"].split()) for row in found]
    assert not missing(told[0], "Odile, an organizer, asked somebody to host the gathering of", WHY)
    assert not missing(told[1], "Odile, an organizer, stepped in", f"The reason: {WHY}")
    (event,) = await events(cast.context, "gathering.stand_in")
    assert (event["details"]["as"], event["why"]) == ("organizer", WHY)


async def test_an_organizer_writes_to_those_booked(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    home = f"/host/gatherings/{cast.gathering}/messages"
    async with browser(cast.farid) as farid:
        private = {
            "id": "9d7c35e4-63a5-4a5e-8bb1-9c0a5d6b7e11",
            "body": "About your note to me.",
            "reply_to": "",
        }
        booking = await value(cast.context, "select id from bookings")
        await farid.post(f"{home}/new", data=private | {"to": str(booking)})
        await farid.post(f"/host/messages/{private['id']}/send")
    async with browser(cast.odile) as page:
        assert "About your note" not in (await page.get(home)).text  # to one member
        assert (await page.get(f"/host/messages/{private['id']}")).status_code == 404
        form = {
            "id": "0c3f4b52-8f0e-4d5a-9a59-2f7b1a6f8d10",
            "to": "all",
            "body": "We look for a host.",
            "reply_to": "",
        }
        assert (await page.post(f"{home}/new", data=form)).status_code == 303
        assert (await page.post(f"/host/messages/{form['id']}/send")).headers["Location"] == home
        assert "We look for a host." in (await page.get(home)).text
        assert f"/organize/circles/{cast.circle}" in (await page.get(home)).text
    news = (await mails(cast.context, "host_news"))["farid@example.org"]["text_body"]
    assert "Odile, an organizer, wrote to everybody booked about the gathering of" in news
    assert "We look for a host" not in news
    details = await value(
        cast.context, "select details from events where what = 'message.sent' and who = $1", cast.odile
    )
    assert details["as"] == "organizer"


async def test_an_organizer_ends_a_circle_with_everything_ahead(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await add_booking(cast.context, cast.gathering, cast.milo)
    empty = await add_gathering(cast.context, cast.circle, days=21)
    url = f"/organize/circles/{cast.circle}/end"
    async with browser(cast.odile) as page:
        shown = (await page.get(url)).text
        assert not missing(
            shown, "1 gathering with 2 seats booked", "is canceled", "sent back in full", "without a booking"
        )
        form = {"seen": fingerprint(shown), "reason": ""}
        assert (await page.post(url, data=form)).status_code == 422
        assert (await page.post(url, data=form | {"reason": "No host.", "seen": "x"})).status_code == 422
        assert (
            await value(cast.context, "select state from circles where id = $1", cast.circle) == "published"
        )
        form |= {"reason": "No host."}
        answers = await asyncio.gather(*(page.post(url, data=form) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        assert "It has ended already" in (await page.get(url)).text
    assert await value(cast.context, "select state from circles where id = $1", cast.circle) == "archived"
    assert await value(cast.context, "select count(*) from gatherings where id = $1", empty) == 0
    assert await value(cast.context, "select count(*) from operations where kind = 'refund'") == 1
    news = await mails(cast.context, "host_news")
    assert "canceled what was ahead and ended the circle" in news["farid@example.org"]["text_body"]


@pytest.mark.parametrize("path", ["", "/end"])
async def test_these_pages_are_for_organizers(cast: Cast, browser: OpenBrowser, path: str) -> None:
    for somebody in (cast.mira, cast.farid, cast.fern):
        async with browser(somebody) as page:
            assert (await page.get(f"/organize/circles/{cast.circle}{path}")).status_code == 404
    async with browser(cast.odile) as page:
        assert (await page.get(f"/organize/circles/{cast.gathering}{path}")).status_code == 404


async def test_an_organizer_reads_no_register_and_changes_no_circle(cast: Cast, browser: OpenBrowser) -> None:
    """To act for a circle is no leave to read what its members wrote; for that an organizer takes the lead."""
    draft = await add_circle(cast.context, cast.fern, name="Not yet", state="draft")
    async with browser(cast.odile) as page:
        for url in (
            f"/host/circles/{cast.circle}",
            f"/host/circles/{cast.circle}/edit",
            f"/host/circles/{cast.circle}/screening",
            f"/host/circles/{draft}/discard",
            f"/host/gatherings/{cast.gathering}",
            f"/host/gatherings/{cast.gathering}/change",
            f"/host/gatherings/{cast.gathering}/after",
            f"/host/gatherings/{cast.gathering}/run-sheet",
        ):
            assert (await page.get(url)).status_code == 404, url
