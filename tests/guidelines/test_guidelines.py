"""The guidelines room on a real database: versions, and who agreed to which."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from circles import guidelines
from circles.base.errors import NotFound
from circles.guidelines import actions as guideline_actions
from circles.store.context import Context
from circles.store.db import IntegrityConstraintViolationError
from tests.cast import Cast

FIRST = "What is said in the circle stays in the circle, and everybody may pass."
SECOND = FIRST + " Nobody records."


async def test_new_guidelines_have_a_first_version(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        version = await guidelines.current(tx, await guidelines.create(tx, FIRST, cast.farid))
    assert (version.number, version.body) == (1, FIRST)
    assert len(version.sha256) == 32


async def test_only_a_changed_text_is_the_next_version(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        mine = await guidelines.create(tx, FIRST, cast.farid)
        assert await guideline_actions.publish(tx, mine, FIRST, cast.farid) is None
        second = await guideline_actions.publish(tx, mine, SECOND, cast.farid)
        # Going back to older words is a change too: the newest version is what counts.
        third = await guideline_actions.publish(tx, mine, FIRST, cast.farid)
        version = await guidelines.current(tx, mine)
    assert second is not None
    assert (version.id, version.number) == (third, 3)


async def test_two_publishers_at_once_take_turns(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        mine = await guidelines.create(tx, FIRST, cast.farid)

    async def publish(body: str) -> None:
        async with context.db.transaction() as tx:
            await guideline_actions.publish(tx, mine, body, cast.farid)

    await asyncio.gather(*(publish(f"{FIRST} Change {i}.") for i in range(8)))
    async with context.db.reading() as tx:
        assert (await guidelines.current(tx, mine)).number == 9


async def test_publishing_to_unknown_guidelines_is_not_found(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        with pytest.raises(NotFound):
            await guideline_actions.publish(tx, uuid4(), FIRST, cast.farid)
        with pytest.raises(NotFound):
            await guidelines.current(tx, uuid4())


async def test_accepting_twice_keeps_the_first_date(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        first = await guidelines.accept(tx, cast.mira, cast.version)
        when = await tx.fetchval("select accepted_at from acceptances where id = $1", first)
    async with context.db.transaction() as tx:
        assert await guidelines.accept(tx, cast.mira, cast.version) == first
        row = await tx.fetchrow(
            "select accepted_at, acceptances.sha256 = guidelines_versions.sha256 as same "
            "from acceptances join guidelines_versions on version_id = guidelines_versions.id"
        )
    assert row is not None
    assert row["accepted_at"] == when
    assert row["same"]


async def test_a_version_that_is_not_there_cannot_be_accepted(context: Context, cast: Cast) -> None:
    async with context.db.transaction() as tx:
        with pytest.raises(NotFound):
            await guidelines.accept(tx, cast.mira, uuid4())


async def test_published_words_never_change(context: Context, cast: Cast) -> None:
    with pytest.raises(IntegrityConstraintViolationError):
        async with context.db.transaction() as tx:
            await tx.execute(
                "update guidelines_versions set body = 'Other words' where id = $1", cast.version
            )
