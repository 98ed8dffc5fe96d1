"""The hosts' private reflection after a gathering: read and save."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from circles.attendance.afterwards import reflection_rules as rules
from circles.base.errors import NotFound, OutOfDate, Reason, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/afterwards")

# How many a circle's page lists: half a year of weekly gatherings.
MAX_LISTED = 26


async def reflection(tx: db.Tx, gathering_id: UUID, actor_id: UUID, *, to_change: bool = False) -> db.Record:
    """A gathering with its reflection, for its hosts and for organizers. Raises NotFound for everybody else.

    to_change: for its hosts only.
    """
    row = await SQL.reflection(tx, id=gathering_id, actor_id=actor_id)
    if row is None or (to_change and not row["may_change"]):
        raise NotFound
    return row


async def of_circle(tx: db.Tx, circle_id: UUID) -> list[db.Record]:
    """The newest reflections of a circle without their text. The caller has checked the permission."""
    return await db.rows(SQL.reflections_of_circle(tx, circle=circle_id, most=MAX_LISTED))


async def save(
    context: Context, *, actor_id: UUID, gathering_id: UUID, texts: Mapping[str, str], version: int
) -> None:
    """Save what went well and what to carry on; two empty fields delete the reflection.

    version: that of the form. Raises NotFound, Refused before the start, OutOfDate when another host saved in
    the meantime.
    """
    async with context.db.transaction() as tx:
        await reflection(tx, gathering_id, actor_id, to_change=True)
        await SQL.lock_gathering(tx, id=gathering_id)
        row = await reflection(tx, gathering_id, actor_id, to_change=True)
        refuse_if(rules.refusals(row["state"], row["has_begun"]))
        if row["version"] != version:
            raise OutOfDate(
                Reason("out_of_date", "Another host wrote here in the meantime. Your words are kept below.")
            )
        if any(texts.values()):
            await SQL.save_reflection(tx, gathering=gathering_id, actor_id=actor_id, **texts)
        else:
            await SQL.delete_reflection(tx, gathering=gathering_id)
        await audit.record(tx, "reflection.kept", gathering_id, actor_id=actor_id)
