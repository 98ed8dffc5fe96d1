"""Bookings, and money that comes, while accounts are joined: no seat stays behind, and nobody deadlocks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID

from circles.base.errors import OutOfDate, Refused
from circles.bookings import actions
from circles.organizing.people import merging
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.helpers import change, person, rows, value
from tests.organizing.test_last_organizer import until_waiting
from tests.organizing.test_merging import ask

ROUNDS = 6


async def book(context: Context, who: UUID, gathering: UUID, version: UUID) -> str:
    """Book a free seat. Returns "seat", or the codes of the refusals."""
    actor = await person(context, who)
    try:
        await actions.book(
            context, actor, gathering, choice="amount", amount="0", version_id=version, agreed=True
        )
    except Refused as refused:
        return ",".join(sorted(refused.codes))
    return "seat"


async def version_of(context: Context, circle: UUID) -> UUID:
    query = (
        "select versions.id from guidelines_versions as versions join circles using (guidelines_id) "
        "where circles.id = $1"
    )
    return await value(context, query, circle)


async def active_seats(context: Context, who: UUID) -> int:
    return await value(
        context, "select count(*) from bookings where person_id = $1 and state in ('held', 'confirmed')", who
    )


async def test_bookings_beside_joining_leave_no_seat_with_the_account_that_goes(cast: Cast) -> None:
    context = cast.context
    version = await version_of(context, cast.other_circle)
    odile = await person(context, cast.odile)
    gatherings = [await add_gathering(context, cast.other_circle, days=20 + day) for day in range(3)]
    for number in range(ROUNDS):
        kept, gone = [await add_person(context, f"{name} {number}") for name in ("Kept", "Gone")]
        await change(context, "delete from mails where kind = 'join_accounts'")
        tokens = list((await ask(context, cast, kept, gone)).values())
        await merging.answer(context, tokens[0], agrees=True)
        bookings = [book(context, gone, gathering, version) for gathering in gatherings]
        await asyncio.gather(*bookings[:2], carry_out(context, tokens[1]), bookings[2])
        if not await value(context, "select merged_into is not null from people where id = $1", gone):
            merge = await value(context, "select id from merges where state = 'open'")
            await merging.carry_out(context, merge, actor_id=odile.id)
        assert await active_seats(context, gone) == 0
        assert await rows(context, "select id from people where id = $1 and merged_into = $2", gone, kept)


async def carry_out(context: Context, token: str) -> None:
    with suppress(OutOfDate):  # somebody booked in this very moment, again and again
        await merging.answer(context, token, agrees=True)


async def test_without_the_guard_a_booking_stays_with_the_account_that_goes(cast: Cast) -> None:
    """The control: the same moment, held open by the transaction that joins, without the triggers."""
    context = cast.context
    version = await version_of(context, cast.other_circle)
    await change(context, "alter table bookings disable trigger bookings_of_nobody_suspended")
    await change(context, "alter table acceptances disable trigger acceptances_lock_their_person")
    async with context.db.transaction() as tx:
        await tx.execute("select merge_people($1, $2)", cast.mira, cast.milo)
        assert await book(context, cast.milo, cast.free_gathering, version) == "seat"
    assert await active_seats(context, cast.milo) == 1
    await change(context, "alter table bookings enable trigger bookings_of_nobody_suspended")
    await change(context, "alter table acceptances enable trigger acceptances_lock_their_person")


async def test_who_agreed_before_and_books_while_accounts_are_joined_waits_without_a_deadlock(
    cast: Cast,
) -> None:
    """The booking must not hold the agreement, which joining moves, while it waits for its person."""
    context = cast.context
    version = await version_of(context, cast.other_circle)
    await add_booking(
        context, await add_gathering(context, cast.other_circle, days=-7), cast.milo, kind="free"
    )
    async with context.db.transaction() as tx:
        own = await tx.fetchval("select pg_backend_pid()")
        await tx.execute("select from people where id in ($1, $2) for update", cast.mira, cast.milo)
        booking = asyncio.create_task(book(context, cast.milo, cast.free_gathering, version))
        await until_waiting(context, own)
        await tx.execute("select merge_people($1, $2)", cast.mira, cast.milo)
    assert await booking == "full"
    assert await active_seats(context, cast.milo) == 0


async def test_money_that_comes_late_while_accounts_are_joined_waits_without_a_deadlock(cast: Cast) -> None:
    """Who settles a payment locks the booking and then its person; joining locks them in the same order."""
    context = cast.context
    seat = await add_booking(
        context, await add_gathering(context, cast.circle, days=-7), cast.milo, state="lapsed"
    )
    tokens = list((await ask(context, cast, cast.mira, cast.milo)).values())
    await merging.answer(context, tokens[0], agrees=True)
    async with context.db.transaction() as tx:
        own = await tx.fetchval("select pg_backend_pid()")
        await tx.execute("select from bookings where id = $1 for update", seat)
        joining = asyncio.create_task(merging.answer(context, tokens[1], agrees=True))
        await until_waiting(context, own)
        await tx.execute("select from people where id = $1 for share", cast.milo)
    assert await joining
    assert await value(context, "select person_id from bookings where id = $1", seat) == cast.mira
