"""Messages: save a draft, preview its mail, discard it, forget it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from circles import invites
from circles.base import clock
from circles.base.clock import Viewer
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.settings import Settings
from circles.messages import audience_rules, rules
from circles.messages.rules import Draft
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("messages/messages")

# How many people of a circle a host can choose from.
MAX_LISTED = 300


@dataclass(frozen=True, slots=True)
class Preview:
    """A message with what it is about, its recipients and the mail that the first of them gets."""

    message: db.Record
    about: db.Record
    recipients: list[db.Record]
    mail: mail.ComposedMail | None


async def gathering(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    """A gathering for somebody who may write to its members. Raises NotFound."""
    return or_not_found(await SQL.hosted_gathering(tx, id=gathering_id, actor_id=actor_id))


async def circle(tx: db.Tx, circle_id: UUID, actor_id: UUID) -> db.Record:
    """A circle for somebody who may write to its members. Raises NotFound."""
    return or_not_found(await SQL.hosted_circle(tx, id=circle_id, actor_id=actor_id))


async def about(tx: db.Tx, message: db.Record, actor_id: UUID) -> db.Record:
    """The gathering or the circle of a message. Raises NotFound."""
    if message["gathering_id"]:
        return await gathering(tx, message["gathering_id"], actor_id)
    return await circle(tx, message["circle_id"], actor_id)


async def message(tx: db.Tx, message_id: UUID, actor_id: UUID) -> db.Record:
    """A sent message of the actor's circle, or their own draft. Raises NotFound."""
    return or_not_found(await SQL.message(tx, id=message_id, actor_id=actor_id))


async def booked(tx: db.Tx, gathering_id: UUID) -> list[db.Record]:
    """Everybody with a confirmed seat, by name."""
    return await db.rows(SQL.booked(tx, gathering=gathering_id))


async def people_of_circle(tx: db.Tx, about: db.Record) -> list[db.Record]:
    """Whom the hosts of a circle can choose; organizers read no register, so they choose nobody."""
    if about["part"] == "organizer":
        return []
    return await db.rows(SQL.people_of_circle(tx, circle=about["circle_id"], most=MAX_LISTED))


async def of_gathering(tx: db.Tx, gathering: db.Record, actor_id: UUID) -> list[db.Record]:
    """The messages sent about a gathering, and the actor's own drafts. Organizers read no message to one member."""
    of_hosts = gathering["part"] != "organizer"
    return await db.rows(
        SQL.of_gathering(tx, gathering=gathering["id"], actor_id=actor_id, of_hosts=of_hosts)
    )


def writing_refusals(about: db.Record) -> list[Reason]:
    """Every reason why nothing can be written about a gathering or to the people of a circle."""
    return rules.writing_refusals(about) if is_of_gathering(about) else audience_rules.circle_refusals(about)


def is_of_gathering(about: db.Record) -> bool:
    """Whether this is a gathering's row, rather than a circle's."""
    return "starts_at" in about.keys()  # noqa: SIM118 - a row is no mapping


def timing(about: db.Record, viewer: Viewer) -> audience_rules.Timing:
    """How a set time is read for a message about this."""
    last: datetime | None = about["ends_at"] + rules.WRITE_UNTIL if is_of_gathering(about) else None
    return audience_rules.Timing(about["zone"], viewer.hours, about["now"], last)


async def save_draft(
    context: Context,
    *,
    actor_id: UUID,
    gathering_id: UUID | None = None,
    circle_id: UUID | None = None,
    message_id: UUID,
    draft: Draft,
) -> None:
    """Save a new or a changed draft. message_id: made with the form, so that the same form sent twice is one draft.

    Raises NotFound for anybody who may not write about it, Refused when nobody can be written to, OutOfDate when the
    message was sent in the meantime.
    """
    async with context.db.transaction() as tx:
        if gathering_id:
            refuse_if(writing_refusals(await gathering(tx, gathering_id, actor_id)))
        elif circle_id:
            of_circle = await circle(tx, circle_id, actor_id)
            refuse_if(writing_refusals(of_circle))
            audience_refusals = audience_rules.part_refusals(draft.audience, of_circle["part"])
            refuse_if(audience_refusals)
        if draft.booking_id and not await SQL.is_booked(tx, booking=draft.booking_id, gathering=gathering_id):
            raise Refused(rules.not_booked())
        saved = await SQL.save_draft(
            tx,
            id=message_id,
            gathering=gathering_id,
            circle=circle_id,
            actor_id=actor_id,
            **_columns(draft),
        )
        if saved is None:
            raise OutOfDate(
                Reason("sent", "What this form began was sent already. This would be another message.")
            )
        if circle_id:
            await SQL.choose(tx, message=message_id, circle=circle_id, chosen=list(draft.chosen))
        await audit.record(tx, "message.written", message_id, actor_id=actor_id, after="draft")


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "audience": draft.audience,
        "booking": draft.booking_id,
        "body": draft.body,
        "reply_to": draft.reply_to,
        "is_short": draft.is_short,
        "send_wall": draft.moment.wall if draft.moment else None,
        "send_at": draft.moment.utc if draft.moment else None,
    }


async def preview(settings: Settings, tx: db.Tx, message_id: UUID, actor_id: UUID) -> Preview:
    """A message with the mail that its first recipient gets, but on the circle's clock. Raises NotFound.

    Hosts may not see a member's zone.
    """
    row = await message(tx, message_id, actor_id)
    is_about = await about(tx, row, actor_id)
    recipients = await recipients_of(tx, row)
    composed = compose(settings, row, is_about, recipients[0], clock.NOBODY) if recipients else None
    return Preview(row, is_about, recipients, composed)


async def recipients_of(tx: db.Tx, message: db.Record) -> list[db.Record]:
    """Whom a message would go to now, by name."""
    return await db.rows(SQL.recipients(tx, id=message["id"]))


def subject(about: db.Record, viewer: Viewer) -> str:
    """The subject of every message: the discreet name and its reader's day, independent of its content."""
    if is_of_gathering(about):
        return invites.title(about["discreet_name"], about["starts_at"], about["zone"], viewer)
    return f"{about['discreet_name']}: a message"


def compose(
    settings: Settings, message: db.Record, about: db.Record, recipient: db.Record, viewer: Viewer
) -> mail.ComposedMail:
    """The mail for one recipient. It names them, the writer and the circle's discreet name, and nobody else."""
    on_site = f"{settings.base_url}/my/messages/{message['id']}"
    has_seat = is_of_gathering(about) and recipient["booking_id"]
    booking = f"{settings.base_url}/bookings/{recipient['booking_id']}"
    return mail.compose(
        settings,
        "message",
        to_name=recipient["name"],
        subject=subject(about, viewer),
        body=message["body"],
        is_short=message["is_short"],
        reply_to=message["reply_to"],
        from_name=message["from_name"],
        name=about["discreet_name"],
        gathering=about if is_of_gathering(about) else None,
        viewer=viewer,
        page=booking if has_seat else on_site,
        waits=message["audience"] == "waiting",
        on_site=on_site,
    )


async def discard(context: Context, *, actor_id: UUID, message_id: UUID) -> db.Record:
    """Discard the actor's own draft. Returns what it was about. Raises NotFound, for a sent message too."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.discard(tx, id=message_id, actor_id=actor_id))
        await audit.record(tx, "message.discarded", message_id, actor_id=actor_id, before="draft")
        return row


@jobs.every("messages.forget_drafts", "47 3 * * *")
async def forget_drafts(context: Context) -> None:
    """Delete drafts a month after they were last saved, and messages a year after they were sent."""
    async with context.db.transaction() as tx:
        await SQL.forget_drafts(tx)
        await SQL.forget_sent(tx)
