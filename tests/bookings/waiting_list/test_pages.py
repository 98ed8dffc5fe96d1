"""Pages of the waiting list over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from circles.bookings.waiting_list import offers
from tests.bookings import helpers
from tests.bookings.helpers import typed
from tests.bookings.waiting_list import helpers as line_helpers
from tests.bookings.waiting_list.helpers import Line
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change

scene, line, mira = helpers.scene, line_helpers.line, helpers.mira


@pytest_asyncio.fixture
async def farid(line: Line, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(line.scene.cast.farid) as page:
        yield page


async def join(line: Line, page: Browser) -> str:
    answer = await page.post(f"/gatherings/{line.gathering}/wait", data=typed(line.scene.cast))
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_a_full_gathering_leads_to_its_waiting_list(line: Line, mira: Browser) -> None:
    href = f"/gatherings/{line.gathering}/wait"
    assert href in (await mira.get(f"/gatherings/{line.gathering}")).text
    refused = await mira.post(f"/gatherings/{line.gathering}/book", data=typed(line.scene.cast))
    assert (refused.status_code, href in refused.text) == (422, True)
    form = (await mira.get(href)).text
    assert "Join the waiting list" in form
    assert "Too few gatherings of this circle were full so far" in form


async def test_joining_keeps_what_was_typed_and_leads_to_the_place(line: Line, mira: Browser) -> None:
    wish = typed(line.scene.cast, amount="5", agreed="")
    refused = await mira.post(f"/gatherings/{line.gathering}/wait", data=wish)
    assert refused.status_code == 422
    assert 'value="5"' in refused.text
    page = await join(line, mira)
    assert await join(line, mira) == page  # joining twice
    text = (await mira.get(page)).text
    assert "You are first in line" in text
    assert "$45" in text
    assert (await mira.get(f"/gatherings/{line.gathering}/wait")).headers["location"] == page
    for place in (f"/gatherings/{line.gathering}", "/my/gatherings"):
        shown = (await mira.get(place)).text
        assert page in shown, place
        assert "You are on the waiting list" in shown, place
    assert "/wait" not in (await mira.get(f"/gatherings/{line.gathering}")).text.replace(page, "")


async def test_joining_what_is_not_full_says_so(line: Line, mira: Browser) -> None:
    cast = line.scene.cast
    await line.scene.value("update gatherings set community_seats = 0 where id = $1", cast.gathering)
    assert "A seat is free just now" in (await mira.get(f"/gatherings/{cast.gathering}/wait")).text
    answer = await mira.post(f"/gatherings/{cast.gathering}/wait", data=typed(cast))
    assert answer.status_code == 422
    assert "A seat is free" in answer.text


async def test_an_offer_is_on_every_page_and_looking_changes_nothing(
    line: Line, mira: Browser, drain: Callable[[], Any]
) -> None:
    page = await join(line, mira)
    await line.cancel()
    await drain()
    mail = await line.scene.value(
        "select html_body from mails where subject = 'Tuesday group: a seat is free for you'"
    )
    assert page in mail
    before = await line.scene.value("select jsonb_agg(to_jsonb(waits)) from waits")
    for place in (page, f"/gatherings/{line.gathering}", "/my/gatherings"):
        assert "It is kept for you until" in (await mira.get(place)).text, place
    assert await line.scene.value("select jsonb_agg(to_jsonb(waits)) from waits") == before
    answer = await mira.post(f"{page}/take")
    assert answer.status_code == 303
    booking = await line.scene.value("select booking_id from waits")
    assert (await line.scene.row(booking))["state"] == "held"
    again = await mira.post(f"{page}/take")
    assert again.headers["location"] == f"/bookings/{booking}/pay"
    assert f"/bookings/{booking}" in (await mira.get(page)).text


async def test_an_offer_of_somebody_else_is_not_found(line: Line, mira: Browser) -> None:
    wait = await line.wait()
    await line.cancel()
    assert (await mira.get(f"/waits/{wait}")).status_code == 404
    for verb in ("take", "leave", "agree"):
        assert (await mira.post(f"/waits/{wait}/{verb}")).status_code == 404


async def test_an_offer_pressed_after_it_lapsed_says_what_happened(line: Line, mira: Browser) -> None:
    page = await join(line, mira)
    second = await line.wait()
    await line.cancel()
    wait = await line.scene.value("select id from waits where state = 'offered'")
    await line.end_offer(wait)
    answer = await mira.post(f"{page}/take")
    assert answer.status_code == 422
    assert "The time for this offer is over" in answer.text
    assert "You keep your place in line" in answer.text
    assert await line.states(wait, second) == ["waiting", "offered"]
    assert "You are first in line" in (await mira.get(page)).text


async def test_leaving_and_letting_an_offer_go(line: Line, mira: Browser) -> None:
    page = await join(line, mira)
    await mira.post(f"{page}/leave")
    assert "You left this waiting list." in (await mira.get(page)).text
    page = await join(line, mira)
    await line.cancel()
    await mira.post(f"{page}/leave")
    assert "You let this offer go" in (await mira.get(page)).text
    assert await line.seats_taken() == 2


async def test_hosts_see_the_line_and_nobody_else_does(line: Line, mira: Browser, farid: Browser) -> None:
    await line.wait("Wanda", choice="community")
    await line.wait("Wilma", amount="77")
    path = f"/host/gatherings/{line.gathering}/waiting-list"
    text = (await farid.get(path)).text
    assert "2 people wait" in text
    assert text.index("Wanda") < text.index("Wilma")
    # Words alone: names of files and keys of forms have figures too.
    words = re.sub(r"<[^>]*>", " ", text.lower().split("<main")[1].split("</main")[0])
    assert "77" not in words
    assert "community" not in words
    assert (await mira.get(path)).status_code == 404
    assert path in (await farid.get(f"/host/gatherings/{line.gathering}")).text


async def test_a_host_puts_somebody_first_with_a_reason(line: Line, farid: Browser) -> None:
    first, second = await line.wait(), await line.wait("Wilma")
    path = f"/host/gatherings/{line.gathering}/waiting-list"
    refused = await farid.post(f"{path}/first", data={"wait": str(second), "reason": ""})
    assert (refused.status_code, "Wilma" in refused.text) == (422, True)
    answer = await farid.post(
        f"{path}/first", data={"wait": str(second), "reason": "She came last time in vain."}
    )
    assert answer.status_code == 303
    event = await line.scene.value(
        "select why from events where what = 'wait.put_first' and about = $1", second
    )
    assert event == "She came last time in vain."
    await line.cancel()
    assert await line.states(first, second) == ["waiting", "offered"]
    assert (
        await line.scene.value("select who from events where what = 'wait.offered'") == line.scene.cast.farid
    )
    foreign = await farid.post(f"{path}/first", data={"wait": str(line.gathering), "reason": "x"})
    assert foreign.status_code == 404


async def test_the_line_leads_to_messages(line: Line, farid: Browser) -> None:
    await line.wait("Wanda")
    new = f"/host/gatherings/{line.gathering}/messages/new?to=waiting"
    assert new in (await farid.get(f"/host/gatherings/{line.gathering}/waiting-list")).text
    assert 'value="waiting" selected' in (await farid.get(new)).text


async def test_helpers_read_the_line_and_change_nothing(line: Line, browser: OpenBrowser) -> None:
    scene, wait = line.scene, await line.wait("Wanda")
    await change(
        scene.context, "insert into hosts values ($1, $2, 'helper')", scene.cast.circle, scene.cast.mira
    )
    path = f"/host/gatherings/{line.gathering}/waiting-list"
    async with browser(scene.cast.mira) as helper:
        shown = await helper.get(path)
        assert (shown.status_code, "Wanda" in shown.text) == (200, True)
        assert f"{path}/first" not in shown.text
        assert "/messages/new" not in shown.text
        answer = await helper.post(f"{path}/first", data={"wait": str(wait), "reason": "She asked."})
        assert answer.status_code == 404


@pytest.mark.parametrize("why", ["overlap", "guidelines", "apart", "newcomers"])
async def test_who_cannot_take_it_is_passed_over_without_a_word(
    line: Line, why: str, drain: Callable[[], Any], mira: Browser
) -> None:
    scene, cast = line.scene, line.scene.cast
    page = await join(line, mira)
    first = await scene.value("select id from waits")
    second = await line.join(cast.milo)
    if why == "overlap":
        other = await scene.value(
            "insert into gatherings (circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, "
            "community_seats, state) select $2, wall_start, zone, length_minutes, starts_at, ends_at, 4, 4, 'open' "
            "from gatherings where id = $1 returning id",
            line.gathering,
            cast.other_circle,
        )
        await line_helpers.add_booking(scene.context, other, cast.mira)
    elif why == "apart":
        await scene.value(
            "insert into apart (circle_id, first_id, second_id, set_by) values ($1, least($2::uuid, $3), "
            "greatest($2::uuid, $3), $4)",
            cast.circle,
            cast.mira,
            line.guests[1],
            cast.farid,
        )
    elif why == "newcomers":
        past = await line_helpers.add_gathering(scene.context, cast.circle, days=-9)
        await line_helpers.add_booking(scene.context, past, cast.milo)
        await scene.value("insert into screenings (circle_id, newcomers_most) values ($1, 1)", cast.circle)
    else:
        await scene.value(
            "insert into guidelines_versions (guidelines_id, number, body, material, why) "
            "select guidelines_id, 2, 'New ones.', true, 'Safer.' from circles where id = $1",
            cast.circle,
        )
        version = await scene.value("select id from guidelines_versions where number = 2")
        await line_helpers.accept(scene.context, cast.milo, version)
    await mira.get(page)  # with the notice of joining
    before = (await mira.get(page)).text
    await line.cancel()
    await drain()
    assert await line.states(first, second) == ["waiting", "offered"]
    assert (await mira.get(page)).text == before  # they learn nothing of what went on
    await offers.work_on_lists(scene.context)
    assert await line.state(first) == "waiting"
    assert await scene.count("mails where person_id = $1 and subject like '%seat is free%'", cast.mira) == 0


async def test_agreeing_again_makes_a_free_seat_theirs(line: Line, mira: Browser) -> None:
    scene = line.scene
    page = await join(line, mira)
    await scene.value(
        "insert into guidelines_versions (guidelines_id, number, body, material, why) "
        "select guidelines_id, 2, 'New ones.', true, 'Safer.' from circles where id = $1",
        scene.cast.circle,
    )
    version = await scene.value("select id from guidelines_versions where number = 2")
    await line.cancel()
    assert "New ones." in (await mira.get(page)).text
    old = await mira.post(f"{page}/agree", data={"version": str(scene.cast.version), "agreed": "on"})
    assert old.status_code == 422
    assert (
        await mira.post(f"{page}/agree", data={"version": str(version), "agreed": "on"})
    ).status_code == 303
    assert "It is kept for you until" in (await mira.get(page)).text
    assert (await mira.post(f"{page}/take")).status_code == 303


async def test_a_canceled_gathering_closes_its_list_and_says_so(
    line: Line, farid: Browser, mira: Browser, drain: Callable[[], Any]
) -> None:
    page = await join(line, mira)
    form = (await farid.get(f"/host/gatherings/{line.gathering}/cancel")).text
    hidden = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', form))
    answer = await farid.post(
        f"/host/gatherings/{line.gathering}/cancel",
        data=hidden | {"reason": "The room flooded.", "sure": "on"},
    )
    assert answer.status_code == 303, answer.text
    await drain()
    assert "This waiting list is closed." in (await mira.get(page)).text
    assert await line.scene.count("mails where subject = 'Tuesday group: it does not take place'") == 1
