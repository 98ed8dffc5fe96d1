"""The hosts' private reflection after a gathering: read and kept."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from circles.attendance.afterwards import reflection_rules as rules
from circles.base.errors import NotFound, OutOfDate, Reason, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/reflection")

# How many a circle's page lists: half a year of weekly gatherings.
MAX_LISTED = 26


async def reflection(tx: db.Tx, gathering_id: UUID, person_id: UUID, *, to_change: bool = False) -> db.Record:
    """A gathering with its reflection, for its hosts and for organizers. Raises NotFound for everybody else.

    to_change: for its hosts alone.
    """
    found = await SQL.of_gathering(tx, id=gathering_id, person=person_id)
    if found is None or (to_change and not found["may_change"]):
        raise NotFound
    return found


async def of_circle(tx: db.Tx, circle_id: UUID) -> list[db.Record]:
    """The newest reflections of a circle, without their words. The caller knows that they may be read."""
    return await db.rows(SQL.of_circle(tx, circle=circle_id, most=MAX_LISTED))


async def keep(
    context: Context, *, person_id: UUID, gathering_id: UUID, words: Mapping[str, str], version: int
) -> None:
    """Keep what went well and what to carry on; nothing in both fields forgets what was kept.

    version: as the form was made with. Raises NotFound, Refused before the start, OutOfDate when another host
    saved meanwhile.
    """
    async with context.db.transaction() as tx:
        await reflection(tx, gathering_id, person_id, to_change=True)
        await SQL.lock_gathering(tx, id=gathering_id)
        found = await reflection(tx, gathering_id, person_id, to_change=True)
        refuse_if(rules.refusals(found["state"], found["has_begun"]))
        if found["version"] != version:
            raise OutOfDate(
                Reason("out_of_date", "Another host wrote here in the meantime. Your words are kept below.")
            )
        if any(words.values()):
            await SQL.keep(tx, gathering=gathering_id, person=person_id, **words)
        else:
            await SQL.drop_reflection(tx, gathering=gathering_id)
        await audit.record(tx, "reflection.kept", gathering_id, who=person_id)
