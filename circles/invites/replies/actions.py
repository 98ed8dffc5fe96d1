"""Read what people answered to their invites, and mail those who declined how to give their seat back."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import UUID

from circles.base import clock
from circles.base.settings import Settings
from circles.invites import ics, sending
from circles.invites.replies import rules
from circles.invites.replies.mailbox import Mailbox, Position, Unreadable
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/replies")

READ_SECONDS = 120  # the whole reading; the next one goes on where it ended
# A calendar program that answers again and again by itself gets no more mails than this for one seat.
MAX_MAILS = 3


@jobs.every("invites.read_replies", "* * * * *")
async def read_replies(context: Context) -> None:
    """Take in the replies that came since the last reading. Raises Unreadable, which /healthz shows."""
    if not rules.are_read(context.settings):
        return
    name = f"{context.settings.imap_user}@{context.settings.imap_host}"
    async with context.db.reading() as tx:
        row = await SQL.position(tx, name=name)
    before = Position(row["validity"], row["last_uid"]) if row else None
    for position, message in await _read(context.settings, before, clock.now().date()):
        # Each mail for itself: what was taken in stays so, whatever the next one is.
        replies = await asyncio.to_thread(rules.replies_of, message, context.settings.mail_from)
        async with context.db.transaction() as tx:
            for reply in replies:
                await take_in(tx, context.settings, reply)
            await SQL.note_position(tx, name=name, validity=position.validity, last_uid=position.last_uid)


async def _read(settings: Settings, before: Position | None, today: date) -> list[tuple[Position, bytes]]:
    mailbox = Mailbox(settings)
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.to_thread(mailbox.read, before, today)
    except TimeoutError:
        if not mailbox.mails:
            raise Unreadable("TimeoutError") from None
        return list(mailbox.mails)
    finally:
        mailbox.close()


async def take_in(tx: db.Tx, settings: Settings, reply: ics.Reply) -> None:
    """Note a reply to an invite, unless it is older than what was noted, and answer No with a mail. Idempotent."""
    row = await SQL.answer(
        tx,
        uid=reply.uid,
        address=reply.attendee,
        answer=reply.answer,
        sequence=reply.sequence,
        answered_at=reply.answered_at,
    )
    if row is None:
        return
    await audit.record(tx, "invite.answered", row["invite_id"], actor_id=row["person_id"], after=reply.answer)
    if reply.answer == "declined" and row["booking_id"] and row["mails"] < MAX_MAILS:
        await _mail_button(tx, settings, row["invite_id"])


async def _mail_button(tx: db.Tx, settings: Settings, invite_id: UUID) -> None:
    booking = await SQL.declined_seat(tx, invite_id=invite_id)
    await SQL.count_mail(tx, invite_id=invite_id)
    await mail.send(
        tx,
        settings,
        "declined",
        to=booking["email"],
        to_name=booking["person_name"],
        subject=f"Your seat is still yours: {booking['discreet_name']}",
        person_id=booking["person_id"],
        useful_until=booking["starts_at"],
        about=booking["booking_id"],
        booking=booking,
        cancel_url=f"{settings.base_url}/bookings/{booking['booking_id']}/cancel",
        page=sending.my_gatherings_url(settings),
    )
