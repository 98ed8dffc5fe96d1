"""A host's suggestion to one member who came to a gathering: the directory, or listings in it."""

from __future__ import annotations

from uuid import UUID

from circles import directory
from circles.attendance.register.rules import MAY_RUN
from circles.base.errors import NotFound
from circles.directory import Suggestion
from circles.store import db
from circles.store.context import Context

SQL = db.queries("attendance/afterwards")


async def member_who_came(tx: db.Tx, gathering_id: UUID, booking_id: UUID, actor_id: UUID) -> db.Record:
    """A member who came, for the hosts of the gathering. Raises NotFound, for a helper too."""
    row = await SQL.member_who_came(tx, gathering=gathering_id, booking=booking_id, actor_id=actor_id)
    if row is None or row["part"] not in MAY_RUN:
        raise NotFound
    return row


async def suggest(
    context: Context, *, actor_id: UUID, gathering_id: UUID, booking_id: UUID, suggestion: Suggestion
) -> db.Record:
    """Suggest something to one member who came. Returns the member. Raises NotFound and Refused."""
    async with context.db.transaction() as tx:
        member = await member_who_came(tx, gathering_id, booking_id, actor_id)
        await directory.suggest(
            tx, context, actor_id=actor_id, person_id=member["person_id"], suggestion=suggestion
        )
    return member
