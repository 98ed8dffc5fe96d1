"""Schedules on a real database: planting, changing what is planted, pausing a circle, and their pages."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

import app as site
from circles import gatherings
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions as booking_actions
from circles.hosting.change import actions as change_actions
from circles.hosting.change import planned_change, queries
from circles.hosting.change.planned_change import (
    Consent,
    FollowingChange,
    GatheringChange,
    ScheduleChange,
    ScheduleEnd,
)
from circles.hosting.circle import actions
from circles.hosting.circle import lifecycle as standing_actions
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import planting
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import Rule, Terms
from circles.practice import demo
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import person
from tests.hosting.helpers import (
    LATER,
    TERMS,
    ZONE,
    apply,
    change_one,
    consent_to,
    fingerprint,
    make_schedule,
    plan_change,
    planted,
    today,
    typed,
    weekly,
)

site.connect_features()


async def events(context: Context, what: str) -> list[Any]:
    async with context.db.reading() as tx:
        return await tx.fetch("select * from events where what = $1 order by at", what)


# Planting


async def test_a_schedule_is_planted_sixteen_weeks_ahead(context: Context, cast: Cast) -> None:
    found = await planted(context, await make_schedule(context, cast))
    assert len(found) == 16
    assert {row["state"] for row in found} == {"open"}
    assert {row["wall_start"].time() for row in found} == {time(11)}
    assert found[-1]["planned_for"] <= clock.now().date() + schedule_rules.HORIZON
    assert len(await events(context, "gathering.planted")) == 16


async def test_the_timetable_plants_what_the_horizon_reaches_and_nothing_twice(
    context: Context, cast: Cast
) -> None:
    schedule = await make_schedule(context, cast)
    async with context.db.transaction() as tx:
        await tx.execute("delete from gatherings where planned_for > current_date + 50")
        await tx.execute("update schedules set planted_until = current_date + 50")
    for _ in range(2):
        await jobs.run_timetable(context, "gatherings.plant")
        assert len(await planted(context, schedule)) == 16


async def test_what_was_cancelled_or_moved_is_not_planted_again(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    first, second = [row["id"] for row in await planted(context, schedule)][:2]
    await change_actions.cancel_gathering(context, await person(context, cast.farid), first, "ill")
    await change_one(context, cast, second, at=time(13))
    async with context.db.transaction() as tx:
        await tx.execute("update schedules set planted_until = null")
    await planting.plant(context)
    found = await planted(context, schedule)
    assert len(found) == 16
    assert (found[0]["state"], found[1]["wall_start"].time()) == ("cancelled", time(13))


async def test_skipped_dates_are_not_planted(context: Context, cast: Cast) -> None:
    holiday = today() + timedelta(days=10)
    found = await planted(context, await make_schedule(context, cast, weekly(skipped=frozenset({holiday}))))
    assert holiday not in {row["planned_for"] for row in found}
    assert len(found) == 15


async def test_a_draft_is_planted_when_it_is_published(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    circle = await add_circle(context, cast.farid, state="draft")
    how_many = await schedule_actions.create_schedule(context, farid, circle, weekly(), TERMS)
    await planting.plant(context)
    assert how_many == 0
    await actions.publish_circle(context, farid, circle)
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from gatherings where circle_id = $1", circle) == 16


@pytest.mark.parametrize("who", ["fern", "mira"])
async def test_a_schedule_is_for_its_hosts_alone(context: Context, cast: Cast, who: str) -> None:
    other = await person(context, getattr(cast, who))
    with pytest.raises(NotFound):
        await schedule_actions.create_schedule(context, other, cast.circle, weekly(), TERMS)
    schedule = await make_schedule(context, cast)
    with pytest.raises(NotFound):
        await planned_change.apply(context, ScheduleEnd(other, schedule, remove=True), Consent(""))
    first = (await planted(context, schedule))[0]
    with pytest.raises(NotFound):
        change = GatheringChange(other, first["id"], TERMS.moment(first["planned_for"]), TERMS)
        await planned_change.apply(context, change, Consent(""))


# Changing one gathering


async def test_those_booked_are_told_and_may_cancel_in_full_when_the_time_moves(
    context: Context, cast: Cast
) -> None:
    soon = await make_schedule(context, cast, weekly(1))  # so soon that the terms would keep the money
    gathering = (await planted(context, soon))[0]
    booking = await add_booking(context, gathering["id"], cast.mira, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, "invites.send", booking_id=booking)
    await jobs.drain(context)
    await change_one(context, cast, gathering["id"], at=time(12))
    await jobs.drain(context)
    async with context.db.reading() as tx:
        mail = await tx.fetchrow("select * from mails order by created_at desc limit 1")
        row = await tx.fetchrow("select * from bookings where id = $1", booking)
    assert mail is not None
    assert mail["subject"].startswith("Changed: Tuesday group")
    for part in ("html_body", "text_body"):
        assert "all you paid comes back" in mail[part]
        assert "once your host has opened the room" in " ".join(mail[part].split())
    assert row is not None
    moved = (await planted(context, soon))[0]
    assert (row["full_refund_until"], moved["by_hand"]) == (moved["starts_at"], True)
    refund = await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=4500)
    assert refund.percent == 100


async def test_a_note_or_a_larger_room_tells_nobody(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await change_one(context, cast, cast.gathering, capacity=9, note="Bring a blanket")
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from pgqueuer") == 0
        row = await tx.fetchrow("select full_refund_until from bookings where id = $1", booking)
    assert row is not None
    assert row["full_refund_until"] is None
    assert [dict(each["details"]) for each in await events(context, "gathering.changed")]


async def test_another_place_is_told_and_shown_to_those_booked(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    for link in ("https://meet.example.org/other", "https://meet.example.org/third"):
        await change_one(context, cast, cast.gathering, join_link=link)
        await jobs.drain(context)
    async with context.db.reading() as tx:
        offer = await gatherings.offer(tx, cast.gathering)
        mails = await tx.fetchval("select count(*) from mails where to_address like 'mira%'")
    assert (offer.join_link, mails) == ("https://meet.example.org/third", 2)


async def test_seats_are_not_cut_below_those_taken_with_nobody_chosen(context: Context, cast: Cast) -> None:
    for each in (cast.mira, cast.milo, cast.fern):
        await add_booking(context, cast.gathering, each, kind="paid", amount=4500)
    with pytest.raises(Refused) as refused:
        await change_one(context, cast, cast.gathering, capacity=2)
    assert refused.value.codes == {"choose_more"}
    await change_one(context, cast, cast.gathering, capacity=3)


async def test_whoever_sits_on_a_seat_that_goes_gets_another(context: Context, cast: Cast) -> None:
    people_there = [cast.mira, cast.milo, cast.fern]
    for each in people_there:
        await add_booking(context, cast.gathering, each, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        await tx.execute("update bookings set seat = 7 where person_id = $1", cast.fern)
        await tx.execute("update bookings set seat = 8 where person_id = $1", cast.mira)
    await change_one(context, cast, cast.gathering, capacity=4)
    async with context.db.reading() as tx:
        seats = await tx.fetch("select seat from bookings order by seat")
        assert [row["seat"] for row in seats] == [1, 2, 3]


async def test_community_seats_given_stay(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as refused:
        await change_one(context, cast, cast.gathering, community_seats=0)
    assert refused.value.codes == {"community_taken"}


async def test_what_was_shown_is_what_is_done(context: Context, cast: Cast) -> None:
    change = await plan_change(context, cast, cast.gathering, at=time(12))
    consent = await consent_to(context, change)
    await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(OutOfDate):
        await planned_change.apply(context, change, consent)


async def test_gatherings_across_one_another_need_a_reason(context: Context, cast: Cast) -> None:
    second = await add_circle(context, cast.farid, name="Second")
    await add_gathering(context, second, days=7, hour=20)
    with pytest.raises(Refused) as refused:
        await change_one(context, cast, cast.gathering, at=time(19))
    assert refused.value.codes == {"overlaps"}
    await change_one(context, cast, cast.gathering, at=time(19), reason="Fern takes the other")
    assert (await events(context, "gathering.changed"))[0]["why"] == "Fern takes the other"
    listed = Rule("dates", today(), dates=(today() + timedelta(days=7),))
    await make_schedule(context, cast, listed)  # at 11, when nothing else is
    with pytest.raises(Refused) as refused:
        await make_schedule(context, cast, listed, Terms(time(20, 30), ZONE, 90, 8, 1))
    assert refused.value.codes == {"overlaps"}


async def test_one_that_is_put_back_follows_its_rule_again(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    first = (await planted(context, schedule))[0]
    await change_one(context, cast, first["id"], at=time(15), day=first["planned_for"] + timedelta(days=1))
    farid = await person(context, cast.farid)
    async with context.db.reading() as tx:
        row = await queries.gathering_to_change(tx, farid, first["id"])
        change = await planned_change.put_back(tx, farid, row)
    await apply(context, change)
    again = (await planted(context, schedule))[0]
    assert (again["starts_at"], again["by_hand"]) == (first["starts_at"], False)


# Changing schedules


async def test_a_whole_schedule_changes_but_for_what_was_changed_by_hand(
    context: Context, cast: Cast
) -> None:
    schedule = await make_schedule(context, cast)
    found = await planted(context, schedule)
    await change_one(context, cast, found[2]["id"], at=time(16))
    booking = await add_booking(context, found[0]["id"], cast.mira)
    await apply(context, ScheduleChange(await person(context, cast.farid), schedule, LATER, weekly()))
    now = await planted(context, schedule)
    assert [row["id"] for row in now] == [row["id"] for row in found]
    assert [row["wall_start"].time() for row in now[:4]] == [
        time(12, 30),
        time(12, 30),
        time(16),
        time(12, 30),
    ]
    assert (now[0]["length_minutes"], now[0]["capacity"], now[2]["by_hand"]) == (60, 10, True)
    async with context.db.reading() as tx:
        full = await tx.fetchval("select full_refund_until from bookings where id = $1", booking)
        assert full == now[0]["starts_at"]
        assert await tx.fetchval("select count(*) from pgqueuer where entrypoint = 'invites.send'") == 1


async def test_another_weekday_leaves_the_booked_where_they_are(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    found = await planted(context, schedule)
    await add_booking(context, found[1]["id"], cast.mira)
    await apply(context, ScheduleChange(await person(context, cast.farid), schedule, TERMS, weekly(4)))
    now = {row["planned_for"]: row for row in await planted(context, schedule)}
    kept = now.pop(found[1]["planned_for"])
    assert (kept["starts_at"], kept["by_hand"], kept["state"]) == (found[1]["starts_at"], True, "open")
    assert {day.weekday() for day in now} == {(today() + timedelta(days=4)).weekday()}
    assert len(now) == 16


async def test_this_and_all_that_follow(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast, weekly(times=10))
    found = await planted(context, schedule)
    farid, later = await person(context, cast.farid), Terms(time(13), ZONE, 90, 8, 1)
    await apply(context, FollowingChange(farid, found[4]["id"], later))
    async with context.db.reading() as tx:
        new = await tx.fetchval("select id from schedules where id <> $1", schedule)
    assert [row["id"] for row in await planted(context, schedule)] == [row["id"] for row in found[:4]]
    after = await planted(context, new)
    assert [row["id"] for row in after] == [row["id"] for row in found[4:]]
    assert {row["wall_start"].time() for row in after} == {time(13)}
    await planting.plant(context)
    assert len(await planted(context, schedule)) + len(await planted(context, new)) == 10


async def test_ending_a_schedule_keeps_what_is_booked(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    found = await planted(context, schedule)
    await add_booking(context, found[3]["id"], cast.mira)
    await add_booking(context, found[5]["id"], cast.milo, state="cancelled")
    await apply(context, ScheduleEnd(await person(context, cast.farid), schedule, remove=True))
    left = await planted(context, schedule)
    assert [(row["id"], row["state"]) for row in left] == [
        (found[3]["id"], "open"),
        (found[5]["id"], "cancelled"),
    ]
    await planting.plant(context)
    assert len(await planted(context, schedule)) == 2


# The circle as a whole


async def test_a_paused_circle_takes_nobody_and_plants_nothing(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    await standing_actions.pause_circle(context, farid, cast.circle)
    async with context.db.transaction() as tx:
        await tx.execute("delete from gatherings where planned_for > current_date + 50")
        await tx.execute("update schedules set planted_until = current_date + 50")
    await planting.plant(context)
    few = len(await planted(context, schedule))
    with pytest.raises(Refused) as refused:
        await booking_actions.book(
            context,
            await person(context, cast.mira),
            cast.gathering,
            choice="community",
            amount=0,
            version_id=cast.version,
            agreed=True,
        )
    assert refused.value.codes == {"not_open"}
    how_many = await standing_actions.resume_circle(context, farid, cast.circle)
    assert (few + how_many, len(await planted(context, schedule))) == (16, 16)


async def test_a_circle_ends_only_when_nobody_waits_for_it(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    booking = await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as refused:
        await standing_actions.archive_circle(context, farid, cast.circle)
    assert refused.value.codes == {"seats_ahead"}
    await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=0)
    await standing_actions.archive_circle(context, farid, cast.circle)
    async with context.db.reading() as tx:
        state = await tx.fetchval("select state from gatherings where id = $1", cast.gathering)
        ended = await tx.fetchval("select state from schedules where id = $1", schedule)
    assert (state, ended, await planted(context, schedule)) == ("cancelled", "ended", [])


async def test_a_copy_is_a_draft_made_of_the_same(context: Context, cast: Cast) -> None:
    copy = await standing_actions.copy_circle(context, await person(context, cast.farid), cast.circle)
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select * from circles where id = $1", copy)
    assert row is not None
    assert (row["name"], row["state"], row["maximum"]) == ("Copy of First steps home", "draft", 8000)


async def test_two_hosts_at_once_change_it_once(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    change = ScheduleChange(farid, schedule, LATER, weekly())
    consent = await consent_to(context, change)
    tries = [planned_change.apply(context, change, consent) for _ in range(2)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["OutOfDate", "Outcome"]


# The pages


async def test_half_a_year_is_planned_with_its_dates_in_view(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    holiday = (today() + timedelta(days=10)).isoformat()
    async with browser(cast.farid) as page:
        assert "Make a schedule" in (await page.get(f"/host/circles/{cast.circle}")).text
        assert (await page.get(address)).status_code == 200
        shown = (await page.post(address, data=typed(note="Kept <b>"))).text
        assert shown.count('value="skip:') == 12
        assert "Kept &lt;b&gt;" in shown
        skipped = (await page.post(address, data=typed(then=f"skip:{holiday}"))).text
        assert f'name="skipped" value="{holiday}"' in skipped
        assert skipped.count('aria-pressed="true"') == 1
        back = await page.post(address, data=typed(then=f"skip:{holiday}", skipped=holiday))
        assert 'name="skipped" value=""' in back.text
        saved = await page.post(address, data=typed(then="save", skipped=holiday))
        assert saved.headers["Location"] == f"/host/circles/{cast.circle}"
        text = (await page.get(saved.headers["Location"])).text
    assert "11:00 to 12:30 New York time" in text
    assert "15 planted ahead" in text
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from gatherings where schedule_id is not null") == 15


async def test_the_dates_follow_the_form_without_a_new_page(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    holiday = (today() + timedelta(days=10)).isoformat()
    asks = {"HX-Request": "true", "HX-Request-Type": "partial"}
    async with browser(cast.farid) as page:
        assert 'hx-trigger="load, change' in (await page.get(address)).text
        part = await page.post(address, data=typed(then=f"skip:{holiday}"), headers=asks)
        assert (part.status_code, part.headers["Vary"]) == (200, "HX-Request, HX-Request-Type")
        assert part.text.lstrip().startswith('<section id="dates"')
        assert f'name="skipped" value="{holiday}"' in part.text
        assert "Save the schedule" in part.text
        half = await page.post(address, data=typed(weekdays="", time=""), headers=asks)
        assert half.status_code == 200  # a form that is not finished is no mistake yet
        assert "choose a weekday" in half.text
        assert "Save the schedule" not in half.text
        schedule = await make_schedule(context, cast)
        changed = await page.post(f"/host/schedules/{schedule}", data=typed(time="12:00"), headers=asks)
        assert "16 gatherings change" in changed.text
        assert "<html" not in changed.text


async def test_a_saved_schedule_says_whether_more_will_follow(cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    listed = {"kind": "dates", "dates": (today() + timedelta(days=5)).isoformat(), "time": "08:00"}
    async with browser(cast.farid) as page:
        saved = await page.post(address, data=typed(then="save"))
        assert "follow by themselves" in (await page.get(saved.headers["Location"])).text
        saved = await page.post(address, data=typed(**listed, then="save"))
        assert (
            "1 gathering is open for booking, and that is all of them."
            in (await page.get(saved.headers["Location"])).text
        )


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"end": "until", "until": "2026-01-01"}, "before the first"),
        ({"end": "until", "until": "2060-01-01"}, "more than 400 gatherings"),
        ({"end": "times", "times": "401"}, "1 to 400 gatherings"),
        ({"kind": "dates", "dates": "2020-01-01"}, "No gathering comes of this"),
        ({"kind": "dates", "dates": "2027-03-14 31.12.2027 2027-02-30"}, "read “31.12.2027”, “2027-02-30”."),
        ({"kind": "dates", "dates": "\n".join("abcdefg")}, "“d” and 3 more"),
        ({"kind": "dates", "dates": ""}, "Please list the dates"),
        ({"weekdays": ""}, "choose a weekday"),
        ({"length_minutes": "-5"}, "ends after it starts"),
        ({"kind": "yearly"}, "choose how it repeats"),
        ({"skipped": "x\x00"}, "write each date as 2027-03-14"),
    ],
)
async def test_schedules_that_cannot_stand_are_said_back(
    context: Context, cast: Cast, browser: OpenBrowser, changed: dict[str, str], says: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/circles/{cast.circle}/schedules/new", data=typed(then="save") | changed
        )
    assert answer.status_code == 422
    assert says in answer.text
    async with context.db.reading() as tx:
        assert not await tx.fetchval("select count(*) from schedules")


@pytest.mark.parametrize("who", ["fern", "mira"])
async def test_the_pages_are_for_hosts_alone(
    context: Context, cast: Cast, browser: OpenBrowser, who: str
) -> None:
    schedule = await make_schedule(context, cast)
    gathering = (await planted(context, schedule))[0]["id"]
    async with browser(getattr(cast, who)) as page:
        for address in (
            f"/host/circles/{cast.circle}/schedules/new",
            f"/host/schedules/{schedule}",
            f"/host/schedules/{schedule}/end",
            f"/host/gatherings/{gathering}/change",
            f"/host/gatherings/{gathering}/put-back",
        ):
            assert (await page.get(address)).status_code == 404
            assert (await page.post(address, data=typed())).status_code == 404
        for verb in ("pause", "resume", "archive", "copy"):
            assert (await page.post(f"/host/circles/{cast.circle}/{verb}")).status_code == 404


async def test_one_evening_is_moved_after_seeing_who_is_told(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    schedule = await make_schedule(context, cast)
    first = (await planted(context, schedule))[0]
    booking = await add_booking(context, first["id"], cast.mira, kind="paid", amount=4500)
    address = f"/host/gatherings/{first['id']}/change"
    day = first["planned_for"].isoformat()
    async with browser(cast.farid) as page:
        assert "This one and all that follow" in (await page.get(address)).text
        change = typed(scope="one", date=day, time="13:00", capacity="6", note="Bring a blanket")
        shown = (await page.post(address, data=change)).text
        assert re.search(r"Seats: 6 instead of \d+; a new word about it\.", shown)
        assert "1 person with a seat is told: Mira" in shown
        assert "all they paid comes back" in shown
        assert (await page.post(address, data=change | {"then": "do"})).status_code == 422
        done = await page.post(address, data=change | {"then": "do", "seen": fingerprint(shown)})
        assert done.status_code == 303
        assert "Changed by hand" in (await page.get(f"/host/circles/{cast.circle}")).text
        back = await page.get(f"/host/gatherings/{first['id']}/put-back")
        assert "moves to" in back.text
        done = await page.post(
            f"/host/gatherings/{first['id']}/put-back", data={"seen": fingerprint(back.text)}
        )
        assert done.status_code == 303
    async with browser(cast.mira) as page:
        assert "Cancel with a full refund" in (await page.get(f"/bookings/{booking}")).text
    assert (await planted(context, schedule))[0]["starts_at"] == first["starts_at"]


@pytest.mark.parametrize(("scope", "how_many"), [("following", 14), ("whole", 16)])
async def test_more_than_one_is_changed_from_one(
    context: Context, cast: Cast, browser: OpenBrowser, scope: str, how_many: int
) -> None:
    schedule = await make_schedule(context, cast)
    third = (await planted(context, schedule))[2]
    address = f"/host/gatherings/{third['id']}/change"
    change = typed(scope=scope, date=third["planned_for"].isoformat(), time="13:00")
    async with browser(cast.farid) as page:
        shown = (await page.post(address, data=change)).text
        assert f"{how_many} gatherings change" in shown
        done = await page.post(address, data=change | {"then": "do", "seen": fingerprint(shown)})
        assert done.status_code == 303
    async with context.db.reading() as tx:
        moved = await tx.fetchval("select count(*) from gatherings where wall_start::time = '13:00'")
        assert moved == how_many


async def test_a_schedule_is_changed_and_ended_from_its_pages(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    schedule = await make_schedule(context, cast)
    address = f"/host/schedules/{schedule}"
    async with browser(cast.farid) as page:
        assert "What will happen" not in (await page.get(address)).text
        shown = (await page.post(address, data=typed(time="12:00"))).text
        assert "16 gatherings change" in shown
        assert "Nobody needs to be told" in shown
        done = await page.post(address, data=typed(time="12:00", then="save", seen=fingerprint(shown)))
        assert done.status_code == 303
        assert "take away 16 that nobody booked" in (await page.get(f"{address}/end")).text
        assert (await page.post(f"{address}/end", data={"then": "remove"})).status_code == 303
    assert await planted(context, schedule) == []


async def test_a_circle_is_paused_copied_and_ended_from_its_page(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    at = f"/host/circles/{cast.circle}"
    async with browser(cast.farid) as page:
        await page.post(f"{at}/pause")
        assert "Paused" in (await page.get(at)).text
        assert "takes no bookings" in (await page.get(f"/gatherings/{cast.gathering}")).text
        await page.post(f"{at}/resume")
        copied = await page.post(f"{at}/copy")
        assert "Copy of First steps home" in (await page.get(copied.headers["Location"])).text
        await page.post(f"{at}/archive")
        assert "End this circle" not in (await page.get(at)).text


async def test_two_gatherings_of_one_host_need_a_reason(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    second = await add_circle(context, cast.farid, name="Second")
    there = (today() + timedelta(days=7)).isoformat()
    plan = typed(date=there, time="19:00", then="publish")
    async with browser(cast.farid) as page:
        warned = await page.post(f"/host/circles/{second}/gatherings/new", data=plan)
        assert warned.status_code == 422
        assert "has another gathering then" in warned.text
        plan["overlap_reason"] = "Fern takes this one"
        done = await page.post(f"/host/circles/{second}/gatherings/new", data=plan)
        assert done.status_code == 303


async def test_the_pages_ask_few_questions(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    schedule = await make_schedule(context, cast)
    gathering = (await planted(context, schedule))[0]["id"]
    async with browser(cast.farid) as page:
        for address in (
            f"/host/circles/{cast.circle}",
            f"/host/schedules/{schedule}",
            f"/host/schedules/{schedule}/end",
            f"/host/gatherings/{gathering}/change",
        ):
            await page.get(address)
            queries.clear()
            assert (await page.get(address)).status_code == 200
            assert len(queries) <= 3, address


async def test_the_demo_community_keeps_schedules(context: Context) -> None:
    await demo.load(context)
    async with context.db.reading() as tx:
        rows = await tx.fetch("select * from schedules")
        tied = await tx.fetch("select * from gatherings where schedule_id is not null")
    assert len(rows) == 9
    assert len(tied) > 20
    rule = {row["id"]: schedule_forms.rule_of(row) for row in rows}
    terms = {row["id"]: schedule_forms.terms_of(row) for row in rows}
    for row in tied:
        there = row["schedule_id"]
        assert row["planned_for"] in schedule_rules.dates(rule[there], row["planned_for"], row["planned_for"])
        assert terms[there].moment(row["planned_for"]).utc == row["starts_at"]
    before = len(tied)
    await planting.plant(context)
    async with context.db.reading() as tx:
        doubled = await tx.fetchval(
            "select count(*) - count(distinct (circle_id, starts_at)) from gatherings where state <> 'cancelled'"
        )
        after = await tx.fetchval("select count(*) from gatherings where schedule_id is not null")
        soon = datetime.now(UTC).date() + schedule_rules.HORIZON - timedelta(days=15)
        assert await tx.fetchval("select max(planned_for) from gatherings") > soon
    assert (doubled, after) == (0, before)  # all of it was planted at once
