"""Sums of the ledger by month, which the timetable keeps, so that a page reads few rows."""

from __future__ import annotations

from typing import Final

from circles.base import zones
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/ledger")

# Entries of one transaction.
PER_BATCH: Final = 20_000


@jobs.every("ledger.sum_months", "3-59/5 * * * *")
async def sum_months(context: Context) -> None:
    """Add what was posted since to the sums of months; all of it again where the community's zone is another one."""
    up_to = await _settled(context)
    while up_to is not None and not await _add_batch(context, up_to):
        pass


async def _settled(context: Context) -> int | None:
    """The entry up to which all are there, or None while somebody posts one: the timetable runs again."""
    async with context.db.reading() as tx:
        return await SQL.settled_entry(tx)


async def _add_batch(context: Context, up_to: int) -> bool:
    """Add some entries up to this one. Returns whether these were the last."""
    zone = zone_of(context)
    shifts = zones.shifts([zone])
    async with context.db.transaction() as tx:
        await SQL.begin_summing(tx, zone=zone)
        summed = await SQL.summed(tx)
        after = summed["up_to"]
        if summed["zone"] != zone:
            await SQL.clear_sums(tx)
            after = 0
        until = min(up_to, after + PER_BATCH)
        await SQL.add_sums(tx, since=shifts.since, seconds=shifts.seconds, after=after, up_to=until)
        await SQL.note_summed(tx, zone=zone, up_to=max(until, after))
    return until >= up_to


def zone_of(context: Context) -> str:
    """Whose clock the months of the ledger follow: the community's."""
    return context.settings.community.zone or "UTC"
