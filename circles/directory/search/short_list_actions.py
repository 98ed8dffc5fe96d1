"""The verbs of a short list that somebody wants kept in their account: keep it, read it, forget it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from circles.directory.search import short_list_rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/search")


async def kept(tx: db.Tx, person_id: UUID) -> tuple[str, ...]:
    """The codes of the list in somebody's account; empty when none is kept."""
    rows = await db.rows(SQL.kept_list(tx, person=person_id))
    return tuple(short_list_rules.code(row["listing_id"]) for row in rows)


async def keep(context: Context, *, person_id: UUID, codes: Sequence[str]) -> None:
    """Keep a list in the account in the place of the one that was there. Listings that are not shown stay out."""
    async with context.db.transaction() as tx:
        await SQL.forget_list(tx, person=person_id)
        await SQL.keep_list(tx, person=person_id, ids=short_list_rules.ids(codes))
        await audit.record(tx, "short_list.kept", person_id, actor_id=person_id, after="kept")


async def forget(context: Context, *, person_id: UUID) -> None:
    """Take the list out of the account."""
    async with context.db.transaction() as tx:
        await SQL.forget_list(tx, person=person_id)
        await audit.record(tx, "short_list.forgotten", person_id, actor_id=person_id, before="kept")
