"""The limit of seats held for one person, under eight requests at once in two real processes; and without its lock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from circles.bookings.rules import MAX_HELD
from circles.store.context import Context
from tests.cast import Cast, add_circle, add_gathering, add_person
from tests.races.test_seats import Tries, race

AT_ONCE = 8
ROUNDS = 4

# The same function without its lock. It answers once one more than may be held have counted, or so many are held: what
# it counted is old then, as it is now and then without the wait.
WITHOUT_LOCK = """
create or replace function may_hold_another(person uuid, most integer) returns boolean language plpgsql volatile as $$
declare
    held bigint := (select count(*) from bookings where bookings.person_id = person and bookings.state = 'held');
    late timestamptz := clock_timestamp() + interval '20 seconds';
begin
    perform pg_advisory_xact_lock_shared(7, 7);
    while clock_timestamp() < late
        and (select count(*) from pg_locks where locktype = 'advisory' and classid = 7 and objsubid = 2) <= most
        and (select count(*) from bookings where bookings.person_id = person and bookings.state = 'held') < most
    loop
        perform pg_sleep(0.01);
    end loop;
    return held < most;
end
$$
"""


async def race_of(context: Context, cast: Cast, url: str, rounds: int) -> tuple[list[list[str]], list[int]]:
    """In each round somebody books at eight circles at once. Returns the answers, and how many seats each holds.

    In one circle they would take turns already, to accept its guidelines.
    """
    start = datetime.now(UTC) + timedelta(days=9)
    gatherings = [
        await add_gathering(
            context, await add_circle(context, cast.farid), starts_at=start + timedelta(hours=5 * i)
        )
        for i in range(AT_ONCE)
    ]
    members = [await add_person(context, f"Guest {i}") for i in range(rounds)]
    pairs: list[tuple[Tries, Tries]] = []
    for member in members:
        tries = [[str(gathering), str(member)] for gathering in gatherings]
        pairs.append((tries[::2], tries[1::2]))
    answers = await race(url, "hold", cast.version, pairs)
    return answers, [await held_by(context, member) for member in members]


async def held_by(context: Context, person: UUID) -> int:
    async with context.db.reading() as tx:
        return await tx.fetchval(
            "select count(*) from bookings where person_id = $1 and state = 'held'", person
        )


async def test_eight_requests_at_once_hold_three_seats(
    context: Context, cast: Cast, database_url: str
) -> None:
    answers, held = await race_of(context, cast, database_url, ROUNDS)
    for answer in answers:
        assert Counter(answer) == {"held": MAX_HELD, "many_held": AT_ONCE - MAX_HELD}
    assert held == [MAX_HELD] * ROUNDS


async def test_without_the_lock_they_hold_more(context: Context, cast: Cast, database_url: str) -> None:
    """The control: the same race, with a count that others do not wait for."""
    async with context.db.transaction() as tx:
        await tx.execute(WITHOUT_LOCK)
    _, held = await race_of(context, cast, database_url, 2)
    assert any(seats > MAX_HELD for seats in held)
