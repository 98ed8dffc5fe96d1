"""Confirming that a listing is current: by its therapist on the site, or by the link in a mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from circles.base.errors import Reason, Refused, or_not_found
from circles.base.settings import Settings
from circles.directory.listing import actions, own_actions, words
from circles.directory.listing import rules as listing_rules
from circles.directory.upkeep import rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("directory/upkeep")
LISTINGS = db.queries("directory/listing")


async def confirm_own(context: Context, actor_id: UUID, *, room: str) -> bool:
    """Confirm one's own listing. Returns whether it is shown now. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        own = await own_actions.lock_own(tx, actor_id)
        return await confirm(tx, own["id"], actor_id=actor_id, room=room)


async def confirm(
    tx: db.Tx,
    listing_id: UUID,
    *,
    actor_id: UUID | None,
    room: str,
    expiries: Mapping[UUID, date] | None = None,
) -> bool:
    """Confirm a listing in the caller's transaction. Returns whether it is shown now. Raises NotFound, Refused.

    actor_id: None for the link in a mail. expiries: new last days by license id. A listing that upkeep hid is shown
    again when it is complete.
    """
    if room not in words.ROOM:
        raise Refused(Reason("unknown_choice", "Please say whether you have room.", "room"))
    # Lock before reading: a request that hides the listing at this moment has committed then.
    await LISTINGS.lock_listing(tx, id=listing_id)
    if expiries:
        await SQL.extend_licenses(
            tx, listing_id=listing_id, ids=list(expiries), expiries=list(expiries.values())
        )
    row = or_not_found(await LISTINGS.listing(tx, id=listing_id))
    draft = actions.draft_of(row)
    is_settled = rules.are_licenses_settled(draft.licenses, row["now"])
    await SQL.confirm(tx, id=listing_id, room=room, is_settled=is_settled)
    state = row["state"]
    await audit.record(tx, "listing.confirmed", listing_id, actor_id=actor_id, before=state, after=state)
    is_shown_again = listing_rules.is_shown_again(row["hidden_because"], draft)
    if is_shown_again:
        await actions.set_state(tx, row, "shown", actor_id=actor_id)
    await LISTINGS.refresh_facets(tx, ids=[listing_id])
    return is_shown_again or state == "shown"


async def read_by_token(tx: db.Tx, settings: Settings, token: str) -> db.Record | None:
    """The whole listing that a mailed link is for; None when the link is not valid, or no longer."""
    listing_id = rules.listing_of_token(token)
    row = await LISTINGS.listing(tx, id=listing_id) if listing_id else None
    if row is None:
        return None
    is_valid = any(
        rules.is_token_valid(key, token, row["id"], row["asked_at"]) for key in settings.signing_keys
    )
    return row if is_valid else None
