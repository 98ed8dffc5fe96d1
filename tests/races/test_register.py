"""Two hosts who mark, one of whom closes the register, in two real processes; and without the lock between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio

from circles.base.settings import Settings
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import add_booking, add_circle, add_gathering, add_person, version_of
from tests.races.test_seats import Tries, race

SEATS = 6
ROUNDS = 6

# A mark that was let in waits until the register is closed, and closing waits until a mark was let in.
WITHOUT_GUARD = """
drop trigger register_marks_closed on register_marks;
create function wait_for_closing() returns trigger language plpgsql as $$
declare late timestamptz := clock_timestamp() + interval '20 seconds';
begin
    perform pg_advisory_xact_lock_shared(7, 7);
    while clock_timestamp() < late and not exists (
        select from bookings join gatherings on gatherings.id = gathering_id
        where bookings.id = new.booking_id and closed_at is not null
    ) loop
        perform pg_sleep(0.01);
    end loop;
    return new;
end
$$;
create trigger taps_wait before insert on taps for each row execute function wait_for_closing();
create function wait_for_mark() returns trigger language plpgsql as $$
declare late timestamptz := clock_timestamp() + interval '20 seconds';
begin
    while clock_timestamp() < late and not exists (
        select from pg_locks where locktype = 'advisory' and classid = 7 and objid = 7 and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())
    ) loop
        perform pg_sleep(0.01);
    end loop;
    return new;
end
$$;
create trigger closing_waits before update of closed_at on gatherings for each row execute function wait_for_mark();
"""
LATE = (
    "select count(*) from register_marks join gatherings on gatherings.id = gathering_id "
    "where source = 'tap' and received_at > closed_at"
)


@pytest_asyncio.fixture
async def hosted(database_url: str, settings: Settings) -> AsyncIterator[Context]:
    """A database of its own: the control breaks the invariants."""
    database = await Database.open(database_url, size=4)
    yield Context(settings, database)
    await database.close()


async def register_race(
    context: Context, url: str, rounds: int, *, naive: bool = False
) -> tuple[list[list[str]], list[UUID]]:
    """In each round two hosts mark every seat of a gathering and one of them closes. Returns answers and gatherings."""
    lead = await add_person(context, "Farid", is_facilitator=True)
    co = await add_person(context, "Cora", is_facilitator=True)
    circle = await add_circle(context, lead, capacity=SEATS, minimum=0, suggested=0, maximum=0)
    guests = [await add_person(context, f"Guest {number}") for number in range(SEATS)]
    async with context.db.transaction() as tx:
        await tx.execute("insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')", circle, co)
    pairs: list[tuple[Tries, Tries]] = []
    gatherings: list[UUID] = []
    for number in range(rounds):
        begun = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=20 + 5 * number)
        gatherings.append(await add_gathering(context, circle, starts_at=begun))
        seats = [str(await add_booking(context, gatherings[-1], guest, kind="free")) for guest in guests]
        if naive:  # so that closing has nothing to mark, and waits for nothing else
            async with context.db.transaction() as tx:
                await tx.execute(
                    "insert into attendance (booking_id, mark) select unnest($1::uuid[]), 'excused'", seats
                )
        closing = [str(gatherings[-1]), str(co)]
        theirs = [[seat, str(co)] for seat in seats]
        pairs.append(([[seat, str(lead)] for seat in seats], [*theirs[:3], closing, *theirs[3:]]))
    return await race(url, "register", await version_of(context, circle), pairs, naive=naive), gatherings


async def test_no_mark_comes_after_the_closing_in_two_processes(hosted: Context, database_url: str) -> None:
    answers, gatherings = await register_race(hosted, database_url, ROUNDS)
    async with hosted.db.reading() as tx:
        for given, gathering in zip(answers, gatherings, strict=True):
            counted = Counter(given)
            assert counted["shut"] == 1
            assert set(given) <= {"shut", "marked", "closed"}, given
            taps = "select count(*) from register_marks where gathering_id = $1 and source = 'tap'"
            assert await tx.fetchval(taps, gathering) == counted["marked"], (
                "what was accepted is in the record"
            )
            marked = "select count(*) from attendance join bookings on bookings.id = booking_id "
            assert await tx.fetchval(f"{marked} where gathering_id = $1", gathering) == SEATS
        assert await tx.fetchval(LATE) == 0


async def test_without_the_lock_marks_come_after_the_closing(hosted: Context, database_url: str) -> None:
    """The control: marks that do not hold the register while they are made."""
    async with hosted.db.transaction() as tx:
        await tx.execute(WITHOUT_GUARD)
    await register_race(hosted, database_url, 1, naive=True)
    async with hosted.db.reading() as tx:
        assert await tx.fetchval(LATE) > 0
