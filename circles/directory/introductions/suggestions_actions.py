"""Suggestions: made privately by a facilitator, seen by one member alone, put away, gone after 30 days.

Nothing is kept of whether or when a suggestion was read or followed, so nobody can ever be told: whoever puts one
away deletes it, and that leaves no event, the one change of state in the house that leaves none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from circles import people
from circles.base.errors import NotFound, Reason, Refused
from circles.directory.introductions import access_log as accesses
from circles.directory.introductions import rules, suggestions_rules
from circles.directory.introductions.suggestions_rules import Suggestion
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/introductions")

# How many listings a name may find at once: enough to tell two apart, too few to browse by.
MAX_FOUND = 6


async def may_suggest(context: Context, *, person_id: UUID, by: UUID) -> None:
    """Count one suggestion of somebody to somebody. Raises Refused when there were several today."""
    key = f"suggestion {by} {person_id}"
    if not await limits.allow(context, key, suggestions_rules.MAX_A_DAY, timedelta(days=1)):
        raise Refused(suggestions_rules.too_often())


async def suggest(
    tx: db.Tx, context: Context, *, person_id: UUID, by: UUID, suggestion: Suggestion
) -> UUID | None:
    """Suggest something to one member, in the caller's transaction, and mail them that there is something to see.

    The button pressed twice makes one; whoever presses it sees the same either way.

    The caller has made sure that `by` may: call may_suggest first. Raises NotFound for somebody who is not there,
    Refused for a listing that may not be named (any more).
    """
    found = (await people.by_ids(tx, [person_id])).get(person_id)
    if found is None:
        raise NotFound
    shown = {row["id"] for row in await chosen(tx, suggestion.listings)}
    if shown != set(suggestion.listings):
        says = "One of these is no longer in the directory, has no room, or has no license that counts today."
        raise Refused(Reason("not_to_be_named", says, "listings"))
    await SQL.lock_person(tx, id=person_id)
    made: UUID | None = await SQL.suggest(
        tx, person=person_id, who=by, listings=list(suggestion.listings), words=suggestion.words
    )
    if made is None:
        return None
    await audit.record(tx, "suggestion.made", made, actor_id=by, after="made")
    for listing_id in suggestion.listings:
        await accesses.log(tx, person_id, "suggestion.listing", who=by, listing_id=listing_id)
    if not suggestion.listings:
        await accesses.log(tx, person_id, "suggestion.directory", who=by)
    await _tell(tx, context, found)
    return made


async def _tell(tx: db.Tx, context: Context, person: people.Person) -> None:
    """A mail that says nothing but that there is something to see."""
    await mail.send(
        tx,
        context.settings,
        "suggestion",
        to=person.email,
        to_name=person.name,
        person_id=person.id,
        subject=f"{context.settings.community_name}: a note for you",
        link=f"{context.settings.base_url}/my/suggestions",
        keep_days=suggestions_rules.KEEP_DAYS,
    )


async def find(
    tx: db.Tx, typed: str, but: Iterable[UUID] = (), asked_first: UUID | None = None
) -> list[db.Record]:
    """Listings that may be named and whose names begin with these words, a few at most.

    That is: shown, not closed, and licensed today where they meet people; and where another was asked first, licensed
    somewhere that one is licensed too. but: those that are known already.
    """
    terms = rules.name_terms(typed)
    if not terms:
        return []
    return await db.rows(SQL.by_name(tx, terms=terms, but=list(but), asked_first=asked_first, most=MAX_FOUND))


async def chosen(tx: db.Tx, ids: Iterable[UUID], asked_first: UUID | None = None) -> list[db.Record]:
    """Those of these listings that may be named; see `find`."""
    asked = list(ids)
    return await db.rows(SQL.chosen(tx, ids=asked, asked_first=asked_first)) if asked else []


async def mine(tx: db.Tx, person_id: UUID) -> list[db.Record]:
    """What was suggested to somebody, newest first."""
    return await db.rows(SQL.suggestions(tx, person=person_id))


async def put_away(context: Context, *, person_id: UUID, suggestion_id: UUID) -> None:
    """Delete a suggestion made to oneself. Nothing says that it was, or when. Raises NotFound."""
    async with context.db.transaction() as tx:
        if await SQL.put_away(tx, id=suggestion_id, person=person_id) is None:
            raise NotFound


@jobs.every("directory.forget_suggestions", "29 * * * *")
async def forget(context: Context) -> None:
    """Delete suggestions older than 30 days. No event is left: its absence would say that one was put away."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_suggestions(tx)):
            await accesses.log(tx, row["person_id"], "suggestion.forgotten")
