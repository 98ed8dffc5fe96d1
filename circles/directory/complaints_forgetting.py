"""Complaints do not stay for ever: a year after one was decided, its words and who sent it are deleted."""

from __future__ import annotations

from datetime import timedelta

from circles import audit, db, jobs
from circles.house import House

SQL = db.queries("directory")

# Twelve months, as the form of a complaint promises.
KEPT = timedelta(days=365)


@jobs.every("directory.forget_complaints", "37 4 * * *")
async def forget(house: House) -> None:
    """Once a day. That there was one, about which listing, and what was decided stays."""
    async with house.db.transaction() as tx:
        for row in await db.rows(SQL.forget_complaints(tx, after=KEPT)):
            await audit.record(tx, "complaint.forgotten", row["id"], before=row["state"], after=row["state"])
