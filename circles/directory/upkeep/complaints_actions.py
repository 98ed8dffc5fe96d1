"""What becomes of a complaint about a listing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.directory.listing import organize_actions
from circles.store import audit, db
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("directory/listing")
MAX_CHARACTERS = 2000
# How many one person may send, and in what time.
MOST, PER = 6, timedelta(days=1)


def too_many() -> Reason:
    """Said to somebody who sent many in a day."""
    return Reason(
        "too_many", "You told us of several listings today. Please wait until tomorrow with the next one."
    )


async def complain(
    context: Context, *, made_with: UUID, listing_id: UUID, person_id: UUID, body: str
) -> UUID:
    """Tell the organizers that something is wrong with a shown listing, once.

    made_with: the id that was made with the form, so that it is one complaint however often it is sent. The event
    keeps no word of it: only that there was one. Raises NotFound, Refused after many in a day, and OutOfDate when
    the form sent other words before.
    """
    async with context.db.reading() as tx:
        if await _is_sent(tx, made_with, person_id, body):
            return made_with
    if not await limits.allow(context, f"complaint:{person_id}", MOST, PER):
        raise Refused(too_many())
    async with context.db.transaction() as tx:
        made = await SQL.complain(tx, id=made_with, listing=listing_id, person=person_id, body=body)
        if made:
            details = {"listing": str(listing_id)}
            await audit.record(tx, "complaint.made", made, after="open", details=details)
        elif not await _is_sent(tx, made_with, person_id, body):
            raise NotFound
    return made_with


async def _is_sent(tx: db.Tx, made_with: UUID, person_id: UUID, body: str) -> bool:
    before = await SQL.sent_complaint(tx, id=made_with, person=person_id)
    if before not in (None, body):
        says = "You sent this a moment ago and have changed it since. Send it again, and the organizers have both."
        raise OutOfDate(Reason("sent_before", says))
    return before is not None


async def decide(context: Context, complaint_id: UUID, *, who: UUID, decision: str) -> None:
    """Hide the listing at once, or keep it as it is.

    Raises NotFound, for a complaint about their own listing too, and OutOfDate when it was decided already.
    """
    async with context.db.transaction() as tx:
        about = await SQL.complaint_listing(tx, id=complaint_id, who=who)
        if about is None:
            raise NotFound
        if decision == "hidden":
            await organize_actions.hide(tx, about, who=who, because="complaint", settings=context.settings)
        decided = await SQL.decide_complaint(tx, id=complaint_id, state=decision, who=who)
        if decided is None:
            raise OutOfDate(Reason("decided", "Another organizer has decided this already."))
        await audit.record(tx, "complaint.decided", complaint_id, actor_id=who, before="open", after=decision)
