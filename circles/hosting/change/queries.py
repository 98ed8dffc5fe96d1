"""Gatherings as somebody who may change them reads them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.base.errors import or_not_found
from circles.hosting.change.rules import Planted
from circles.people import Person
from circles.store import db

SQL = db.queries("hosting/change")


async def gathering_to_change(tx: db.Tx, actor: Person, gathering_id: UUID) -> dict[str, Any]:
    """A gathering with all that a change of it needs. Raises NotFound."""
    return dict(or_not_found(await SQL.gathering_to_change(tx, id=gathering_id, actor_id=actor.id)))


async def lock_gathering(tx: db.Tx, actor: Person, gathering_id: UUID) -> db.Record:
    """A gathering and the state of its circle, locked. Raises NotFound."""
    return or_not_found(await SQL.lock_gathering(tx, id=gathering_id, actor_id=actor.id))


async def planted_ahead(tx: db.Tx, schedule_id: UUID, since: UUID | None = None) -> list[Planted]:
    """The gatherings of a schedule that have not begun, all of them or from one on."""
    rows = await db.rows(SQL.planted_ahead(tx, schedule_id=schedule_id, since=since))
    return [Planted.of(row) for row in rows]
