"""What the tests of bookings share: a scene with the cast, book, pay, end a hold, count rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import people
from circles.bookings import actions, rules, transitions
from circles.hosting.change import actions as change_actions
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe import webhooks
from circles.store import audit
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import start_in

GOOD_CARD = "4242 4242 4242 4242"


@dataclass(frozen=True, slots=True)
class Scene:
    context: Context
    cast: Cast

    async def person(self, person_id: UUID) -> people.Person:
        async with self.context.db.reading() as tx:
            return (await people.by_ids(tx, [person_id]))[person_id]

    async def book(self, person: UUID, gathering: UUID | None = None, **wish: Any) -> rules.Booking:
        values = {"choice": "amount", "amount": "45", "version_id": self.cast.version, "agreed": True} | wish
        return await actions.book(
            self.context, await self.person(person), gathering or self.cast.gathering, **values
        )

    async def row(self, booking: UUID) -> asyncpg.Record:
        async with self.context.db.reading() as tx:
            row = await tx.fetchrow("select * from bookings where id = $1", booking)
        assert row
        return row

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.context.db.transaction() as tx:
            return await tx.fetchval(query, *arguments)

    async def pay(self, booking: UUID, card: str = GOOD_CARD) -> None:
        """Pay at the look-alike of Stripe. Our side learns of it when jobs run."""
        stripe_id = await self.value("select stripe_id from checkouts where booking_id = $1", booking)
        async with self.context.db.transaction() as tx:
            await look_alike.pay(tx, stripe_id, card)

    async def end_hold(self, booking: UUID) -> None:
        """End a hold on our side while its checkout can still be paid, which must not happen and might."""
        async with self.context.db.transaction() as tx:
            await transitions.SQL.end(tx, booking_id=booking, state="lapsed", cause="not_paid")
            await audit.record(tx, "booking.lapsed", booking, before="held", after="lapsed")

    async def starts_in(self, gathering: UUID, ahead: timedelta) -> None:
        await start_in(self.context, gathering, ahead)

    async def paid_long_ago(self, booking: UUID) -> None:
        """The time in which a person who cancels gets all of it back, since they paid a moment ago, is over."""
        await self.value(
            "update bookings set confirmed_at = confirmed_at - interval '31 minutes' where id = $1 returning id",
            booking,
        )

    async def fill(self, gathering: UUID, seats: int) -> list[UUID]:
        """Take this many seats of a gathering for others."""
        return [
            await add_booking(
                self.context,
                gathering,
                await add_person(self.context, f"Guest {uuid4().hex}"),
                kind="paid",
                amount=4500,
            )
            for _ in range(seats)
        ]

    async def seats(self, gathering: UUID | None = None) -> int:
        return await self.value(
            "select seats_taken from gatherings where id = $1", gathering or self.cast.gathering
        )

    async def count(self, query: str, *arguments: Any) -> int:
        return await self.value(f"select count(*) from {query}", *arguments)


@pytest_asyncio.fixture
async def scene(context: Context, cast: Cast, app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The cast; webhooks of the look-alike reach the app."""
    monkeypatch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
    return Scene(context, cast)


@pytest_asyncio.fixture
async def mira(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.mira) as page:
        yield page


def typed(cast: Cast, **more: str) -> dict[str, str]:
    return {
        "choice": "amount",
        "amount": "45",
        "currency": "USD",
        "version": str(cast.version),
        "agreed": "on",
    } | more


def own_statements(queries: list[str]) -> list[str]:
    """The statements of our own code, without BEGIN and COMMIT and the driver's queries about types."""
    frame = ("BEGIN", "COMMIT")
    return [
        q for q in queries if not q.startswith(frame) and "typeinfo_tree" not in q and "set_config" not in q
    ]


def form_at(cast: Cast, gathering: UUID | None = None) -> str:
    return f"/gatherings/{gathering or cast.gathering}/book"


async def paid_seat(scene: Scene, person: UUID, drain: Callable[[], Any], amount: str = "45") -> UUID:
    booking = await scene.book(person, amount=amount)
    await scene.pay(booking.id)
    await drain()
    assert (await scene.row(booking.id))["state"] == "confirmed"
    return booking.id


async def cancel_gathering(scene: Scene, host: people.Person) -> None:
    await change_actions.cancel_gathering(
        scene.context, host, scene.cast.gathering, "The room flooded. We are sorry."
    )
