"""Moved seats: one mail that says where the seat was and where it is now; its calendar entry moves along."""

from __future__ import annotations

from circles.invites import change_rules, changes, replies, rules, sending
from circles.invites.change_rules import Changed
from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/changes")


@jobs.job("invites.tell_moved")
async def tell_moved(context: Context, *, booking_id: str, reason: str | None = None) -> None:
    """Job: mail a person that their seat moved to another gathering. Idempotent.

    reason: what the host writes who moved it; None where its person did. A seat whose invite was not mailed yet
    needs no such mail: its invite says where it is, and what it was where somebody else moved it.
    """
    async with context.db.transaction() as tx:
        person_id = await SQL.person_of(tx, booking_id=booking_id)
        if person_id is None:
            return
        await db.rows(SQL.lock_of_person(tx, person_id=person_id))
        rows = [dict(row) for row in await db.rows(SQL.changed(tx, person_id=person_id))]
        moved = next((row for row in rows if str(row["booking_id"]) == booking_id), None)
        if moved and rules.change_due(moved, sending.fingerprint(moved)):
            names = await changes.host_names(tx, [moved])
            await _mail(tx, context, Changed.of(moved, names), reason)


async def _mail(tx: db.Tx, context: Context, change: Changed, reason: str | None) -> None:
    booking = change.booking
    calendar = await sending.request(tx, context.settings, booking)
    await mail.send(
        tx,
        context.settings,
        "moved",
        to=booking["email"],
        to_name=booking["person_name"],
        subject=change_rules.subject([change]),
        person_id=booking["person_id"],
        calendars=[calendar],
        method="REQUEST",
        useful_until=booking["ends_at"],
        about=booking["booking_id"],
        change=change,
        answering=replies.answering_text(context.settings, [booking["organizer"]]),
        name=change.now.discreet_name,
        by_host=reason is not None,
        reason=reason or "",
        page=sending.my_gatherings_url(context.settings),
        booking_page=f"{context.settings.base_url}/bookings/{booking['booking_id']}",
        all_comes_back=change.may_cancel and booking["all_comes_back"],
    )
