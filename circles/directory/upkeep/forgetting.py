"""What the directory does not keep for ever: complaints that were decided, and pages that nobody ever claimed."""

from __future__ import annotations

from datetime import timedelta

from circles.directory.introductions import leaving as introductions_leaving
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("directory/listing")

# Twelve months, as the form of a complaint promises.
COMPLAINTS = timedelta(days=365)
# Since they were asked about: a month until they were hidden, and twelve more.
UNCLAIMED = timedelta(days=395)
# How many listings one transaction deletes.
AT_ONCE = 50


@jobs.every("directory.forget_complaints", "37 4 * * *")
async def forget_complaints(context: Context) -> None:
    """Once a day: the words of a complaint and who sent it go a year after it was decided.

    That there was one, about which listing, and what was decided stays.
    """
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_complaints(tx, after=COMPLAINTS)):
            await audit.record(tx, "complaint.forgotten", row["id"], before=row["state"], after=row["state"])


@jobs.every("directory.forget_unclaimed", "52 4 * * *")
async def forget_unclaimed(context: Context) -> None:
    """Once a day: what organizers wrote of somebody who never claimed it, nor answered, goes after a year of hiding.

    It belongs to no account that could be erased, so it needs an end of its own. Whoever told them something keeps the
    name, as when a therapist is erased.
    """
    while await _forget_some(context) == AT_ONCE:
        pass


async def _forget_some(context: Context) -> int:
    async with context.db.transaction() as tx:
        found = [row["id"] for row in await db.rows(SQL.unclaimed(tx, after=UNCLAIMED, most=AT_ONCE))]
        for listing_id in found:
            await introductions_leaving.settle(tx, context.settings, listing_id)
            await SQL.delete_listing(tx, id=listing_id)
            await audit.record(tx, "listing.forgotten", listing_id, before="hidden", after="forgotten")
        return len(found)
