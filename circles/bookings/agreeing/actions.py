"""Asking those who have a seat to agree again when the guidelines changed in a way that matters."""

from __future__ import annotations

from uuid import UUID

from circles import guidelines, people
from circles.base.errors import NotFound, OutOfDate, refuse_if
from circles.bookings import rules
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/bookings")


@jobs.job("bookings.ask_again")
async def ask_again(context: Context, *, guidelines_id: str) -> None:
    """Mail everybody with a seat ahead who has not agreed to a material change. Run twice, it mails once."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.ask_again(tx, guidelines_id=UUID(guidelines_id))):
            await mail.send(
                tx,
                context.settings,
                "agree_again",
                to=row["email"],
                to_name=row["name"],
                subject=f"Please read: the guidelines of {row['discreet_name']} changed",
                person_id=row["person_id"],
                row=row,
            )
            await audit.record(
                tx,
                "booking.asked_to_agree",
                row["booking_id"],
                before=row["state"],
                after=row["state"],
                details={"version": str(row["version_id"])},
            )


async def agreeing(tx: db.Tx, person: people.Person, booking_id: UUID) -> db.Record:
    """A booking with the guidelines in force and those its person agreed to last, in one query. Raises NotFound."""
    row = await SQL.agreeing(tx, booking_id=booking_id, person_id=person.id)
    if row is None:
        raise NotFound
    return row


async def agree(
    context: Context, person: people.Person, booking_id: UUID, *, version_id: UUID | None, agreed: bool
) -> None:
    """Agree to the guidelines in force; it counts for every seat this person has in the circle.

    version_id: the version they read; agreed: whether they said so. Where nothing is asked, nothing is done, so
    agreeing twice is agreeing once. Raises NotFound, Refused, or OutOfDate when a newer version is in force.
    """
    async with context.db.transaction() as tx:
        if await SQL.lock_gathering(tx, booking_id=booking_id) is None:
            raise NotFound
        row = await SQL.lock(tx, booking_id=booking_id)
        if row["person_id"] != person.id:
            raise NotFound
        if not row["must_agree"] or row["state"] not in ("held", "confirmed"):
            return
        newest = await guidelines.current(tx, row["guidelines_id"])
        reasons = rules.guidelines_refusals(newest.id, version_id, agreed=agreed)
        if version_id != newest.id:
            raise OutOfDate(reasons)
        refuse_if(reasons)
        await guidelines.accept(tx, person.id, newest.id)
        await audit.record(
            tx,
            "booking.agreed_again",
            booking_id,
            actor_id=person.id,
            before=row["state"],
            after=row["state"],
            details={"version": str(newest.id)},
        )
