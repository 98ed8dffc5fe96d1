"""The verbs of messages: keep a draft, look at its mail, send it once, throw it away."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from circles import invites
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.base.settings import Settings
from circles.messages import rules
from circles.messages.rules import Words
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("messages/messages")


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as its writer looks at it: its row, the gathering, the readers, and the very mail."""

    message: db.Record
    gathering: db.Record
    readers: list[db.Record]
    mail: mail.ComposedMail | None


async def gathering(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> db.Record:
    """A gathering for a host who may write to those booked. Raises NotFound."""
    found = await SQL.hosted_gathering(tx, id=gathering_id, person=person_id)
    if found is None:
        raise NotFound
    return found


async def one(tx: db.Tx, message_id: UUID, person_id: UUID) -> db.Record:
    """A sent message of the person's circle, or their own draft. Raises NotFound."""
    found = await SQL.one(tx, id=message_id, person=person_id)
    if found is None:
        raise NotFound
    return found


async def booked(tx: db.Tx, gathering_id: UUID) -> list[db.Record]:
    """Everybody with a confirmed seat, by name."""
    return await db.rows(SQL.booked(tx, gathering=gathering_id))


async def of_gathering(tx: db.Tx, gathering_id: UUID, person_id: UUID) -> list[db.Record]:
    """What was sent about a gathering, and the person's own drafts."""
    return await db.rows(SQL.of_gathering(tx, gathering=gathering_id, person=person_id))


async def keep(
    context: Context, *, person_id: UUID, gathering_id: UUID, message_id: UUID, words: Words
) -> None:
    """Keep a message as a draft, or change the draft. message_id: made with the form, so that the same form
    sent twice is one draft.

    Raises NotFound for whoever may not change the circle, Refused when nobody can be written to, OutOfDate when
    the message was sent in the meantime.
    """
    async with context.db.transaction() as tx:
        found = await gathering(tx, gathering_id, person_id)
        refuse_if(rules.closed(found))
        if words.booking_id and not await SQL.is_booked(tx, booking=words.booking_id, gathering=gathering_id):
            raise Refused(rules.not_booked())
        kept = await SQL.keep_draft(
            tx,
            id=message_id,
            gathering=gathering_id,
            booking=words.booking_id,
            person=person_id,
            body=words.body,
            reply_to=words.reply_to,
        )
        if kept is None:
            raise OutOfDate(
                Reason("sent", "What this form began was sent already. This would be another message.")
            )
        await audit.record(tx, "message.written", message_id, actor_id=person_id, after="draft")


async def preview(settings: Settings, tx: db.Tx, message_id: UUID, person_id: UUID) -> Preview:
    """A message with the very mail its first reader gets. Raises NotFound."""
    message = await one(tx, message_id, person_id)
    about = await gathering(tx, message["gathering_id"], person_id)
    readers = await _readers(tx, message)
    return Preview(
        message, about, readers, _written(settings, message, about, readers[0]) if readers else None
    )


async def _readers(tx: db.Tx, message: db.Record) -> list[db.Record]:
    found = SQL.readers(tx, gathering=message["gathering_id"], booking=message["booking_id"])
    return await db.rows(found)


def subject(about: db.Record) -> str:
    """What a message's mail says on the outside: the discreet name and the day, whatever is written inside."""
    return invites.title(about["discreet_name"], about["starts_at"], about["zone"])


def _written(
    settings: Settings, message: db.Record, about: db.Record, reader: db.Record
) -> mail.ComposedMail:
    """The mail one reader gets. It names them, the writer and the circle's discreet name, and nobody else."""
    return mail.compose(
        settings,
        "message",
        to_name=reader["name"],
        subject=subject(about),
        body=message["body"],
        reply_to=message["reply_to"],
        from_name=message["from_name"],
        gathering=about,
        zone=reader["zone"],
        page=f"{settings.base_url}/bookings/{reader['booking_id']}",
    )


async def send(context: Context, *, person_id: UUID, message_id: UUID) -> db.Record:
    """Send a draft: one mail for each reader through the queue, in the transaction that marks it sent.

    Sending again what went already changes nothing. Returns the message. Raises NotFound for whoever may not,
    Refused when nobody can be written to, or too much was sent today.
    """
    async with context.db.transaction() as tx:
        message = await one(tx, message_id, person_id)
        await SQL.lock_gathering(tx, id=message["gathering_id"])
        message = await one(tx, message_id, person_id)  # as it is now that it is our turn
        if message["state"] == "sent":
            return message
        about = await gathering(tx, message["gathering_id"], person_id)
        refuse_if(rules.closed(about))
        to_one = message["booking_id"] is not None
        refuse_if(rules.too_many(to_one, await SQL.sent_today(tx, gathering=about["id"])))
        readers = await _readers(tx, message)
        if not readers:
            raise Refused(rules.not_booked())
        for reader in readers:
            written = _written(context.settings, message, about, reader)
            await mail.enqueue(
                tx,
                context.settings,
                written,
                to=reader["email"],
                person_id=reader["id"],
                reply_to=message["reply_to"],
            )
        await SQL.mark_sent(tx, id=message_id, mails=len(readers))
        details = {"mails": len(readers), "gathering": str(about["id"])}
        await audit.record(
            tx, "message.sent", message_id, actor_id=person_id, before="draft", after="sent", details=details
        )
        return await one(tx, message_id, person_id)


async def discard(context: Context, *, person_id: UUID, message_id: UUID) -> UUID:
    """Throw the person's own draft away. Returns its gathering. Raises NotFound, for one that was sent too."""
    async with context.db.transaction() as tx:
        gathering_id = await SQL.discard(tx, id=message_id, person=person_id)
        if gathering_id is None:
            raise NotFound
        await audit.record(tx, "message.discarded", message_id, actor_id=person_id, before="draft")
        return gathering_id


@jobs.every("messages.forget_drafts", "47 3 * * *")
async def forget_drafts(context: Context) -> None:
    """Forget drafts a month after they were last touched."""
    async with context.db.transaction() as tx:
        await SQL.forget_drafts(tx)
