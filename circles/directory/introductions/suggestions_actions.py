"""Suggestions: made by a facilitator, read by one member alone, deleted by them or after 30 days.

Nothing is kept of whether or when a suggestion was read or followed. A deletion by the member leaves no event: it is
the one change of state that leaves none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from circles import people
from circles.base.errors import Reason, Refused, or_not_found
from circles.directory.introductions import access_log, rules, suggestions_rules
from circles.directory.introductions.suggestions_rules import Suggestion
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/introductions")

# Listings found by name at once: enough to tell two of one name apart, too few to browse the directory by.
MAX_MATCHES = 6


async def suggest(
    tx: db.Tx, context: Context, *, actor_id: UUID, person_id: UUID, suggestion: Suggestion
) -> UUID | None:
    """Suggest something to a member in the caller's transaction and mail them. Returns its id.

    None, and no second mail, for the very same within minutes: a button pressed twice. The caller decides whether the
    actor may. Raises NotFound for an unknown person, Refused for a listing that may not be named, and beyond MAX_A_DAY
    of the actor to this person.
    """
    person = or_not_found((await people.by_ids(tx, [person_id])).get(person_id))
    nameable = {row["id"] for row in await read_nameable(tx, suggestion.listings)}
    if nameable != set(suggestion.listings):
        message = (
            "One of these is no longer in the directory, is not taking new people, "
            "or has no license that counts today."
        )
        raise Refused(Reason("not_to_be_named", message, "listings"))
    await SQL.lock_person(tx, id=person_id)
    made: UUID | None = await SQL.suggest(
        tx,
        person_id=person_id,
        actor_id=actor_id,
        listing_ids=list(suggestion.listings),
        words=suggestion.words,
    )
    if made is None:
        return None
    key = f"suggestion {actor_id} {person_id}"
    if not await limits.allow(tx, context.settings, key, suggestions_rules.MAX_A_DAY, timedelta(days=1)):
        raise Refused(suggestions_rules.too_often())
    await audit.record(tx, "suggestion.made", made, actor_id=actor_id, after="made")
    for listing_id in suggestion.listings:
        await access_log.log(tx, person_id, "suggestion.listing", actor_id=actor_id, listing_id=listing_id)
    if not suggestion.listings:
        await access_log.log(tx, person_id, "suggestion.directory", actor_id=actor_id)
    await _send_mail(tx, context, person)
    return made


async def _send_mail(tx: db.Tx, context: Context, person: people.Person) -> None:
    await mail.send(
        tx,
        context.settings,
        "suggestion",
        to=person.email,
        to_name=person.name,
        person_id=person.id,
        subject=f"{context.settings.mail_name}: a note for you",
        link=f"{context.settings.base_url}/my/suggestions",
        keep_days=suggestions_rules.KEEP_DAYS,
    )


async def find_nameable(
    tx: db.Tx, typed: str, except_ids: Iterable[UUID] = (), asked_first: UUID | None = None
) -> list[db.Record]:
    """Up to MAX_MATCHES listings that may be named and whose names begin with these words.

    May be named: shown, not closed, with a valid license where they meet people. asked_first: the listing a member
    asked before; then also licensed in a state where that one is. except_ids: listings left out.
    """
    terms = rules.name_terms(typed)
    if not terms:
        return []
    return await db.rows(
        SQL.nameable_by_name(
            tx, terms=terms, except_ids=list(except_ids), asked_first=asked_first, max_rows=MAX_MATCHES
        )
    )


async def read_nameable(tx: db.Tx, ids: Iterable[UUID], asked_first: UUID | None = None) -> list[db.Record]:
    """Those of these listings that may be named; see `find_nameable`."""
    wanted = list(ids)
    return await db.rows(SQL.nameable(tx, ids=wanted, asked_first=asked_first)) if wanted else []


async def list_own(tx: db.Tx, actor_id: UUID) -> list[db.Record]:
    """The suggestions made to a member, newest first."""
    return await db.rows(SQL.suggestions(tx, actor_id=actor_id))


async def delete(context: Context, *, actor_id: UUID, suggestion_id: UUID) -> None:
    """Delete a suggestion made to the actor, without a trace. Raises NotFound."""
    async with context.db.transaction() as tx:
        or_not_found(await SQL.delete_suggestion(tx, id=suggestion_id, actor_id=actor_id))


@jobs.every("directory.forget_suggestions", "29 * * * *")
async def delete_old(context: Context) -> None:
    """Delete suggestions older than 30 days. No event: a missing one would say that its member deleted it."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.delete_old_suggestions(tx)):
            await access_log.log(tx, row["person_id"], "suggestion.forgotten")
