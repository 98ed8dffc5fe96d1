"""Seats that come free are offered in turn, in the transaction that frees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from circles import bookings
from circles.base.clock import NOBODY
from circles.base.errors import NotFound, Refused
from circles.bookings import actions as booking_actions
from circles.bookings.rules import AlreadyBooked, BookingInput
from circles.bookings.several import actions as several
from circles.bookings.waiting_list import actions, offers, rules
from circles.commands import personal_data
from tests.bookings import helpers
from tests.bookings.helpers import Scene
from tests.bookings.waiting_list import helpers as line_helpers
from tests.bookings.waiting_list.helpers import Line

scene, line = helpers.scene, line_helpers.line


async def test_a_canceled_seat_is_offered_to_the_first_in_line(line: Line) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    assert await line.states(first, second) == ["offered", "waiting"]
    row = await line.row(first)
    assert (row["seat"], row["offer_ends_at"] - row["offered_at"] > timedelta(hours=23)) == (1, True)
    assert await line.seats_taken() == 3  # an offer holds its seat


async def test_taking_an_offer_holds_the_seat_with_a_checkout(line: Line) -> None:
    first = await line.wait(amount="60")
    await line.cancel()
    booking = await line.take(first)
    assert (booking.state, booking.amount, booking.seat) == ("held", 6000, 1)
    assert booking.checkout_url
    row = await line.row(first)
    assert (row["state"], row["booking_id"]) == ("accepted", booking.id)
    with pytest.raises(AlreadyBooked):
        await line.take(first)


async def test_a_declined_offer_goes_to_the_next_and_nobody_is_offered_twice(line: Line) -> None:
    waits = [await line.wait() for _ in range(3)]
    await line.cancel()
    assert await line.leave(waits[0]) == "declined"
    assert await line.states(*waits) == ["declined", "offered", "waiting"]
    assert await line.leave(waits[0]) == "declined"
    await line.lapse(waits[1])
    assert await line.states(*waits) == ["declined", "waiting", "offered"]
    await line.lapse(waits[2])
    # Each was offered it once: it is free for everybody now.
    assert await line.states(*waits) == ["declined", "waiting", "waiting"]
    assert await line.seats_taken() == 2


async def test_who_lets_an_offer_lapse_is_first_for_the_next_seat(line: Line) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel(0)
    await line.lapse(first)
    await line.take(second)
    third = await line.wait()
    await line.cancel(1)
    assert await line.states(first, third) == ["offered", "waiting"]
    await line.lapse(first)  # the second time
    assert await line.states(first, third) == ["lapsed", "offered"]


async def test_a_seat_that_was_booked_and_comes_free_again_is_offered_again(line: Line) -> None:
    first, second = await line.wait(), await line.wait(choice="community")
    await line.cancel(2)  # the community seat
    assert await line.states(first, second) == ["waiting", "offered"]
    booking = await line.take(second)
    assert (booking.kind, booking.state) == ("community", "confirmed")
    line.seats[2] = booking.id
    third = await line.wait(choice="community")
    await line.cancel(2)
    assert await line.states(first, third) == ["waiting", "offered"]


async def test_a_paid_seat_goes_to_who_pays_and_else_to_the_other_line(line: Line) -> None:
    community, paying = await line.wait(choice="community"), await line.wait()
    await line.cancel(0)
    assert await line.states(community, paying) == ["waiting", "offered"]
    await line.cancel(1)  # nobody else waits to pay, but no community seat is left
    assert await line.state(community) == "waiting"
    await line.cancel(2)
    assert await line.state(community) == "offered"


async def test_a_community_seat_nobody_waits_for_goes_to_who_pays(line: Line) -> None:
    paying = await line.wait()
    await line.cancel(2)
    assert await line.state(paying) == "offered"


@pytest.mark.parametrize("press", ["take", "leave"])
async def test_an_offer_of_somebody_else_is_not_found(line: Line, press: str) -> None:
    wait = await line.wait()
    await line.cancel()
    mira = await line.scene.person(line.scene.cast.mira)
    verb: Any = {"take": actions.take, "leave": actions.leave}[press]
    with pytest.raises(NotFound):
        await verb(line.scene.context, mira, wait)
    assert await line.state(wait) == "offered"


async def test_an_offer_pressed_after_its_time_says_so_and_keeps_the_place(line: Line) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    await line.end_offer(first)
    with pytest.raises(Refused) as refused:
        await line.take(first)
    assert "keep your place" in refused.value.reasons[0].text
    assert await line.states(first, second) == ["waiting", "offered"]
    with pytest.raises(Refused) as refused:
        await line.take(first)
    assert "keep your place" in refused.value.reasons[0].text


async def test_a_hold_that_lapses_frees_its_seat_for_the_next(line: Line, drain: Callable[[], Any]) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    booking = await line.take(first)
    person = await line.scene.person(booking.person_id)
    assert await booking_actions.let_go(line.scene.context, person, booking.id) == "lapsed"
    assert await line.states(first, second) == ["accepted", "offered"]


async def test_joining_twice_is_joining_once(line: Line) -> None:
    mira = line.scene.cast.mira
    assert await line.join(mira) == await line.join(mira)


async def test_nobody_waits_for_what_is_not_full(scene: Scene, line: Line) -> None:
    line.gathering = scene.cast.gathering
    with pytest.raises(rules.NotFull):
        await line.join(scene.cast.mira)


async def test_joining_says_every_reason_at_once(line: Line) -> None:
    with pytest.raises(Refused) as refused:
        await line.join(line.scene.cast.mira, amount="5", agreed=False)
    assert {reason.field for reason in refused.value.reasons} == {"amount", "agreed"}


async def test_somebody_with_a_seat_does_not_wait(line: Line) -> None:
    with pytest.raises(AlreadyBooked):
        await line.join(line.guests[0])


async def test_the_timetable_catches_what_a_crash_left(line: Line) -> None:
    wait = await line.wait()
    await line.scene.value(
        "with ended as (update bookings set state = 'cancelled', end_cause = 'by_host', ended_at = now() where id = $1 "
        "returning id) insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from ended",
        line.seats[2],
    )
    assert await line.state(wait) == "waiting"
    await offers.work_on_lists(line.scene.context)
    assert await line.state(wait) == "offered"


async def test_shortly_before_the_start_the_first_to_answer_has_it(
    line: Line, drain: Callable[[], Any]
) -> None:
    first, second = await line.wait(), await line.wait()
    await line.scene.starts_in(line.gathering, timedelta(minutes=100))
    await line.scene.value("update bookings set refund_hours = 0 where id = $1", line.seats[0])
    await line.cancel()
    assert await line.states(first, second) == ["waiting", "waiting"]
    await drain()
    subjects = "mails where subject = 'Tuesday group: a seat is free, the first to answer has it'"
    assert await line.scene.count(subjects) == 2
    await offers.work_on_lists(line.scene.context)
    await drain()
    assert await line.scene.count(subjects) == 2
    booking = await line.take(second)
    assert booking.state == "held"
    with pytest.raises(Refused, match="not_free"):
        await line.take(first)


async def test_booking_directly_ends_the_wait(scene: Scene, line: Line) -> None:
    """A seat that nobody on the list could be offered is free for anybody, also for them."""
    wait = await line.join(scene.cast.mira)
    await line.cancel()
    await line.lapse(wait)
    booking = await scene.book(scene.cast.mira, line.gathering)
    row = await line.row(wait)
    assert (row["state"], row["booking_id"]) == ("accepted", booking.id)


async def book_one(line: Line, person: UUID, _: UUID) -> None:
    await line.scene.book(person, line.gathering)


async def book_several(line: Line, person: UUID, _: UUID) -> None:
    cast = line.scene.cast
    sent = BookingInput("amount", "45", cast.version, True, "USD")
    actor, dates = await line.scene.person(person), [cast.gathering, line.gathering]
    await several.book(line.scene.context, actor, cast.circle, dates, sent, NOBODY)


async def be_given(line: Line, person: UUID, _: UUID) -> None:
    host = await line.scene.person(line.scene.cast.farid)
    gift = bookings.Gift(uuid4(), (await line.scene.person(person)).email, "Mira")
    await bookings.given_seats.give_seat(line.scene.context, host, line.gathering, gift)


async def take_offer(line: Line, _: UUID, wait: UUID) -> None:
    await line.take(wait)


@pytest.mark.parametrize("way", [book_one, book_several, be_given, take_offer])
async def test_a_seat_offered_to_who_gets_another_one_goes_on_at_once(
    line: Line, way: Callable[..., Awaitable[None]]
) -> None:
    """Seat 1 is free for anybody, since both were offered it; seat 2 is offered to the first."""
    person = line.scene.cast.mira
    first, second = await line.join(person), await line.wait()
    await line.cancel(0)
    await line.lapse(first)
    await line.lapse(second)
    await line.cancel(1)
    assert (await line.row(first))["seat"] == 2
    await way(line, person, first)
    assert await line.states(first, second) == ["accepted", "offered"]
    assert (await line.row(second))["seat"] == 2


async def test_no_booking_takes_a_seat_that_is_offered(line: Line) -> None:
    wait = await line.wait()
    await line.cancel()
    with pytest.raises(asyncpg.UniqueViolationError):
        await line.scene.value("update bookings set seat = 1 where id = $1", line.seats[1])
    assert await line.state(wait) == "offered"


async def test_waits_are_deleted_a_month_after_they_ended(line: Line) -> None:
    old, young = await line.wait(), await line.wait()
    for wait, days in ((old, 31), (young, 29)):
        await line.leave(wait)
        await line.scene.value(
            "update waits set ended_at = now() - make_interval(days => $2) where id = $1", wait, days
        )
    await offers.delete_old(line.scene.context)
    assert await line.scene.value("select array_agg(id) from waits") == [young]


async def test_erasing_somebody_frees_what_they_were_offered(line: Line) -> None:
    mira, context = line.scene.cast.mira, line.scene.context
    await line.join(mira)
    second = await line.wait()
    await line.cancel()
    email = await line.scene.value("select email from people where id = $1", mira)
    exported = await personal_data.export(context, email)
    assert [row["state"] for row in exported["waits"]] == ["offered"]
    assert "first_reason" not in exported["waits"][0]
    await personal_data.erase(context, email)
    assert await line.scene.count("waits where person_id = $1", mira) == 0
    await offers.work_on_lists(context)
    assert await line.state(second) == "offered"


@pytest.mark.parametrize("capacity", [1, 2])
async def test_fewer_seats_take_back_offers_before_seats(line: Line, capacity: int) -> None:
    """Two seats were offered and one is booked: as many offers stay as fit, the first ones, on seats there are."""
    first, second = await line.wait(), await line.wait()
    await line.cancel(0)
    await line.cancel(1)
    async with line.scene.context.db.transaction() as tx:
        await offers.SQL.lock_gathering(tx, gathering_id=line.gathering)
        await bookings.make_room(tx, line.gathering, capacity, 1)
        await tx.execute("update gatherings set capacity = $2 where id = $1", line.gathering, capacity)
        await bookings.follow_change(tx, line.gathering, moved=False)
    kept = ["offered", "waiting"] if capacity == 2 else ["waiting", "waiting"]
    assert await line.states(first, second) == kept
    assert await line.seats_taken() == capacity
