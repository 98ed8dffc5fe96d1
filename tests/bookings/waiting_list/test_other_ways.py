"""Who waits and gets a seat in another way, or whose gathering or circle changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles import bookings
from circles.attendance.walk_ins import actions as walk_ins
from circles.attendance.walk_ins.rules import WalkIn
from circles.base.errors import Refused
from circles.bookings.waiting_list import offers
from tests.bookings import helpers
from tests.bookings.helpers import typed
from tests.bookings.waiting_list import helpers as line_helpers
from tests.bookings.waiting_list.helpers import Line
from tests.cast import add_booking, add_gathering
from tests.conftest import Browser

scene, line, mira = helpers.scene, line_helpers.line, helpers.mira


async def give(line: Line, person: UUID) -> UUID:
    email = await line.scene.value("select email from people where id = $1", person)
    host = await line.scene.person(line.scene.cast.farid)
    gift = bookings.Gift(uuid4(), email, "Somebody")
    return await bookings.given_seats.give_seat(line.scene.context, host, line.gathering, gift)


async def follow(line: Line, *, moved: bool) -> None:
    """What a host's change of the gathering ends with."""
    async with line.scene.context.db.transaction() as tx:
        await bookings.follow_change(tx, line.gathering, moved=moved)


async def test_a_host_gives_somebody_the_seat_that_is_offered_to_them(line: Line) -> None:
    offered, other = await line.join(line.scene.cast.mira), await line.join(line.scene.cast.milo)
    await line.cancel()
    with pytest.raises(Refused) as refused:
        await give(line, line.scene.cast.milo)
    assert refused.value.codes == {"full"}
    booking = await give(line, line.scene.cast.mira)
    row = await line.row(offered)
    assert (row["state"], row["booking_id"], await line.state(other)) == ("accepted", booking, "waiting")
    assert await line.seats_taken() == 3


async def test_the_booking_form_leads_to_the_seat_that_is_offered(line: Line, mira: Browser) -> None:
    wait = await line.join(line.scene.cast.mira)
    path = f"/gatherings/{line.gathering}/book"
    for state in ("waiting", "offered"):
        assert await line.state(wait) == state
        form = await mira.get(path)
        sent = await mira.post(path, data=typed(line.scene.cast))
        for answer in (form, sent):
            assert (answer.status_code, answer.headers["location"]) == (303, f"/waits/{wait}"), state
        if state == "waiting":
            await line.cancel()
    several = (await mira.get(f"/circles/{line.scene.cast.circle}/book")).text
    assert "a seat is offered to you, and you can take it in My gatherings" in several


@pytest.mark.parametrize("is_offered", [False, True])
async def test_a_circle_that_becomes_free_has_one_line(line: Line, is_offered: bool) -> None:
    """The one community seat is taken, and a seat of another kind comes free."""
    wait = await line.wait(choice="community")
    if is_offered:
        await line.cancel(2)
        assert await line.state(wait) == "offered"
    await line.scene.value(
        "update circles set minimum = 0, suggested = 0, maximum = 0 where id = $1", line.scene.cast.circle
    )
    if is_offered:
        await line.lapse(wait)
        assert (await line.row(wait))["line"] == "amount"
    else:
        await line.cancel(0)
    await offers.work_on_lists(line.scene.context)
    assert await line.state(wait) == ("waiting" if is_offered else "offered")
    booking = await line.take(wait)
    assert (booking.kind, booking.state, await line.seats_taken()) == ("free", "confirmed", 3)


async def test_who_waits_is_told_of_every_new_time(line: Line, drain: Callable[[], Any]) -> None:
    await line.join(line.scene.cast.mira)
    for hours in (2, -2, 2, -2):
        await line.scene.value(
            "update gatherings set starts_at = starts_at + $2::interval, ends_at = ends_at + $2::interval, "
            "wall_start = wall_start + $2::interval where id = $1",
            line.gathering,
            timedelta(hours=hours),
        )
        await follow(line, moved=True)
        await drain()
    assert await line.scene.count("mails where subject = 'Tuesday group: another time'") == 4


async def test_an_offer_that_ends_sooner_is_mailed_with_its_new_end(
    line: Line, drain: Callable[[], Any]
) -> None:
    """The gathering moves before the mail of the offer is composed."""
    wait = await line.join(line.scene.cast.mira)
    await line.cancel()
    await line.scene.starts_in(line.gathering, timedelta(hours=5))
    await follow(line, moved=True)
    await drain()
    assert await line.scene.count("mails where subject = 'Tuesday group: a seat is free for you'") == 1
    moved = await line.scene.value(
        "select text_body from mails where subject = 'Tuesday group: another time'"
    )
    assert "A seat is still kept for you" in moved
    starts_at = await line.scene.value("select starts_at from gatherings where id = $1", line.gathering)
    assert (await line.row(wait))["offer_ends_at"] == starts_at


async def test_a_line_for_seats_that_are_no_more_says_so(line: Line, mira: Browser) -> None:
    wait = await line.join(line.scene.cast.mira, choice="community")
    await line.cancel(2)
    async with line.scene.context.db.transaction() as tx:
        await offers.make_room(tx, line.gathering, 3, 0)
        await tx.execute("update gatherings set community_seats = 0 where id = $1", line.gathering)
    assert await line.state(wait) == "waiting"
    assert "no community seats any more" in (await mira.get(f"/waits/{wait}")).text


async def test_a_walk_in_who_waits_is_offered_nothing_any_more(line: Line) -> None:
    """They sit in the room already: the seat that was offered to them is theirs there."""
    scene, mira_id = line.scene, line.scene.cast.mira
    past = await add_gathering(scene.context, scene.cast.circle, days=-9)
    await add_booking(scene.context, past, mira_id)
    wait, other = await line.join(mira_id), await line.join(scene.cast.milo)
    await line.cancel()
    assert await line.states(wait, other) == ["offered", "waiting"]
    await scene.starts_in(line.gathering, timedelta(minutes=20))
    walk_in = WalkIn(uuid4(), "", mira_id, counts=True, over=True)
    await walk_ins.add(scene.context, actor_id=scene.cast.farid, gathering_id=line.gathering, walk_in=walk_in)
    assert await line.states(wait, other) == ["accepted", "waiting"]
    assert await scene.value("select seat from walk_ins where id = $1", walk_in.key) == 1
    assert await line.seats_taken() == 3


async def test_no_seat_of_a_paused_circle_is_said_to_be_free(line: Line, mira: Browser) -> None:
    wait, circle = await line.join(line.scene.cast.mira), line.scene.cast.circle
    await line.scene.value("update circles set state = 'paused' where id = $1", circle)
    await line.cancel()
    for place in (f"/waits/{wait}", "/my/gatherings", f"/gatherings/{line.gathering}"):
        shown = (await mira.get(place)).text
        assert "A seat is free just now" not in shown, place
    refused = await mira.post(f"/waits/{wait}/take")
    assert (refused.status_code, "You keep your place in line" in refused.text) == (422, True)
    await line.scene.value("update circles set state = 'published' where id = $1", circle)
    await offers.work_on_lists(line.scene.context)
    assert await line.state(wait) == "offered"


async def test_who_is_to_ask_the_hosts_is_led_there(line: Line, mira: Browser) -> None:
    cast = line.scene.cast
    wait = await line.join(cast.mira)
    await line.scene.value(
        "insert into apart (circle_id, first_id, second_id, set_by) "
        "values ($1, least($2::uuid, $3), greatest($2::uuid, $3), $4)",
        cast.circle,
        cast.mira,
        line.guests[1],
        cast.farid,
    )
    await line.cancel()
    refused = await mira.post(f"/waits/{wait}/take")
    form = f"/gatherings/{line.gathering}/book"
    assert (refused.status_code, form in refused.text) == (422, True)
    assert "Send my request" in (await mira.get(form)).text
