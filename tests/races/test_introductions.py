"""An introduction that is answered and withdrawn at once: exactly one of them succeeds.

The control does the same without the lock: it reads, decides, writes, and both succeed.
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


async def add_introduction(context: Context, person: people.Person) -> UUID:
    """An introduction of a person to a new listing. Returns its id."""
    introduction, listing = uuid4(), await add_listing(context, name=f"Therapist {uuid4().hex[:6]}")
    await actions.ask(
        context,
        person,
        introduction_id=introduction,
        listing_id=listing,
        shared=Shared(("reach",), reach="555"),
    )
    return introduction


async def key_of(context: Context, introduction: UUID) -> Key:
    """The key of Farid to an introduction, whose listing becomes his."""
    async with context.db.transaction() as tx:
        await tx.execute("update listings set person_id = null where person_id is not null")
        farid = await tx.fetchval("select id from people where name = 'Farid'")
        await tx.execute(
            "update listings set person_id = $2 where id = (select listing_id from introductions where id = $1)",
            introduction,
            farid,
        )
    return Key(id=introduction, actor_id=farid)


async def succeeds(call: Awaitable[None]) -> bool:
    try:
        await call
    except Refused:
        return False
    return True


async def race(
    context: Context, mira: people.Person, against: Callable[[UUID, Key], Awaitable[None]]
) -> None:
    """Answer and do something else at once, several times: one succeeds each time, with one change of state."""
    for _ in range(ROUNDS):
        introduction = await add_introduction(context, mira)
        key = await key_of(context, introduction)
        done = await asyncio.gather(
            succeeds(actions.answer(context, key, Answer("full"))), succeeds(against(introduction, key))
        )
        assert sorted(done) == [False, True]
        async with context.db.reading() as tx:
            states = await tx.fetch(
                "select after from events where about = $1 and before = 'asked'", introduction
            )
            assert [row["after"] for row in states] == [
                await tx.fetchval("select state from introductions where id = $1", introduction)
            ]
        if done[1]:
            await _close(context, introduction)


async def _close(context: Context, introduction: UUID) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "update introductions set state = 'full' where id = $1 and state = 'accepted'", introduction
        )
        await tx.execute(
            "insert into events (what, about, after) "
            "select 'introduction.closed', id, state from introductions where id = $1",
            introduction,
        )


async def mira_of(context: Context, cast: Cast) -> people.Person:
    async with context.db.reading() as tx:
        return (await people.by_ids(tx, [cast.mira]))[cast.mira]


async def test_an_answer_and_a_withdrawal_at_once(context: Context, cast: Cast) -> None:
    mira = await mira_of(context, cast)
    await race(context, mira, lambda introduction, _: actions.withdraw(context, mira, introduction))


async def test_two_answers_at_once(context: Context, cast: Cast) -> None:
    mira = await mira_of(context, cast)
    await race(context, mira, lambda _, key: actions.answer(context, key, Answer("accepted")))


async def test_without_the_lock_both_succeed(context: Context, cast: Cast) -> None:
    introduction = await add_introduction(context, await mira_of(context, cast))
    both_read = asyncio.Barrier(2)

    async def naive(state: str) -> bool:
        async with context.db.transaction() as tx:
            current = await tx.fetchval("select state from introductions where id = $1", introduction)
            await both_read.wait()
            if rules.answer_refusals({"state": current, "over": False}, state):
                return False
            await tx.execute("update introductions set state = $2 where id = $1", introduction, state)
            await tx.execute(
                "insert into events (what, about, after) values ('introduction.naive', $1, $2)",
                introduction,
                state,
            )
            return True

    assert await asyncio.gather(naive("full"), naive("accepted")) == [True, True]
