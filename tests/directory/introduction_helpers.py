"""Helpers for the tests of introductions: ask, read rows, mails and logs, move times into the past."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from circles import people
from circles.directory.introductions import access_log, actions
from circles.directory.introductions.rules import Shared
from circles.store.context import Context
from tests.cast import Cast

Drain = Callable[[], Awaitable[object]]
FORM = {
    "tell_reach": "on",
    "reach": "mira at 555-0100, evenings",
    "tell_looking_for": "on",
    "looking_for": "Somebody for the winter",
    "call_name": "Mira",
    "own_words": "I typed this and did not tick it",
}
SHARED = Shared(("reach",), reach="mira@example.org")


class Scene:
    """A listing, River's, and steps around it."""

    def __init__(self, context: Context, cast: Cast, river: UUID) -> None:
        self.context, self.cast, self.river = context, cast, river

    async def person(self, person_id: UUID) -> people.Person:
        async with self.context.db.reading() as tx:
            return (await people.by_ids(tx, [person_id]))[person_id]

    async def ask(
        self, listing: UUID | None = None, shared: Shared = SHARED, member: UUID | None = None
    ) -> UUID:
        mira = await self.person(member or self.cast.mira)
        introduction_id = uuid4()
        await actions.ask(
            self.context,
            mira,
            introduction_id=introduction_id,
            listing_id=listing or self.river,
            shared=shared,
        )
        return introduction_id

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        async with self.context.db.reading() as tx:
            return [dict(row) for row in await tx.fetch(sql, *arguments)]

    async def run(self, sql: str, *arguments: object) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(sql, *arguments)

    async def mails(self, kind: str) -> list[dict[str, Any]]:
        return await self.fetch("select * from mails where kind = $1 order by created_at, id", kind)

    async def row(self, introduction: UUID) -> dict[str, Any]:
        (row,) = await self.fetch("select * from introductions where id = $1", introduction)
        return row

    async def token(self) -> str:
        """The token of the newest mail to a therapist."""
        text = (await self.mails("introduction_asked"))[-1]["text_body"]
        return re.findall(r"/introductions/(\S+)\?answer=accepted", text)[0]

    async def log(self, member: UUID | None = None) -> list[str]:
        async with self.context.db.reading() as tx:
            rows = await access_log.read_page(tx, member or self.cast.mira, 1)
        return [access_log.text_of(row) for row in rows]

    async def backdate(self, introduction: UUID, days: int = 30) -> None:
        await self.run(
            "update introductions set created_at = created_at - $2 * interval '1 day', "
            "expires_at = expires_at - $2 * interval '1 day' where id = $1",
            introduction,
            days,
        )
