"""The last seats of a gathering, taken at once by bookings, by seats that a host gives, and by walk-ins."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from circles.base.settings import Settings
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import add_circle, add_gathering, add_person, version_of
from tests.races.test_seats import Tries, race

SEATS = 6
TRIES = 15
ROUNDS = 3
WITHOUT_GUARD = "drop trigger walk_ins_keep_seats on walk_ins; drop index walk_in_seat_once;"


class Crowd:
    """A free circle, gatherings that begin in some minutes, and for each people who want a seat in three ways."""

    def __init__(self, context: Context, url: str) -> None:
        self.context, self.url = context, url

    async def run(self) -> list[list[str]]:
        lead = await add_person(self.context, "Farid", is_facilitator=True)
        circle = await add_circle(
            self.context, lead, capacity=SEATS, minimum=0, suggested=0, maximum=0, community_seats=0
        )
        soon = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=10)
        rounds: list[tuple[Tries, Tries]] = []
        for number in range(ROUNDS):
            gathering = await add_gathering(
                self.context, circle, starts_at=soon + timedelta(minutes=4 * number)
            )
            names = [f"{'BGW'[i % 3]} of {number} {i}" for i in range(TRIES)]
            tries = [[str(gathering), str(await add_person(self.context, name))] for name in names]
            rounds.append((tries[::2], tries[1::2]))
        return await race(self.url, "crowd", await version_of(self.context, circle), rounds)

    async def seats(self) -> list[list[int]]:
        """The seats of each gathering, of bookings and walk-ins, in order."""
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                "select array_agg(seat order by seat) as seats from ("
                "select gathering_id, seat from bookings where state = 'confirmed' "
                "union all select gathering_id, seat from walk_ins where seat is not null"
                ") as taken group by gathering_id"
            )
        return [list(row["seats"]) for row in rows]


@pytest_asyncio.fixture
async def crowd(database_url: str, settings: Settings) -> AsyncIterator[Crowd]:
    """A crowd in a database of its own: the control breaks the invariants."""
    database = await Database.open(database_url, size=4)
    yield Crowd(Context(settings, database), database_url)
    await database.close()


async def test_bookings_given_seats_and_walk_ins_share_the_seats(crowd: Crowd) -> None:
    for answer in await crowd.run():
        assert Counter(answer)["seat"] == SEATS, answer
        assert set(answer) <= {"seat", "full", "over_capacity"}
    assert await crowd.seats() == [list(range(1, SEATS + 1))] * ROUNDS


async def test_without_the_guard_a_walk_in_takes_a_booked_seat(crowd: Crowd) -> None:
    """The control: walk-ins that are not counted on the gathering's row."""
    async with crowd.context.db.transaction() as tx:
        await tx.execute(WITHOUT_GUARD)
    await crowd.run()
    assert any(len(seats) > SEATS or len(seats) > len(set(seats)) for seats in await crowd.seats())
