"""The last organizer stays: by page, by command, by erasure, also when two of these happen at once."""

from __future__ import annotations

import asyncio

import pytest

from circles.base.errors import Refused
from circles.commands import organizers, personal_data
from circles.people import actions
from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.conftest import OpenBrowser
from tests.helpers import missing, person, value
from tests.organizing.helpers import suspend


async def until_waiting(context: Context, own: int) -> None:
    """Wait until another connection waits for a lock of this one."""
    waits = "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))"
    async with asyncio.timeout(60):
        while not await value(context, waits, own):
            await asyncio.sleep(0.01)


async def test_no_path_takes_the_last_organizer_away(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        form = {"role": "organizer", "on": "no", "then": "do", "seen": "x"}
        answer = await page.post(f"/organize/people/{cast.odile}/roles", data=form)
        assert (answer.status_code, missing(answer.text, "is the only organizer")) == (422, [])
        own = await page.post(f"/organize/people/{cast.odile}/suspend", data={"reason": "x", "refund": "all"})
        assert (own.status_code, missing(own.text, "You cannot suspend yourself")) == (422, [])
    with pytest.raises(Refused) as caught:
        await organizers.remove(context, "odile@example.org")
    assert caught.value.codes == {"last_organizer"}
    with pytest.raises(Refused) as caught:
        await personal_data.erase(context, "odile@example.org")
    assert caught.value.codes == {"last_organizer"}
    assert (await person(context, cast.odile)).is_organizer


async def test_two_who_leave_at_once_do_not_leave_none(cast: Cast) -> None:
    """One is dismissed in an open transaction; erasing, dismissing and suspending the other wait for it, and refuse."""
    context = cast.context
    olga = await add_person(context, "Olga", is_organizer=True)
    for leave in (
        personal_data.erase(context, "odile@example.org"),
        actions.dismiss_organizer(context, email="odile@example.org"),
    ):
        async with context.db.transaction() as tx:
            own = await tx.fetchval("select pg_backend_pid()")
            await tx.fetch("select id from people where is_organizer order by id for update")
            await tx.execute("update people set is_organizer = false where id = $1", olga)
            other = asyncio.ensure_future(leave)
            await until_waiting(context, own)
        with pytest.raises(Refused) as caught:
            await other
        assert caught.value.codes == {"last_organizer"}
        async with context.db.transaction() as tx:
            await tx.execute("update people set is_organizer = true where id = $1", olga)


async def test_without_the_lock_both_would_leave(cast: Cast) -> None:
    """The control: what an erasure reads without waiting still counts the one who is leaving."""
    context = cast.context
    olga = await add_person(context, "Olga", is_organizer=True)
    async with context.db.transaction() as tx:
        await tx.execute("update people set is_organizer = false where id = $1", olga)
        async with context.db.reading() as reading:
            matters = await personal_data.SQL.open_matters_of(reading, person=cast.odile)
    assert matters["last_organizer"] is False


async def test_a_suspended_organizer_cannot_be_appointed_by_command(cast: Cast) -> None:
    await suspend(cast.context, cast.odile, cast.mira)
    with pytest.raises(Refused) as caught:
        await actions.appoint_organizer(cast.context, email="mira@example.org")
    assert caught.value.codes == {"suspended"}
