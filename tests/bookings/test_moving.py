"""Moving a seat to another gathering of its circle: what moves along, what is refused, and what the calendar keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from circles import bookings
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions, moving
from circles.bookings.moving import rules as moving_rules
from circles.bookings.rules import BookingInput
from circles.bookings.waiting_list import actions as waiting_list
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat
from tests.cast import add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser

Drain = Callable[[], Any]
scene, mira = helpers.scene, helpers.mira


@pytest_asyncio.fixture
async def later(scene: Scene) -> UUID:
    """A gathering of the same circle a week after that of the cast."""
    return await add_gathering(scene.context, scene.cast.circle, days=14)


async def move(
    scene: Scene, booking: UUID, to: UUID, person: UUID | None = None, **more: Any
) -> moving.Moved:
    return await moving.move(
        scene.context, await scene.person(person or scene.cast.mira), booking, to, **more
    )


async def refusal(scene: Scene, booking: UUID, to: UUID, person: UUID | None = None, **more: Any) -> set[str]:
    with pytest.raises(Refused) as refused:
        await move(scene, booking, to, person, **more)
    return refused.value.codes


async def test_a_moved_seat_keeps_its_booking_and_its_money(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.fill(later, 2)
    before = await scene.row(booking)
    await move(scene, booking, later)
    row = await scene.row(booking)
    assert (row["gathering_id"], row["seat"], row["state"], row["amount"]) == (later, 3, "confirmed", 4500)
    assert (row["acceptance_id"], row["confirmed_at"]) == (before["acceptance_id"], before["confirmed_at"])
    assert await scene.seats() == 0
    assert await scene.seats(later) == 3
    assert await scene.count("operations where kind = 'refund'") == 0
    details = await scene.value("select details from events where what = 'booking.moved'")
    assert (details["from"], details["to"]) == (str(scene.cast.gathering), str(later))


async def test_moving_twice_is_moving_once(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    for _ in range(2):
        await move(scene, booking, later)
    assert await scene.count("events where what = 'booking.moved'") == 1
    assert (await scene.row(booking))["moves"] == 1


async def test_a_seat_moves_away_and_back(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await move(scene, booking, later)
    await drain()
    await move(scene, booking, scene.cast.gathering)
    await drain()
    assert await scene.seats(later) == 0
    assert (
        await scene.value("select count(distinct uid) from sendings join invites on invites.id = invite_id")
        == 1
    )
    assert await scene.value("select array_agg(sequence order by sequence) from sendings") == [0, 1, 2]


async def test_a_community_seat_moves_to_a_free_one(scene: Scene, later: UUID) -> None:
    mira = await scene.book(scene.cast.mira, choice="community")
    await move(scene, mira.id, later)
    assert await scene.value("select community_taken from gatherings where id = $1", later) == 1
    milo = await scene.book(scene.cast.milo, choice="community")
    assert await refusal(scene, milo.id, later, scene.cast.milo) == {"no_community_seat"}


async def test_where_a_seat_cannot_move(scene: Scene, drain: Drain, later: UUID) -> None:
    cast = scene.cast
    booking = await paid_seat(scene, cast.mira, drain)
    assert await refusal(scene, booking, cast.free_gathering) == {"other_circle"}
    past = await add_gathering(scene.context, cast.circle, days=-3)
    assert await refusal(scene, booking, past) == {"past"}
    gone = await add_gathering(scene.context, cast.circle, days=20, state="cancelled", cancel_reason="Ill.")
    assert await refusal(scene, booking, gone) == {"cancelled"}
    await scene.fill(later, 8)
    assert await refusal(scene, booking, later) == {"full"}
    with pytest.raises(NotFound):
        await move(scene, booking, later, cast.milo)
    with pytest.raises(NotFound):
        await move(scene, booking, cast.mira)
    assert (await scene.row(booking))["gathering_id"] == cast.gathering


async def test_which_seats_cannot_move(scene: Scene, drain: Drain, later: UUID) -> None:
    held = await scene.book(scene.cast.mira)
    assert await refusal(scene, held.id, later) == {"not_paid_yet"}
    await scene.end_hold(held.id)
    assert await refusal(scene, held.id, later) == {"ended_already"}
    begun = await paid_seat(scene, scene.cast.milo, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(minutes=-5))
    assert await refusal(scene, begun, later, scene.cast.milo) == {"has_begun"}


async def test_somebody_with_a_seat_there_is_refused(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await add_booking(scene.context, later, scene.cast.mira, kind="paid", amount=4500)
    assert await refusal(scene, booking, later) == {"booked_there"}


async def test_overlapping_hours_are_asked_about_once(scene: Scene, drain: Drain) -> None:
    """The seat that moves does not overlap with itself."""
    start = await scene.value("select starts_at from gatherings where id = $1", scene.cast.gathering)
    near = await add_gathering(scene.context, scene.cast.circle, starts_at=start + timedelta(minutes=30))
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await move(scene, booking, near)
    elsewhere = await add_gathering(scene.context, scene.cast.other_circle, starts_at=start)
    other = await add_booking(scene.context, elsewhere, scene.cast.mira, kind="free", amount=0)
    assert await refusal(scene, booking, scene.cast.gathering) == {"overlap"}
    await move(scene, booking, scene.cast.gathering, both=[other])


async def test_a_seat_is_moved_only_so_often(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    there = [later, scene.cast.gathering]
    for time in range(moving_rules.MAX_MOVES):
        await move(scene, booking, there[time % 2])
    assert await refusal(scene, booking, there[moving_rules.MAX_MOVES % 2]) == {"moved_often"}


@pytest.mark.parametrize(("ahead", "amount"), [(49, 4500), (47, 0)])
async def test_moving_never_improves_what_is_refunded(
    scene: Scene, drain: Drain, later: UUID, ahead: int, amount: int
) -> None:
    """Terms of 48 hours: where they had passed, they stay passed, however far ahead the new date is."""
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=ahead))
    await scene.paid_long_ago(booking)
    with pytest.raises(OutOfDate):
        await move(scene, booking, later, shown=4500 - amount)
    await move(scene, booking, later, shown=amount)
    refund = await actions.cancel(scene.context, await scene.person(scene.cast.mira), booking, shown=amount)
    assert refund.amount == amount


async def test_a_host_moves_a_seat_with_a_reason(scene: Scene, drain: Drain, later: UUID) -> None:
    cast = scene.cast
    booking = await paid_seat(scene, cast.mira, drain)
    await drain()
    for stranger in (cast.milo, cast.fern, cast.mira):
        with pytest.raises(NotFound):
            await moving.move_by_host(
                scene.context, await scene.person(stranger), booking, later, reason="The room is small."
            )
    farid = await scene.person(cast.farid)
    with pytest.raises(Refused) as refused:
        await moving.move_by_host(scene.context, farid, booking, later, reason=" ")
    assert refused.value.codes == {"no_reason"}
    await moving.move_by_host(scene.context, farid, booking, later, reason="The room is small.")
    row = await scene.row(booking)
    start = await scene.value("select starts_at from gatherings where id = $1", later)
    assert (row["gathering_id"], row["full_refund_until"], row["moves"]) == (later, start, 0)
    await drain()
    mail = await scene.value("select text_body from mails where kind = 'moved'")
    assert "Your host writes: The room is small." in mail
    assert "all you paid comes back" in " ".join(mail.split())


async def test_an_organizer_moves_a_seat_of_any_circle(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    odile = await scene.person(scene.cast.odile)
    await moving.move_by_host(scene.context, odile, booking, later, reason="As you asked.")
    assert (await scene.row(booking))["gathering_id"] == later


# Pages


async def test_the_pages_lead_from_the_booking_to_the_other_date(
    scene: Scene, mira: Browser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    assert f"/bookings/{booking}/move" in (await mira.get(f"/bookings/{booking}")).text
    dates = (await mira.get(f"/bookings/{booking}/move")).text
    assert f"/bookings/{booking}/move?to={later}" in dates
    assert str(scene.cast.gathering) not in dates
    page = await mira.get(f"/bookings/{booking}/move?to={later}")
    assert "there is nothing to pay" in page.text
    assert "You get back all of the $45 you paid." in page.text.replace("\n", " ")
    assert (await scene.row(booking))["gathering_id"] == scene.cast.gathering
    sent = {"to": str(later), "refund": "4500"}
    for _ in range(2):  # pressed twice
        answer = await mira.post(f"/bookings/{booking}/move", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/bookings/{booking}")
    assert (await scene.row(booking))["gathering_id"] == later
    assert await scene.count("events where what = 'booking.moved'") == 1


async def test_the_page_of_a_date_that_is_full_shows_others(
    scene: Scene, mira: Browser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    last = await add_gathering(scene.context, scene.cast.circle, days=21)
    await scene.fill(later, 8)
    answer = await mira.post(f"/bookings/{booking}/move", data={"to": str(later), "refund": "4500"})
    assert answer.status_code == 422
    assert "Your seat here is still yours." in answer.text
    assert f"move?to={last}" in answer.text
    assert f"move?to={later}" not in answer.text
    assert "Every seat at that date is taken" in (await mira.get(f"/bookings/{booking}/move?to={later}")).text


async def test_terms_that_changed_meanwhile_are_shown_again(
    scene: Scene, mira: Browser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.paid_long_ago(booking)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=47))
    answer = await mira.post(f"/bookings/{booking}/move", data={"to": str(later), "refund": "4500"})
    assert answer.status_code == 422
    assert 'name="refund" value="0"' in answer.text
    assert "moved when its first start was less than 48 hours away" in answer.text
    assert (await scene.row(booking))["gathering_id"] == scene.cast.gathering


async def test_guidelines_that_changed_are_agreed_to_on_the_way(
    scene: Scene, mira: Browser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    newest = await scene.value(
        "insert into guidelines_versions (guidelines_id, number, body, material, why) "
        "select guidelines_id, 2, 'We speak in turns.', true, 'Turns.' from circles where id = $1 returning id",
        scene.cast.circle,
    )
    page = await mira.get(f"/bookings/{booking}/move?to={later}")
    assert "We speak in turns." in page.text
    sent = {"to": str(later), "refund": "4500", "version": str(newest)}
    answer = await mira.post(f"/bookings/{booking}/move", data=sent)
    assert (answer.status_code, "tick that you agree" in answer.text) == (422, True)
    stale = sent | {"agreed": "on", "version": str(scene.cast.version)}
    assert (await mira.post(f"/bookings/{booking}/move", data=stale)).status_code == 422
    answer = await mira.post(f"/bookings/{booking}/move", data=sent | {"agreed": "on"})
    assert answer.status_code == 303
    assert await scene.count("acceptances where version_id = $1", newest) == 1


async def test_many_dates_come_in_pages(scene: Scene, mira: Browser, drain: Drain) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    dates = [await add_gathering(scene.context, scene.cast.circle, days=14 + i) for i in range(15)]
    first = (await mira.get(f"/bookings/{booking}/move")).text
    assert [str(date) in first for date in dates] == [True] * 12 + [False] * 3
    second = (await mira.get(f"/bookings/{booking}/move?after={dates[11]}")).text
    assert [str(date) in second for date in dates] == [False] * 12 + [True] * 3


async def test_nobody_else_sees_or_moves_a_seat(
    scene: Scene, browser: OpenBrowser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    async with browser(scene.cast.milo) as milo:
        assert (await milo.get(f"/bookings/{booking}/move")).status_code == 404
        answer = await milo.post(f"/bookings/{booking}/move", data={"to": str(later), "refund": "4500"})
        assert answer.status_code == 404


async def test_the_register_that_a_seat_leaves_counts_it_no_more(
    scene: Scene, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.value(
        "insert into attendance (booking_id, mark) values ($1, 'excused') returning booking_id", booking
    )
    await move(scene, booking, later)
    assert await scene.count("attendance") == 0
    assert (
        await scene.value("select marked from register_counts where gathering_id = $1", scene.cast.gathering)
        == 0
    )


# The waiting list


async def test_the_seat_that_is_left_is_offered_to_who_waits(scene: Scene, drain: Drain, later: UUID) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.fill(scene.cast.gathering, 7)
    wait = await join(scene, scene.cast.milo, scene.cast.gathering)
    await move(scene, booking, later)
    row = await scene.value("select to_jsonb(waits) from waits where id = $1", wait)
    assert (row["state"], row["seat"]) == ("offered", 1)
    assert await scene.seats() == 8


async def test_an_offered_seat_is_taken_by_moving_there(scene: Scene, drain: Drain, later: UUID) -> None:
    cast = scene.cast
    booking = await paid_seat(scene, cast.mira, drain)
    guests = await scene.fill(later, 8)
    wait = await join(scene, cast.mira, later)
    behind = await join(scene, cast.milo, later)
    guest = await scene.value("select person_id from bookings where id = $1", guests[0])
    await actions.cancel(scene.context, await scene.person(guest), guests[0], shown=4500)
    assert await scene.value("select state from waits where id = $1", wait) == "offered"
    await move(scene, booking, later)
    assert await scene.value("select state from waits where id = $1", wait) == "accepted"
    assert await scene.value("select booking_id from waits where id = $1", wait) == booking
    assert await scene.value("select state from waits where id = $1", behind) == "waiting"
    assert await scene.seats(later) == 8


async def join(scene: Scene, person: UUID, gathering: UUID) -> UUID:
    sent = BookingInput("amount", 4500, scene.cast.version, agreed=True)
    return await waiting_list.join(scene.context, await scene.person(person), gathering, sent)


async def test_hosts_see_who_moved_to_which_date(
    scene: Scene, browser: OpenBrowser, drain: Drain, later: UUID
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await move(scene, booking, later)
    async with browser(scene.cast.farid) as farid:
        here = (await farid.get(f"/host/gatherings/{scene.cast.gathering}/seats")).text
        there = (await farid.get(f"/host/gatherings/{later}/seats")).text
        assert "moved to" in here
        assert "moved to" not in there
        assert "Mira" in there
        await move(scene, booking, scene.cast.gathering)
        assert "moved to" not in (await farid.get(f"/host/gatherings/{scene.cast.gathering}/seats")).text


async def test_a_given_seat_is_taken_by_agreeing_on_the_way(scene: Scene, later: UUID) -> None:
    farid = await scene.person(scene.cast.farid)
    gift = bookings.Gift(uuid4(), "mira@example.org", "Mira")
    booking = await bookings.given_seats.give_seat(scene.context, farid, scene.cast.gathering, gift)
    assert await refusal(scene, booking, later, version_id=scene.cast.version) == {"not_agreed"}
    await move(scene, booking, later, version_id=scene.cast.version, agreed=True)
    row = await scene.row(booking)
    assert row["gathering_id"] == later
    assert row["acceptance_id"]
    assert await scene.value("select answered_at from given_seats where booking_id = $1", booking)
