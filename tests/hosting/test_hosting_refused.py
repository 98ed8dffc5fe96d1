"""What hosts cannot do, said in words: what has ended or begun, what was cancelled, what stands in no schedule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.hosting.change import actions as change_actions
from circles.hosting.change import planned_change
from circles.hosting.change.planned_change import (
    Consent,
    FollowingChange,
    GatheringChange,
    ScheduleChange,
    ScheduleEnd,
)
from circles.hosting.circle import actions
from circles.hosting.circle import lifecycle as standing_actions
from circles.hosting.hosts import actions as hosts_actions
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule.rules import Terms
from circles.store.context import Context
from tests.cast import Cast, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, value
from tests.hosting.helpers import TERMS, consent_to, fingerprint, make_schedule, planted, today, typed, weekly

MOVED = (
    "update gatherings set starts_at = starts_at + interval '2 hours', ends_at = ends_at + interval '2 hours', "
    "wall_start = wall_start + interval '2 hours' where id = $1"
)


async def codes(doing: Awaitable[Any]) -> set[str]:
    with pytest.raises(Refused) as refused:
        await doing
    return refused.value.codes


async def is_now(context: Context, circle: UUID, state: str) -> None:
    await change(context, "update circles set state = $2 where id = $1", circle, state)


# Gatherings


async def test_only_a_draft_ahead_is_opened_for_booking(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    past = await add_gathering(context, cast.circle, days=-2, state="draft")
    gone = await add_gathering(context, cast.circle, days=20, state="cancelled", cancel_reason="Ill.")
    assert await codes(change_actions.publish_gathering(context, farid, past)) == {"past"}
    assert await codes(change_actions.publish_gathering(context, farid, gone)) == {"cancelled"}
    await change_actions.publish_gathering(context, farid, cast.gathering)
    assert not await rows(context, "select * from events where what = 'gathering.published'")


@pytest.mark.parametrize(
    ("set_to", "code", "says"),
    [
        (
            "state = 'cancelled', cancel_reason = 'Ill.'",
            "cancelled",
            "was cancelled, so it cannot be changed",
        ),
        ("starts_at = now(), wall_start = now() at time zone zone", "begun", "has begun, so it cannot be"),
    ],
)
async def test_what_was_cancelled_or_has_begun_changes_no_more(
    context: Context, cast: Cast, browser: OpenBrowser, set_to: str, code: str, says: str
) -> None:
    gathering = await add_gathering(context, cast.circle, days=20)
    if code == "begun":
        set_to += ", ends_at = now() + make_interval(mins => length_minutes)"
    await change(context, f"update gatherings set {set_to} where id = $1", gathering)
    moment = TERMS.moment(today() + timedelta(days=30))
    planned = GatheringChange(await person(context, cast.farid), gathering, moment, TERMS)
    doing = planned_change.apply(context, planned, await consent_to(context, planned))
    assert code in await codes(doing)
    async with browser(cast.farid) as page:
        data = typed(scope="one", date=moment.wall.date().isoformat())
        answer = await page.post(f"/host/gatherings/{gathering}/change", data=data)
    assert answer.status_code == 422
    assert says in answer.text


async def test_what_stands_in_no_schedule_is_not_put_back(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    farid = await person(context, cast.farid)
    async with browser(cast.farid) as page:
        address = f"/host/gatherings/{cast.gathering}/put-back"
        assert (await page.get(address)).status_code == 404
        assert (await page.post(address)).status_code == 404
    with pytest.raises(NotFound):
        await planned_change.apply(context, FollowingChange(farid, cast.gathering, TERMS), Consent(""))


async def test_what_its_schedule_has_in_the_past_is_not_put_back(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    first = (await planted(context, await make_schedule(context, cast)))[0]["id"]
    await change(context, "update gatherings set planned_for = current_date - 2 where id = $1", first)
    async with browser(cast.farid) as page:
        answer = await page.get(f"/host/gatherings/{first}/put-back")
        assert "The time its schedule has for it has passed." in answer.text
        assert (await page.post(f"/host/gatherings/{first}/put-back")).status_code == 422


async def test_putting_back_what_changed_meanwhile_is_shown_again(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    first = (await planted(context, await make_schedule(context, cast)))[0]["id"]
    await change(context, "update gatherings set capacity = 5, by_hand = true where id = $1", first)
    async with browser(cast.farid) as page:
        address = f"/host/gatherings/{first}/put-back"
        shown = fingerprint((await page.get(address)).text)
        await change(context, MOVED, first)
        answer = await page.post(address, data={"seen": shown})
        assert answer.status_code == 422
        assert fingerprint(answer.text) != shown
    assert await value(context, "select by_hand from gatherings where id = $1", first)


async def test_a_gathering_of_a_few_minutes_is_none(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        data = typed(date=today().isoformat(), length_minutes="14", then="draft")
        answer = await page.post(f"/host/circles/{cast.circle}/gatherings/new", data=data)
    assert answer.status_code == 422
    assert "Please give 15 minutes or more." in answer.text


# Schedules


async def test_a_schedule_is_made_for_the_zone_that_was_seen(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    elsewhere = Terms(TERMS.at, "Asia/Kathmandu", 90, 8, 1)
    with pytest.raises(OutOfDate) as refused:
        await schedule_actions.create_schedule(context, farid, cast.circle, weekly(), elsewhere)
    assert refused.value.codes == {"zone_moved"}
    assert not await rows(context, "select * from schedules")


async def test_a_circle_that_ended_gets_no_schedule(context: Context, cast: Cast) -> None:
    await is_now(context, cast.circle, "archived")
    farid = await person(context, cast.farid)
    doing = schedule_actions.create_schedule(context, farid, cast.circle, weekly(), TERMS)
    assert await codes(doing) == {"archived"}


async def test_a_schedule_that_ended_changes_no_more_and_ends_once(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    for _ in range(2):
        await planned_change.apply(context, ScheduleEnd(farid, schedule), Consent(""))
    assert len(await rows(context, "select * from events where what = 'schedule.ended'")) == 1
    doing = planned_change.apply(context, ScheduleChange(farid, schedule, TERMS), Consent(""))
    assert await codes(doing) == {"ended"}
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/schedules/{schedule}", data=typed(time="12:00", then="save"))
    assert answer.status_code == 422
    assert "This schedule has ended. Please make another one." in answer.text


async def test_a_changed_schedule_that_cannot_stand_keeps_what_was_typed(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    schedule = await make_schedule(context, cast)
    async with browser(cast.farid) as page:
        bad = typed(capacity="999", note="Bring socks")
        answer = await page.post(f"/host/schedules/{schedule}", data=bad)
        assert answer.status_code == 422
        assert "Bring socks" in answer.text
        unseen = await page.post(
            f"/host/schedules/{schedule}", data=typed(time="12:00", then="save", seen="x")
        )
        assert unseen.status_code == 422
    assert {row["wall_start"].hour for row in await planted(context, schedule)} == {11}


async def test_the_second_tuesday_is_read_from_the_form(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    at = f"/host/circles/{cast.circle}/schedules/new"
    async with browser(cast.farid) as page:
        data = typed(kind="monthly_weekday", nth="2", weekday="1", then="save")
        assert (await page.post(at, data=data)).status_code == 303
        for bad in ({"nth": "7"}, {"weekday": "7"}):
            assert (await page.post(at, data=data | bad)).status_code == 422
    schedule = await value(context, "select id from schedules")
    dates = [row["planned_for"] for row in await planted(context, schedule)]
    assert len(dates) >= 3
    assert all(day.weekday() == 1 and 8 <= day.day <= 14 for day in dates)


async def test_a_list_of_too_many_dates_is_refused_whole(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    dates = "\n".join((today() + timedelta(days=n)).isoformat() for n in range(1, 402))
    async with browser(cast.farid) as page:
        data = typed(kind="dates", dates=dates, then="save")
        answer = await page.post(f"/host/circles/{cast.circle}/schedules/new", data=data)
    assert answer.status_code == 422
    assert "These are more than 400 dates. Please list fewer." in answer.text


@pytest.mark.parametrize(
    ("day", "time", "says"),
    [
        ("2035-03-11", "02:30", "the clocks in New York skip 02:30. It starts at 03:30."),
        ("2035-11-04", "01:30", "the clocks in New York show 01:30 twice. It is the first."),
    ],
)
async def test_a_date_on_which_the_clocks_change_is_told_before_it_is_saved(
    cast: Cast, browser: OpenBrowser, day: str, time: str, says: str
) -> None:
    async with browser(cast.farid) as page:
        data = typed(kind="dates", dates=day, time=time)
        shown = await page.post(f"/host/circles/{cast.circle}/schedules/new", data=data)
    assert says in shown.text


# The circle as a whole


async def test_pausing_resuming_and_ending_twice_is_once(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    for verb in (
        standing_actions.pause_circle,
        standing_actions.resume_circle,
        standing_actions.archive_circle,
    ):
        for _ in range(2):
            await verb(context, farid, cast.circle)
    events = await rows(context, "select what from events where about = $1 order by at", cast.circle)
    assert [row["what"] for row in events] == ["circle.paused", "circle.resumed", "circle.archived"]


@pytest.mark.parametrize(
    ("state", "verb", "code", "says"),
    [
        ("draft", "pause", "not_published", "Only a published circle can be paused."),
        ("archived", "resume", "not_paused", "This circle is not paused."),
        ("archived", "pause", "not_published", "Only a published circle can be paused."),
    ],
)
async def test_only_what_is_published_is_paused_and_only_that_resumed(
    context: Context, cast: Cast, browser: OpenBrowser, state: str, verb: str, code: str, says: str
) -> None:
    await is_now(context, cast.circle, state)
    do: Callable[..., Awaitable[Any]] = getattr(standing_actions, f"{verb}_circle")
    assert await codes(do(context, await person(context, cast.farid), cast.circle)) == {code}
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/circles/{cast.circle}/{verb}")
        assert says in (await page.get(answer.headers["Location"])).text


async def test_what_ended_is_not_published_again(context: Context, cast: Cast) -> None:
    await is_now(context, cast.circle, "archived")
    assert await codes(actions.publish_circle(context, await person(context, cast.farid), cast.circle)) == {
        "not_draft"
    }


async def test_a_circle_that_ended_asks_nobody_to_host_it(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    farid = await person(context, cast.farid)
    await hosts_actions.invite(context, farid, cast.circle, email="fern@example.org", part="co")
    mail = await value(context, "select text_body from mails where kind = 'host_invitation'")
    address = next(word for word in mail.split() if "/host/invitations/" in word)
    await is_now(context, cast.circle, "archived")
    doing = hosts_actions.invite(context, farid, cast.circle, email="milo@example.org", part="helper")
    assert await codes(doing) == {"ended"}
    async with browser(cast.fern) as page:
        shown = await page.get(address)
        assert shown.status_code == 410
        assert "What this invitation was for is over." in shown.text


async def test_nobody_pauses_what_is_not_theirs(context: Context, cast: Cast) -> None:
    fern = await person(context, cast.fern)
    for verb in (
        standing_actions.pause_circle,
        standing_actions.archive_circle,
        standing_actions.copy_circle,
    ):
        for circle in (cast.circle, uuid4()):
            with pytest.raises(NotFound):
                await verb(context, fern, circle)
