"""Mailing an invite once more, the dates a seat can be moved to, and what hosts are told of organizers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles import bookings, invites
from circles.base.errors import Reason, Refused
from circles.hosting.organize import acting
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("hosting/seats")

# How often one invite is mailed again in a day, for all hosts together.
MAX_RESENT: Final = 3
DAY: Final = timedelta(days=1)
MAX_DATES: Final = 12

Also = Callable[[db.Tx], Awaitable[None]]


async def resend_invite(context: Context, actor: Person, booking_id: UUID, *, why: str = "") -> None:
    """Mail the invite of a seat once more. Raises NotFound, and Refused where it is on its way or was sent often.

    why: an organizer's reason, unless they act for the circle with one already.
    """
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
        await told(context, actor, seat, why, "sent somebody their invite again")(tx)


def told(context: Context, actor: Person, row: db.Record, why: str, did: str) -> Also:
    """What an organizer who does not host a circle writes along with what they do: an event row, a mail to its hosts.

    row: a gathering or a seat, as the actor reads it. why: their reason, unless they act for the circle with one
    already. did: such as "gave somebody a seat". It raises Refused without a reason.
    """

    async def tell(tx: db.Tx) -> None:
        who = await acting.require(tx, actor, row["circle_id"], row["part"], why)
        await acting.tell(tx, context, actor, row["circle_id"], who, f"{did} at the gathering", gathering=row)

    return tell


async def dates_to_move_to(tx: db.Tx, seat: db.Record) -> list[db.Record]:
    """The next gatherings of the same circle with a free seat."""
    return await db.rows(
        SQL.dates(tx, circle=seat["circle_id"], gathering=seat["gathering_id"], most=MAX_DATES)
    )
