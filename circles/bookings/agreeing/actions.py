"""The verbs of agreeing again: mail members with a seat when guidelines changed, and take their agreement."""

from __future__ import annotations

from uuid import UUID

from circles import guidelines
from circles.base.errors import NotFound, OutOfDate, or_not_found, refuse_if
from circles.bookings import rules, transitions
from circles.bookings.given import actions as given
from circles.bookings.waiting_list import mails as waiting_list_mails
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/agreeing")


@jobs.job("bookings.ask_again")
async def ask_again(context: Context, *, guidelines_id: str) -> None:
    """Job: mail everybody with a seat ahead, or on a waiting list, who has not agreed to a material change.

    Run twice, it mails once.
    """
    async with context.db.transaction() as tx:
        await waiting_list_mails.ask_to_agree(tx, UUID(guidelines_id))
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


async def agreements(tx: db.Tx, actor: Person, circle_id: UUID) -> tuple[db.Record, list[db.Record]]:
    """A circle and everybody with a seat ahead in it, who has not agreed yet first. Raises NotFound for others."""
    circle = or_not_found(await SQL.agreements_circle(tx, circle_id=circle_id, actor_id=actor.id))
    return circle, await db.rows(SQL.agreements(tx, circle_id=circle_id))


async def to_agree(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    """A booking with the guidelines in force and those its person agreed to last, in one query. Raises NotFound."""
    return or_not_found(await SQL.to_agree(tx, booking_id=booking_id, actor_id=actor.id))


async def agree(
    context: Context, actor: Person, booking_id: UUID, *, version_id: UUID | None, agreed: bool
) -> bool:
    """Agree to the guidelines in force; it counts for every seat this person has in the circle. Idempotent.

    Returns whether the seat was given to them, and is theirs from now on.

    version_id: the version they read; agreed: whether they ticked that they agree. Does nothing where nothing is
    to be agreed to. Raises NotFound, Refused, or OutOfDate when a newer version is in force.
    """
    async with context.db.transaction() as tx:
        row = await transitions.lock(tx, booking_id)
        if row["person_id"] != actor.id:
            raise NotFound
        if not row["must_agree"] or row["state"] not in ("held", "confirmed"):
            return False
        newest = await guidelines.current(tx, row["guidelines_id"])
        reasons = rules.guidelines_refusals(newest.id, version_id, agreed=agreed)
        if version_id != newest.id:
            raise OutOfDate(reasons)
        refuse_if(reasons)
        await accept(tx, row, newest.id)
        return row["unanswered"]


async def accept(tx: db.Tx, row: db.Record, version_id: UUID) -> None:
    """Record that the person of a locked booking agreed to a version; a seat that was given to them is theirs then."""
    await guidelines.accept(tx, row["person_id"], version_id)
    await given.answer(tx, row["id"], row["person_id"], version_id)
    await audit.record(
        tx,
        "booking.answered" if row["unanswered"] else "booking.agreed_again",
        row["id"],
        actor_id=row["person_id"],
        before=row["state"],
        after=row["state"],
        details={"version": str(version_id)},
    )
