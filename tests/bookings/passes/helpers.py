"""What the tests of passes share: an offer, a pass that is paid, a seat on it, what is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from circles.bookings.passes import actions
from circles.bookings.passes.actions import Bought
from circles.bookings.rules import Booking, BookingInput
from circles.hosting.passes import actions as hosting
from circles.payments import sync
from tests.bookings.helpers import Scene
from tests.cast import add_gathering

# Six gatherings within eight weeks, $100 to $240.
OFFER = {
    "is_sold": "on",
    "uses": "6",
    "weeks": "8",
    "minimum": "100",
    "suggested": "160",
    "maximum": "240",
    "refund_kind": "percent",
    "refund_percent": "100",
    "refund_weeks": "8",
}


async def offer(scene: Scene, circle: UUID | None = None, **more: Any) -> UUID:
    """Offer a pass of a circle, as its lead does; returns the version."""
    circle = circle or scene.cast.circle
    lead = await scene.value("select person_id from hosts where circle_id = $1 and part = 'lead'", circle)
    number = await scene.value(
        "select coalesce(max(number), 0) from pass_offers where circle_id = $1", circle
    )
    await hosting.publish(scene.context, await scene.person(lead), circle, OFFER | more, number=number)
    return await scene.value(
        "select id from pass_offers where circle_id = $1 order by number desc limit 1", circle
    )


async def buy(
    scene: Scene, person: UUID, offer_id: UUID, amount: str = "160", circle: UUID | None = None
) -> Bought:
    circle = circle or scene.cast.circle
    version = await scene.value(
        "select versions.id from guidelines_versions as versions "
        "join circles using (guidelines_id) where circles.id = $1 order by number desc limit 1",
        circle,
    )
    sent = BookingInput("amount", amount, version, True, "USD")
    return await actions.buy(scene.context, await scene.person(person), circle, offer_id=offer_id, sent=sent)


async def paid_pass(scene: Scene, person: UUID | None = None, amount: str = "160", **terms: Any) -> UUID:
    """A pass of Mira's, paid: six gatherings within eight weeks."""
    bought = await buy(scene, person or scene.cast.mira, await offer(scene, **terms), amount)
    await scene.pay(bought.id)
    await sync.sync_checkout(scene.context, booking_id=str(bought.id))
    assert (await row(scene, bought.id))["state"] == "active"
    return bought.id


async def book(
    scene: Scene, pass_id: UUID, gathering: UUID | None = None, person: UUID | None = None
) -> Booking:
    """A seat on a pass."""
    return await scene.book(person or scene.cast.mira, gathering, choice="pass", amount="", pass_id=pass_id)


async def dates(scene: Scene, count: int, every: int = 7) -> list[UUID]:
    """The gathering of the cast, and others of its circle after it."""
    first = scene.cast.gathering
    return [
        first,
        *[await add_gathering(scene.context, scene.cast.circle, days=7 + every * n) for n in range(1, count)],
    ]


async def row(scene: Scene, pass_id: UUID) -> asyncpg.Record:
    async with scene.context.db.reading() as tx:
        found = await tx.fetchrow("select * from passes_with_money where id = $1", pass_id)
    assert found
    return found


async def left(scene: Scene, pass_id: UUID) -> int:
    found = await row(scene, pass_id)
    return found["uses"] - found["used"]


async def ledger(scene: Scene) -> dict[str, int]:
    """What each account holds, in minor units: what is owed or earned is negative."""
    async with scene.context.db.reading() as tx:
        rows = await tx.fetch("select account, sum(amount)::bigint from ledger_lines group by account")
    return {account: amount for account, amount in rows if amount}


async def shift(scene: Scene, pass_id: UUID, days: int) -> None:
    """Let so many days of a pass go by."""
    await scene.value(
        "update passes set paid_at = paid_at - make_interval(days => $2), "
        "valid_until = valid_until - make_interval(days => $2) where id = $1 returning id",
        pass_id,
        days,
    )
