"""Jobs of retention: decided complaints lose text and sender, listings that nobody claimed are deleted."""

from __future__ import annotations

from datetime import timedelta

from circles.directory.introductions import ending
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("directory/upkeep")

# Twelve months, as the complaint form promises.
COMPLAINTS_AFTER = timedelta(days=365)
# Since the request to confirm the listing: a month until it was hidden, and twelve more.
UNCLAIMED_AFTER = timedelta(days=395)
# Listings deleted per transaction.
BATCH_SIZE = 50


@jobs.every("directory.forget_complaints", "37 4 * * *")
async def forget_complaints(context: Context) -> None:
    """Once a day: forget text and sender of a complaint a year after it was decided.

    That there was one, about which listing, and the decision stay.
    """
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.forget_complaints(tx, after=COMPLAINTS_AFTER)):
            await audit.record(tx, "complaint.forgotten", row["id"], before=row["state"], after=row["state"])


@jobs.every("directory.forget_unclaimed", "52 4 * * *")
async def delete_unclaimed(context: Context) -> None:
    """Once a day: delete listings without an account that upkeep hid a year ago.

    No account could ever be erased for them. Members who shared something keep the name, as after an erasure.
    """
    while await _delete_batch(context) == BATCH_SIZE:
        pass


async def _delete_batch(context: Context) -> int:
    async with context.db.transaction() as tx:
        ids = [
            row["id"]
            for row in await db.rows(SQL.unclaimed(tx, after=UNCLAIMED_AFTER, batch_size=BATCH_SIZE))
        ]
        for listing_id in ids:
            await ending.end_for_deleted(tx, context.settings, listing_id)
            await SQL.delete_listing(tx, id=listing_id)
            await audit.record(tx, "listing.forgotten", listing_id, before="hidden", after="forgotten")
        return len(ids)
