"""Verbs of a waiting list at the same instant: they take turns on the gathering's lock, and end in one state.

Both verbs of a race wait for a lock that the test holds, and go on together when it lets go; each race is run in both
orders. The control is the same race without the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from circles import bookings
from circles.base.errors import Refused
from circles.bookings.rules import AlreadyBooked, Booking
from circles.bookings.waiting_list import offers
from circles.store import db
from tests.bookings import helpers
from tests.bookings.helpers import Scene
from tests.bookings.waiting_list import helpers as line_helpers
from tests.bookings.waiting_list.helpers import Line

scene, line = helpers.scene, line_helpers.line

Verb = Callable[[], Awaitable[Any]]
ORDERS = pytest.mark.parametrize("is_reversed", [False, True])


async def together(line: Line, first: Verb, second: Verb, *, is_reversed: bool) -> list[Any]:
    """Run two verbs that both wait for the gathering before either goes on. Returns what each returned or raised."""
    verbs = [second, first] if is_reversed else [first, second]
    context = line.scene.context
    async with context.db.transaction() as tx:
        await tx.execute("select from gatherings where id = $1 for no key update", line.gathering)
        tasks: list[asyncio.Future[Any]] = []
        for number, verb in enumerate(verbs, start=1):
            tasks.append(asyncio.ensure_future(verb()))
            while await _waiting(line) < number and not tasks[-1].done():
                await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return results[::-1] if is_reversed else results


async def _waiting(line: Line) -> int:
    return await line.scene.value(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )


async def offered(line: Line) -> int:
    return await line.scene.count("waits where gathering_id = $1 and state = 'offered'", line.gathering)


async def free_a_seat(line: Line) -> None:
    """A seat comes free by code that knows nothing of waiting lists."""
    await line.scene.value(
        "with ended as (update bookings set state = 'cancelled', end_cause = 'by_host', ended_at = now() where id = $1 "
        "returning id) insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from ended",
        line.seats[2],
    )


def promote(line: Line) -> Verb:
    return lambda: offers.work_on_list(line.scene.context, line.gathering)


@ORDERS
async def test_cancel_beside_promote(line: Line, is_reversed: bool) -> None:
    first, second = await line.wait(), await line.wait()
    await free_a_seat(line)
    results = await together(line, lambda: line.cancel(0), promote(line), is_reversed=is_reversed)
    assert results == [None, None]
    assert await line.states(first, second) == ["offered", "offered"]
    assert {(await line.row(wait))["seat"] for wait in (first, second)} == {1, 3}


@ORDERS
async def test_two_workers_promoting(line: Line, is_reversed: bool) -> None:
    first, second = await line.wait(), await line.wait()
    await free_a_seat(line)
    results = await together(line, promote(line), promote(line), is_reversed=is_reversed)
    assert results == [None, None]
    assert await line.states(first, second) == ["offered", "waiting"]
    assert await line.scene.count("events where what = 'wait.offered'") == 1


async def test_without_the_lock_two_workers_offer_one_seat_twice(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both read who is next before either has offered. The constraint refuses what the lock prevents."""
    await line.wait()
    await free_a_seat(line)
    both = asyncio.Barrier(2)
    read = offers.SQL.next_offer

    async def read_together(tx: db.Tx, *, gathering_id: UUID) -> Any:
        row = await read(tx, gathering_id=gathering_id)
        if row:
            async with asyncio.timeout(30):
                await both.wait()
        return row

    async def promote_without_lock() -> None:
        async with line.scene.context.db.transaction() as tx:
            row = await read_together(tx, gathering_id=line.gathering)
            # as `offer`, of two people: what was read is old for one of them
            await tx.execute(
                "insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id, state, seat, "
                "offered_at, offer_ends_at) select gathering_id, $3, line, amount, currency, acceptance_id, 'offered', "
                "$2, now(), now() + interval '1 day' from waits where id = $1",
                row["wait_id"],
                row["seat"],
                people.pop(),
            )

    people = [line.scene.cast.mira, line.scene.cast.milo]
    results = await asyncio.gather(promote_without_lock(), promote_without_lock(), return_exceptions=True)
    assert [type(result) for result in results if result] == [asyncpg.UniqueViolationError]
    assert await offered(line) == 1


@ORDERS
async def test_accept_beside_expire(line: Line, is_reversed: bool) -> None:
    """The time is over: in either order, the seat goes on, and the person keeps their place."""
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    await line.end_offer(first)
    taken, _ = await together(line, lambda: line.take(first), promote(line), is_reversed=is_reversed)
    assert isinstance(taken, Refused)
    assert taken.codes == {"offer_lapsed"}
    assert await line.states(first, second) == ["waiting", "offered"]
    assert (await line.row(first))["lapses"] == 1


@ORDERS
async def test_accept_in_time_beside_expire(line: Line, is_reversed: bool) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    taken, _ = await together(line, lambda: line.take(first), promote(line), is_reversed=is_reversed)
    assert isinstance(taken, Booking)
    assert await line.states(first, second) == ["accepted", "waiting"]


@ORDERS
async def test_decline_beside_expire(line: Line, is_reversed: bool) -> None:
    first, second = await line.wait(), await line.wait()
    await line.cancel()
    await line.end_offer(first)
    state, _ = await together(line, lambda: line.leave(first), promote(line), is_reversed=is_reversed)
    # Declined before it lapsed, or left after it had.
    assert state == ("left" if is_reversed else "declined")
    assert await line.states(first, second) == [state, "offered"]


@ORDERS
async def test_capacity_raised_beside_booking(line: Line, is_reversed: bool) -> None:
    """A seat more is offered in the transaction that makes it, so that nobody slips in before the list."""
    wait = await line.wait()

    async def raise_capacity() -> None:
        async with line.scene.context.db.transaction() as tx:
            await offers.SQL.lock_gathering(tx, gathering_id=line.gathering)
            await tx.execute("update gatherings set capacity = 4 where id = $1", line.gathering)
            await bookings.follow_change(tx, line.gathering, moved=False)

    # The booking reads that a seat is free before it waits for the lock, as it would in the moment between.
    booking = helpers_booking(line.scene, line.gathering)
    _, booked = await together(line, raise_capacity, booking, is_reversed=is_reversed)
    assert isinstance(booked, Refused)
    assert await line.state(wait) == "offered"
    assert await line.seats_taken() == 4


def helpers_booking(scene: Scene, gathering: UUID) -> Verb:
    """Somebody else books, and gets as far as the lock whatever they read before."""

    async def book() -> object:
        person = await scene.person(scene.cast.milo)
        async with scene.context.db.transaction() as tx:
            await tx.execute("select from gatherings where id = $1 for no key update", gathering)
        return await scene.book(person.id, gathering)

    return book


async def test_a_double_press_is_one_booking(line: Line) -> None:
    wait = await line.wait()
    await line.cancel()
    results = await together(line, lambda: line.take(wait), lambda: line.take(wait), is_reversed=False)
    assert {type(result) for result in results} == {Booking, AlreadyBooked}
    assert await line.scene.count("bookings where gathering_id = $1 and state = 'held'", line.gathering) == 1


async def test_joining_twice_at_once_is_one_place(line: Line) -> None:
    mira = line.scene.cast.mira
    results = await together(line, lambda: line.join(mira), lambda: line.join(mira), is_reversed=False)
    assert results[0] == results[1]
