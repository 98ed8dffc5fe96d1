"""Outages of the database under working processes: nothing is lost, nothing is doubled, and work goes on afterwards."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic

import httpx2
import pytest

from tests.drills.stage import Member, Program, Stage, until

pytestmark = pytest.mark.drill

MEMBERS = 12
SECONDS = 4  # of an outage


@asynccontextmanager
async def restarted(stage: Stage) -> AsyncIterator[None]:
    """The server is stopped in good order, and comes back."""
    stage.postgres.stop()
    yield
    stage.postgres.start()


@asynccontextmanager
async def crashed(stage: Stage) -> AsyncIterator[None]:
    """The server ends without a word, as when its machine loses power."""
    stage.postgres.stop(signal.SIGQUIT)
    yield
    stage.postgres.start()


@asynccontextmanager
async def read_only(stage: Stage) -> AsyncIterator[None]:
    async with stage.postgres.read_only(stage.url):
        yield


@asynccontextmanager
async def frozen(stage: Stage) -> AsyncIterator[None]:
    stage.postgres.freeze()
    yield
    stage.postgres.thaw()


@asynccontextmanager
async def disconnected(stage: Stage) -> AsyncIterator[None]:
    await stage.postgres.disconnect(stage.url)
    yield


async def book_and_pay(stage: Stage, web: Program, member: Member, gathering: object) -> None:
    """Book until it is done, as somebody who presses again, and pay; what they got is never taken back."""

    async def booked() -> bool:
        if await stage.state_of(member) == "confirmed":
            return True
        answer: httpx2.Response = await stage.book(web, member, gathering)  # pyright: ignore[reportArgumentType]
        return answer.status_code == 303

    async def paid() -> bool:
        await stage.pay(await stage.booking_of(member))
        return True

    await until(booked, "a booking")
    await until(paid, "a payment")


Outage = Callable[[Stage], AbstractAsyncContextManager[None]]


NAMES: dict[Outage, str] = {
    restarted: "database restarted",
    crashed: "database crashed",
    read_only: "read-only database",
    frozen: "frozen database",
    disconnected: "connections ended",
}


@pytest.mark.parametrize("outage", [restarted, crashed, read_only, frozen, disconnected])
async def test_bookings_and_jobs_outlive_an_outage(stage: Stage, outage: Outage) -> None:
    web = await stage.web()
    await stage.worker()
    stage.mail.mode, stage.mail.delay = "slow", 0.5
    gathering = await stage.gathering()
    members = await stage.members(MEMBERS)
    before, during = members[: MEMBERS // 2], members[MEMBERS // 2 :]
    await asyncio.gather(*(book_and_pay(stage, web, member, gathering) for member in before))
    loading = [asyncio.create_task(book_and_pay(stage, web, member, gathering)) for member in during]
    began = monotonic()
    async with outage(stage):
        await asyncio.sleep(SECONDS)  # how long it lasts, not a wait for something
    ended = monotonic()
    await asyncio.gather(*loading)
    stage.measured(f"bookings and jobs, {NAMES[outage]}", began, ended, well=monotonic() - ended)
    await stage.until_idle()
    assert [await stage.state_of(member) for member in members] == ["confirmed"] * MEMBERS
    await stage.assert_whole()


async def test_jobs_that_end_while_the_database_takes_no_writes_have_ended(stage: Stage) -> None:
    """The mail server accepts a mail during the outage; that it was sent is stored afterwards, and it goes once."""
    stage.mail.mode, stage.mail.delay = "slow", 3.0
    web = await stage.web()
    await stage.worker()
    gathering = await stage.gathering()
    members = await stage.members(4)
    for member in members:
        await book_and_pay(stage, web, member, gathering)
    await until(lambda: _spoken_to(stage, 4), "four mails at the server")
    async with stage.postgres.read_only(stage.url):
        await until(lambda: _accepted(stage, 4), "four mails accepted")
        await asyncio.sleep(SECONDS)
    await stage.until_idle()
    await stage.assert_whole()


async def _spoken_to(stage: Stage, number: int) -> bool:
    return stage.mail.connections >= number


async def _accepted(stage: Stage, number: int) -> bool:
    return len(stage.mail.accepted) >= number
