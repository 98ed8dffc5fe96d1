"""New zone data: planned gatherings keep their wall time, move in UTC, and those booked are notified."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import icalendar
import pytest

from circles import __main__ as commands
from circles.commands import zones as command
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule.rules import Rule, Terms
from circles.invites.feeds import make_feed
from circles.store import checks, jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, value
from tests.hosting.helpers import events, today

ZONE = "America/Vancouver"
YEAR = datetime.now(UTC).year + 1
Drain = Callable[[], Awaitable[Any]]


async def add_harbor(context: Context, cast: Cast, **more: Any) -> UUID:
    return await add_circle(
        context, cast.farid, name="Harbor", zone=ZONE, minimum=0, suggested=0, maximum=0, **more
    )


async def by_old_data(context: Context, *gatherings: UUID) -> None:
    """Store gatherings as a machine whose zone data lacks the law of 2026 did: an hour late."""
    await change(
        context,
        "update gatherings set starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour' "
        "where id = any($1)",
        list(gatherings),
    )


async def stored(context: Context, gathering: UUID) -> Any:
    (row,) = await rows(context, "select * from gatherings where id = $1", gathering)
    return row


async def evening(context: Context, circle: UUID, day: int = 15, **more: Any) -> UUID:
    """January 15 at 18:00 in Vancouver, 01:00 UTC."""
    return await add_gathering(
        context, circle, starts_at=datetime(YEAR, 1, day + 1, 1, tzinfo=UTC), length_minutes=90, **more
    )


async def test_misplaced_gatherings_are_listed_and_left_alone(context: Context, cast: Cast) -> None:
    circle = await add_harbor(context, cast)
    late, right = await evening(context, circle), await evening(context, circle, 22)
    await add_booking(context, late, cast.mira, kind="free")
    await by_old_data(context, late)
    lines, is_well = await command.report(context, mend=False)
    assert not is_well
    text = "\n".join(lines)
    assert "1 planned gathering starts" in text
    assert (
        f"{late}  Harbor, {YEAR}-01-15 18:00 in {ZONE}: "
        f"stored as {YEAR}-01-16 02:00 UTC, right is {YEAR}-01-16 01:00 UTC; 1 seat taken"
    ) in text
    assert str(right) not in text
    assert (await stored(context, late))["starts_at"] == datetime(YEAR, 1, 16, 2, tzinfo=UTC)

    async with context.db.reading() as tx:
        (finding,) = [finding for finding in await checks.run(tx) if not finding.holds]
    assert (finding.name, finding.broken) == ("wall_time_agrees_with_utc", 1)
    assert "python -m circles zones" in finding.description
    (warning,) = await command.warnings(context)
    assert "python -m circles zones --mend" in warning
    await command.report(context, mend=True)
    assert await command.warnings(context) == []


async def test_the_wall_time_stays_and_those_booked_are_notified(
    context: Context, cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    gathering = await evening(context, await add_harbor(context, cast))
    await by_old_data(context, gathering)
    booking = await add_booking(context, gathering, cast.mira, kind="free")
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, "invites.send", booking_id=booking)
        feed = (await make_feed(context, tx, cast.mira)).webcal.removeprefix("webcal://circles.test")
    await drain()

    lines, is_well = await command.report(context, mend=True)
    await drain()
    assert is_well
    assert lines[-1].startswith("Moved.")
    row = await stored(context, gathering)
    assert row["starts_at"] == datetime(YEAR, 1, 16, 1, tzinfo=UTC)
    assert row["ends_at"] == datetime(YEAR, 1, 16, 2, 30, tzinfo=UTC)
    assert (row["wall_start"], row["zone"], row["version"]) == (datetime(YEAR, 1, 15, 18), ZONE, 2)
    (event,) = await events(context, "gathering.changed")
    assert (event["about"], event["who"], event["details"]) == (gathering, None, {"changed": ["time"]})
    assert "Vancouver" in event["why"]
    assert "tzdata" in event["why"]

    (news,) = await rows(context, "select * from mails where kind = 'host_news'")
    assert news["person_id"] == cast.farid
    assert (
        "the clocks in Vancouver have a new law. 1 planned gathering keeps the hour there"
        in news["text_body"]
    )
    first, second = await rows(
        context, "select * from mails where person_id = $1 order by created_at", cast.mira
    )
    for body in ("text_body", "html_body"):
        assert "The clocks in Vancouver have a new law" in second[body]
        assert "new law" not in first[body]
    (before,), (after,) = (icalendar.Calendar.from_ical(mail["calendar"]).events for mail in (first, second))
    assert before["uid"] == after["uid"]
    assert (before["sequence"], after["sequence"]) == (0, 1)
    assert (before.start, after.start) == (datetime(YEAR, 1, 16, 2, tzinfo=UTC), row["starts_at"])
    assert second["subject"].endswith(": the clocks change")
    async with browser() as page:
        (entry,) = icalendar.Calendar.from_ical((await page.get(feed)).text).events
    assert (entry.start, entry["uid"], entry["sequence"]) == (row["starts_at"], after["uid"], 1)
    # Whoever joins from elsewhere has another time now, so they may cancel as after any other move.
    until = await value(context, "select full_refund_until from bookings where id = $1", booking)
    assert until == row["starts_at"]

    assert (await command.report(context, mend=True))[1]
    await drain()
    assert await value(context, "select count(*) from mails") == 3


async def test_a_schedule_keeps_its_time_and_its_gatherings_stay_its_own(
    context: Context, cast: Cast
) -> None:
    """An hour apart, so that each moves onto the time which the one before has left."""
    circle = await add_harbor(context, cast)
    farid = await person(context, cast.farid)
    start = today() + timedelta(days=3)
    every_day = Rule("weekly", start, 1, tuple(range(7)), until=start + timedelta(days=5))
    for hour in (17, 18, 19):
        terms = Terms(time(hour), ZONE, 60, 8, 0)
        await schedule_actions.create_schedule(
            context, farid, circle, every_day, terms, overlap_reason="Three in a row."
        )
    planted = await rows(context, "select * from gatherings where circle_id = $1 order by starts_at", circle)
    assert len(planted) == 18
    await change(context, "update gatherings set by_hand = true where id = $1", planted[4]["id"])
    for row in reversed(planted):
        await by_old_data(context, row["id"])
    _, is_well = await command.report(context, mend=True)
    assert is_well
    for row in planted:
        now = await stored(context, row["id"])
        same = ("starts_at", "ends_at", "wall_start", "planned_for", "schedule_id", "oddity", "state")
        assert {name: now[name] for name in same} == {name: row[name] for name in same}
        assert now["by_hand"] == (row["id"] == planted[4]["id"])
    assert await value(context, "select count(distinct version) from schedules") == 1


async def test_gatherings_move_later_too(context: Context, cast: Cast) -> None:
    """A whole day, so that the first moves onto the time which the second has left."""
    circle = await add_harbor(context, cast)
    first, second = await evening(context, circle), await evening(context, circle, 16)
    for gathering in (first, second):
        await change(
            context,
            "update gatherings set starts_at = starts_at - interval '24 hours', "
            "ends_at = ends_at - interval '24 hours' where id = $1",
            gathering,
        )
    _, is_well = await command.report(context, mend=True)
    assert is_well
    assert (await stored(context, second))["starts_at"] == datetime(YEAR, 1, 17, 1, tzinfo=UTC)


async def test_a_skipped_hour_that_is_there_by_now_is_used(context: Context, cast: Cast) -> None:
    """Old data skipped 2:30 on the second Sunday of March in Vancouver; by the law of 2026 no hour is skipped."""
    circle = await add_harbor(context, cast)
    farid = await person(context, cast.farid)
    march = date(YEAR, 3, 8)
    sunday = march + timedelta(days=(6 - march.weekday()) % 7)
    rule = Rule("dates", sunday, dates=(sunday,))
    await schedule_actions.create_schedule(context, farid, circle, rule, Terms(time(2, 30), ZONE, 60, 8, 0))
    schedule = await value(context, "select id from schedules")
    utc = datetime(YEAR, 3, sunday.day, 10, 30, tzinfo=UTC)
    await change(context, "delete from gatherings")
    gathering = await add_gathering(
        context, circle, starts_at=utc, length_minutes=60, schedule_id=schedule, planned_for=sunday
    )
    await change(
        context,
        "update gatherings set oddity = 'missing', wall_start = $2 where id = $1",
        gathering,
        datetime(YEAR, 3, sunday.day, 3, 30),
    )
    _, is_well = await command.report(context, mend=True)
    assert is_well
    row = await stored(context, gathering)
    assert (row["wall_start"], row["oddity"]) == (datetime(YEAR, 3, sunday.day, 2, 30), "")
    assert row["starts_at"] == datetime(YEAR, 3, sunday.day, 9, 30, tzinfo=UTC)


async def test_what_is_over_or_canceled_stays(context: Context, cast: Cast) -> None:
    circle = await add_harbor(context, cast)
    over = await add_gathering(context, circle, days=-3)
    canceled = await evening(context, circle, state="cancelled", cancel_reason="The room is closed.")
    await by_old_data(context, over, canceled)
    assert await command.report(context, mend=True) == await command.report(context, mend=False)
    assert (await command.report(context, mend=False))[1]
    async with context.db.reading() as tx:
        assert [finding.name for finding in await checks.run(tx) if not finding.holds] == []


async def test_a_time_that_is_taken_is_named_and_the_others_move(context: Context, cast: Cast) -> None:
    """Two gatherings of a circle in two zones, which new law would put on one moment."""
    circle, other = await add_harbor(context, cast), await add_harbor(context, cast)
    blocked, free = await evening(context, circle), await evening(context, other)
    await by_old_data(context, blocked, free)
    utc = datetime(YEAR, 1, 16, 1, tzinfo=UTC)
    taken = await add_gathering(
        context, circle, starts_at=utc, zone="UTC", wall_start=utc.replace(tzinfo=None)
    )
    lines, is_well = await command.report(context, mend=True)
    assert not is_well
    assert "Harbor: This circle has another gathering at that time already." in lines
    assert (await stored(context, free))["starts_at"] == utc
    assert (await stored(context, blocked))["starts_at"] == utc + timedelta(hours=1)
    await change(
        context, "update gatherings set state = 'cancelled', cancel_reason = 'Twice' where id = $1", taken
    )
    assert (await command.report(context, mend=True))[1]


async def test_the_command_prints_and_its_status_says_whether_all_is_well(
    context: Context, cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gathering = await evening(context, await add_harbor(context, cast))
    await by_old_data(context, gathering)
    monkeypatch.setattr(commands, "read_settings", lambda: context.settings)

    async def run(*arguments: str) -> tuple[int, str]:
        status = await asyncio.to_thread(commands.run_command, commands.parser().parse_args(arguments))
        return status, capsys.readouterr().out

    status, text = await run("zones")
    assert (status, str(gathering) in text) == (1, True)
    status, text = await run("zones", "--mend")
    assert (status, "Moved." in text) == (0, True)
    status, text = await run("zones")
    assert (status, "Every planned gathering" in text) == (0, True)


async def test_migrating_says_when_gatherings_must_move(
    context: Context, cast: Cast, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gathering = await evening(context, await add_harbor(context, cast))
    monkeypatch.setattr(commands, "read_settings", lambda: context.settings)
    assert await asyncio.to_thread(commands.migrate) == 0
    assert capsys.readouterr().err.startswith("The database ")
    await by_old_data(context, gathering)
    monkeypatch.setattr("circles.base.zones._RECENT_LAWS", (("UTC", f"{YEAR}-01-01", f"{YEAR}-01-02"),))
    assert await asyncio.to_thread(commands.migrate) == 0
    errors = capsys.readouterr().err
    assert "1 planned gathering starts at another moment" in errors
    assert "is too old for UTC: install the locked requirements." in errors
    monkeypatch.undo()
    await command.report(context, mend=True)


async def test_somebody_booked_for_a_whole_winter_gets_one_mail(
    context: Context, cast: Cast, drain: Drain
) -> None:
    circle = await add_harbor(context, cast)
    days = (8, 15, 22)
    gatherings = [await evening(context, circle, day) for day in days]
    await by_old_data(context, *gatherings)
    for gathering in gatherings:
        booking = await add_booking(context, gathering, cast.mira, kind="free")
        async with context.db.transaction() as tx:
            await jobs.enqueue(tx, "invites.send", booking_id=booking)
    await drain()
    await change(context, "delete from mails")
    assert (await command.report(context, mend=True))[1]
    await drain()
    (mail,) = await rows(context, "select * from mails where person_id = $1", cast.mira)
    assert mail["text_body"].count("The clocks in Vancouver have a new law") == len(days)
    (news,) = await rows(context, "select * from mails where person_id = $1", cast.farid)
    assert "3 planned gatherings keep the hour there" in news["text_body"]
