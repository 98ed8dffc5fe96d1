"""Several organizers in two processes send the same payments back at once; and the same without the lock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from circles.base.settings import Settings
from circles.store import checks
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import Cast, add_booking, add_person
from tests.races.test_moving import WAIT_FOR_ANOTHER
from tests.races.test_seats import race

ROUNDS = 6


@pytest_asyncio.fixture
async def community(database_url: str, settings: Settings) -> AsyncIterator[Cast]:
    database = await Database.open(database_url, size=4)
    yield await Cast.assemble(Context(settings, database))
    await database.close()


async def payment(cast: Cast, number: int) -> UUID:
    """A payment of $45."""
    person = await add_person(cast.context, f"Payer {number}")
    booking = await add_booking(cast.context, cast.gathering, person, kind="paid", amount=4500)
    async with cast.context.db.reading() as tx:
        return await tx.fetchval("select checkout_id from checkout_lines where booking_id = $1", booking)


async def refunds_of(cast: Cast) -> list[int]:
    """What is to go back of each payment, in minor units."""
    async with cast.context.db.reading() as tx:
        rows = await tx.fetch(
            "select sum(amount)::int as amount from operations where kind = 'refund' group by checkout_id"
        )
    return [row["amount"] for row in rows]


async def test_a_payment_goes_back_once(community: Cast, database_url: str) -> None:
    others = [await add_person(community.context, f"Org {i}", is_organizer=True) for i in range(2)]
    organizers = [str(person) for person in (community.odile, *others)]
    payments = [str(await payment(community, number)) for number in range(ROUNDS)]
    tries = [[[target, who] for who in organizers] for target in payments]
    answers = await race(
        database_url, "refund", community.version, [(each, list(reversed(each))) for each in tries]
    )
    for answer in answers:
        assert sorted(answer) == ["done", *["nothing_left"] * 5]
    assert await refunds_of(community) == [4500] * ROUNDS
    async with community.context.db.reading() as tx:
        assert [one.description for one in await checks.run(tx) if not one.holds] == []


async def test_without_the_lock_both_are_told_that_it_went_back(community: Cast, database_url: str) -> None:
    """The control."""
    async with community.context.db.transaction() as tx:
        await tx.execute(WAIT_FOR_ANOTHER)
    other = await add_person(community.context, "Olaf", is_organizer=True)
    target = str(await payment(community, 0))
    both = ([[target, str(community.odile)]], [[target, str(other)]])
    answers = await race(database_url, "refund", community.version, [both], naive=True)
    assert answers == [["done", "done"]]
