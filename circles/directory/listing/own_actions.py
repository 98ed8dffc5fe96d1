"""What a therapist does with their own listing: write, send, confirm, withdraw, bring back, the picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.directory.introductions import leaving as introductions_leaving
from circles.directory.listing import actions, words
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.values import Draft
from circles.directory.upkeep import rules as checking_rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/listing")


async def own(tx: db.Tx, person_id: UUID) -> db.Record | None:
    """A person's own listing whole, or None."""
    found = await SQL.own_listing(tx, person=person_id)
    return await SQL.listing(tx, id=found["id"]) if found else None


async def save(
    context: Context,
    *,
    person_id: UUID,
    draft: Draft,
    version: int | None,
    made_with: UUID | None = None,
    send: bool = False,
) -> str:
    """Keep what a therapist wrote. Returns the listing's state afterwards.

    version: the one the form was made from, None for a first one. made_with: the id that was made with that, so that
    it makes one listing however often it is sent. send: hand a draft to the organizers; what is shown is live at
    once, and what the timetable hid comes back when it is whole again.
    Raises Refused with every reason, OutOfDate when it was changed in another window.
    """
    async with context.db.transaction() as tx:
        again = version is None and await _is_written(tx, person_id, draft, made_with)
        before = await SQL.lock_own(tx, person=person_id)
        if before and version is None and not again:
            raise OutOfDate(actions.changed_meanwhile())
        begins = "waiting" if send and before is None else "draft"
        if not again:
            of = {"listing_id": before["id"], "version": version} if before else {"new_id": made_with}
            await _write(tx, person_id, draft, state=begins, **of)
        if before is None:
            return begins
        after = _after_saving(before, draft, send)
        if send and before["state"] == "draft":
            await _whole(tx, before["id"])
        if after != before["state"]:
            await move(tx, before, after, who=person_id)
        return after


async def _write(tx: db.Tx, person_id: UUID, draft: Draft, **more: Any) -> None:
    await actions.write_listing(tx, draft, source="applied", by=person_id, person_id=person_id, **more)


async def _is_written(tx: db.Tx, person_id: UUID, draft: Draft, made_with: UUID | None) -> bool:
    return made_with is not None and await actions.is_written(tx, draft, made_with=made_with, by=person_id)


def _after_saving(before: db.Record, draft: Draft, send: bool) -> str:
    if before["state"] == "draft" and send:
        return "waiting"
    if before["hidden_because"] in ("unconfirmed", "licence") and not listing_rules.problems(draft):
        return "shown"
    return before["state"]


async def _whole(tx: db.Tx, listing_id: UUID) -> None:
    refuse_if(listing_rules.problems(await actions.read_draft(tx, listing_id)))


async def move(
    tx: db.Tx, before: db.Record, state: str, *, who: UUID | None, because: str = "", why: str = ""
) -> None:
    """Bring a locked listing into another state, with its event. because: of words.HIDDEN, for a hidden one.

    why: what organizers say to its therapist. It stands with the listing and not in the event, which stays for ever.
    """
    await SQL.set_state(tx, id=before["id"], state=state, because=because, why=why)
    said = {"because": because} if because else {}
    await audit.record(
        tx,
        f"listing.{state}",
        before["id"],
        actor_id=who,
        before=before["state"],
        after=state,
        details=said,
    )


async def withdraw(context: Context, person_id: UUID) -> str:
    """Take one's listing off the directory: a shown one is hidden, a waiting one is a draft again."""
    async with context.db.transaction() as tx:
        before = await _locked(tx, person_id)
        if before["state"] == "shown":
            await move(tx, before, "hidden", who=person_id, because="therapist")
            await introductions_leaving.page_hidden(tx, context.settings, before["id"], "therapist")
            return "hidden"
        if before["state"] == "waiting":
            await move(tx, before, "draft", who=person_id)
            return "draft"
        return before["state"]


async def bring_back(context: Context, person_id: UUID) -> None:
    """Show one's listing again after withdrawing it. Raises Refused with what it lacks by now."""
    async with context.db.transaction() as tx:
        before = await _locked(tx, person_id)
        if before["state"] == "shown":
            return
        if before["hidden_because"] != "therapist":
            raise Refused(Reason("not_yours", words.HIDDEN.get(before["hidden_because"], words.NOT_HIDDEN)))
        await _whole(tx, before["id"])
        await move(tx, before, "shown", who=person_id)
        await SQL.refresh_facets(tx, ids=[before["id"]])


async def _locked(tx: db.Tx, person_id: UUID) -> db.Record:
    found = await SQL.lock_own(tx, person=person_id)
    if found is None:
        raise NotFound
    return found


async def confirm_own(context: Context, person_id: UUID, *, room: str) -> bool:
    """A therapist says that everything still holds. Returns whether the page is shown now. Raises NotFound."""
    async with context.db.transaction() as tx:
        found = await _locked(tx, person_id)
        return await confirm(tx, found["id"], who=person_id, room=room)


async def confirm(
    tx: db.Tx, listing_id: UUID, *, who: UUID | None, room: str, expiries: Mapping[UUID, date] | None = None
) -> bool:
    """Everything still holds, and the licenses run out on these days now. Returns whether the page is shown.

    who: None when it came by the link in a mail. What the timetable hid comes back when it is whole again.
    """
    if room not in words.ROOM:
        raise Refused(Reason("unknown_choice", "Please say whether you have room.", "room"))
    # First the lock: whoever hides the page at this moment has hidden it.
    await SQL.lock_listing(tx, id=listing_id)
    if expiries:
        await SQL.prolong(tx, listing=listing_id, ids=list(expiries), expiries=list(expiries.values()))
    found = await SQL.listing(tx, id=listing_id)
    if found is None:
        raise NotFound
    draft = actions.draft_of(found)
    settled = checking_rules.licenses_settled(draft.licenses, found["now"])
    await SQL.confirm(tx, id=listing_id, room=room, settled=settled)
    await audit.record(
        tx, "listing.confirmed", listing_id, actor_id=who, before=found["state"], after=found["state"]
    )
    comes_back = found["hidden_because"] in ("unconfirmed", "licence") and not listing_rules.problems(draft)
    if comes_back:
        await move(tx, found, "shown", who=who)
    await SQL.refresh_facets(tx, ids=[listing_id])
    return comes_back or found["state"] == "shown"


async def keep_picture(context: Context, person_id: UUID, jpeg: bytes) -> str:
    """Keep a listing's picture, as `pictures.normalize` made it. Returns its hash. Raises NotFound."""
    async with context.db.transaction() as tx:
        found = await _locked(tx, person_id)
        return await put_picture(tx, found["id"], jpeg, who=person_id)


async def put_picture(tx: db.Tx, listing_id: UUID, jpeg: bytes, *, who: UUID) -> str:
    """Keep the picture of a locked listing, in the place of the one before. Returns its hash."""
    # With the listing's id, so that two listings may show the same picture.
    name = hashlib.sha256(listing_id.bytes + jpeg).hexdigest()[:32]
    await SQL.keep_listing_picture(tx, listing=listing_id, hash=name, jpeg=jpeg)
    await audit.record(tx, "listing.picture_kept", listing_id, actor_id=who, after=name)
    return name


async def drop_picture(context: Context, person_id: UUID) -> None:
    """Take the picture away. Raises NotFound."""
    async with context.db.transaction() as tx:
        found = await _locked(tx, person_id)
        await take_picture(tx, found["id"], who=person_id)


async def take_picture(tx: db.Tx, listing_id: UUID, *, who: UUID) -> None:
    """Take the picture of a locked listing away."""
    await SQL.drop_listing_picture(tx, listing=listing_id)
    await audit.record(tx, "listing.picture_dropped", listing_id, actor_id=who)


async def by_token(tx: db.Tx, settings: Any, said: str) -> db.Record | None:
    """The listing a link from a mail is for, whole; None when the link is not good (any more)."""
    listing_id = checking_rules.token_listing(said)
    found = await SQL.listing(tx, id=listing_id) if listing_id else None
    key = settings.signing_key()
    if found is None or not checking_rules.token_holds(key, said, found["id"], found["asked_at"]):
        return None
    return found
