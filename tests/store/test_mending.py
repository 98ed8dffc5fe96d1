"""Every state that waits for a job gets it again when it is gone, once, and `check` tells while it is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from circles import payments
from circles.base import clock
from circles.bookings.screening import closing
from circles.invites import changes
from circles.store import checks, jobs, migrate
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.helpers import change, rows, value

LONG_AGO = "now() - interval '3 hours'"


async def never_invited(cast: Cast) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await change(cast.context, f"update bookings set confirmed_at = {LONG_AGO} where id = $1", booking)


async def never_told_of_the_end(cast: Cast) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await change(
        cast.context,
        f"update bookings set state = 'cancelled', end_cause = 'by_member', ended_at = {LONG_AGO} where id = $1",
        booking,
    )
    await add_event(cast.context, booking, "booking.cancelled", "cancelled")


async def never_released(cast: Cast) -> None:
    gathering = await add_gathering(cast.context, cast.circle, days=9)
    booking = await add_booking(cast.context, gathering, cast.mira, kind="paid", amount=4500, state="held")
    async with cast.context.db.transaction() as tx:
        await payments.prepare(tx, booking, 4500, "USD", clock.now() + timedelta(minutes=31))
    await change(cast.context, f"update bookings set created_at = {LONG_AGO} where id = $1", booking)
    await change(
        cast.context,
        "update gatherings set state = 'cancelled', cancel_reason = 'ill' where id = $1",
        gathering,
    )


async def never_asked_to_agree(cast: Cast) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    await change(cast.context, "update bookings set confirmed_at = now() where id = $1", booking)
    guidelines_id = await value(cast.context, "select guidelines_id from circles where id = $1", cast.circle)
    await change(
        cast.context,
        "insert into guidelines_versions (guidelines_id, number, body, material, why, published_at) "
        f"values ($1, 2, 'Come on time.', true, 'Time', {LONG_AGO})",
        guidelines_id,
    )


async def never_told_of_a_closed_request(cast: Cast) -> None:
    request = await value(
        cast.context,
        "insert into requests (circle_id, person_id, kind) values ($1, $2, 'call') returning id",
        cast.circle,
        cast.mira,
    )
    async with cast.context.db.transaction() as tx:
        await closing.close_of_circle(tx, cast.circle, actor_id=cast.farid)
    await change(cast.context, f"update requests set decided_at = {LONG_AGO} where id = $1", request)


async def never_written(cast: Cast) -> None:
    await change(
        cast.context,
        "insert into listing_imports (made_by, file_name, headings, matches, state, created_at) "
        f"values ($1, 'list.csv', '{{name}}', '{{\"keys\": [\"name\"]}}', 'writing', {LONG_AGO})",
        cast.odile,
    )


STATES: dict[str, tuple[Callable[[Cast], Awaitable[None]], str, str]] = {
    # job: how its state comes about, the check that tells of it, what is 1 once the job is done
    "invites.send": (
        never_invited,
        "every_confirmed_seat_was_told_of",
        "select count(*) from mails where kind = 'invite' and state = 'sent'",
    ),
    "invites.withdraw": (
        never_told_of_the_end,
        "every_ended_seat_was_told_of",
        "select count(*) from mails where kind = 'withdrawn' and state = 'sent'",
    ),
    "bookings.release": (
        never_released,
        "nothing_else_waits_without_a_job",
        "select count(*) from bookings where state = 'lapsed' and end_cause = 'gathering_cancelled'",
    ),
    "bookings.ask_again": (
        never_asked_to_agree,
        "nothing_else_waits_without_a_job",
        "select count(*) from mails where kind = 'agree_again' and state = 'sent'",
    ),
    "bookings.request_closed": (
        never_told_of_a_closed_request,
        "nothing_else_waits_without_a_job",
        "select count(*) from mails where kind = 'request' and state = 'sent'",
    ),
    "imports.write": (
        never_written,
        "nothing_else_waits_without_a_job",
        "select count(*) from listing_imports where state = 'done'",
    ),
}


async def add_event(context: Context, about: UUID, what: str, after: str) -> None:
    await change(context, "insert into events (what, about, after) values ($1, $2, $3)", what, about, after)


async def broken(context: Context) -> set[str]:
    async with context.db.reading() as tx:
        return {finding.name for finding in await checks.run(tx) if not finding.holds}


async def queue(context: Context) -> list[str]:
    found = await rows(context, "select entrypoint from pgqueuer where status <> 'failed' order by id")
    return [row["entrypoint"] for row in found]


def test_every_kind_of_the_view_is_tried_here() -> None:
    assert set(STATES) <= set(jobs._tasks)


async def test_the_view_has_no_other_kinds(context: Context) -> None:
    definition = await value(context, "select pg_get_viewdef('awaited_jobs'::regclass)")
    assert all(f"'{name}'::text" in definition for name in STATES)
    assert definition.count("UNION ALL") == len(STATES) - 1


@pytest.mark.parametrize("name", STATES)
async def test_a_job_that_is_gone_is_enqueued_again_once(cast: Cast, name: str) -> None:
    bring_about, check, done = STATES[name]
    await bring_about(cast)
    await change(cast.context, "delete from pgqueuer")
    assert await broken(cast.context) == {check}
    for _ in range(2):
        await jobs.run_timetable(cast.context, "jobs.mend")
        assert await queue(cast.context) == [name]
    assert await broken(cast.context) == set()
    await jobs.drain(cast.context)
    assert await value(cast.context, done) == 1
    await jobs.run_timetable(cast.context, "jobs.mend")
    assert await queue(cast.context) == []


@pytest.mark.parametrize("name", STATES)
async def test_one_that_was_given_up_is_left_to_a_person(cast: Cast, name: str) -> None:
    bring_about, check, _ = STATES[name]
    await bring_about(cast)
    await change(cast.context, "delete from pgqueuer")
    await jobs.run_timetable(cast.context, "jobs.mend")
    await change(cast.context, "update pgqueuer set status = 'failed'")
    await jobs.run_timetable(cast.context, "jobs.mend")
    assert await queue(cast.context) == []
    assert await broken(cast.context) == {check}
    await change(cast.context, "update pgqueuer set status = 'queued'")  # for the check after every test


async def test_a_new_state_has_its_job_in_the_moment_between_two_commits(cast: Cast) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    await jobs.run_timetable(cast.context, "jobs.mend")
    assert await queue(cast.context) == []


async def test_a_waiting_mail_without_a_job_is_told_and_mended(cast: Cast) -> None:
    await never_invited(cast)
    await jobs.run_timetable(cast.context, "jobs.mend")
    await change(cast.context, "update pgqueuer set execute_after = now() + interval '1 day'")
    async with cast.context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now() where entrypoint = 'invites.send'")
    await jobs.drain(cast.context)
    await change(
        cast.context,
        f"update mails set state = 'waiting', sent_at = null, created_at = {LONG_AGO}",
    )
    assert await broken(cast.context) == {"every_waiting_mail_has_a_job"}
    await jobs.run_timetable(cast.context, "mail.requeue")
    assert await queue(cast.context) == ["mail.deliver"]
    assert await broken(cast.context) == set()


async def test_a_change_whose_job_is_gone_is_told_by_the_next_night(cast: Cast) -> None:
    await never_invited(cast)
    await jobs.run_timetable(cast.context, "jobs.mend")
    await jobs.drain(cast.context)
    await change(
        cast.context, "update gatherings set note = 'Bring a cushion.' where id = $1", cast.gathering
    )
    changed = "select count(*) from mails where kind = 'changed' and state = 'sent'"
    for _ in range(2):
        await jobs.run_timetable(cast.context, "invites.send_missed_changes")
        await jobs.drain(cast.context)
        assert await value(cast.context, changed) == 1


async def test_somebody_is_told_once_of_a_closed_request_however_often_the_job_runs(cast: Cast) -> None:
    await never_told_of_a_closed_request(cast)
    request = str(await value(cast.context, "select id from requests"))
    for _ in range(2):
        await closing.mail_closed(cast.context, request_id=request)
    assert await value(cast.context, "select count(*) from mails where kind = 'request'") == 1


async def test_seats_that_ended_before_the_database_was_made_wait_for_no_mail(cast: Cast) -> None:
    """As those of the demo community of an older version, planted without the mails about their ends."""
    await never_told_of_the_end(cast)
    text = next(step.text for step in migrate.read(migrate.FOLDER) if step.name.startswith("0068_"))
    await change(cast.context, "delete from pgqueuer")
    for made, left in (("interval '1 day'", {"every_ended_seat_was_told_of"}), ("interval '1 hour'", set())):
        await change(cast.context, f"update circles_migrations set applied_at = now() - {made}")
        await change(cast.context, text)
        assert await broken(cast.context) == left
    await jobs.run_timetable(cast.context, "jobs.mend")
    assert await queue(cast.context) == []


@pytest.mark.parametrize("name", ["invites.send", "invites.withdraw"])
async def test_what_was_lost_long_ago_is_mended_once_a_week(
    cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hourly look reads the seats that changed lately alone, not every seat ahead."""
    bring_about, _, _ = STATES[name]
    await bring_about(cast)
    await change(cast.context, "delete from pgqueuer")
    monkeypatch.setattr(jobs, "LATELY", timedelta(0))
    await jobs.run_timetable(cast.context, "jobs.mend")
    assert await queue(cast.context) == []
    await jobs.run_timetable(cast.context, "jobs.mend_all")
    assert await queue(cast.context) == [name]


async def test_a_change_of_long_ago_is_told_within_a_week(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await never_invited(cast)
    await jobs.run_timetable(cast.context, "jobs.mend")
    await jobs.drain(cast.context)
    note = "update gatherings set note = 'Bring a cushion.' where id = $1"
    await change(cast.context, note, cast.gathering)
    monkeypatch.setattr(changes, "LATELY", timedelta(0))
    await jobs.run_timetable(cast.context, "invites.send_missed_changes")
    assert await queue(cast.context) == []
    await jobs.run_timetable(cast.context, "invites.send_all_missed_changes")
    assert await queue(cast.context) == ["invites.send_changes"]
