"""What the tests of screening and of pairs kept apart share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from circles import people
from circles.base.errors import Refused
from circles.bookings import actions, rules
from circles.bookings.apart import actions as apart_actions
from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening.rules import Screening
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser

Drain = Callable[[], Awaitable[object]]
QUESTIONS = Screening("questions", ("What brings you?", "Who holds you?"), None, None)


class Scene:
    def __init__(self, context: Context, cast: Cast) -> None:
        self.context, self.cast = context, cast

    async def person(self, person_id: UUID) -> people.Person:
        async with self.context.db.reading() as tx:
            return (await people.by_ids(tx, [person_id]))[person_id]

    async def screen(self, screening: Screening, version: int = 0) -> None:
        farid = await self.person(self.cast.farid)
        await screening_actions.save_screening(
            self.context, farid, self.cast.circle, screening, version=version
        )

    async def book(self, person: UUID, gathering: UUID | None = None) -> rules.Booking:
        return await actions.book(
            self.context,
            await self.person(person),
            gathering or self.cast.gathering,
            choice="community",
            amount="",
            version_id=self.cast.version,
            agreed=True,
        )

    async def refused(self, person: UUID, gathering: UUID | None = None) -> set[str]:
        with pytest.raises(Refused) as caught:
            await self.book(person, gathering)
        return caught.value.codes

    async def send(self, person: UUID) -> UUID:
        return await screening_actions.send_request(
            self.context,
            await self.person(person),
            self.cast.gathering,
            {"a1": "A long winter.", "a2": "My sister."},
            version=1,
        )

    async def keep_apart(self, one: UUID, other: UUID, by: UUID | None = None) -> None:
        host = await self.person(by or self.cast.farid)
        await apart_actions.keep_apart(self.context, host, self.cast.circle, str(one), str(other))

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.context.db.transaction() as tx:
            return await tx.fetchval(query, *arguments)

    async def mails(self) -> list[dict[str, Any]]:
        async with self.context.db.reading() as tx:
            rows = await tx.fetch("select * from mails where kind = 'request' order by created_at, id")
        return [dict(row) for row in rows]


@pytest_asyncio.fixture
async def scene(context: Context, cast: Cast) -> Scene:
    """The cast, and community seats for all."""
    scene = Scene(context, cast)
    await scene.value("update gatherings set community_seats = 8 where circle_id = $1", cast.circle)
    await scene.value("update circles set community_seats = 8 where id = $1", cast.circle)
    return scene


@pytest_asyncio.fixture
async def mira(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.mira) as page:
        yield page


@pytest_asyncio.fixture
async def farid(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.farid) as page:
        yield page


def form_at(cast: Cast) -> str:
    return f"/gatherings/{cast.gathering}/book"


def typed(cast: Cast) -> dict[str, str]:
    return {"choice": "community", "currency": "USD", "version": str(cast.version), "agreed": "on"}
