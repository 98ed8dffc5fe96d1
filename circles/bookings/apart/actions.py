"""Keep two people of a circle apart, or let them sit together again."""

from __future__ import annotations

from uuid import UUID

from circles.base.errors import or_not_found, refuse_if
from circles.bookings.apart import rules
from circles.bookings.screening import actions as screening_actions
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("bookings/apart")


async def circle_for_pairs(tx: db.Tx, actor: Person, circle_id: UUID) -> db.Record:
    """A circle, for one of its hosts or an organizer. Raises NotFound for everybody else."""
    return or_not_found(await SQL.circle_for_pairs(tx, circle_id=circle_id, actor_id=actor.id))


async def keep_apart(context: Context, actor: Person, circle_id: UUID, one: str, other: str) -> None:
    """Never seat two people together in a circle: each asks its hosts for every seat. one, other: their ids, as text.

    What one of them meets never depends on the other's bookings. Seats they have stay. Idempotent.
    Both must be known to the circle: they had a seat in it, or sent it a request. Raises NotFound and Refused.
    """
    async with context.db.transaction() as tx:
        await circle_for_pairs(tx, actor, circle_id)
        people = await db.rows(SQL.known_people(tx, circle_id=circle_id, actor_id=actor.id))
        refuse_if(rules.pair_refusals(one, other, {str(row["person_id"]) for row in people}))
        pair_id = await SQL.keep_apart(
            tx, circle_id=circle_id, one=UUID(one), other=UUID(other), actor_id=actor.id
        )
        if pair_id is None:
            return
        await audit.record(tx, "apart.set", pair_id, actor_id=actor.id, after="apart")
        # A yes from before this pair was set was given without knowing of it.
        query = SQL.seats_unused(tx, circle_id=circle_id, one=UUID(one), other=UUID(other))
        for row in await db.rows(query):
            await screening_actions.revoke_seat(tx, actor, row["id"])


async def let_together(context: Context, actor: Person, pair_id: UUID) -> UUID:
    """Let two people sit together again, and approve what they asked for. Returns the circle's id. Raises NotFound."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.let_together(tx, id=pair_id, actor_id=actor.id))
        await audit.record(tx, "apart.ended", pair_id, actor_id=actor.id, before="apart")
        query = SQL.seats_asked(tx, circle_id=row["circle_id"], one=row["first_id"], other=row["second_id"])
        for asked in await db.rows(query):
            await screening_actions.approve_seat(tx, context, actor, asked["id"])
    return row["circle_id"]
