"""Workers and web processes that are stopped or killed with work under way: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import signal
from time import monotonic

import httpx2
import pytest

from circles.store import jobs
from tests.drills.stage import Member, Program, Stage, until


async def paid(stage: Stage, web: Program, number: int) -> list[Member]:
    """So many members have paid for a seat; a worker has still to confirm it and to write their invites."""
    gathering = await stage.gathering()
    members = await stage.members(number)
    for member in members:
        await stage.book(web, member, gathering)
        await stage.pay(await stage.booking_of(member))
    return members


async def at_the_mail_server(stage: Stage, number: int) -> None:
    async def look() -> bool:
        return stage.mail.connections >= number or len(stage.mail.accepted) >= number

    await until(look, f"{number} mails at the server")


async def asked_of_stripe(stage: Stage, call: str) -> None:
    """Wait until a planned fault has begun."""

    async def look() -> bool:
        return await stage.ask(
            "select exists (select from practice_faults where target = $1 and times = 0)", call
        )

    await until(look, f"the call {call}")


async def let_go(stage: Stage, member: Member) -> None:
    """The reconciler ends what a process left with Stripe, minutes later."""
    async with stage.context.db.transaction() as tx:
        await tx.execute("update checkouts set created_at = created_at - interval '10 minutes'")
    await jobs.run_timetable(stage.context, "payments.reconcile")
    await until(lambda: _is(stage, member, "lapsed"), "the seat to be let go")


async def _is(stage: Stage, member: Member, state: str) -> bool:
    return await stage.state_of(member) == state


# Workers


@pytest.mark.parametrize(
    "inside",
    [pytest.param(False, id="a worker"), pytest.param(True, id="a web process", marks=pytest.mark.drill)],
)
async def test_mails_that_hang_when_a_worker_is_stopped_are_sent_by_the_next(
    stage: Stage, inside: bool
) -> None:
    stage.mail.mode = "hanging"
    web = await stage.web(CIRCLES_RUN_WORKER=str(inside).lower())
    working = web if inside else await stage.worker()
    await paid(stage, web, 4)
    await at_the_mail_server(stage, 4)
    assert await working.terminate() == 0
    assert "picked" not in await stage.jobs()
    stage.mail.mode = "well"
    await stage.worker()
    if inside:
        await stage.web()
    await stage.until_idle()
    await stage.assert_whole()


@pytest.mark.drill
async def test_a_mail_is_finished_when_its_worker_is_stopped(stage: Stage) -> None:
    stage.mail.mode = "slow"
    web = await stage.web()
    worker = await stage.worker(CIRCLES_STOP_SECONDS="60")
    await paid(stage, web, 2)
    await at_the_mail_server(stage, 2)
    assert await worker.terminate() == 0
    assert len(stage.mail.accepted) == 2
    await stage.until_idle()
    await stage.assert_whole()


@pytest.mark.drill
@pytest.mark.parametrize("mode", ["hanging", "mute"])
async def test_the_mails_of_a_killed_worker_are_sent_by_another(stage: Stage, mode: str) -> None:
    """Mute: the server had accepted them, which nobody knows, so each is sent once more than needed and no oftener."""
    stage.mail.mode = mode  # pyright: ignore[reportAttributeAccessIssue]
    web = await stage.web()
    killed = await stage.worker()
    await paid(stage, web, 4)
    await at_the_mail_server(stage, 4)
    await killed.kill()
    stage.mail.mode = "well"
    began = monotonic()
    await stage.worker()

    async def are_sent() -> bool:
        return await stage.ask("select count(*) = 4 from mails where state = 'sent'")

    await until(are_sent, "the mails of the killed worker")
    stage.measured(f"kill -9 of a worker at a {mode} mail server", began, began, well=monotonic() - began)
    await stage.until_idle()
    await stage.assert_whole(doubled=4 if mode == "mute" else 0)


@pytest.mark.drill
async def test_a_payment_that_a_stopped_worker_was_reading_is_read_by_the_next(stage: Stage) -> None:
    web = await stage.web()
    await stage.plan_fault("retrieve_checkout", "hang", seconds=600)
    worker = await stage.worker()
    await paid(stage, web, 1)
    await asked_of_stripe(stage, "retrieve_checkout")
    assert await worker.terminate() == 0
    await stage.worker()
    await stage.until_idle()
    await stage.assert_whole()


# Web processes


async def test_a_booking_at_stripe_ends_when_its_web_process_is_stopped(stage: Stage) -> None:
    web = await stage.web(CIRCLES_STOP_SECONDS="24")
    member, gathering = await stage.member(), await stage.gathering()
    await stage.plan_fault("create_checkout", "hang", seconds=3)
    booking = asyncio.create_task(stage.book(web, member, gathering))
    await asked_of_stripe(stage, "create_checkout")
    assert await web.terminate() == 0
    answer = await booking
    assert answer.status_code == 303
    assert "/checkout/" in answer.headers["location"]
    await stage.pay(await stage.booking_of(member))
    await stage.web()
    await stage.worker()
    await stage.until_idle()
    await stage.assert_whole()


@pytest.mark.drill
@pytest.mark.parametrize("how", ["stopped", "killed", "interrupted twice"])
async def test_a_booking_that_its_web_process_leaves_at_stripe_is_let_go(stage: Stage, how: str) -> None:
    patience = "60" if how == "interrupted twice" else "1"
    web = await stage.web(CIRCLES_STOP_SECONDS=patience)
    member, gathering = await stage.member(), await stage.gathering()
    await stage.plan_fault("create_checkout", "hang", seconds=600, after_effect=True)
    booking = asyncio.create_task(stage.book(web, member, gathering))
    await asked_of_stripe(stage, "create_checkout")
    if how == "stopped":
        await web.terminate()
    elif how == "killed":
        await web.kill()
    else:
        web.send(signal.SIGINT)
        await until(lambda: _refuses(web), "the web process to stop listening")
        web.send(signal.SIGINT)
        await web.ended()
    (answer,) = await asyncio.gather(booking, return_exceptions=True)
    if how == "stopped":
        assert isinstance(answer, httpx2.Response)
        assert answer.status_code == 503
        assert "so it may be saved or not" in answer.text
    # On a slow machine the call has reached its own deadline first, and the seat was let go.
    assert await stage.state_of(member) in ("held", "lapsed")
    await stage.worker()
    await let_go(stage, member)
    await stage.until_idle()
    await stage.assert_whole()


async def _refuses(web: Program) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", web.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False
