"""Complaints about listings: sent by members, decided by organizers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, or_not_found
from circles.directory.listing import organize_actions
from circles.store import audit, db
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/upkeep")
MAX_CHARACTERS = 2000
MAX_A_DAY = 6


async def complain(context: Context, *, actor_id: UUID, made_with: UUID, listing_id: UUID, body: str) -> UUID:
    """Send a complaint about a shown listing to the organizers. Returns its id.

    made_with: the id made with the form, which becomes the complaint's: it is one however often it is sent. The event
    has nothing of its text. Raises NotFound, Refused beyond MAX_A_DAY, OutOfDate when the form sent another text.
    """
    async with context.db.reading() as tx:
        if await _is_sent(tx, made_with, actor_id, body):
            return made_with
    if not await limits.allow(context, f"complaint:{actor_id}", MAX_A_DAY, timedelta(days=1)):
        raise Refused(too_many())
    async with context.db.transaction() as tx:
        made = await SQL.insert_complaint(
            tx, id=made_with, listing_id=listing_id, person_id=actor_id, body=body
        )
        if made:
            details = {"listing": str(listing_id)}
            await audit.record(tx, "complaint.made", made, after="open", details=details)
        elif not await _is_sent(tx, made_with, actor_id, body):
            raise NotFound
    return made_with


async def _is_sent(tx: db.Tx, made_with: UUID, actor_id: UUID, body: str) -> bool:
    before = await SQL.sent_complaint(tx, id=made_with, person_id=actor_id)
    if before not in (None, body):
        message = "You sent this a moment ago and have changed it since. Send it again, and the organizers have both."
        raise OutOfDate(Reason("sent_before", message))
    return before is not None


def too_many() -> Reason:
    """The refusal of more than MAX_A_DAY complaints."""
    return Reason(
        "too_many", "You told us of several listings today. Please wait until tomorrow with the next one."
    )


async def decide(context: Context, complaint_id: UUID, *, actor_id: UUID, decision: str) -> None:
    """Decide a complaint: "hidden" hides the listing at once, "kept" changes nothing.

    Raises NotFound, also for a complaint about the actor's own listing, and OutOfDate when it is decided already.
    """
    async with context.db.transaction() as tx:
        listing_id = or_not_found(await SQL.complaint_listing(tx, id=complaint_id, actor_id=actor_id))
        if decision == "hidden":
            await organize_actions.hide(
                tx, listing_id, actor_id=actor_id, reason="complaint", settings=context.settings
            )
        decided = await SQL.decide_complaint(tx, id=complaint_id, state=decision, actor_id=actor_id)
        if decided is None:
            raise OutOfDate(Reason("decided", "Another organizer has decided this already."))
        await audit.record(
            tx, "complaint.decided", complaint_id, actor_id=actor_id, before="open", after=decision
        )
