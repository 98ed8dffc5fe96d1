"""What therapists do with their own listing: save, send, withdraw, show again, the picture."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.directory.introductions import ending
from circles.directory.listing import actions, rules, words
from circles.directory.listing.values import Draft
from circles.store import db
from circles.store.context import Context

SQL = db.queries("directory/listing")


async def read_own(tx: db.Tx, person_id: UUID) -> db.Record | None:
    """The whole listing of a person, or None."""
    own = await SQL.own_listing(tx, person_id=person_id)
    return await SQL.listing(tx, id=own["id"]) if own else None


async def lock_own(tx: db.Tx, person_id: UUID) -> db.Record:
    """The listing of a person, locked. Raises NotFound."""
    return or_not_found(await SQL.lock_own(tx, person_id=person_id))


async def save(
    context: Context,
    *,
    actor_id: UUID,
    draft: Draft,
    version: int | None,
    made_with: UUID | None = None,
    send: bool = False,
) -> str:
    """Save what a therapist wrote. Returns the listing's state afterwards.

    version: the one the form was made from, None for a first listing. made_with: the id made with that form; it makes
    one listing however often it is sent. send: submit a draft to the organizers. Changes of a shown listing are live
    at once; a listing that upkeep hid is shown again when it is complete.
    Raises Refused with every reason, OutOfDate when the listing was changed in another window.
    """
    async with context.db.transaction() as tx:
        is_repeat = version is None and await _is_written(tx, actor_id, draft, made_with)
        before = await SQL.lock_own(tx, person_id=actor_id)
        if before and version is None and not is_repeat:
            raise OutOfDate(actions.changed_meanwhile())
        first_state = "waiting" if send and before is None else "draft"
        if not is_repeat:
            target = {"listing_id": before["id"], "version": version} if before else {"new_id": made_with}
            await _write(tx, actor_id, draft, state=first_state, **target)
        if before is None:
            return first_state
        after = _state_after_saving(before, draft, send)
        if send and before["state"] == "draft":
            await _check_complete(tx, before["id"])
        if after != before["state"]:
            await actions.set_state(tx, before, after, actor_id=actor_id)
        return after


async def _is_written(tx: db.Tx, actor_id: UUID, draft: Draft, made_with: UUID | None) -> bool:
    return made_with is not None and await actions.is_written(
        tx, draft, made_with=made_with, actor_id=actor_id
    )


async def _write(tx: db.Tx, actor_id: UUID, draft: Draft, **more: Any) -> None:
    await actions.write_listing(tx, draft, source="applied", actor_id=actor_id, person_id=actor_id, **more)


def _state_after_saving(before: db.Record, draft: Draft, send: bool) -> str:
    if before["state"] == "draft" and send:
        return "waiting"
    if rules.is_shown_again(before["hidden_because"], draft):
        return "shown"
    return before["state"]


async def _check_complete(tx: db.Tx, listing_id: UUID) -> None:
    refuse_if(rules.publish_refusals(await actions.read_draft(tx, listing_id)))


async def withdraw(context: Context, actor_id: UUID) -> str:
    """Take one's listing off the directory: a shown one is hidden, a waiting one becomes a draft. Raises NotFound."""
    async with context.db.transaction() as tx:
        before = await lock_own(tx, actor_id)
        if before["state"] == "shown":
            await actions.set_state(tx, before, "hidden", actor_id=actor_id, reason="therapist")
            await ending.end_for_hidden(tx, context.settings, before["id"], "therapist")
            return "hidden"
        if before["state"] == "waiting":
            await actions.set_state(tx, before, "draft", actor_id=actor_id)
            return "draft"
        return before["state"]


async def show_again(context: Context, actor_id: UUID) -> None:
    """Show one's withdrawn listing again. Raises Refused with what it lacks, NotFound."""
    async with context.db.transaction() as tx:
        before = await lock_own(tx, actor_id)
        if before["state"] == "shown":
            return
        if before["hidden_because"] != "therapist":
            raise Refused(Reason("not_yours", words.HIDDEN.get(before["hidden_because"], words.NOT_HIDDEN)))
        await _check_complete(tx, before["id"])
        await actions.set_state(tx, before, "shown", actor_id=actor_id)
        await SQL.refresh_facets(tx, ids=[before["id"]])


async def save_picture(context: Context, actor_id: UUID, jpeg: bytes) -> str:
    """Save the picture of one's listing, as `picture_upload.normalize` made it. Returns its hash. Raises NotFound."""
    async with context.db.transaction() as tx:
        own = await lock_own(tx, actor_id)
        return await actions.save_picture(tx, own["id"], jpeg, actor_id=actor_id)


async def delete_picture(context: Context, actor_id: UUID) -> None:
    """Delete the picture of one's listing. Raises NotFound."""
    async with context.db.transaction() as tx:
        own = await lock_own(tx, actor_id)
        await actions.delete_picture(tx, own["id"], actor_id=actor_id)
