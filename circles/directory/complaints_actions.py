"""What becomes of a complaint about a listing."""

from __future__ import annotations

from uuid import UUID

from circles import audit, db
from circles.directory import organize_actions
from circles.errors import NotFound, OutOfDate, Reason
from circles.house import House

SQL = db.queries("directory")
MOST_CHARACTERS = 2000


def too_many() -> Reason:
    """Said to somebody who sent many in a day."""
    return Reason(
        "too_many", "You told us of several listings today. Please wait until tomorrow with the next one."
    )


async def complain(house: House, *, listing_id: UUID, person_id: UUID, body: str) -> UUID:
    """Tell the organizers that something is wrong with a shown listing. Raises NotFound.

    The event keeps no word of it: only that there was one.
    """
    async with house.db.transaction() as tx:
        made = await SQL.complain(tx, listing=listing_id, person=person_id, body=body)
        if made is None:
            raise NotFound
        await audit.record(tx, "complaint.made", made, after="open", details={"listing": str(listing_id)})
        return made


async def decide(house: House, complaint_id: UUID, *, who: UUID, decision: str) -> None:
    """Hide the listing at once, or keep it as it is.

    Raises NotFound, for a complaint about their own listing too, and OutOfDate when it was decided already.
    """
    async with house.db.transaction() as tx:
        about = await SQL.complaint_listing(tx, id=complaint_id, who=who)
        if about is None:
            raise NotFound
        if decision == "hidden":
            await organize_actions.hide(tx, about, who=who, because="complaint", settings=house.settings)
        decided = await SQL.decide_complaint(tx, id=complaint_id, state=decision, who=who)
        if decided is None:
            raise OutOfDate(Reason("decided", "Another organizer has decided this already."))
        await audit.record(tx, "complaint.decided", complaint_id, who=who, before="open", after=decision)
