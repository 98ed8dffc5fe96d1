"""Web and worker killed together while members book and pay over HTTP: what a browser was told stays true."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest

from circles.store.db import Unavailable
from tests.drills.stage import Member, Program, Stage, until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

MEMBERS, ROUNDS = 24, 3
CARD = {"card": "4242 4242 4242 4242", "do": "pay"}
# What stands on the page of a booking once it is confirmed, and on no other.
CONFIRMED = re.compile(r"/bookings/([0-9a-f-]{36})/invite\.ics")


class Browsers:
    """Members who press until their seat is confirmed. told: the booking that each was told is confirmed."""

    def __init__(self, stage: Stage, web: Program) -> None:
        self.stage, self.web = stage, web
        self.told: dict[UUID, UUID] = {}

    async def come(self, member: Member, gathering: UUID) -> None:
        """Book, pay and look, from the beginning after every fault, as somebody does who loads the page again."""
        while member.id not in self.told:
            with suppress(httpx2.TransportError, Unavailable):
                await self._try(member, gathering)
            await asyncio.sleep(0.5)

    async def _try(self, member: Member, gathering: UUID) -> None:
        answer = await self.stage.book(self.web, member, gathering)
        path = urlsplit(answer.headers.get("location", "")).path
        if answer.status_code == 303 and path.startswith("/practice/checkout/"):
            await self.stage.request(self.web, member, path, CARD)
        booking = await self.stage.ask(
            "select id from bookings where person_id = $1 "
            "order by state = 'confirmed' desc, state = 'held' desc limit 1",
            member.id,
        )
        if booking is None:
            return
        page = await self.stage.request(self.web, member, f"/bookings/{booking}")
        if page.status_code == 200 and (told := CONFIRMED.search(page.text)):
            self.told[member.id] = UUID(told[1])


async def test_web_and_worker_killed_together_lose_no_booking(stage: Stage) -> None:
    web, worker = await stage.web(), await stage.worker()
    gatherings = [await stage.gathering(), await stage.gathering(days=9)]
    members = await stage.members(MEMBERS)
    browsers = Browsers(stage, web)
    coming = [
        asyncio.create_task(browsers.come(member, gatherings[number % 2]))
        for number, member in enumerate(members)
    ]
    began = monotonic()
    for number in range(1, ROUNDS + 1):
        await until(
            lambda n=number: _are_told(browsers, n * MEMBERS // (ROUNDS + 2)), "confirmed bookings", 300
        )
        await asyncio.gather(web.kill(), worker.kill())
        web, worker = await asyncio.gather(stage.web(), stage.worker())
        browsers.web = web
    restarted = monotonic()
    async with asyncio.timeout(300):
        await asyncio.gather(*coming)
    await until(lambda: _all_sent(stage), "the invites", seconds=300)
    print(
        f"{restarted - began:.0f} s of kills, all well {monotonic() - restarted:.0f} s after the last restart"
    )
    stage.measured(
        f"kill -9 of web and worker, {ROUNDS} times", began, restarted, well=monotonic() - restarted
    )
    await stage.until_idle()

    async with stage.context.db.reading() as tx:
        rows = await tx.fetch("select id, person_id, gathering_id, seat, state from bookings")
    by_id = {row["id"]: row for row in rows}
    for person, booking in browsers.told.items():
        assert by_id[booking]["state"] == "confirmed"
        assert by_id[booking]["person_id"] == person
    confirmed = [row for row in rows if row["state"] == "confirmed"]
    assert {row["person_id"] for row in confirmed} == {member.id for member in members}
    assert len(confirmed) == MEMBERS
    assert len({(row["gathering_id"], row["seat"]) for row in confirmed}) == MEMBERS
    assert await stage.ask("select count(*) from money_rows where kind = 'payment'") == MEMBERS
    # Each kill may leave as many mails accepted and not noted as are sent at a time.
    await stage.assert_whole(doubled=8 * ROUNDS)


async def _are_told(browsers: Browsers, number: int) -> bool:
    return len(browsers.told) >= number


async def _all_sent(stage: Stage) -> bool:
    return await stage.ask(
        "select count(*) filter (where state = 'sent') >= $1 and bool_and(state = 'sent') from mails", MEMBERS
    )
