"""`python -m circles jobs`: what is listed, and what retrying and dropping do."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from circles.commands import jobs as command
from circles.commands.organizers import NotConfirmed
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, rows, value

SECRET = "mira@example.org"


async def given_up(context: Context, name: str, *, key: str | None = None) -> int:
    """A job of this name that failed for the last time. Returns its id."""

    async def fail(_: Context, *, booking_id: str) -> None:
        raise RuntimeError(SECRET)

    jobs.job(name, attempts=0)(fail)
    try:
        async with context.db.transaction() as tx:
            await jobs.enqueue(tx, name, booking_id=SECRET, key=key)
        await jobs.drain(context)
    finally:
        del jobs._tasks[name]
    return await value(context, "select max(id) from pgqueuer where entrypoint = $1", name)


async def waiting(context: Context, *, key: str | None = None, name: str = "invites.send") -> int:
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, name, booking_id=uuid4(), key=key, after=timedelta(hours=3))
    return await value(context, "select max(id) from pgqueuer")


async def states(context: Context) -> dict[int, tuple[str, int]]:
    found = await rows(context, "select id, status::text, attempts from pgqueuer order by id")
    return {row["id"]: (row["status"], row["attempts"]) for row in found}


def test_ages_are_said_in_the_largest_unit_of_which_there_are_two() -> None:
    said = [command._duration(seconds) for seconds in (0, 119, 120, 7199, 7200, 172799, 172800)]
    assert said == ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]


async def test_jobs_are_listed_with_their_reason_and_without_what_they_carry(context: Context) -> None:
    assert await command.list_them(context) == "The queue is empty."
    later = await waiting(context)
    failed = await given_up(context, "test.fails")
    heading, first, second = (await command.list_them(context)).splitlines()
    assert heading.split() == ["id", "job", "state", "age", "failed", "reason"]
    assert re.fullmatch(
        rf"{failed} +test\.fails +given up +\d+ s +0 +RuntimeError at commands/test_jobs\.py:\d+", first
    )
    assert re.fullmatch(rf"{later} +invites\.send +waits +\d+ s +0 +next in 2 h", second)
    assert SECRET not in first + second


async def test_the_reason_is_kept_as_long_as_the_job(context: Context) -> None:
    await given_up(context, "test.fails")
    await change(context, "update pgqueuer_log set created = now() - interval '20 days'")
    await jobs.run_timetable(context, "jobs.tidy")
    assert "RuntimeError" in await command.list_them(context)
    await command.drop(context, [], every=True, is_sure=True)
    await change(context, "update pgqueuer_log set created = now() - interval '20 days'")
    await jobs.run_timetable(context, "jobs.tidy")
    assert await value(context, "select count(*) from pgqueuer_log") == 0


async def test_one_id_one_name_or_all_that_were_given_up_are_retried(context: Context) -> None:
    one, other, third = [await given_up(context, f"test.{name}") for name in ("a", "a", "b")]
    later = await waiting(context)
    await change(
        context,
        "update pgqueuer set attempts = 9, execute_after = now() + interval '1 day' where id = $1",
        later,
    )
    assert await command.retry(context, [str(one)], every=False) == "A worker does it now: 1 test.a."
    await command.retry(context, [str(later)], every=False)
    assert await states(context) == {
        one: ("queued", 0),
        other: ("failed", 0),
        third: ("failed", 0),
        later: ("queued", 0),
    }
    assert await value(
        context, "select bool_and(execute_after <= now()) from pgqueuer where status = 'queued'"
    )
    await command.retry(context, ["test.a"], every=False)
    assert (await states(context))[third] == ("failed", 0)
    await command.retry(context, [], every=True)
    assert {state for state, _ in (await states(context)).values()} == {"queued"}


async def test_a_job_that_another_with_its_key_replaces_is_not_done_twice(context: Context) -> None:
    for _ in range(2):
        await given_up(context, "test.keyed", key="one")
    newest = max(await states(context))
    await command.retry(context, ["test.keyed"], every=False)
    assert await states(context) == {newest: ("queued", 0)}


async def test_dropping_asks_first_and_takes_no_job_that_runs(context: Context) -> None:
    failed, running = await given_up(context, "test.fails"), await waiting(context)
    await change(context, "update pgqueuer set status = 'picked' where id = $1", running)
    with pytest.raises(NotConfirmed, match=r"Drop 1 test\.fails"):
        await command.drop(context, [], every=True, is_sure=False)
    assert failed in await states(context)
    with pytest.raises(command.NoSuchJob):
        await command.drop(context, [str(running)], every=False, is_sure=True)
    assert await command.drop(context, ["test.fails"], every=False, is_sure=True) == "Dropped: 1 test.fails."
    assert list(await states(context)) == [running]


@pytest.mark.parametrize("which", [[], ["99999999"], ["no.such"]])
async def test_what_names_no_job_is_refused(cast: Cast, which: list[str]) -> None:
    for run in (
        command.retry(cast.context, which, every=False),
        command.drop(cast.context, which, every=False, is_sure=True),
    ):
        with pytest.raises(command.NoSuchJob):
            await run
