"""The verbs of guidelines. Each is a part of somebody else's transaction."""

from __future__ import annotations

from uuid import UUID

from circles import audit, db
from circles.errors import NotFound
from circles.guidelines.rules import Version

SQL = db.queries("guidelines")


async def create(tx: db.Tx, body: str, by: UUID | None) -> UUID:
    """New guidelines with this text published as version 1. Returns the guidelines' id.

    body: Markdown that came through `text.body`; by: the person who wrote it.
    """
    guidelines_id = await SQL.new_guidelines(tx)
    await publish(tx, guidelines_id, body, by)
    return guidelines_id


async def publish(tx: db.Tx, guidelines_id: UUID, body: str, by: UUID | None) -> UUID | None:
    """Publish a new version. Returns its id, or None when the newest one says the same already.

    Two publishers at once take turns, so the numbers have no gap. Raises NotFound.
    """
    if await SQL.lock_guidelines(tx, guidelines_id=guidelines_id) is None:
        raise NotFound
    version_id = await SQL.add_version(tx, guidelines_id=guidelines_id, body=body, by=by)
    if version_id is not None:
        await audit.record(tx, "guidelines.published", guidelines_id, who=by, after=str(version_id))
    return version_id


async def current(tx: db.Tx, guidelines_id: UUID) -> Version:
    """The newest published version. Raises NotFound."""
    row = await SQL.current_version(tx, guidelines_id=guidelines_id)
    if row is None:
        raise NotFound
    return Version(**row)


async def accept(tx: db.Tx, person_id: UUID, version_id: UUID) -> UUID:
    """Write down that a person agrees to a version, with the hash of its words. Returns the acceptance's id.

    Accepting again changes nothing: the first date stands. Raises NotFound for a version that is not there.
    """
    acceptance_id = await SQL.accept(tx, person_id=person_id, version_id=version_id)
    if acceptance_id is None:
        raise NotFound
    return acceptance_id
