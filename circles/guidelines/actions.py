"""Guidelines: save and publish a draft, accept a version.

Verbs that take a `tx` run inside the caller's transaction. Every writer locks the guidelines first and reads them
second, so that two writers take turns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from circles import people
from circles.base.errors import NotFound, or_not_found
from circles.guidelines import rules
from circles.guidelines.rules import Basis, Change, Version
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("guidelines/guidelines")


async def create(tx: db.Tx, body: str, actor_id: UUID | None) -> UUID:
    """New guidelines with this text published as version 1. Returns the guidelines' id.

    body: Markdown that came through `text.body`.
    """
    guidelines_id = await SQL.new_guidelines(tx)
    await publish(tx, guidelines_id, body, actor_id)
    return guidelines_id


async def delete(tx: db.Tx, guidelines_id: UUID) -> None:
    """Delete guidelines with all their versions: those of a draft circle, which nobody accepted."""
    await SQL.delete_versions(tx, guidelines_id=guidelines_id)
    await SQL.delete_guidelines(tx, guidelines_id=guidelines_id)


async def publish(
    tx: db.Tx, guidelines_id: UUID, body: str, actor_id: UUID | None, *, material: bool = False, why: str = ""
) -> UUID | None:
    """Publish a new version. Returns its id, or None when the newest one has the same text.

    material: everybody with a seat ahead must accept it, by a job. Two publishers at once take turns, so that the
    numbers have no gap. Raises NotFound.
    """
    if await SQL.lock_guidelines(tx, guidelines_id=guidelines_id) is None:
        raise NotFound
    version_id = await SQL.add_version(
        tx, guidelines_id=guidelines_id, body=body, actor_id=actor_id, material=material, why=why
    )
    if version_id is not None:
        await audit.record(
            tx,
            "guidelines.published",
            guidelines_id,
            actor_id=actor_id,
            after=str(version_id),
            why=why,
            details={"material": material},
        )
        if material:
            # A job, because bookings is above this package.
            await jobs.enqueue(tx, "bookings.ask_again", guidelines_id=guidelines_id, key=str(version_id))
    return version_id


async def current(tx: db.Tx, guidelines_id: UUID) -> Version:
    """The newest published version. Raises NotFound."""
    row = or_not_found(await SQL.current_version(tx, guidelines_id=guidelines_id))
    return Version(**row)


async def accept(tx: db.Tx, actor_id: UUID, version_id: UUID) -> UUID:
    """Record that somebody accepts a version, with the hash of its text. Returns the acceptance's id.

    Idempotent: the first date is kept. Raises NotFound for an unknown version.
    """
    return or_not_found(await SQL.accept(tx, actor_id=actor_id, version_id=version_id))


# The draft


@asynccontextmanager
async def _writing(
    context: Context, actor: people.Person, circle_id: UUID, basis: Basis
) -> AsyncGenerator[tuple[db.Tx, UUID, db.Record]]:
    """The guidelines of a circle, locked, with their newest version and draft. Raises NotFound and OutOfDate."""
    async with context.db.transaction() as tx:
        hosted = or_not_found(await SQL.lock_hosted(tx, circle_id=circle_id, actor_id=actor.id))
        guidelines_id = hosted["id"]
        row = await SQL.newest_and_draft(tx, guidelines_id=guidelines_id)
        rules.refuse_stale(basis, Basis(row["number"], row["revision"]))
        yield tx, guidelines_id, row
        if hosted["part"] == "organizer":
            await _note_organizer(tx, actor, circle_id, hosted["why"])


async def _note_organizer(tx: db.Tx, actor: people.Person, circle_id: UUID, why: str) -> None:
    """An event row, and a job that mails the hosts: an organizer changed the guidelines of a circle for them."""
    details = {"did": "changed the guidelines", "as": "organizer"}
    await audit.record(tx, "organizer.acted", circle_id, actor_id=actor.id, why=why, details=details)
    await jobs.enqueue(
        tx, "hosting.guidelines_by_organizer", circle_id=circle_id, actor_name=actor.name, why=why
    )


async def save_draft(
    context: Context, actor: people.Person, circle_id: UUID, typed: str, *, basis: Basis
) -> None:
    """Save a text as the draft of a circle's guidelines, which only its lead and co-hosts see.

    Raises NotFound; OutOfDate when somebody saved or published since `basis`; Refused for a bad text.
    """
    body = rules.read_text(typed)
    async with _writing(context, actor, circle_id, basis) as (tx, guidelines_id, row):
        if body != row["draft"]:
            revision = await SQL.save_draft(tx, guidelines_id=guidelines_id, body=body, actor_id=actor.id)
            await audit.record(
                tx, "guidelines.drafted", guidelines_id, actor_id=actor.id, after=str(revision)
            )


async def discard_draft(context: Context, actor: people.Person, circle_id: UUID, *, basis: Basis) -> None:
    """Discard the draft. Raises NotFound, and OutOfDate when it changed since `basis`."""
    async with _writing(context, actor, circle_id, basis) as (tx, guidelines_id, row):
        if row["revision"]:
            await SQL.delete_draft(tx, guidelines_id=guidelines_id)
            await audit.record(
                tx,
                "guidelines.draft_discarded",
                guidelines_id,
                actor_id=actor.id,
                before=str(row["revision"]),
            )


async def publish_draft(
    context: Context, actor: people.Person, circle_id: UUID, change: Change, *, basis: Basis
) -> int:
    """Publish the draft as the next version. Returns its number.

    Raises NotFound; OutOfDate when somebody saved or published since `basis`; Refused when the draft has the text
    of the newest version.
    """
    async with _writing(context, actor, circle_id, basis) as (tx, guidelines_id, row):
        draft = row["draft"] or row["body"]
        rules.refuse_unchanged(draft, row["body"])
        await publish(tx, guidelines_id, draft, actor.id, material=change.material, why=change.why)
        await SQL.delete_draft(tx, guidelines_id=guidelines_id)
    return row["number"] + 1
