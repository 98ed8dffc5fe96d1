"""Screening rules (newcomers, people kept apart) under a rush in two processes; and with an old snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio

from circles.base.settings import Settings
from circles.store.context import Context
from circles.store.db import Database
from tests.races.test_seats import PEOPLE, Rush, Tries, race

NEWCOMERS = 2
# The control: declared stable, the rule reads the bookings in the snapshot from before the lock.
OLD_SNAPSHOT = "alter function room_lets_in(uuid, uuid) stable;"


@pytest_asyncio.fixture
async def rush(database_url: str, settings: Settings) -> AsyncIterator[Rush]:
    """A rush in its own database, since the controls change a function."""
    database = await Database.open(database_url, size=4)
    yield Rush(Context(settings, database), database_url)
    await database.close()


async def _few_newcomers(rush: Rush, rounds: int) -> None:
    await rush.prepare(rounds)
    await rush.run_sql(
        f"insert into screenings (circle_id, newcomers_most) values ('{rush.circle}', {NEWCOMERS})"
    )


async def test_forty_newcomers_in_two_processes_get_exactly_two_seats(rush: Rush) -> None:
    await _few_newcomers(rush, 15)
    for answer in await rush.run():
        assert Counter(answer) == {"seat": NEWCOMERS, "newcomers_full": PEOPLE - NEWCOMERS}
    assert await rush.sold() == [list(range(1, NEWCOMERS + 1))] * 15


async def test_a_snapshot_from_before_the_lock_takes_too_many(rush: Rush) -> None:
    await _few_newcomers(rush, 5)
    await rush.run_sql(OLD_SNAPSHOT)
    await rush.run()
    assert any(len(seats) > NEWCOMERS for seats in await rush.sold())


async def _two_at_once(rush: Rush, rounds: int) -> list[list[str]]:
    """Two people who are kept apart book a seat at the same moment, each in a process."""
    one, other = sorted(str(person) for person in rush.people[:2])
    await rush.run_sql(
        f"insert into apart (circle_id, first_id, second_id) values ('{rush.circle}', '{one}', '{other}')"
    )
    # The hosts' yes to both, which they cannot give (decide refuses it): the last guard has to hold all the same.
    await rush.run_sql(
        "insert into requests (circle_id, person_id, gathering_id, kind, state, decided_at) "
        "select gatherings.circle_id, person.id, gatherings.id, 'seat', 'approved', now() "
        f"from gatherings cross join (values ('{one}'::uuid), ('{other}'::uuid)) as person (id) "
        f"where gatherings.circle_id = '{rush.circle}'"
    )
    both: list[tuple[Tries, Tries]] = [
        ([[str(gathering), one]], [[str(gathering), other]]) for gathering in rush.gatherings[:rounds]
    ]
    return await race(rush.url, "book", rush.version, both)


async def test_two_who_are_kept_apart_never_get_both_seats(rush: Rush) -> None:
    await rush.prepare(40)
    for answer in await _two_at_once(rush, 40):
        assert Counter(answer) == {"seat": 1, "full": 1}


async def test_a_snapshot_from_before_the_lock_seats_them_together(rush: Rush) -> None:
    await rush.prepare(60)
    await rush.run_sql(OLD_SNAPSHOT)
    assert any(Counter(answer)["seat"] == 2 for answer in await _two_at_once(rush, 60))
