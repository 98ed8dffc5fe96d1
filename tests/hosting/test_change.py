"""Changing gatherings and schedules on a real database: one gathering, putting back, a whole schedule, its end."""

from __future__ import annotations

import asyncio
import re
from datetime import time, timedelta

import pytest

import app as site
from circles import gatherings
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
from circles.hosting.schedule import planting
from circles.hosting.schedule.rules import Rule, Terms
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, value
from tests.hosting.helpers import (
    LATER,
    TERMS,
    ZONE,
    apply,
    change_one,
    consent_to,
    events,
    fingerprint,
    make_schedule,
    plan_change,
    planted,
    refusal_codes,
    today,
    typed,
    weekly,
)

MOVED = (
    "update gatherings set starts_at = starts_at + interval '2 hours', ends_at = ends_at + interval '2 hours', "
    "wall_start = wall_start + interval '2 hours' where id = $1"
)

site.connect_features()


# One gathering


async def test_a_moved_time_notifies_and_allows_full_refunds(context: Context, cast: Cast) -> None:
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
    assert re.fullmatch(r"Tuesday group: .+ moved to .+", mail["subject"])
    for part in ("html_body", "text_body"):
        assert "all you paid comes back" in mail[part]
        assert "once your host has opened the room" in " ".join(mail[part].split())
    assert row is not None
    moved = (await planted(context, soon))[0]
    assert (row["full_refund_until"], moved["by_hand"]) == (moved["starts_at"], True)
    refund = await booking_actions.cancel(context, await person(context, cast.mira), booking, shown=4500)
    assert refund.percent == 100


async def test_more_seats_notify_nobody(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await change_one(context, cast, cast.gathering, capacity=9, community_seats=2)
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from pgqueuer") == 0
        row = await tx.fetchrow("select full_refund_until from bookings where id = $1", booking)
    assert row is not None
    assert row["full_refund_until"] is None
    assert [dict(event["details"]) for event in await events(context, "gathering.changed")]


async def test_another_place_notifies_those_booked_and_is_shown_to_them(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    for link in ("https://meet.example.org/other", "https://meet.example.org/third"):
        await change_one(context, cast, cast.gathering, join_link=link)
        await jobs.drain(context)
    async with context.db.reading() as tx:
        gathering = (await gatherings.bookable_gatherings(tx, [cast.gathering]))[cast.gathering]
        mails = await tx.fetchval("select count(*) from mails where to_address like 'mira%'")
    assert (gathering.join_link, mails) == ("https://meet.example.org/third", 2)


async def test_seats_are_not_cut_below_those_taken_with_nobody_chosen(context: Context, cast: Cast) -> None:
    for person_id in (cast.mira, cast.milo, cast.fern):
        await add_booking(context, cast.gathering, person_id, kind="paid", amount=4500)
    with pytest.raises(Refused) as refused:
        await change_one(context, cast, cast.gathering, capacity=2)
    assert refused.value.codes == {"choose_more"}
    await change_one(context, cast, cast.gathering, capacity=3)


async def test_people_on_seats_that_go_get_others(context: Context, cast: Cast) -> None:
    for person_id in [cast.mira, cast.milo, cast.fern]:
        await add_booking(context, cast.gathering, person_id, kind="paid", amount=4500)
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


async def test_a_change_with_another_outcome_than_shown_is_refused(context: Context, cast: Cast) -> None:
    change = await plan_change(context, cast, cast.gathering, at=time(12))
    consent = await consent_to(context, change)
    await add_booking(context, cast.gathering, cast.mira)
    with pytest.raises(OutOfDate):
        await planned_change.apply(context, change, consent)


async def test_overlapping_gatherings_of_one_host_need_a_reason(context: Context, cast: Cast) -> None:
    await add_gathering(context, await add_circle(context, cast.farid, name="Second"), days=7, hour=20)
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


async def test_a_gathering_put_back_follows_its_schedule_again(context: Context, cast: Cast) -> None:
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


async def test_only_a_draft_ahead_is_opened_for_booking(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    past = await add_gathering(context, cast.circle, days=-2, state="draft")
    gone = await add_gathering(context, cast.circle, days=20, state="cancelled", cancel_reason="Ill.")
    assert await refusal_codes(change_actions.publish_gathering(context, farid, past)) == {"past"}
    assert await refusal_codes(change_actions.publish_gathering(context, farid, gone)) == {"cancelled"}
    await change_actions.publish_gathering(context, farid, cast.gathering)
    assert not await rows(context, "select * from events where what = 'gathering.published'")


@pytest.mark.parametrize(
    ("set_to", "code", "message"),
    [
        ("state = 'cancelled', cancel_reason = 'Ill.'", "cancelled", "was canceled, so it cannot be changed"),
        (
            "starts_at = now(), wall_start = wall_start + (now() - starts_at)",
            "begun",
            "has begun, so it cannot be",
        ),
    ],
)
async def test_a_cancelled_or_begun_gathering_cannot_change(
    context: Context, cast: Cast, browser: OpenBrowser, set_to: str, code: str, message: str
) -> None:
    gathering = await add_gathering(context, cast.circle, days=20)
    if code == "begun":
        set_to += ", ends_at = now() + make_interval(mins => length_minutes)"
    await change(context, f"update gatherings set {set_to} where id = $1", gathering)
    moment = TERMS.moment(today() + timedelta(days=30))
    planned = GatheringChange(await person(context, cast.farid), gathering, moment, TERMS)
    doing = planned_change.apply(context, planned, await consent_to(context, planned))
    assert code in await refusal_codes(doing)
    async with browser(cast.farid) as page:
        data = typed(scope="one", date=moment.wall.date().isoformat())
        answer = await page.post(f"/host/gatherings/{gathering}/change", data=data)
    assert answer.status_code == 422
    assert message in answer.text


# Putting back


async def test_putting_back_needs_a_schedule(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    farid = await person(context, cast.farid)
    async with browser(cast.farid) as page:
        address = f"/host/gatherings/{cast.gathering}/put-back"
        assert (await page.get(address)).status_code == 404
        assert (await page.post(address)).status_code == 404
    with pytest.raises(NotFound):
        await planned_change.apply(context, FollowingChange(farid, cast.gathering, TERMS), Consent(""))


async def test_putting_back_to_the_past_is_refused(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    first = (await planted(context, await make_schedule(context, cast)))[0]["id"]
    await change(context, "update gatherings set planned_for = current_date - 2 where id = $1", first)
    async with browser(cast.farid) as page:
        answer = await page.get(f"/host/gatherings/{first}/put-back")
        assert "The time its schedule has for it has passed." in answer.text
        assert (await page.post(f"/host/gatherings/{first}/put-back")).status_code == 422


async def test_putting_back_a_changed_gathering_is_shown_again(
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


# A whole schedule and its end


async def test_a_schedule_changes_except_gatherings_changed_by_hand(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    before = await planted(context, schedule)
    await change_one(context, cast, before[2]["id"], at=time(16))
    booking = await add_booking(context, before[0]["id"], cast.mira)
    await apply(context, ScheduleChange(await person(context, cast.farid), schedule, LATER, weekly()))
    now = await planted(context, schedule)
    assert [row["id"] for row in now] == [row["id"] for row in before]
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
        assert (
            await tx.fetchval("select count(*) from pgqueuer where entrypoint = 'invites.send_changes'") == 1
        )


async def test_another_weekday_leaves_gatherings_with_bookings_in_place(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    before = await planted(context, schedule)
    await add_booking(context, before[1]["id"], cast.mira)
    await apply(context, ScheduleChange(await person(context, cast.farid), schedule, TERMS, weekly(4)))
    now = {row["planned_for"]: row for row in await planted(context, schedule)}
    kept = now.pop(before[1]["planned_for"])
    assert (kept["starts_at"], kept["by_hand"], kept["state"]) == (before[1]["starts_at"], True, "open")
    assert {day.weekday() for day in now} == {(today() + timedelta(days=4)).weekday()}
    assert len(now) == 26


async def test_ending_a_schedule_keeps_what_is_booked(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    before = await planted(context, schedule)
    await add_booking(context, before[3]["id"], cast.mira)
    await add_booking(context, before[5]["id"], cast.milo, state="cancelled")
    await apply(context, ScheduleEnd(await person(context, cast.farid), schedule, remove=True))
    left = await planted(context, schedule)
    assert [(row["id"], row["state"]) for row in left] == [
        (before[3]["id"], "open"),
        (before[5]["id"], "cancelled"),
    ]
    await planting.plant(context)
    assert len(await planted(context, schedule)) == 2


async def test_two_hosts_at_once_change_a_schedule_once(context: Context, cast: Cast) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    change = ScheduleChange(farid, schedule, LATER, weekly())
    consent = await consent_to(context, change)
    tries = [planned_change.apply(context, change, consent) for _ in range(2)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["OutOfDate", "Outcome"]


async def test_an_ended_schedule_is_closed(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    schedule, farid = await make_schedule(context, cast), await person(context, cast.farid)
    for _ in range(2):
        await planned_change.apply(context, ScheduleEnd(farid, schedule), Consent(""))
    assert len(await rows(context, "select * from events where what = 'schedule.ended'")) == 1
    doing = planned_change.apply(context, ScheduleChange(farid, schedule, TERMS), Consent(""))
    assert await refusal_codes(doing) == {"ended"}
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/schedules/{schedule}", data=typed(time="12:00", then="save"))
    assert answer.status_code == 422
    assert "This schedule has ended. Please make another one." in answer.text


async def test_a_refused_change_keeps_the_form(context: Context, cast: Cast, browser: OpenBrowser) -> None:
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


# Pages


async def test_the_page_moves_one_after_a_preview(context: Context, cast: Cast, browser: OpenBrowser) -> None:
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
        assert "The date changed after you booked" in (await page.get(f"/bookings/{booking}")).text
    assert (await planted(context, schedule))[0]["starts_at"] == first["starts_at"]


@pytest.mark.parametrize(("scope", "how_many"), [("following", 24), ("whole", 26)])
async def test_following_or_all_gatherings_change_from_the_page_of_one(
    context: Context, cast: Cast, browser: OpenBrowser, scope: str, how_many: int
) -> None:
    third = (await planted(context, await make_schedule(context, cast)))[2]
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


async def test_the_pages_of_a_schedule(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    schedule = await make_schedule(context, cast)
    address = f"/host/schedules/{schedule}"
    async with browser(cast.farid) as page:
        assert "What will happen" not in (await page.get(address)).text
        shown = (await page.post(address, data=typed(time="12:00"))).text
        assert "26 gatherings change" in shown
        assert "Nobody needs to be told" in shown
        done = await page.post(address, data=typed(time="12:00", then="save", seen=fingerprint(shown)))
        assert done.status_code == 303
        assert "remove 26 that nobody booked" in (await page.get(f"{address}/end")).text
        assert (await page.post(f"{address}/end", data={"then": "remove"})).status_code == 303
    assert await planted(context, schedule) == []
