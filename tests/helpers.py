"""Helpers of every test: read and change the database directly, and load a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import people
from circles.store.context import Context


async def rows(context: Context, query: str, *arguments: object) -> list[Any]:
    """The rows of a query."""
    async with context.db.transaction() as tx:
        return await tx.fetch(query, *arguments)


async def value(context: Context, query: str, *arguments: object) -> Any:
    """The first value of a query's first row."""
    async with context.db.transaction() as tx:
        return await tx.fetchval(query, *arguments)


async def change(context: Context, query: str, *arguments: object) -> None:
    """Change the database directly."""
    async with context.db.transaction() as tx:
        await tx.execute(query, *arguments)


async def person(context: Context, person_id: UUID) -> people.Person:
    """A person by their id."""
    async with context.db.reading() as tx:
        return (await people.by_ids(tx, [person_id]))[person_id]


def missing(text: str, *words: str) -> list[str]:
    """Those of the words that a page or a mail does not contain."""
    return [one for one in words if one not in text]
