"""Offers of seats that came free: made, lapsed and withdrawn, under the lock of their gathering.

Bookings call these functions, so this module knows nothing of them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from circles.bookings.waiting_list import rules
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/waiting_list")

MAX_SEATS = 24
# How many gatherings one run of the timetable works on.
MAX_GATHERINGS = 500


async def offer_seats(tx: db.Tx, gathering_id: UUID) -> None:
    """Offer the free seats of a gathering to those first in line. The caller holds the gathering's lock. Idempotent.

    Shortly before the start everybody on the list is told instead, and the first to answer has the seat.
    """
    for _ in range(MAX_SEATS):
        row = await SQL.next_offer(tx, gathering_id=gathering_id)
        if row is None:
            return
        if rules.is_for_all(row["read_at"], row["starts_at"]) and not row["put_first"]:
            told = await db.rows(SQL.tell_all(tx, gathering_id=gathering_id))
            await _tell_each(tx, "free", told)
            return
        ends_at = rules.offer_ends_at(row["read_at"], row["starts_at"])
        await SQL.offer(tx, wait_id=row["wait_id"], seat=row["seat"], ends_at=ends_at)
        await tell(tx, row["wait_id"], "offer", ends_at)


async def tell(tx: db.Tx, wait_id: UUID, what: str, moment: datetime) -> None:
    """Enqueue a mail to somebody on a waiting list: each kind of news once for each moment. See mails.NEWS."""
    mark = f"{what} {moment.isoformat()}"
    await jobs.enqueue(
        tx, "waiting_list.tell", key=f"{wait_id} {mark}", wait_id=str(wait_id), what=what, mark=mark
    )


async def _tell_each(tx: db.Tx, what: str, rows: list[db.Record]) -> None:
    for row in rows:
        await tell(tx, row["id"], what, row["moved_at"])


async def lapse_and_offer(tx: db.Tx, gathering_id: UUID) -> None:
    """Lapse the overdue offers of a locked gathering, and offer what is free. Idempotent."""
    for row in await db.rows(SQL.lapse(tx, gathering_id=gathering_id, most_lapses=rules.MAX_LAPSES)):
        await tell(tx, row["id"], "lapsed", row["lapsed_at"])
    await offer_seats(tx, gathering_id)


async def take_up(tx: db.Tx, gathering_id: UUID, person_id: UUID, booking_id: UUID) -> None:
    """End somebody's wait, since a booking of theirs moves to the gathering: what they were offered is free for it.

    The caller holds the gathering's lock, and offers afterwards what is free still.
    """
    wait_id = await accept(tx, gathering_id, person_id)
    if wait_id:
        await SQL.note_booking(tx, wait_id=wait_id, booking_id=booking_id)


async def accept(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> UUID | None:
    """End somebody's wait, since they get a seat in another way: what they were offered is free for it. Returns it.

    The caller holds the gathering's lock.
    """
    wait_id = await SQL.active_wait(tx, gathering_id=gathering_id, person_id=person_id)
    if wait_id:
        await SQL.accept(tx, wait_id=wait_id)
    return wait_id


async def note_booking(tx: db.Tx, gathering_id: UUID, wait_id: UUID, booking_id: UUID) -> None:
    """Note the booking that a wait ended with, and offer what is free still."""
    await SQL.note_booking(tx, wait_id=wait_id, booking_id=booking_id)
    await offer_seats(tx, gathering_id)


async def reinstate(tx: db.Tx, booking_id: UUID) -> None:
    """Give somebody their place in line again, whose payment could not begin. The caller holds the gathering's lock."""
    await SQL.reinstate(tx, booking_id=booking_id)


async def close(tx: db.Tx, gathering_id: UUID, cause: str) -> None:
    """End every wait of a gathering, and tell its people. cause: gathering_cancelled, or begun, which tells nobody.

    The caller holds the gathering's lock.
    """
    closed = await db.rows(SQL.close_all(tx, gathering_id=gathering_id, cause=cause))
    if cause != "begun":
        await _tell_each(tx, "closed", closed)


async def make_room(tx: db.Tx, gathering_id: UUID, capacity: int, community_seats: int) -> None:
    """Before a locked gathering gets fewer seats: take back the offers that no longer fit. Their people wait on."""
    taken_back = await db.rows(
        SQL.fit_offers(tx, gathering_id=gathering_id, capacity=capacity, community_seats=community_seats)
    )
    await _tell_each(tx, "taken_back", taken_back)


async def reseat(tx: db.Tx, gathering_id: UUID, capacity: int) -> None:
    """Move offers of seats beyond the new capacity onto free ones, once the bookings have moved."""
    await SQL.reseat_offers(tx, gathering_id=gathering_id, capacity=capacity)


async def follow(tx: db.Tx, gathering_id: UUID, *, moved: bool) -> None:
    """After a host changed a locked gathering: tell those who wait of a new time, and offer the seats it has more."""
    if moved:
        row = await SQL.lock_gathering(tx, gathering_id=gathering_id)
        for wait in await db.rows(SQL.active_of_gathering(tx, gathering_id=gathering_id)):
            await tell(tx, wait["id"], "moved", row["now"])  # by when it moved: it may move back and forth
        for wait in await db.rows(SQL.shorten_offers(tx, gathering_id=gathering_id)):
            await tell(tx, wait["id"], "offer", wait["offer_ends_at"])
    await offer_seats(tx, gathering_id)


@jobs.every("waiting_list.offer", "* * * * *")
async def work_on_lists(context: Context) -> None:
    """Lapse overdue offers, offer what a crash left free, and close the lists of gatherings that began or are gone."""
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.in_need(tx, most=MAX_GATHERINGS))
    for row in rows:  # each in a transaction of its own, so that one lock at a time is held
        await work_on_list(context, row["gathering_id"])


async def work_on_list(context: Context, gathering_id: UUID) -> None:
    """Do for one gathering what its waiting list needs now. Idempotent."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_gathering(tx, gathering_id=gathering_id)
        if row is None:
            return
        if row["is_gone"]:
            await close(tx, gathering_id, "gathering_cancelled")
        elif row["starts_at"] <= row["now"]:
            await close(tx, gathering_id, "begun")
        else:
            await lapse_and_offer(tx, gathering_id)


@jobs.every("waiting_list.retention", "26 4 * * *")
async def delete_old(context: Context) -> None:
    """Delete waits that ended long ago."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx, days=rules.KEEP_DAYS)
