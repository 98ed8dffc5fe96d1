"""The short list kept in an account: read, keep, delete."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from circles.directory.search import short_list_rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/search")


async def kept(tx: db.Tx, actor_id: UUID) -> tuple[str, ...]:
    """The codes of the list in an account; empty when none is kept."""
    rows = await db.rows(SQL.kept_list(tx, person_id=actor_id))
    return tuple(short_list_rules.code(row["listing_id"]) for row in rows)


async def keep(context: Context, *, actor_id: UUID, codes: Sequence[str]) -> None:
    """Replace the list in the account. Listings that are not shown are left out."""
    async with context.db.transaction() as tx:
        await SQL.delete_list(tx, person_id=actor_id)
        await SQL.insert_list(tx, person_id=actor_id, ids=short_list_rules.ids(codes))
        await audit.record(tx, "short_list.kept", actor_id, actor_id=actor_id, after="kept")


async def delete(context: Context, *, actor_id: UUID) -> None:
    """Delete the list from the account."""
    async with context.db.transaction() as tx:
        await SQL.delete_list(tx, person_id=actor_id)
        await audit.record(tx, "short_list.forgotten", actor_id, actor_id=actor_id, before="kept")
