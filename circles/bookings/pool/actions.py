"""Counting the pools to which circles tie their community seats: offered as far as the pool carries them."""

from __future__ import annotations

from uuid import UUID

from circles.bookings.pool import rules
from circles.bookings.waiting_list import offers
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/pool")


@jobs.job("pool.count")
async def count(context: Context, *, circle_id: str) -> None:
    """Job: offer the community seats of a circle, or none, by what its pool holds now. Idempotent."""
    async with context.db.transaction() as tx:
        await count_pool(tx, UUID(circle_id))


@jobs.every("pool.count_all", "*/10 * * * *")
async def count_all(context: Context) -> None:
    """Count every pool that seats are tied to: seats are held back an hour after it is empty, whatever job was lost."""
    async with context.db.reading() as tx:
        circles = [row["circle_id"] for row in await db.rows(SQL.tied(tx))]
    for circle_id in circles:
        async with context.db.transaction() as tx:
            await count_pool(tx, circle_id)


async def count_pool(tx: db.Tx, circle_id: UUID) -> None:
    """The same in the caller's transaction, which locks the circle before its gatherings."""
    circle = await SQL.lock_circle(tx, circle_id=circle_id)
    if circle is None:
        return
    balance = await SQL.balance(tx, circle_id=circle_id) if circle["pool_tied"] else 0
    is_empty = circle["pool_tied"] and not rules.carries(balance, circle["suggested"])
    if is_empty != (circle["pool_empty_since"] is not None):
        await SQL.set_empty(tx, circle_id=circle_id, is_empty=is_empty)
        states = ("carries", "empty") if is_empty else ("empty", "carries")
        await audit.record(tx, "circle.pool_counted", circle_id, before=states[0], after=states[1])
    if not is_empty:
        await _give_back(tx, circle_id)
    elif rules.is_held_back(circle["pool_empty_since"], circle["now"]):
        ids = [row["id"] for row in await db.rows(SQL.lock_ahead(tx, circle_id=circle_id))]
        await SQL.hold_back(tx, ids=ids)


async def _give_back(tx: db.Tx, circle_id: UUID) -> None:
    """Community seats that were held back are there again, for those first in line."""
    ids = [row["id"] for row in await db.rows(SQL.lock_holding_back(tx, circle_id=circle_id))]
    if ids:
        await SQL.give_back(tx, ids=ids)
    for gathering_id in ids:
        await offers.offer_seats(tx, gathering_id)
