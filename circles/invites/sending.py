"""One sending of an invite: its row locked, SEQUENCE, what it told, and the calendar that goes with the mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import bookings
from circles.base.settings import Settings
from circles.invites import ics, replies, rules
from circles.store import audit, db

SQL = db.queries("invites/invites")

Booking = db.Record | dict[str, Any]


async def lock_sent_invite(
    tx: db.Tx, settings: Settings, booking: Booking
) -> tuple[db.Record, list[rules.Sending]]:
    """The invite with which a booking that ended was mailed, or else as `lock_invite`."""
    invite = await SQL.lock_sent_invite(tx, booking_id=booking["booking_id"])
    return await _with_sendings(tx, invite) if invite else await lock_invite(tx, settings, booking)


async def lock_invite(
    tx: db.Tx, settings: Settings, booking: Booking
) -> tuple[db.Record, list[rules.Sending]]:
    """The invite's row, locked until the commit, and what was mailed for it so far."""
    uid = bookings.seat_uid(booking["gathering_id"], booking["person_id"], host_name(settings))
    invite = await SQL.lock_invite(
        tx,
        gathering_id=booking["gathering_id"],
        person_id=booking["person_id"],
        uid=uid,
    )
    return await _with_sendings(tx, invite)


async def _with_sendings(tx: db.Tx, invite: db.Record) -> tuple[db.Record, list[rules.Sending]]:
    sent = await db.rows(SQL.sendings(tx, invite_id=invite["id"]))
    return invite, [rules.Sending(**row) for row in sent]


def host_name(settings: Settings) -> str:
    """The host of every UID."""
    return bookings.uid_host(settings.base_url)


def fingerprint(booking: Booking) -> str:
    """The hash that a sending keeps of what the calendar shows."""
    return rules.fingerprint(
        booking["starts_at"], booking["ends_at"], booking["discreet_name"], booking["told"]
    )


async def record(
    tx: db.Tx,
    settings: Settings,
    invite_id: UUID,
    booking: Booking,
    method: ics.Method,
    sequence: int | None,
) -> db.Record:
    """Record that a mail of an invite is being sent. A REQUEST tells the facts of the booking's row.

    Returns changed_at, the time of the last change, which its calendar has as the feed does, and its organizer.
    """
    recorded = await SQL.record_sending(
        tx,
        invite_id=invite_id,
        booking_id=booking["booking_id"],
        method=method,
        sequence=sequence,
        fingerprint=fingerprint(booking),
        told=booking["facts"] if method == "REQUEST" else None,
        organizer=settings.mail_from,
    )
    kind = "invite.sent" if method == "REQUEST" else "invite.withdrawn"
    await audit.record(
        tx, kind, invite_id, details={"booking": str(booking["booking_id"]), "sequence": sequence}
    )
    return recorded


async def request(tx: db.Tx, settings: Settings, booking: db.Record | Any) -> bytes:
    """Record the next REQUEST of a booking whose invite the caller has locked; returns its calendar."""
    sequence = max(booking["sequence"], booking["last_sequence"] + 1)
    recorded = await record(tx, settings, booking["invite_id"], booking, "REQUEST", sequence)
    return calendar(settings, booking, booking["uid"], "REQUEST", sequence, recorded)


def calendar(
    settings: Settings, booking: Booking, uid: str, method: ics.Method, sequence: int, recorded: Booking
) -> bytes:
    """The calendar of a mail to the person of a booking. recorded: of `record`."""
    row = {**booking, **recorded, "uid": uid, "sequence": sequence}
    attendee = ics.Party(booking["email"], booking["person_name"])
    rsvp = method == "REQUEST" and replies.are_read(settings, row["organizer"])
    return ics.invite(method, entry(settings, row), attendee, rsvp=rsvp)


def my_gatherings_url(settings: Settings) -> str:
    """The URL of "My gatherings". Mails and calendars link it instead of naming the place."""
    return f"{settings.base_url}/my/gatherings"


def organizer(settings: Settings, address: str | None = None) -> ics.Party:
    """The mailbox that sends invites.

    address: from which an invite was sent first. It stays the ORGANIZER, since calendar programs take an update from
    the same organizer alone, though the site may send from another mailbox by now.
    """
    return ics.Party(address or settings.mail_from, settings.mail_name)


def entry(settings: Settings, row: Booking) -> ics.Entry:
    """A gathering as a calendar entry. One that was never mailed has the UID it would be mailed with."""
    return ics.Entry(
        uid=row["uid"] or bookings.seat_uid(row["gathering_id"], row["person_id"], host_name(settings)),
        sequence=row["sequence"] or 0,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        summary=row["discreet_name"],
        description=rules.description(
            row["starts_at"],
            row["zone"],
            row["length_minutes"],
            my_gatherings_url(settings),
            rules.viewer(row),
        ),
        url=my_gatherings_url(settings),
        changed_at=row["changed_at"],
        canceled=row["state"] != "confirmed",
        alarms=rules.alarms(row),
        organizer=organizer(settings, row["organizer"]),
    )
