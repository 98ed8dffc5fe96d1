"""Messages: save a draft, preview its mail, send it once, discard it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from circles import hosting, invites, people
from circles.base import clock
from circles.base.clock import Viewer
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.settings import Settings
from circles.messages import rules
from circles.messages.rules import Draft
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("messages/messages")


@dataclass(frozen=True, slots=True)
class Preview:
    """A message with its gathering, its recipients and the mail that the first of them gets."""

    message: db.Record
    gathering: db.Record
    recipients: list[db.Record]
    mail: mail.ComposedMail | None


async def gathering(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    """A gathering for somebody who may write to its members. Raises NotFound."""
    return or_not_found(await SQL.hosted_gathering(tx, id=gathering_id, actor_id=actor_id))


async def message(tx: db.Tx, message_id: UUID, actor_id: UUID) -> db.Record:
    """A sent message of the actor's circle, or their own draft. Raises NotFound."""
    return or_not_found(await SQL.message(tx, id=message_id, actor_id=actor_id))


async def booked(tx: db.Tx, gathering_id: UUID) -> list[db.Record]:
    """Everybody with a confirmed seat, by name."""
    return await db.rows(SQL.booked(tx, gathering=gathering_id))


async def of_gathering(tx: db.Tx, gathering: db.Record, actor_id: UUID) -> list[db.Record]:
    """The messages sent about a gathering, and the actor's own drafts. Organizers read no message to one member."""
    of_hosts = gathering["part"] != "organizer"
    return await db.rows(
        SQL.of_gathering(tx, gathering=gathering["id"], actor_id=actor_id, of_hosts=of_hosts)
    )


async def save_draft(
    context: Context, *, actor_id: UUID, gathering_id: UUID, message_id: UUID, draft: Draft
) -> None:
    """Save a new or a changed draft. message_id: made with the form, so that the same form sent twice is one draft.

    Raises NotFound for anybody who may not change the gathering, Refused when nobody can be written to, OutOfDate
    when the message was sent in the meantime.
    """
    async with context.db.transaction() as tx:
        refuse_if(rules.writing_refusals(await gathering(tx, gathering_id, actor_id)))
        if draft.booking_id and not await SQL.is_booked(tx, booking=draft.booking_id, gathering=gathering_id):
            raise Refused(rules.not_booked())
        saved = await SQL.save_draft(
            tx,
            id=message_id,
            gathering=gathering_id,
            booking=draft.booking_id,
            actor_id=actor_id,
            body=draft.body,
            reply_to=draft.reply_to,
        )
        if saved is None:
            raise OutOfDate(
                Reason("sent", "What this form began was sent already. This would be another message.")
            )
        await audit.record(tx, "message.written", message_id, actor_id=actor_id, after="draft")


async def preview(settings: Settings, tx: db.Tx, message_id: UUID, actor_id: UUID) -> Preview:
    """A message with the mail that its first recipient gets, but on the circle's clock. Raises NotFound.

    Hosts may not see a member's zone.
    """
    row = await message(tx, message_id, actor_id)
    about = await gathering(tx, row["gathering_id"], actor_id)
    recipients = await _recipients(tx, row)
    composed = _compose(settings, row, about, recipients[0], clock.NOBODY) if recipients else None
    return Preview(row, about, recipients, composed)


async def _recipients(tx: db.Tx, message: db.Record) -> list[db.Record]:
    return await db.rows(SQL.recipients(tx, gathering=message["gathering_id"], booking=message["booking_id"]))


def subject(gathering: db.Record, viewer: Viewer) -> str:
    """The subject of every message: the discreet name and its reader's day, independent of its content."""
    return invites.title(gathering["discreet_name"], gathering["starts_at"], gathering["zone"], viewer)


def _compose(
    settings: Settings, message: db.Record, gathering: db.Record, recipient: db.Record, viewer: Viewer
) -> mail.ComposedMail:
    """The mail for one recipient. It names them, the writer and the circle's discreet name, and nobody else."""
    return mail.compose(
        settings,
        "message",
        to_name=recipient["name"],
        subject=subject(gathering, viewer),
        body=message["body"],
        reply_to=message["reply_to"],
        from_name=message["from_name"],
        gathering=gathering,
        viewer=viewer,
        page=f"{settings.base_url}/bookings/{recipient['booking_id']}",
    )


async def send(
    context: Context, *, actor_id: UUID, message_id: UUID, fingerprint: str | None = None
) -> db.Record:
    """Send a draft: one mail for each recipient through the queue, in the transaction that marks it sent.

    Idempotent. fingerprint: of what was shown; None: nothing was. Returns the message. Raises NotFound for anybody who
    may not change the gathering; Refused when nobody can be written to, or when too many were sent within 24 hours;
    OutOfDate when the text or the recipients are others than was shown.
    """
    async with context.db.transaction() as tx:
        row = await message(tx, message_id, actor_id)
        await SQL.lock_gathering(tx, id=row["gathering_id"])
        row = await message(tx, message_id, actor_id)  # again, now that the gathering is locked
        if row["state"] == "sent":
            return row
        about = await gathering(tx, row["gathering_id"], actor_id)
        refuse_if(rules.writing_refusals(about))
        to_one = row["booking_id"] is not None
        refuse_if(rules.limit_refusals(to_one, await SQL.sent_today(tx, gathering=about["id"])))
        recipients = await _recipients(tx, row)
        if not recipients:
            raise Refused(rules.not_booked())
        if fingerprint not in (None, rules.fingerprint(row, recipients)):
            raise OutOfDate(rules.out_of_date())
        for recipient in recipients:
            await _enqueue(tx, context.settings, row, about, recipient)
        await SQL.mark_sent(tx, id=message_id, mails=len(recipients))
        details = {"mails": len(recipients), "gathering": str(about["id"])} | hosting.acted_as(about["part"])
        await audit.record(
            tx, "message.sent", message_id, actor_id=actor_id, before="draft", after="sent", details=details
        )
        if about["part"] == "organizer":
            await _notify_hosts(tx, context, actor_id, row, about)
        return await message(tx, message_id, actor_id)


async def _notify_hosts(
    tx: db.Tx, context: Context, actor_id: UUID, message: db.Record, gathering: db.Record
) -> None:
    """Notify the hosts that an organizer wrote to their members. What was written stands on the site."""
    actor = (await people.by_ids(tx, [actor_id]))[actor_id]
    to = "one member" if message["booking_id"] else "everybody booked"

    def news(viewer: Viewer) -> str:
        when = clock.format_when(gathering["starts_at"], gathering["zone"], viewer)
        return f"{actor.name}, an organizer, wrote to {to} about the gathering of {when}."

    await hosting.notify_hosts(tx, context, gathering["circle_id"], actor, news)


async def _enqueue(
    tx: db.Tx, settings: Settings, message: db.Record, gathering: db.Record, recipient: db.Record
) -> None:
    viewer = Viewer.of(recipient["zone"], recipient["clock_hours"])
    await mail.enqueue(
        tx,
        settings,
        _compose(settings, message, gathering, recipient, viewer),
        to=recipient["email"],
        person_id=recipient["id"],
        reply_to=message["reply_to"],
        about=message["id"],
        useful_until=gathering["ends_at"] if gathering["ends_at"] > gathering["now"] else None,
    )


async def discard(context: Context, *, actor_id: UUID, message_id: UUID) -> UUID:
    """Discard the actor's own draft. Returns its gathering's id. Raises NotFound, for a sent message too."""
    async with context.db.transaction() as tx:
        gathering_id = or_not_found(await SQL.discard(tx, id=message_id, actor_id=actor_id))
        await audit.record(tx, "message.discarded", message_id, actor_id=actor_id, before="draft")
        return gathering_id


@jobs.every("messages.forget_drafts", "47 3 * * *")
async def forget_drafts(context: Context) -> None:
    """Delete drafts a month after they were last saved."""
    async with context.db.transaction() as tx:
        await SQL.forget_drafts(tx)
