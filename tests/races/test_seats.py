"""Seats under a rush of people in two real processes; and the same with a naive statement, which oversells."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from circles.base.settings import Settings
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person, version_of
from tests.races import processes

SEATS = 8
PEOPLE = 40
ROUNDS = 50

Tries = list[list[str]]


async def race(
    url: str, verb: str, version: UUID, rounds: list[tuple[Tries, Tries]], *, naive: bool = False
) -> list[list[str]]:
    """Run rounds in two processes that start each of them together. Returns the results of the tries of each."""
    orders = {"url": url, "verb": verb, "naive": naive, "version": str(version)}
    runners = [
        await processes.start("tests.races.runner", orders | {"rounds": [pair[i] for pair in rounds]})
        for i in range(2)
    ]
    results: list[list[str]] = []
    try:
        for _ in rounds:
            for runner in runners:
                processes.write_line(runner)
            lines = await asyncio.gather(*(processes.read_line(runner) for runner in runners))
            results.append([answer for line in lines for answer in json.loads(line)])
    finally:
        for runner in runners:
            assert runner.stdin
            runner.stdin.close()
            await runner.wait()
    return results


class Rush:
    """A circle that asks nothing, its gatherings of eight seats, and forty people."""

    def __init__(self, context: Context, url: str) -> None:
        self.context, self.url = context, url

    async def prepare(self, gatherings: int) -> None:
        farid = await add_person(self.context, "Farid", is_facilitator=True)
        self.circle = await add_circle(
            self.context, farid, capacity=SEATS, minimum=0, suggested=0, maximum=0, community_seats=0
        )
        self.version = await version_of(self.context, self.circle)
        start = datetime.now(UTC) + timedelta(days=3)
        self.gatherings = [
            await add_gathering(self.context, self.circle, starts_at=start + timedelta(hours=3 * i))
            for i in range(gatherings)
        ]
        self.people = [await add_person(self.context, f"Guest {i}") for i in range(PEOPLE)]

    def rounds(self) -> list[tuple[Tries, Tries]]:
        """Every person tries once at each gathering, half of them in each process."""
        rounds = []
        for gathering in self.gatherings:
            tries = [[str(gathering), str(person)] for person in self.people]
            rounds.append((tries[::2], tries[1::2]))
        return rounds

    async def run(self, *, naive: bool = False) -> list[list[str]]:
        return await race(self.url, "book", self.version, self.rounds(), naive=naive)

    async def sold(self) -> list[list[int]]:
        """The seat numbers sold at each gathering, in order."""
        async with self.context.db.reading() as tx:
            return [
                await tx.fetchval(
                    "select coalesce(array_agg(seat order by seat), '{}') from bookings "
                    "where gathering_id = $1 and state = 'confirmed'",
                    gathering,
                )
                for gathering in self.gatherings
            ]

    async def run_sql(self, statement: str) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(statement)


@pytest_asyncio.fixture
async def rush(database_url: str, settings: Settings) -> AsyncIterator[Rush]:
    """A rush in a database of its own: the invariants are not checked, since a control breaks them."""
    database = await Database.open(database_url, size=4)
    yield Rush(Context(settings, database), database_url)
    await database.close()


WITHOUT_INDEXES = "drop index booking_seat_once; drop index booking_once_per_person;"
WITHOUT_COUNTING = "drop trigger bookings_keep_seats on bookings;"


async def test_forty_people_in_two_processes_get_exactly_the_eight_seats(rush: Rush) -> None:
    await rush.prepare(ROUNDS)
    answers = await rush.run()
    assert len(answers) == ROUNDS
    for answer in answers:
        assert Counter(answer) == {"seat": SEATS, "full": PEOPLE - SEATS}
    assert await rush.sold() == [list(range(1, SEATS + 1))] * ROUNDS


async def test_the_statement_alone_sells_no_seat_twice(rush: Rush) -> None:
    """The unique indexes are a second safeguard: without them the statement must hold by itself."""
    await rush.prepare(10)
    await rush.run_sql(WITHOUT_INDEXES)
    assert all(Counter(answer)["seat"] == SEATS for answer in await rush.run())
    assert await rush.sold() == [list(range(1, SEATS + 1))] * 10


async def test_the_naive_statement_oversells_in_the_same_rush(rush: Rush) -> None:
    """The control: seats are read first and inserted then, and nothing in the database refuses a second."""
    await rush.prepare(5)
    await rush.run_sql(WITHOUT_INDEXES + WITHOUT_COUNTING)
    await rush.run(naive=True)
    sold = await rush.sold()
    assert any(len(seats) > SEATS for seats in sold)
    assert any(len(seats) > len(set(seats)) for seats in sold)


async def test_the_same_person_in_two_processes_gets_one_seat(rush: Rush) -> None:
    await rush.prepare(10)
    person = str(rush.people[0])
    click: list[Tries] = [[[str(gathering), person]] * 2 for gathering in rush.gatherings]
    answers = await race(rush.url, "book", rush.version, [(tries, tries) for tries in click])
    for answer in answers:
        assert Counter(answer) == {"seat": 1, "booked_already": 3}
    assert await rush.sold() == [[1]] * 10


async def test_the_naive_statement_gives_one_person_several_seats(rush: Rush) -> None:
    """The control of the double click."""
    await rush.prepare(5)
    await rush.run_sql(WITHOUT_INDEXES + WITHOUT_COUNTING)
    person = str(rush.people[0])
    click: list[Tries] = [[[str(gathering), person]] * 2 for gathering in rush.gatherings]
    await race(rush.url, "book", rush.version, [(tries, tries) for tries in click], naive=True)
    assert any(len(seats) > 1 for seats in await rush.sold())


async def count(context: Context, what: str, *arguments: Any) -> int:
    async with context.db.reading() as tx:
        return await tx.fetchval(f"select count(*) from {what}", *arguments)


async def lapse_all(context: Context) -> None:
    """Every booking so far loses its seat, as if its hold had ended before its money came."""
    async with context.db.transaction() as tx:
        await tx.execute("update bookings set state = 'lapsed', ended_at = now(), end_cause = 'not_paid'")
        await tx.execute(
            "insert into events (what, about, after) select 'booking.lapsed', id, 'lapsed' from bookings"
        )


async def paid_bookings(
    context: Context, cast: Cast, many: int, who: str = "Guest"
) -> list[tuple[UUID, UUID]]:
    """Confirmed bookings of $45, each with its person."""
    made = []
    for i in range(many):
        person = await add_person(context, f"{who} {i}")
        made.append((await add_booking(context, cast.gathering, person, kind="paid", amount=4500), person))
    return made


async def race_all(url: str, verb: str, cast: Cast, made: list[tuple[UUID, UUID]]) -> list[list[str]]:
    """The same verb on each booking, twice in each of two processes."""
    tries: list[Tries] = [[[str(booking), str(person)]] * 2 for booking, person in made]
    return await race(url, verb, cast.version, [(half, half) for half in tries])


async def test_canceling_twice_at_once_refunds_once(context: Context, cast: Cast, database_url: str) -> None:
    made = await paid_bookings(context, cast, SEATS)
    for answer in await race_all(database_url, "cancel", cast, made):
        assert Counter(answer) == {"refund 4500": 1, "refund 0": 3}
    assert await count(context, "operations where kind = 'refund'") == SEATS
    assert await count(context, "events where what = 'booking.cancelled'") == SEATS


async def test_a_late_payment_settled_twice_at_once_is_refunded_once(
    context: Context, cast: Cast, database_url: str
) -> None:
    made = await paid_bookings(context, cast, SEATS)
    await lapse_all(context)
    await paid_bookings(context, cast, SEATS, "Other")
    await race_all(database_url, "settle", cast, made)
    assert await count(context, "operations where kind = 'refund'") == SEATS
    assert await count(context, "mails where kind = 'apology'") == SEATS


async def test_the_last_free_seat_goes_to_one_late_payer(
    context: Context, cast: Cast, database_url: str
) -> None:
    made = await paid_bookings(context, cast, 4)
    await lapse_all(context)
    await paid_bookings(context, cast, SEATS - 1, "Other")
    one_round: Tries = [[str(booking), str(person)] for booking, person in made]
    await race(database_url, "settle", cast.version, [(one_round, one_round[::-1])])
    assert await count(context, "bookings where state = 'confirmed'") == SEATS
    assert await count(context, "operations where kind = 'refund'") == 3


async def test_settling_twice_at_once_confirms_once(context: Context, cast: Cast, database_url: str) -> None:
    made = await paid_bookings(context, cast, SEATS)
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'held', confirmed_at = null, "
            "held_until = now() + interval '9 minutes'"
        )
        await tx.execute(
            "insert into events (what, about, after) select 'booking.held', id, 'held' from bookings"
        )
    await race_all(database_url, "settle", cast, made)
    assert await count(context, "bookings where state = 'confirmed'") == SEATS
    assert await count(context, "events where what = 'booking.confirmed' and before = 'held'") == SEATS
    assert await count(context, "pgqueuer where entrypoint = 'invites.send'") == SEATS
