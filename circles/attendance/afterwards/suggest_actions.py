"""After a gathering a host may suggest something to one member who came: a look at the directory, or listings."""

from __future__ import annotations

from uuid import UUID

from circles import directory
from circles.attendance.room.actions import HOLDS
from circles.base.errors import NotFound
from circles.directory import Suggestion
from circles.store import db
from circles.store.context import Context

SQL = db.queries("attendance/room")


async def member_who_came(tx: db.Tx, gathering_id: UUID, booking_id: UUID, host_id: UUID) -> db.Record:
    """Somebody who came, for whoever holds the gathering. Raises NotFound, for a helper too."""
    found = await SQL.who_came(tx, gathering=gathering_id, booking=booking_id, person=host_id)
    if found is None or found["part"] not in HOLDS:
        raise NotFound
    return found


async def suggest(
    context: Context, *, host_id: UUID, gathering_id: UUID, booking_id: UUID, suggestion: Suggestion
) -> db.Record:
    """Suggest something to one member who came. Returns who it was. Raises NotFound and Refused."""
    async with context.db.reading() as tx:
        member = await member_who_came(tx, gathering_id, booking_id, host_id)
    await directory.may_suggest(context, person_id=member["person_id"], by=host_id)
    async with context.db.transaction() as tx:
        member = await member_who_came(tx, gathering_id, booking_id, host_id)
        await directory.suggest(tx, context, person_id=member["person_id"], by=host_id, suggestion=suggestion)
    return member
