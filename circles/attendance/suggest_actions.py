"""After a gathering a host may suggest something to one member who came: a look at the directory, or listings."""

from __future__ import annotations

from uuid import UUID

from circles import db, directory
from circles.attendance.room_actions import HOLDS
from circles.directory import Suggestion
from circles.errors import NotFound
from circles.house import House

SQL = db.queries("room")


async def member_who_came(tx: db.Tx, gathering_id: UUID, booking_id: UUID, host_id: UUID) -> db.Record:
    """Somebody who came, for whoever holds the gathering. Raises NotFound, for a helper too."""
    found = await SQL.who_came(tx, gathering=gathering_id, booking=booking_id, person=host_id)
    if found is None or found["part"] not in HOLDS:
        raise NotFound
    return found


async def suggest(
    house: House, *, host_id: UUID, gathering_id: UUID, booking_id: UUID, suggestion: Suggestion
) -> db.Record:
    """Suggest something to one member who came. Returns who it was. Raises NotFound and Refused."""
    async with house.db.reading() as tx:
        member = await member_who_came(tx, gathering_id, booking_id, host_id)
    await directory.may_suggest(house, person_id=member["person_id"], by=host_id)
    async with house.db.transaction() as tx:
        member = await member_who_came(tx, gathering_id, booking_id, host_id)
        await directory.suggest(tx, house, person_id=member["person_id"], by=host_id, suggestion=suggestion)
    return member
