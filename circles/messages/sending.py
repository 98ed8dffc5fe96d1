"""Messages: send one once, now or at its set time."""

from __future__ import annotations

from uuid import UUID

from circles import hosting, people
from circles.base import clock
from circles.base.clock import Viewer
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.base.settings import Settings
from circles.messages import actions, audience_rules, rules
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("messages/messages")


async def send(
    context: Context, *, actor_id: UUID, message_id: UUID, fingerprint: str | None = None
) -> db.Record:
    """Send a draft: one mail for each recipient through the queue, in the transaction that marks it sent.

    Idempotent. fingerprint: of what was shown; None: nothing was. Returns the message. Raises NotFound for anybody who
    may not write about it; Refused when nobody can be written to, or when too many were sent within 24 hours;
    OutOfDate when the text or the recipients are others than was shown.
    """
    async with context.db.transaction() as tx:
        return await _send(tx, context, actor_id, message_id, fingerprint)


async def _send(
    tx: db.Tx,
    context: Context,
    actor_id: UUID,
    message_id: UUID,
    fingerprint: str | None,
    *,
    if_due: bool = False,
) -> db.Record:
    row = await actions.message(tx, message_id, actor_id)
    await _lock(tx, row)
    row = await actions.message(tx, message_id, actor_id)  # again, now that others wait
    if row["state"] == "sent":
        return row
    about = await actions.about(tx, row, actor_id)
    if if_due and not (row["is_scheduled"] and row["send_at"] <= about["now"]):
        return row  # changed before it was locked
    refuse_if(actions.writing_refusals(about))
    refuse_if(await _limit_refusals(tx, row, actor_id))
    recipients = await actions.recipients_of(tx, row)
    if not recipients:
        raise Refused(
            rules.not_booked() if row["audience"] == "gathering" else audience_rules.nobody(row["audience"])
        )
    if fingerprint not in (None, rules.fingerprint(row, recipients)):
        raise OutOfDate(rules.out_of_date())
    for recipient in recipients:
        await _enqueue(tx, context.settings, row, about, recipient)
    await SQL.note_recipients(tx, id=message_id, people=[recipient["id"] for recipient in recipients])
    await SQL.mark_sent(tx, id=message_id, mails=len(recipients))
    subject = (
        {"gathering": str(row["gathering_id"])} if row["gathering_id"] else {"circle": str(row["circle_id"])}
    )
    details = {"mails": len(recipients)} | subject | hosting.acted_as(about["part"])
    await audit.record(
        tx, "message.sent", message_id, actor_id=actor_id, before="draft", after="sent", details=details
    )
    if about["part"] == "organizer":
        await _notify_hosts(tx, context, actor_id, row, about)
    return await actions.message(tx, message_id, actor_id)


async def _lock(tx: db.Tx, message: db.Record) -> None:
    """Lock what the message is about, so that messages are sent and counted one after another, and it itself."""
    if message["gathering_id"]:
        await SQL.lock_gathering(tx, id=message["gathering_id"])
    else:
        await SQL.lock_circle(tx, id=message["circle_id"])
    await SQL.lock_message(tx, id=message["id"])


async def _limit_refusals(tx: db.Tx, message: db.Record, actor_id: UUID) -> list[Reason]:
    reasons = audience_rules.writer_limit_refusals(await SQL.sent_by_today(tx, actor_id=actor_id))
    if message["gathering_id"]:
        today = await SQL.sent_today(tx, gathering=message["gathering_id"])
        return reasons + rules.limit_refusals(message["booking_id"] is not None, today)
    today = await SQL.circle_sent_today(tx, circle=message["circle_id"])
    return reasons + audience_rules.circle_limit_refusals(message["audience"], today)


async def _notify_hosts(
    tx: db.Tx, context: Context, actor_id: UUID, message: db.Record, about: db.Record
) -> None:
    """Notify the hosts that an organizer wrote to their members. What was written stands on the site."""
    actor = (await people.by_ids(tx, [actor_id]))[actor_id]
    to = "one member" if message["booking_id"] else audience_rules.audience_text(message)

    def news(viewer: Viewer) -> str:
        if not actions.is_of_gathering(about):
            return f"{actor.name}, an organizer, wrote to {to}."
        when = clock.format_when(about["starts_at"], about["zone"], viewer)
        return f"{actor.name}, an organizer, wrote to {to} about the gathering of {when}."

    await hosting.notify_hosts(tx, context, about["circle_id"], actor, news)


async def _enqueue(
    tx: db.Tx, settings: Settings, message: db.Record, about: db.Record, recipient: db.Record
) -> None:
    viewer = Viewer.of(recipient["zone"], recipient["clock_hours"])
    ends_at = about["ends_at"] if actions.is_of_gathering(about) else None
    await mail.enqueue(
        tx,
        settings,
        actions.compose(settings, message, about, recipient, viewer),
        to=recipient["email"],
        person_id=recipient["id"],
        reply_to=message["reply_to"],
        about=message["id"],
        useful_until=ends_at if ends_at and ends_at > about["now"] else None,
    )


# At a set time


async def schedule(context: Context, *, actor_id: UUID, message_id: UUID) -> db.Record:
    """Let a draft go by itself at its time. Idempotent. Returns the message.

    Raises NotFound; Refused when its time has passed or it has none.
    """
    async with context.db.transaction() as tx:
        row = await actions.message(tx, message_id, actor_id)
        if row["state"] == "sent":
            return row
        refuse_if(actions.writing_refusals(await actions.about(tx, row, actor_id)))
        if not await SQL.schedule(tx, id=message_id, actor_id=actor_id):
            raise Refused(
                Reason("past", "Its time has passed. Send it now, or change it and give a later time.")
            )
        await audit.record(tx, "message.scheduled", message_id, actor_id=actor_id, after="draft")
        return await actions.message(tx, message_id, actor_id)


@jobs.every("messages.send_due", "* * * * *")
async def send_due(context: Context) -> None:
    """Enqueue the messages whose time has come."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.due(tx)):
            await jobs.enqueue(tx, "messages.send_scheduled", message_id=row["id"], key=str(row["id"]))


@jobs.job("messages.send_scheduled")
async def send_scheduled(context: Context, *, message_id: str) -> None:
    """Send a message whose time has come, to those who are its recipients now. Idempotent.

    Where that is not possible it stays a draft with the reason, and its writer is told.
    """
    try:
        async with context.db.transaction() as tx:
            row = await SQL.one_due(tx, id=message_id)
            if row is None:
                return
            refuse_if(audience_rules.late_refusals(row["send_at"], row["now"]))
            await _send(tx, context, row["written_by"], UUID(message_id), None, if_due=True)
    except Refused as refused:
        await _hold(context, message_id, " ".join(reason.text for reason in refused.reasons))
    except NotFound:
        await _hold(context, message_id, "You may not write to these people any more.")


async def _hold(context: Context, message_id: str, because: str) -> None:
    async with context.db.transaction() as tx:
        writer = await SQL.hold(tx, id=message_id, because=because)
        if writer is None:
            return
        await audit.record(tx, "message.held", UUID(message_id), after="draft", why=because)
        await mail.send(
            tx,
            context.settings,
            "role_news",
            to=writer["email"],
            to_name=writer["name"],
            person_id=writer["person_id"],
            subject=f"{writer['discreet_name']}: your message was not sent",
            lines=[
                "The message that you set a time for was not sent.",
                because,
                "Its text is kept as a draft.",
            ],
            link=f"{context.settings.base_url}/host/messages/{message_id}",
        )
