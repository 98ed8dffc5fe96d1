"""Mailing an invite once more, the dates a seat can be moved to, and what hosts are told of organizers."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from circles import bookings, invites
from circles.base.errors import Reason, Refused
from circles.hosting.hosts import mail as hosts_mail
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("hosting/seats")

# How often one invite is mailed again in a day, for all hosts together.
MAX_RESENT: Final = 3
DAY: Final = timedelta(days=1)
MAX_DATES: Final = 12


async def resend_invite(context: Context, actor: Person, booking_id: UUID) -> None:
    """Mail the invite of a seat once more. Raises NotFound, and Refused where it is on its way or was sent often."""
    async with context.db.transaction() as tx:
        seat = await bookings.given_seats.seat(tx, actor, booking_id)
        if seat["state"] != "confirmed" or seat["ends_at"] <= seat["now"]:
            raise Refused(Reason("no_seat", "They have no seat ahead here, so there is no invite to send."))
        if not await limits.allow(tx, context.settings, f"invite again {booking_id}", MAX_RESENT, DAY):
            text = (
                "This invite was sent again a few times today. Please ask them to look among unwanted mail."
            )
            raise Refused(Reason("too_often", text))
        if not await invites.resend(tx, context, booking_id):
            raise Refused(Reason("on_its_way", "A mail with this invite is on its way already."))
        await audit.record(
            tx, "invite.resent", booking_id, actor_id=actor.id, before="confirmed", after="confirmed"
        )


async def tell_hosts(context: Context, actor: Person, row: db.Record, what: str) -> None:
    """Mail the hosts of a circle what an organizer did who does not host it; nobody where the actor does.

    row: a gathering or a seat, as the actor reads it. what: such as "gave somebody a seat".
    """
    if row["part"] != "organizer":
        return
    async with context.db.transaction() as tx:
        text = f"{actor.name}, an organizer, {what}. You find it under Seats of its gathering."
        await hosts_mail.notify_hosts(tx, context, row["circle_id"], actor, text)


async def dates_to_move_to(tx: db.Tx, seat: db.Record) -> list[db.Record]:
    """The next gatherings of the same circle with a free seat."""
    return await db.rows(
        SQL.dates(tx, circle=seat["circle_id"], gathering=seat["gathering_id"], most=MAX_DATES)
    )
