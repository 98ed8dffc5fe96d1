"""Moving a gathering and all that follow to another day, from its page, on a real database."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any

import pytest

from circles.base.errors import OutOfDate
from circles.bookings import actions as booking_actions
from circles.hosting.change import actions as change_actions
from circles.hosting.change import planned_change
from circles.hosting.change.planned_change import FollowingChange, ScheduleChange
from circles.hosting.schedule import planting
from circles.hosting.schedule.rules import Rule, Terms
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.conftest import Browser, OpenBrowser
from tests.helpers import person
from tests.hosting.helpers import (
    TERMS,
    ZONE,
    apply,
    change_one,
    consent_to,
    fingerprint,
    make_schedule,
    planted,
    today,
    typed,
    weekly,
)

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


async def move(page: Browser, gathering: Any, to: date, **changed: str) -> str:
    """Preview moving this one and all that follow, and confirm it. Returns the outcome that was shown."""
    address = f"/host/gatherings/{gathering['id']}/change"
    change = typed(scope="following", date=to.isoformat()) | changed
    shown = (await page.post(address, data=change)).text
    done = await page.post(address, data=change | {"then": "do", "seen": fingerprint(shown)})
    assert done.status_code == 303
    return shown


async def all_planted(context: Context, cast: Cast) -> list[Any]:
    async with context.db.reading() as tx:
        return await tx.fetch(
            "select * from gatherings where circle_id = $1 and schedule_id is not null order by planned_for",
            cast.circle,
        )


async def schedules(context: Context) -> list[Any]:
    async with context.db.reading() as tx:
        return await tx.fetch("select * from schedules order by first_date")


async def test_the_weekday_moves_from_one_on(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    gatherings = await planted(context, await make_schedule(context, cast))
    booking = await add_booking(context, gatherings[3]["id"], cast.mira, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, "invites.send", booking_id=booking)
    await jobs.drain(context)
    third = gatherings[2]
    async with browser(cast.farid) as page:
        shown = await move(page, third, third["planned_for"] + DAY)
        assert "From then on: every " in shown
        assert "24 gatherings change" in shown
        assert "1 person with a seat is told" in shown
        assert "all they paid comes back" in shown
        assert "taken away" not in shown
        assert " new, the first on" not in shown
    now = await all_planted(context, cast)
    assert [row["id"] for row in now] == [row["id"] for row in gatherings]
    days = [row["planned_for"] for row in gatherings]
    assert [row["wall_start"].date() for row in now] == [*days[:2], *(day + DAY for day in days[2:])]
    assert [row["planned_for"] for row in now] == [row["wall_start"].date() for row in now]
    before, after = await schedules(context)
    assert (before["until"], after["first_date"]) == (third["planned_for"] - DAY, third["planned_for"] + DAY)
    await planting.plant(context)
    assert len(await all_planted(context, cast)) == 26
    await jobs.drain(context)
    async with context.db.reading() as tx:
        subject = await tx.fetchval("select subject from mails order by created_at desc limit 1")
    assert re.fullmatch(r"Tuesday group: \w+day.* moved to \w+day.*", subject)
    refund = await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=4500)
    assert refund.percent == 100


async def test_following_gatherings_change_from_one_on(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast, weekly(times=10))
    before = await planted(context, schedule)
    farid, later = await person(context, cast.farid), Terms(time(13), ZONE, 90, 8, 1)
    await apply(context, FollowingChange(farid, before[4]["id"], later))
    async with context.db.reading() as tx:
        new = await tx.fetchval("select id from schedules where id <> $1", schedule)
    assert [row["id"] for row in await planted(context, schedule)] == [row["id"] for row in before[:4]]
    after = await planted(context, new)
    assert [row["id"] for row in after] == [row["id"] for row in before[4:]]
    assert {row["wall_start"].time() for row in after} == {time(13)}
    await planting.plant(context)
    assert len(await planted(context, schedule)) + len(await planted(context, new)) == 10


async def test_a_schedule_moved_from_its_first_stays_one(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    schedule = await make_schedule(context, cast, weekly(times=5))
    before = await planted(context, schedule)
    async with browser(cast.farid) as page:
        await move(page, before[0], before[0]["planned_for"] + 2 * DAY, time="13:00")
    assert len(await schedules(context)) == 1
    now = await planted(context, schedule)
    assert [row["wall_start"].date() for row in now] == [row["planned_for"] + 2 * DAY for row in before]
    assert {row["wall_start"].time() for row in now} == {time(13)}


async def test_canceled_and_changed_ones_move_in_planned_for(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    before = await planted(context, await make_schedule(context, cast))
    await change_actions.cancel_gathering(context, await person(context, cast.farid), before[1]["id"], "ill")
    await change_one(context, cast, before[2]["id"], at=time(16))
    async with browser(cast.farid) as page:
        assert "was changed by hand and stays so" in await move(
            page, before[0], before[0]["planned_for"] + DAY
        )
        await planting.plant(context)
        now = await all_planted(context, cast)
        assert len(now) == 26  # the one that was cancelled is not planted on its new day
        assert (now[1]["state"], now[1]["starts_at"]) == ("cancelled", before[1]["starts_at"])
        assert (now[2]["by_hand"], now[2]["wall_start"].date()) == (True, before[2]["planned_for"])
        back = await page.get(f"/host/gatherings/{before[2]['id']}/put-back")
        await page.post(f"/host/gatherings/{before[2]['id']}/put-back", data={"seen": fingerprint(back.text)})
    assert (await all_planted(context, cast))[2]["wall_start"].date() == before[2]["planned_for"] + DAY


async def test_a_chosen_gathering_changed_by_hand_moves(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    before = await planted(context, await make_schedule(context, cast))
    await change_one(context, cast, before[1]["id"], at=time(16))
    async with browser(cast.farid) as page:
        assert "25 gatherings change" in await move(page, before[1], before[1]["planned_for"] + DAY)
    now = (await all_planted(context, cast))[1]
    assert (now["wall_start"].date(), now["wall_start"].time()) == (before[1]["planned_for"] + DAY, time(11))
    assert not now["by_hand"]


async def test_every_other_week_can_move_a_week(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    first = today() + 3 * DAY
    schedule = await make_schedule(context, cast, Rule("weekly", first, 2, (first.weekday(),)))
    before = await planted(context, schedule)
    async with browser(cast.farid) as page:
        await move(page, before[0], first + WEEK)
    now = await planted(context, schedule)
    assert [row["planned_for"] for row in now[: len(before)]] == [row["planned_for"] + WEEK for row in before]


async def test_listed_dates_move_past_one_another(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    listed = tuple(today() + n * DAY for n in (4, 5, 6, 7))
    schedule = await make_schedule(context, cast, Rule("dates", listed[0], dates=listed))
    before = await planted(context, schedule)
    async with browser(cast.farid) as page:
        await move(page, before[0], listed[0] + DAY)
    now = await planted(context, schedule)
    assert [row["id"] for row in now] == [row["id"] for row in before]
    assert [row["wall_start"].date() for row in now] == [day + DAY for day in listed]


@pytest.mark.parametrize(
    ("scope", "shift", "message"),
    [
        ("following", WEEK, "The one after it is on"),
        ("following", -8 * DAY, "This time has passed"),
        ("whole", DAY, "does not move from here"),
    ],
)
async def test_a_refused_move_keeps_what_was_typed(
    context: Context, cast: Cast, browser: OpenBrowser, scope: str, shift: timedelta, message: str
) -> None:
    first = (await planted(context, await make_schedule(context, cast)))[0]
    to = (first["planned_for"] + shift).isoformat()
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{first['id']}/change", data=typed(scope=scope, date=to, note="Kept")
        )
    assert answer.status_code == 422
    assert message in answer.text
    assert f'value="{to}"' in answer.text
    assert "Kept" in answer.text


async def test_a_day_kept_by_hand_is_refused(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    schedule = await make_schedule(context, cast)
    before = await planted(context, schedule)
    await add_booking(context, before[2]["id"], cast.mira)
    first = before[0]["planned_for"] + DAY
    other = Rule("weekly", first, 1, (first.weekday(),))
    await apply(context, ScheduleChange(await person(context, cast.farid), schedule, TERMS, other))
    second = (await planted(context, schedule))[1]
    back = (second["planned_for"] - DAY).isoformat()
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{second['id']}/change", data=typed(scope="following", date=back)
        )
    assert answer.status_code == 422
    assert "has a gathering on" in answer.text


async def test_two_hosts_at_once_move_it_once(context: Context, cast: Cast) -> None:
    first = (await planted(context, await make_schedule(context, cast)))[0]
    farid, to = await person(context, cast.farid), first["planned_for"] + DAY

    change = FollowingChange(farid, first["id"], TERMS, to)
    consent = await consent_to(context, change)
    await planned_change.apply(context, change, consent)
    with pytest.raises(OutOfDate):
        await planned_change.apply(context, change, consent)
