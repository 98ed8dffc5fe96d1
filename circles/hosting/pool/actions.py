"""Tying the community seats of a circle to its pool."""

from __future__ import annotations

from uuid import UUID

from circles import bookings
from circles.base.errors import or_not_found
from circles.hosting.organize import acting
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/pool")

DID = {True: "tied the community seats to the pool", False: "no longer ties the community seats to the pool"}


async def tie(context: Context, actor: Person, circle_id: UUID, *, tied: bool) -> None:
    """Tie the community seats of a circle to its pool, or no longer. Idempotent. Raises NotFound."""
    async with context.db.transaction() as tx:
        or_not_found(await SQL.pool_of(tx, id=circle_id, actor_id=actor.id))
        if not await SQL.tie(tx, id=circle_id, actor_id=actor.id, tied=tied):
            return
        states = ("", "tied") if tied else ("tied", "")
        await audit.record(
            tx, "circle.pool_tied", circle_id, actor_id=actor.id, before=states[0], after=states[1]
        )
        await acting.note(tx, context, actor, circle_id, DID[tied])
        await bookings.count_pool(tx, circle_id)
