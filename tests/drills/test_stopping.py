"""Workers and web processes that are stopped or killed with work under way: nothing is lost, nothing is doubled."""

from __future__ import annotations

from tests.drills.stage import Stage, until


async def paid(stage: Stage, number: int) -> None:
    """So many members have paid for a seat; a worker has still to confirm it and to write their invites."""
    gathering = await stage.gathering()
    web = await stage.web()
    for member in await stage.members(number):
        await stage.book(web, member, gathering)
        await stage.pay(await stage.booking_of(member))


async def test_a_worker_that_is_stopped_while_mails_hang_loses_none(stage: Stage) -> None:
    await paid(stage, 4)
    stage.mail.mode = "hanging"
    worker = await stage.worker()
    await until(lambda: _connected(stage, 4), "four mails at the server")
    assert await worker.terminate() == 0
    assert "picked" not in await stage.jobs()
    stage.mail.mode = "well"
    stage.mail.hang_up()
    await stage.worker()
    await stage.until_idle()
    await stage.assert_whole()


async def _connected(stage: Stage, number: int) -> bool:
    return stage.mail.connections >= number
