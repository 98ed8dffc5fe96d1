"""The live page of a gathering over HTTP: opening it, what it shows, taps sent once or twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.attendance.room import actions as room_actions
from circles.attendance.room import readiness_actions
from circles.attendance.room.rules import Tap
from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person, open_the_room
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, missing, value

READY = {"co": "here", "card": "on"}
LINK = "https://meet.example.org/tuesday"


async def mark_of(context: Context, booking: UUID) -> str | None:
    return await value(context, "select mark from attendance where booking_id = $1", booking)


# Opening


async def test_members_see_the_link_once_their_host_has_opened_the_room(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as member, browser(cast.farid) as host:
        text = (await member.get("/my/gatherings")).text
        assert "The link opens when your host opens the room." in text
        assert LINK not in text
        assert (await host.post(f"/host/gatherings/{tonight}/open", data=READY)).status_code == 303
        assert LINK in (await member.get("/my/gatherings")).text
        assert "The room is open" in (await host.get(f"/host/gatherings/{tonight}/room")).text
    row = await value(
        cast.context,
        "select details from events where what = 'gathering.room_opened' and who = $1",
        cast.farid,
    )
    assert row == {"co": "here", "card": True}


async def test_a_room_without_its_checks_stays_closed_and_keeps_the_form(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        answer = await host.post(f"/host/gatherings/{tonight}/open", data={"co": "alone", "card": "on"})
        assert answer.status_code == 422
        assert "Please write why you go ahead alone" in answer.text
        assert 'value="alone" checked' in " ".join(answer.text.split())
        assert await value(cast.context, "select opened_at from gatherings where id = $1", tonight) is None
        alone = {"co": "alone", "why": "Ruth is ill", "card": "on"}
        assert (await host.post(f"/host/gatherings/{tonight}/open", data=alone)).status_code == 303
    checks = await value(cast.context, "select checks from gatherings where id = $1", tonight)
    assert checks == {"co": "alone", "why": "Ruth is ill", "card": True}


async def test_opening_twice_is_opening_once(cast: Cast, tonight: UUID) -> None:
    async def open_it() -> None:
        await readiness_actions.open_room(
            cast.context, actor_id=cast.farid, gathering_id=tonight, answers=READY
        )

    await asyncio.gather(open_it(), open_it(), open_it())
    assert await value(cast.context, "select count(*) from events where what = 'gathering.room_opened'") == 1


async def test_a_room_without_checks_opens_at_once(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await change(cast.context, "update circles set asks_co = false, asks_card = false")
    async with browser(cast.farid) as host:
        assert (await host.post(f"/host/gatherings/{tonight}/open")).status_code == 303
    assert await value(cast.context, "select opened_at is not null from gatherings where id = $1", tonight)


async def test_who_may_open_a_room(cast: Cast, tonight: UUID) -> None:
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.mira)
    for nobody in (cast.fern, cast.odile, cast.milo, cast.mira):
        with pytest.raises(NotFound):
            await readiness_actions.open_room(
                cast.context, actor_id=nobody, gathering_id=tonight, answers=READY
            )
    await change(cast.context, "insert into stand_ins values ($1, $2)", tonight, cast.fern)
    await readiness_actions.open_room(cast.context, actor_id=cast.fern, gathering_id=tonight, answers=READY)


async def test_a_demoted_host_opens_nothing(cast: Cast, tonight: UUID) -> None:
    async with demoted(cast.context, cast.farid):
        with pytest.raises(NotFound):
            await readiness_actions.open_room(
                cast.context, actor_id=cast.farid, gathering_id=tonight, answers=READY
            )


async def test_a_room_cannot_be_opened_the_day_before(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        await readiness_actions.open_room(
            cast.context, actor_id=cast.farid, gathering_id=cast.gathering, answers=READY
        )
    assert refused.value.codes == {"too_early"}


# Shutting it again


async def test_opening_a_shut_room_needs_its_checks_again(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as member, browser(cast.farid) as host:
        room = f"/host/gatherings/{tonight}"
        assert "Close the room" not in (await host.get(f"{room}/room")).text
        await host.post(f"{room}/open", data=READY)
        assert "Close the room" in (await host.get(f"{room}/room")).text
        assert (await host.post(f"{room}/shut")).status_code == 303
        assert LINK not in (await member.get("/my/gatherings")).text
        text = (await host.get(f"{room}/room")).text
        assert "I have read the crisis card today" in text
        assert "The room is open" not in text
        assert (await host.post(f"{room}/open")).status_code == 422
        await host.post(f"{room}/open", data=READY)
        assert LINK in (await member.get("/my/gatherings")).text
    kept = "select array_agg(what order by at) from events where about = $1 and what like 'gathering.room%'"
    assert await value(cast.context, kept, tonight) == [
        "gathering.room_opened",
        "gathering.room_shut",
        "gathering.room_opened",
    ]


async def test_shutting_twice_is_shutting_once(cast: Cast, tonight: UUID) -> None:
    await readiness_actions.open_room(cast.context, actor_id=cast.farid, gathering_id=tonight, answers=READY)

    async def shut() -> None:
        await readiness_actions.shut_room(cast.context, actor_id=cast.farid, gathering_id=tonight)

    await asyncio.gather(shut(), shut())
    assert await value(cast.context, "select count(*) from events where what = 'gathering.room_shut'") == 1


async def test_who_may_shut_a_room(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await readiness_actions.open_room(cast.context, actor_id=cast.farid, gathering_id=tonight, answers=READY)
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.mira)
    for nobody in (cast.fern, cast.odile, cast.milo, cast.mira):
        async with browser(nobody) as page:
            assert (await page.post(f"/host/gatherings/{tonight}/shut")).status_code == 404
    async with browser(cast.mira) as helper:
        assert "Close the room" not in (await helper.get(f"/host/gatherings/{tonight}/room")).text
    await change(cast.context, "insert into stand_ins values ($1, $2)", tonight, cast.fern)
    await readiness_actions.shut_room(cast.context, actor_id=cast.fern, gathering_id=tonight)


async def test_a_room_of_a_gathering_that_is_over_stays_as_it_was(cast: Cast, browser: OpenBrowser) -> None:
    past = await add_gathering(cast.context, cast.circle, days=-1)
    await open_the_room(cast.context, past)
    async with browser(cast.farid) as host:
        assert "Close the room" not in (await host.get(f"/host/gatherings/{past}/room")).text
        answer = await host.post(f"/host/gatherings/{past}/shut")
    assert answer.status_code == 422
    assert "This gathering is over" in answer.text


# The host's view


async def test_the_room_shows_who_is_expected_with_their_notes(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await change(cast.context, "update people set access_needs = 'I lip-read.' where id = $1", cast.mira)
    async with browser(cast.farid) as host:
        text = (await host.get(f"/host/gatherings/{tonight}/room")).text
    assert not missing(
        text, "Mira", "she/her", "First time", "I lip-read.", LINK, "Crisis card", "988", "Check-in round"
    )
    main = text[text.index("<main") : text.index("</main>")]
    for private in ("37.5", "$", "@", "paid"):
        assert private not in main, private


async def test_access_needs_show_to_hosts_days_before(cast: Cast, browser: OpenBrowser) -> None:
    await change(
        cast.context, "update people set access_needs = 'A seat near the door.' where id = $1", cast.mira
    )
    await add_booking(cast.context, cast.gathering, cast.mira)
    async with browser(cast.farid) as host:
        assert "A seat near the door." in (await host.get(f"/host/gatherings/{cast.gathering}")).text


async def test_access_needs_show_only_to_hosts_of_gatherings_with_a_seat(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await change(cast.context, "update people set access_needs = 'I lip-read.' where id = $1", cast.mira)
    past = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=3))
    await add_booking(cast.context, past, cast.mira)
    ahead = await add_gathering(cast.context, cast.circle, days=3)
    await add_booking(cast.context, ahead, cast.mira, state="cancelled")
    async with browser(cast.farid) as host:
        for gathering in (past, ahead):
            for page in ("", "/room"):
                assert "lip-read" not in (await host.get(f"/host/gatherings/{gathering}{page}")).text
        assert "lip-read" not in (await host.get(f"/gatherings/{tonight}")).text
    for other in (cast.fern, cast.milo, cast.odile):
        async with browser(other) as page:
            assert (await page.get(f"/host/gatherings/{tonight}/room")).status_code == 404


async def test_the_room_needs_at_most_four_queries(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, queries: list[str]
) -> None:
    for n in range(6):
        await add_booking(
            cast.context, tonight, await add_person(cast.context, f"Guest {n}"), kind="paid", amount=3000
        )
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/gatherings/{tonight}/room")).status_code == 200
    assert len(queries) <= 4, queries


# Taps


def tap(booking: UUID, mark: str, ago: float = 0) -> dict[str, Any]:
    return {"key": str(uuid4()), "booking": str(booking), "mark": mark, "ago": round(ago * 1000)}


async def test_taps_stored_on_a_phone_arrive_later_and_count_once(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    milo = await add_booking(cast.context, tonight, cast.milo)
    sent = {"taps": [tap(booked, "absent", 90), tap(booked, "came", 30), tap(milo, "excused", 60)]}
    async with browser(cast.farid) as host:
        for _ in range(3):
            answer = await host.post(f"/host/gatherings/{tonight}/room/marks", json=sent)
            assert answer.status_code == 200
            assert answer.json()["says"] == ""
            assert answer.json()["marks"] == {str(booked): "came", str(milo): "excused"}
    count = await value(cast.context, "select count(*) from events where what = 'attendance.marked'")
    assert count == 3  # absent, then came; and excused
    assert await value(cast.context, "select count(*) from taps") == 3


async def test_the_latest_tap_decides(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as host:
        address = f"/host/gatherings/{tonight}/room/marks"
        await host.post(address, json={"taps": [tap(booked, "came", 10)]})
        await host.post(address, json={"taps": [tap(booked, "absent", 600)]})
        assert await mark_of(cast.context, booked) == "came"
        await host.post(address, json={"taps": [tap(booked, "", 5)]})
        assert await mark_of(cast.context, booked) is None
        await host.post(address, json={"taps": [tap(booked, "excused", 20)]})
        assert await mark_of(cast.context, booked) is None
        # A tap on the register itself is a tap of now.
        await host.post(f"/host/gatherings/{tonight}/register", data={"booking": str(booked), "mark": "came"})
        await host.post(address, json={"taps": [tap(booked, "absent", 60)]})
    assert await mark_of(cast.context, booked) == "came"


async def test_two_phones_that_send_the_same_evening_agree(cast: Cast, tonight: UUID) -> None:
    seats = [
        await add_booking(
            cast.context, tonight, await add_person(cast.context, f"Guest {n}"), kind="paid", amount=3000
        )
        for n in range(6)
    ]
    one = [Tap(key=uuid4(), booking=seat, mark="came", ago=9_000) for seat in seats]
    two = [Tap(key=uuid4(), booking=seat, mark="absent", ago=4_000) for seat in reversed(seats)]
    await asyncio.gather(
        *(
            room_actions.save_taps(cast.context, actor_id=cast.farid, gathering_id=tonight, taps=taps)
            for taps in (one, two, one, two)
        )
    )
    marks = await room_actions.save_taps(cast.context, actor_id=cast.farid, gathering_id=tonight, taps=[])
    assert {marking.value for marking in marks.values()} == {"absent"}
    assert await value(cast.context, "select count(*) from taps") == 12


async def test_a_tap_on_an_ended_seat(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    gone = await add_booking(cast.context, tonight, cast.milo, state="cancelled")
    elsewhere = await add_booking(cast.context, cast.gathering, cast.milo)
    sent = {"taps": [tap(gone, "came"), tap(elsewhere, "came"), tap(uuid4(), "came"), tap(booked, "came")]}
    async with browser(cast.farid) as host:
        answer = await host.post(f"/host/gatherings/{tonight}/room/marks", json=sent)
    assert answer.json()["marks"] == {str(booked): "came"}
    assert await value(cast.context, "select count(*) from attendance") == 1


@pytest.mark.parametrize("sent", [{"taps": "x"}, {"taps": [{"key": "x"}]}, 7])
async def test_an_unreadable_body_is_refused_with_the_current_marks(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, sent: Any
) -> None:
    async with browser(cast.farid) as host:
        answer = await host.post(f"/host/gatherings/{tonight}/room/marks", json=sent)
    assert answer.status_code == 422
    assert answer.json()["says"] == "These marks could not be read."
    assert answer.json()["marks"] == {str(booked): ""}


async def test_who_may_send_taps(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    sent = {"taps": [tap(booked, "came")]}
    for person in (cast.fern, cast.mira, cast.odile):
        async with browser(person) as page:
            assert (await page.post(f"/host/gatherings/{tonight}/room/marks", json=sent)).status_code == 404
    async with browser() as page:
        assert (await page.post(f"/host/gatherings/{tonight}/room/marks", json=sent)).status_code == 303
    assert await value(cast.context, "select count(*) from taps") == 0


async def test_a_mark_without_javascript(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        answer = await host.post(
            f"/host/gatherings/{tonight}/room/marks", data={"booking": str(booked), "mark": "came"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/host/gatherings/{tonight}/room#seat-1"
        answer = await host.post(
            f"/host/gatherings/{tonight}/room/marks", data={"booking": "x", "mark": "came"}
        )
        assert answer.status_code == 422
    assert await mark_of(cast.context, booked) == "came"


async def test_old_taps_are_forgotten(cast: Cast, tonight: UUID, booked: UUID) -> None:
    kept = Tap(key=uuid4(), booking=booked, mark="came", ago=0)
    await room_actions.save_taps(cast.context, actor_id=cast.farid, gathering_id=tonight, taps=[kept])
    await jobs.run_timetable(cast.context, "attendance.forget_taps")
    assert await value(cast.context, "select count(*) from taps") == 1
    await change(cast.context, "update taps set tapped_at = now() - interval '32 days'")
    await jobs.run_timetable(cast.context, "attendance.forget_taps")
    assert await value(cast.context, "select count(*) from taps") == 0
    assert await mark_of(cast.context, booked) == "came"


# What your hosts should know


async def test_members_write_their_access_needs_on_their_own_page(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert 'href="/me/room"' in (await page.get("/me")).text
        assert (await page.post("/me/room", data={"needs": " I lip-read. "})).status_code == 303
        assert "I lip-read." in (await page.get("/me/room")).text
        answer = await page.post("/me/room", data={"needs": "x" * 501})
        assert answer.status_code == 422
        assert "x" * 501 in answer.text
        exported = await personal_data.export(cast.context, "mira@example.org")
        assert exported["people"][0]["access_needs"] == "I lip-read."
        assert (await page.post("/me/room", data={"needs": ""})).status_code == 303
    assert await value(cast.context, "select access_needs from people where id = $1", cast.mira) == ""


# What a circle asks


async def test_a_circle_sets_its_checks_before_a_room_opens(cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}/room"
    async with browser(cast.farid) as host:
        assert (await host.get(address)).text.count(" checked") == 2
        assert (await host.post(address, data={"card": "on"})).status_code == 303
        assert (await host.get(address)).text.count(" checked") == 1
    async with browser(cast.fern) as other:
        assert (await other.get(address)).status_code == 404
        assert (await other.post(address, data={})).status_code == 404
    row = await value(cast.context, "select (asks_co, asks_card) from circles where id = $1", cast.circle)
    assert row == (False, True)
