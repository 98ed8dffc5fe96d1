"""What the tests of waiting lists share: a full gathering of two seats, and people who wait for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio

from circles.bookings import actions as booking_actions
from circles.bookings import rules as booking_rules
from circles.bookings.rules import BookingInput
from circles.bookings.waiting_list import actions, offers
from tests.bookings.helpers import Scene
from tests.cast import accept, add_booking, add_gathering, add_person


@dataclass
class Line:
    """A full gathering of two paid seats and one community seat, whose bookings are `seats`."""

    scene: Scene
    gathering: UUID
    seats: list[UUID]
    guests: list[UUID]

    async def wait(self, name: str = "", **wish: Any) -> UUID:
        """Somebody new joins the list. Returns their wait."""
        person = await add_person(self.scene.context, name or f"Somebody {uuid4().hex}")
        return await self.join(person, **wish)

    async def join(self, person: UUID, **wish: Any) -> UUID:
        values = {
            "choice": "amount",
            "amount": "45",
            "version_id": self.scene.cast.version,
            "agreed": True,
        } | wish
        sent = BookingInput(**values)
        return await actions.join(self.scene.context, await self.scene.person(person), self.gathering, sent)

    async def row(self, wait: UUID) -> asyncpg.Record:
        async with self.scene.context.db.reading() as tx:
            row = await tx.fetchrow("select * from waits where id = $1", wait)
        assert row
        return row

    async def state(self, wait: UUID) -> str:
        return (await self.row(wait))["state"]

    async def states(self, *waits: UUID) -> list[str]:
        return [await self.state(wait) for wait in waits]

    async def cancel(self, number: int = 0) -> None:
        """The person of a seat cancels it."""
        booking = await self.scene.row(self.seats[number])
        person = await self.scene.person(booking["person_id"])
        await booking_actions.cancel(self.scene.context, person, booking["id"], shown=booking["amount"])

    async def take(self, wait: UUID, **more: Any) -> booking_rules.Booking:
        person = await self.scene.person((await self.row(wait))["person_id"])
        return await actions.take(self.scene.context, person, wait, **more)

    async def leave(self, wait: UUID) -> str:
        person = await self.scene.person((await self.row(wait))["person_id"])
        return await actions.leave(self.scene.context, person, wait)

    async def end_offer(self, wait: UUID) -> None:
        """The time of an offer is over, and nothing has looked yet."""
        await self.scene.value(
            "update waits set offered_at = now() - interval '2 days', offer_ends_at = now() - interval '1 second' "
            "where id = $1",
            wait,
        )

    async def lapse(self, wait: UUID) -> None:
        """The time of an offer is over, and the timetable has run."""
        await self.end_offer(wait)
        await offers.work_on_lists(self.scene.context)

    async def seats_taken(self) -> int:
        return await self.scene.seats(self.gathering)


@pytest_asyncio.fixture
async def line(scene: Scene) -> AsyncIterator[Line]:
    gathering = await add_gathering(scene.context, scene.cast.circle, days=9, capacity=3, community_seats=1)
    guests = [await add_person(scene.context, f"Guest {number}") for number in range(3)]
    seats = [
        await add_booking(scene.context, gathering, guests[0], kind="paid", amount=4500),
        await add_booking(scene.context, gathering, guests[1], kind="paid", amount=4500),
        await add_booking(scene.context, gathering, guests[2]),
    ]
    yield Line(scene, gathering, seats, guests)


async def agree(line: Line, person: UUID) -> None:
    await accept(line.scene.context, person, line.scene.cast.version)
