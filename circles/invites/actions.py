"""Invites: send and withdraw them, each at most once; and the private calendar feeds."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from circles.base.errors import NotFound, or_not_found
from circles.base.settings import Settings
from circles.invites import ics, rules
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/invites")

CAUSES = ("by_member", "by_host", "gathering_cancelled")

# Feeds cached as bytes in one process; a feed is a few kilobytes.
MAX_CACHED_FEEDS = 500


# Mail


async def send_change_soon(tx: db.Tx, booking_id: UUID, *, by_new_law: bool = False) -> None:
    """Enqueue the invite of a booking whose gathering changes in this transaction.

    by_new_law: it keeps its wall time, and moves in UTC because its zone has a new law.
    Without a key: a job that runs just now may have read the gathering as it was.
    """
    # Named only where it says something: a worker of yesterday's code does not know it.
    more: dict[str, Any] = {"by_new_law": True} if by_new_law else {}
    await jobs.enqueue(tx, "invites.send", booking_id=booking_id, **more)


@jobs.job("invites.send")
async def send(context: Context, *, booking_id: str, by_new_law: bool = False) -> None:
    """Mail the invite of a confirmed booking, or its change. Idempotent."""
    async with context.db.transaction() as tx:
        booking = await SQL.booking(tx, booking_id=booking_id)
        if booking is None or booking["state"] != "confirmed":
            return
        invite, sent = await _lock_invite(context, tx, booking)
        fingerprint = _fingerprint(booking)
        due = rules.request_due(sent, booking["booking_id"], fingerprint)
        if due:
            await _record(tx, invite, booking, "REQUEST", due.sequence, fingerprint)
            calendar = _calendar(context.settings, booking, invite, "REQUEST", due.sequence)
            await _mail(
                tx, context, booking, due.kind, calendar=calendar, method="REQUEST", by_new_law=by_new_law
            )


@jobs.job("invites.withdraw")
async def withdraw(
    context: Context, *, booking_id: str, cause: str = "", reason: str = "", was: str = ""
) -> None:
    """Mail that a booking has ended, why, and what is refunded; remove it from the calendar. Idempotent.

    cause: one of CAUSES, by default the booking's own; reason: the host's text. was: the start that the member
    knows, in ISO format, if the gathering moved since.
    """
    async with context.db.transaction() as tx:
        booking = await SQL.booking(tx, booking_id=booking_id)
        if booking is None or not rules.is_ended_deliberately(booking["state"], booking["end_cause"]):
            return
        invite, sent = await _lock_invite(context, tx, booking)
        due = rules.cancel_due(sent, booking["booking_id"])
        if due is None:
            return
        await _record(tx, invite, booking, "CANCEL", due.sequence, _fingerprint(booking))
        calendar = _calendar(context.settings, booking, invite, "CANCEL", due.sequence)
        await _mail(
            tx,
            context,
            {**booking, "starts_at": datetime.fromisoformat(was)} if was else booking,
            "withdrawn",
            calendar=calendar,
            method="CANCEL" if calendar else None,
            cause=cause if cause in CAUSES else booking["end_cause"],
            reason=reason or booking["cancel_reason"],
            has_calendar=calendar is not None,
            unpaid=booking["state"] == "lapsed",
            refund=rules.refund_sentence(booking["amount"], booking["refunded"], booking["currency"]),
        )


async def _lock_invite(
    context: Context, tx: db.Tx, booking: db.Record
) -> tuple[db.Record, list[rules.Sending]]:
    """The invite's row, locked until the commit, and what was mailed for it so far."""
    host = urlsplit(context.settings.base_url).hostname or "localhost"
    uid = rules.uid(booking["gathering_id"], booking["person_id"], host)
    invite = await SQL.lock_invite(
        tx, gathering_id=booking["gathering_id"], person_id=booking["person_id"], uid=uid
    )
    sent = await db.rows(SQL.sendings(tx, invite_id=invite["id"]))
    return invite, [rules.Sending(**row) for row in sent]


def _fingerprint(booking: db.Record) -> str:
    return rules.fingerprint(
        booking["starts_at"], booking["ends_at"], booking["discreet_name"], booking["told"]
    )


async def _record(
    tx: db.Tx,
    invite: db.Record,
    booking: db.Record,
    method: ics.Method,
    sequence: int | None,
    fingerprint: str,
) -> None:
    await SQL.record_sending(
        tx,
        invite_id=invite["id"],
        booking_id=booking["booking_id"],
        method=method,
        sequence=sequence,
        fingerprint=fingerprint,
    )
    kind = "invite.sent" if method == "REQUEST" else "invite.withdrawn"
    await audit.record(
        tx, kind, invite["id"], details={"booking": str(booking["booking_id"]), "sequence": sequence}
    )


def _calendar(
    settings: Settings, booking: db.Record, invite: db.Record, method: ics.Method, sequence: int | None
) -> bytes | None:
    """The calendar part of a mail; None when the calendar has no entry to change."""
    if sequence is None:
        return None
    entry = _entry(
        settings, {**booking, "uid": invite["uid"], "sequence": sequence, "changed_at": booking["now"]}
    )
    return ics.invite(
        method, entry, _organizer(settings), ics.Party(booking["email"], booking["person_name"])
    )


async def _mail(
    tx: db.Tx, context: Context, booking: db.Record | dict[str, Any], kind: str, **more: Any
) -> None:
    title = rules.title(booking["discreet_name"], booking["starts_at"], booking["zone"])
    await mail.send(
        tx,
        context.settings,
        kind,
        to=booking["email"],
        to_name=booking["person_name"],
        subject={"invite": "", "changed": "Changed: ", "withdrawn": "Canceled: "}[kind] + title,
        person_id=booking["person_id"],
        useful_until=None if kind == "withdrawn" else booking["ends_at"],
        booking=booking,
        page=my_gatherings_url(context.settings),
        **more,
    )


# Calendars


def my_gatherings_url(settings: Settings) -> str:
    """The URL of "My gatherings". Mails and calendars link it instead of naming the place."""
    return f"{settings.base_url}/my/gatherings"


def _organizer(settings: Settings) -> ics.Party:
    return ics.Party(settings.mail_from, settings.community_name)


def _entry(settings: Settings, row: db.Record | dict[str, Any]) -> ics.Entry:
    """A gathering as a calendar entry. One that was never mailed has the UID it would be mailed with."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    return ics.Entry(
        uid=row["uid"] or rules.uid(row["gathering_id"], row["person_id"], host),
        sequence=row["sequence"] or 0,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        summary=row["discreet_name"],
        description=rules.description(
            row["starts_at"], row["zone"], row["length_minutes"], my_gatherings_url(settings)
        ),
        url=my_gatherings_url(settings),
        changed_at=row["changed_at"],
        canceled=row["state"] != "confirmed",
    )


async def invite_file(context: Context, tx: db.Tx, booking_id: UUID, actor_id: UUID) -> bytes:
    """The file of "Add to calendar", for the actor's own confirmed booking. Raises NotFound.

    Its method is PUBLISH: a program that opens a REQUEST outside its mailbox asks which attendee is meant.
    """
    row = or_not_found(await SQL.calendar_booking(tx, booking_id=booking_id, actor_id=actor_id))
    return ics.publish([_entry(context.settings, row)], _organizer(context.settings))


# Feeds


async def feed(context: Context, tx: db.Tx, token: str) -> tuple[bytes, str]:
    """The bytes of a feed and their entity tag. Raises NotFound for an unknown token.

    The cache is keyed by the whole content, so it is never stale.
    """
    rows = await db.rows(SQL.feed(tx, token_hash=rules.token_hash(token)))
    if not rows:
        raise NotFound
    entries = tuple(_entry(context.settings, row) for row in rows if row["booking_id"])
    return _feed_bytes(entries, _organizer(context.settings), context.settings.community_name)


@lru_cache(maxsize=MAX_CACHED_FEEDS)
def _feed_bytes(entries: tuple[ics.Entry, ...], organizer: ics.Party, name: str) -> tuple[bytes, str]:
    body = ics.publish(entries, organizer, name)
    return body, rules.etag(body)


async def feed_address(context: Context, tx: db.Tx, person_id: UUID) -> str:
    """The webcal URL of a person's own feed, which is created the first time."""
    return (await feed_and_more(context, tx, person_id))[0]


async def feed_and_more(context: Context, tx: db.Tx, person_id: UUID) -> tuple[str, db.Record]:
    """The same URL, and the row it is read from: the number of suggestions (suggested), and the open requests."""
    key = context.settings.signing_key()
    row = await SQL.feed_number(tx, person_id=person_id)
    number = row["number"] or 1
    token = rules.feed_token(key, person_id, number)
    if row["number"] is None:
        await SQL.first_feed(tx, person_id=person_id, token_hash=rules.token_hash(token))
    elif row["token_hash"] != rules.token_hash(token):
        # The site has a new secret: a token derived from the old one cannot be made again.
        await SQL.set_feed_hash(tx, person_id=person_id, number=number, token_hash=rules.token_hash(token))
    return f"webcal://{urlsplit(context.settings.base_url).netloc}/feeds/{token}.ics", row


async def renew_feed(context: Context, *, actor_id: UUID) -> None:
    """Give the actor's feed a new URL; the old one stops working at once."""
    async with context.db.transaction() as tx:
        await feed_address(context, tx, actor_id)
        number = await SQL.next_feed_number(tx, person_id=actor_id)
        token = rules.feed_token(context.settings.signing_key(), actor_id, number)
        await SQL.set_feed_hash(tx, person_id=actor_id, number=number, token_hash=rules.token_hash(token))
        await audit.record(tx, "feed.renewed", actor_id, actor_id=actor_id, after=str(number))
