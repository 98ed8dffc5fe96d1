"""The verbs of guidelines: write a draft, publish it, agree to a version.

Those that take a `tx` are a part of somebody else's transaction. A circle's guidelines change by the hand of those
who may change the circle; whoever writes locks them first and reads them second, so that two writers take turns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from circles import people
from circles.base.errors import NotFound
from circles.guidelines import rules
from circles.guidelines.rules import Change, Seen, Version
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("guidelines/guidelines")


async def create(tx: db.Tx, body: str, by: UUID | None) -> UUID:
    """New guidelines with this text published as version 1. Returns the guidelines' id.

    body: Markdown that came through `text.body`; by: the person who wrote it.
    """
    guidelines_id = await SQL.new_guidelines(tx)
    await publish(tx, guidelines_id, body, by)
    return guidelines_id


async def forget(tx: db.Tx, guidelines_id: UUID) -> None:
    """Let guidelines go with all their versions: those of a circle nobody ever saw, so that nobody agreed to them."""
    await SQL.drop_versions(tx, guidelines_id=guidelines_id)
    await SQL.drop_guidelines(tx, guidelines_id=guidelines_id)


async def publish(
    tx: db.Tx, guidelines_id: UUID, body: str, by: UUID | None, *, material: bool = False, why: str = ""
) -> UUID | None:
    """Publish a new version. Returns its id, or None when the newest one says the same already.

    material: whoever has a seat ahead is asked to agree again. Two publishers at once take turns, so the numbers
    have no gap. Raises NotFound.
    """
    if await SQL.lock_guidelines(tx, guidelines_id=guidelines_id) is None:
        raise NotFound
    version_id = await SQL.add_version(
        tx, guidelines_id=guidelines_id, body=body, by=by, material=material, why=why
    )
    if version_id is not None:
        details = {"material": material}
        await audit.record(
            tx,
            "guidelines.published",
            guidelines_id,
            actor_id=by,
            after=str(version_id),
            why=why,
            details=details,
        )
        if material:
            # The bookings room asks those who have a seat; it lives above.
            await jobs.enqueue(tx, "bookings.ask_again", guidelines_id=guidelines_id, key=str(version_id))
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


# The draft


@asynccontextmanager
async def _writing(
    context: Context, person: people.Person, circle_id: UUID, seen: Seen
) -> AsyncGenerator[tuple[db.Tx, UUID, db.Record]]:
    """The guidelines of a circle, locked, and what stands in them. Raises NotFound, or OutOfDate."""
    async with context.db.transaction() as tx:
        guidelines_id = await SQL.lock_hosted(tx, circle_id=circle_id, person_id=person.id)
        if guidelines_id is None:
            raise NotFound
        row = await SQL.standing(tx, guidelines_id=guidelines_id)
        rules.refuse_stale(seen, Seen(row["number"], row["revision"]))
        yield tx, guidelines_id, row


async def save_draft(
    context: Context, person: people.Person, circle_id: UUID, typed: str, *, seen: Seen
) -> None:
    """Keep a text as the draft of a circle's guidelines. Only those who may change the circle see it.

    Raises NotFound; OutOfDate when somebody saved or published since `seen`; Refused for a text that cannot stand.
    """
    body = rules.read_words(typed)
    async with _writing(context, person, circle_id, seen) as (tx, guidelines_id, row):
        if body != row["draft"]:
            revision = await SQL.save_draft(tx, guidelines_id=guidelines_id, body=body, by=person.id)
            await audit.record(
                tx, "guidelines.drafted", guidelines_id, actor_id=person.id, after=str(revision)
            )


async def discard_draft(context: Context, person: people.Person, circle_id: UUID, *, seen: Seen) -> None:
    """Throw the draft away. Raises NotFound, or OutOfDate when it is not the one that was seen."""
    async with _writing(context, person, circle_id, seen) as (tx, guidelines_id, row):
        if row["revision"]:
            await SQL.drop_draft(tx, guidelines_id=guidelines_id)
            await audit.record(
                tx,
                "guidelines.draft_discarded",
                guidelines_id,
                actor_id=person.id,
                before=str(row["revision"]),
            )


async def publish_draft(
    context: Context, person: people.Person, circle_id: UUID, change: Change, *, seen: Seen
) -> int:
    """Publish the draft as the next version. Returns its number.

    After a material change those who have a seat ahead are asked again, by a job. Raises NotFound; OutOfDate when
    somebody saved or published since `seen`; Refused when there is no draft that says anything new.
    """
    async with _writing(context, person, circle_id, seen) as (tx, guidelines_id, row):
        draft = row["draft"] or row["body"]
        rules.refuse_same(draft, row["body"])
        await publish(tx, guidelines_id, draft, person.id, material=change.material, why=change.why)
        await SQL.drop_draft(tx, guidelines_id=guidelines_id)
    return row["number"] + 1
