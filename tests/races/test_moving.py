"""Seats that move, beside bookings, other moves and cancellations in two processes; and the same without the locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio

from circles.base.settings import Settings
from circles.store import checks
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import add_booking, add_gathering, add_person
from tests.races.test_seats import PEOPLE, SEATS, Rush, Tries, race

# Waits until another transaction has come as far, at most 20 seconds. A sequence also counts one that has ended since.
WAIT_FOR_ANOTHER = """
create sequence arrivals;
create function wait_for_another() returns boolean language plpgsql volatile as $$
declare
    late timestamptz := clock_timestamp() + interval '20 seconds';
begin
    if coalesce(current_setting('race.arrived', true), '') <> 'yes' then
        perform nextval('arrivals'), set_config('race.arrived', 'yes', true);
    end if;
    while clock_timestamp() < late and (select last_value from arrivals) < 2 loop
        perform pg_sleep(0.01);
    end loop;
    return true;
end
$$;
"""
# Reads where the booking is, and locks nothing: two that look for a seat find the same one free.
WITHOUT_LOCKS = f"""
{WAIT_FOR_ANOTHER}
drop index booking_seat_once;
create or replace function lock_gathering_of(booking uuid, other uuid default null) returns uuid
language sql volatile as $$
    select gathering_id from bookings where id = booking
$$;
create or replace function room_lets_in(gathering uuid, person uuid) returns boolean
language sql volatile as $$
    select wait_for_another()
$$;
"""
# Locks where the booking is first, and where it moves second.
OUT_OF_ORDER = f"""
{WAIT_FOR_ANOTHER}
create or replace function lock_gathering_of(booking uuid, other uuid default null) returns uuid
language plpgsql volatile as $$
declare
    here uuid := (select gathering_id from bookings where id = booking);
begin
    perform from gatherings where id = here for no key update;
    perform wait_for_another();
    perform from gatherings where id = other for no key update;
    return here;
end
$$;
"""


@pytest_asyncio.fixture
async def rush(database_url: str, settings: Settings) -> AsyncIterator[Rush]:
    """A rush in a database of its own; see tests.races.test_seats."""
    database = await Database.open(database_url, size=4)
    yield Rush(Context(settings, database), database_url)
    await database.close()


async def seat(rush: Rush, gathering: UUID, many: int) -> list[tuple[UUID, UUID]]:
    """Free seats of so many new people: booking and person."""
    made = []
    for number in range(many):
        person = await add_person(rush.context, f"Mover {number} {gathering.hex}")
        made.append((await add_booking(rush.context, gathering, person, kind="free"), person))
    return made


async def assert_sound(rush: Rush) -> None:
    async with rush.context.db.reading() as tx:
        assert [one.description for one in await checks.run(tx) if not one.holds] == []


async def into_one(rush: Rush, rounds: int) -> list[list[str]]:
    """Each round, eight people move to a gathering from another one, and forty book it."""
    await rush.prepare(rounds)
    start = datetime.now(UTC) + timedelta(days=20)
    both: list[tuple[Tries, Tries]] = []
    for number, target in enumerate(rush.gatherings):
        here = await add_gathering(rush.context, rush.circle, starts_at=start + timedelta(hours=3 * number))
        movers = [[str(target), str(person)] for _, person in await seat(rush, here, SEATS)]
        bookers = [[str(target), str(person)] for person in await newcomers(rush, number)]
        both.append((movers[::2] + bookers[::2], bookers[1::2] + movers[1::2]))
    return await race(rush.url, "come", rush.version, both)


async def newcomers(rush: Rush, number: int) -> list[UUID]:
    """People without any booking, for one round."""
    return [await add_person(rush.context, f"New {number} {i}") for i in range(PEOPLE // 4)]


async def test_moving_beside_booking_takes_exactly_the_seats_there_are(rush: Rush) -> None:
    for answer in await into_one(rush, 6):
        assert sum(Counter(answer)[one] for one in ("moved", "seat")) == SEATS
        assert set(answer) <= {"moved", "seat", "full"}
    assert await rush.sold() == [list(range(1, SEATS + 1))] * 6
    await assert_sound(rush)


async def test_without_the_locks_two_move_onto_one_seat(rush: Rush) -> None:
    """The control."""
    await rush.run_sql(WITHOUT_LOCKS)
    await rush.prepare(2)
    here, there = rush.gatherings
    one, other = [[[str(there), str(person)]] for _, person in await seat(rush, here, 2)]
    await race(rush.url, "come", rush.version, [(one, other)])
    assert await rush.sold() == [[], [1, 1]]


async def crosswise(rush: Rush, rounds: int, movers: int) -> list[list[str]]:
    """Each round, people of two gatherings exchange their places, each side in its own process."""
    await rush.prepare(2 * rounds)
    both: list[tuple[Tries, Tries]] = []
    for one, other in zip(rush.gatherings[::2], rush.gatherings[1::2], strict=True):
        leaving = [[str(other), str(person)] for _, person in await seat(rush, one, movers)]
        coming = [[str(one), str(person)] for _, person in await seat(rush, other, movers)]
        both.append((leaving, coming))
    return await race(rush.url, "come", rush.version, both)


async def test_moves_across_each_other_all_arrive(rush: Rush) -> None:
    answers = await crosswise(rush, 6, SEATS // 2)
    assert [Counter(answer) for answer in answers] == [{"moved": SEATS}] * 6
    assert [len(seats) for seats in await rush.sold()] == [SEATS // 2] * 12
    await assert_sound(rush)


async def test_without_an_order_of_locks_they_wait_for_each_other(rush: Rush) -> None:
    """The control: the database ends one of the two."""
    await rush.run_sql(OUT_OF_ORDER)
    (answer,) = await crosswise(rush, 1, 1)
    assert sorted(answer) != ["moved", "moved"]


async def test_moving_beside_canceling_ends_the_seat_once(rush: Rush) -> None:
    await rush.prepare(12)
    both: list[tuple[Tries, Tries]] = []
    for here, there in zip(rush.gatherings[::2], rush.gatherings[1::2], strict=True):
        made = await seat(rush, here, SEATS)
        moves = [[str(there), str(person)] for _, person in made]
        cancels = [[str(booking), str(person)] for booking, person in made]
        both.append((moves, cancels))
    for answer in await race(rush.url, "come", rush.version, both):
        counted = Counter(answer)
        assert counted["canceled"] == SEATS
        assert counted["moved"] + counted["ended_already"] == SEATS
    assert await rush.sold() == [[]] * 12
    await assert_sound(rush)
