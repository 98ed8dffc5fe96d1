"""An introduction that is answered and withdrawn at once: one of them wins, and the other is told.

The control does the same without the lock: it reads, decides, writes, and both believe that they won.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from circles import people
from circles.base.errors import Refused
from circles.directory.introductions import actions, rules
from circles.directory.introductions.actions import Key
from circles.directory.introductions.rules import Answer, Shared
from circles.store.context import Context
from tests.cast import Cast
from tests.directory.helpers import add_listing

ROUNDS = 12


async def asked(context: Context, person: people.Person) -> UUID:
    """One more introduction of somebody, to a listing of its own that belongs to an account of its own."""
    made, listing = uuid4(), await add_listing(context, name=f"Therapist {uuid4().hex[:6]}")
    await actions.ask(
        context, person, introduction_id=made, listing_id=listing, shared=Shared(("reach",), reach="555")
    )
    return made


async def key_of(context: Context, introduction: UUID) -> Key:
    """A key to it: its listing is given to the person who facilitates."""
    async with context.db.transaction() as tx:
        await tx.execute("update listings set person_id = null where person_id is not null")
        farid = await tx.fetchval("select id from people where name = 'Farid'")
        await tx.execute(
            "update listings set person_id = $2 where id = (select listing_id from introductions where id = $1)",
            introduction,
            farid,
        )
    return Key(id=introduction, actor_id=farid)


async def won(doing: Awaitable[None]) -> bool:
    """Whether it was done, and not refused."""
    try:
        await doing
    except Refused:
        return False
    return True


async def race(
    context: Context, mira: people.Person, against: Callable[[UUID, Key], Awaitable[None]]
) -> None:
    """Answer and do something else at once, again and again: one wins each time, and one state was reached."""
    for _ in range(ROUNDS):
        made = await asked(context, mira)
        key = await key_of(context, made)
        done = await asyncio.gather(
            won(actions.answer(context, key, Answer("full"))), won(against(made, key))
        )
        assert sorted(done) == [False, True]
        async with context.db.reading() as tx:
            states = await tx.fetch("select after from events where about = $1 and before = 'asked'", made)
            assert [row["after"] for row in states] == [
                await tx.fetchval("select state from introductions where id = $1", made)
            ]
        if done[1]:
            await _make_way(context, made)


async def _make_way(context: Context, made: UUID) -> None:
    async with context.db.transaction() as tx:
        await tx.execute("update introductions set state = 'full' where id = $1 and state = 'accepted'", made)
        await tx.execute(
            "insert into events (what, about, after) select 'made way', id, state from introductions where id = $1",
            made,
        )


async def mira_of(context: Context, cast: Cast) -> people.Person:
    async with context.db.reading() as tx:
        return (await people.by_ids(tx, [cast.mira]))[cast.mira]


async def test_an_answer_and_a_withdrawal_at_once(context: Context, cast: Cast) -> None:
    mira = await mira_of(context, cast)
    await race(context, mira, lambda made, _: actions.withdraw(context, mira, made))


async def test_two_answers_at_once(context: Context, cast: Cast) -> None:
    mira = await mira_of(context, cast)
    await race(context, mira, lambda _, key: actions.answer(context, key, Answer("accepted")))


async def test_without_the_lock_both_believe_that_they_won(context: Context, cast: Cast) -> None:
    made = await asked(context, await mira_of(context, cast))
    looked = asyncio.Barrier(2)

    async def naive(state: str) -> bool:
        async with context.db.transaction() as tx:
            found = await tx.fetchval("select state from introductions where id = $1", made)
            await looked.wait()
            if rules.answer_refusals({"state": found, "over": False}, state):
                return False
            await tx.execute("update introductions set state = $2 where id = $1", made, state)
            await tx.execute("insert into events (what, about, after) values ('naive', $1, $2)", made, state)
            return True

    assert await asyncio.gather(naive("full"), naive("accepted")) == [True, True]
