"""Sending invites and taking them back, each told once; and the private feeds."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from circles.base.errors import NotFound
from circles.base.settings import Settings
from circles.invites import ics, rules
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/invites")

CAUSES = ("by_member", "by_host", "gathering_cancelled")

# How many feeds stay ready as bytes in one process; a feed is a few kilobytes.
FEEDS_KEPT = 500


# Mail


@jobs.job("invites.send")
async def send(context: Context, *, booking_id: str) -> None:
    """Mail the invite of a confirmed booking, or what has changed of it. Run twice, it mails once."""
    async with context.db.transaction() as tx:
        place = await SQL.place(tx, booking_id=booking_id)
        if place is None or place["state"] != "confirmed":
            return
        invite, sent = await _open(context, tx, place)
        facts = _facts(place)
        due = rules.request_due(sent, place["booking_id"], facts)
        if due:
            await _note(tx, invite, place, "REQUEST", due.sequence, facts)
            calendar = _calendar(context.settings, place, invite, "REQUEST", due.sequence)
            await _mail(tx, context, place, due.kind, calendar=calendar, method="REQUEST")


@jobs.job("invites.withdraw")
async def withdraw(
    context: Context, *, booking_id: str, cause: str = "", reason: str = "", was: str = ""
) -> None:
    """Mail that a booking has ended, why, and what becomes of the money; clear the calendar.

    cause: one of CAUSES, or the booking's own when it is not given; reason: the host's words. was: when it
    started as its person knows it, if it moved since. Run twice, it mails once.
    """
    async with context.db.transaction() as tx:
        place = await SQL.place(tx, booking_id=booking_id)
        if place is None or not rules.ended_by_word(place["state"], place["end_cause"]):
            return
        invite, sent = await _open(context, tx, place)
        due = rules.cancel_due(sent, place["booking_id"])
        if due is None:
            return
        await _note(tx, invite, place, "CANCEL", due.sequence, _facts(place))
        calendar = _calendar(context.settings, place, invite, "CANCEL", due.sequence)
        await _mail(
            tx,
            context,
            {**place, "starts_at": datetime.fromisoformat(was)} if was else place,
            "withdrawn",
            calendar=calendar,
            method="CANCEL" if calendar else None,
            cause=cause if cause in CAUSES else place["end_cause"],
            reason=reason or place["cancel_reason"],
            calendar_too=calendar is not None,
            unpaid=place["state"] == "lapsed",
            refund=rules.refund_words(place["amount"], place["refunded"], place["currency"]),
        )


async def _open(context: Context, tx: db.Tx, place: db.Record) -> tuple[db.Record, list[rules.Sending]]:
    """The invite's row, locked until we commit, and what was mailed for it so far."""
    host = urlsplit(context.settings.base_url).hostname or "localhost"
    uid = rules.uid(place["gathering_id"], place["person_id"], host)
    invite = await SQL.open_invite(
        tx, gathering_id=place["gathering_id"], person_id=place["person_id"], uid=uid
    )
    sent = await db.rows(SQL.sent(tx, invite_id=invite["id"]))
    return invite, [rules.Sending(**row) for row in sent]


def _facts(place: db.Record) -> str:
    return rules.facts(place["starts_at"], place["ends_at"], place["discreet_name"], place["told"])


async def _note(
    tx: db.Tx, invite: db.Record, place: db.Record, method: ics.Method, sequence: int | None, facts: str
) -> None:
    await SQL.note_sending(
        tx,
        invite_id=invite["id"],
        booking_id=place["booking_id"],
        method=method,
        sequence=sequence,
        facts=facts,
    )
    what = "invite.sent" if method == "REQUEST" else "invite.withdrawn"
    await audit.record(
        tx, what, invite["id"], details={"booking": str(place["booking_id"]), "sequence": sequence}
    )


def _calendar(
    settings: Settings, place: db.Record, invite: db.Record, method: ics.Method, sequence: int | None
) -> bytes | None:
    """The calendar part of a mail; None when there is nothing in the calendar to change."""
    if sequence is None:
        return None
    entry = _entry(
        settings, {**place, "uid": invite["uid"], "sequence": sequence, "changed_at": place["now"]}
    )
    return ics.invite(method, entry, _organizer(settings), ics.Party(place["email"], place["person_name"]))


async def _mail(
    tx: db.Tx, context: Context, place: db.Record | dict[str, Any], kind: str, **more: Any
) -> None:
    title = rules.title(place["discreet_name"], place["starts_at"], place["zone"])
    before = {"invite": "", "changed": "Changed: ", "withdrawn": "Cancelled: "}[kind]
    await mail.send(
        tx,
        context.settings,
        kind,
        to=place["email"],
        to_name=place["person_name"],
        subject=before + title,
        person_id=place["person_id"],
        place=place,
        page=page_of(context.settings),
        **more,
    )


# Calendars


def page_of(settings: Settings) -> str:
    """The address of "My gatherings": the way back that mails and calendars hold instead of the place."""
    return f"{settings.base_url}/my/gatherings"


def _organizer(settings: Settings) -> ics.Party:
    return ics.Party(settings.mail_from, settings.community_name)


def _entry(settings: Settings, row: db.Record | dict[str, Any]) -> ics.Entry:
    """A gathering as a calendar holds it. What was never mailed has the UID it would be mailed with."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    return ics.Entry(
        uid=row["uid"] or rules.uid(row["gathering_id"], row["person_id"], host),
        sequence=row["sequence"] or 0,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        summary=row["discreet_name"],
        description=rules.description(
            row["starts_at"], row["zone"], row["length_minutes"], page_of(settings)
        ),
        url=page_of(settings),
        changed_at=row["changed_at"],
        cancelled=row["state"] != "confirmed",
    )


async def invite_file(context: Context, tx: db.Tx, booking_id: UUID, person_id: UUID) -> bytes:
    """The file behind "Add to calendar", for one's own confirmed booking. Raises NotFound.

    It publishes instead of inviting: a program that opens a REQUEST outside its mailbox asks who was meant.
    """
    row = await SQL.one_for_calendar(tx, booking_id=booking_id, person_id=person_id)
    if row is None:
        raise NotFound
    return ics.publish([_entry(context.settings, row)], _organizer(context.settings))


# Feeds


async def feed(context: Context, tx: db.Tx, token: str) -> tuple[bytes, str]:
    """The bytes of a feed and their entity tag. Raises NotFound for a token that no feed has.

    The bytes are kept by everything that stands in them, so they are never stale and seldom made twice.
    """
    rows = await db.rows(SQL.feed(tx, token_hash=rules.token_hash(token)))
    if not rows:
        raise NotFound
    entries = tuple(_entry(context.settings, row) for row in rows if row["booking_id"])
    return _feed_bytes(entries, _organizer(context.settings), context.settings.community_name)


@lru_cache(maxsize=FEEDS_KEPT)
def _feed_bytes(entries: tuple[ics.Entry, ...], organizer: ics.Party, name: str) -> tuple[bytes, str]:
    body = ics.publish(entries, organizer, name)
    return body, rules.etag(body)


async def feed_address(context: Context, tx: db.Tx, person_id: UUID) -> str:
    """The webcal address of a person's own feed; the feed is made the first time it is asked for."""
    return (await feed_and_suggested(context, tx, person_id))[0]


async def feed_and_suggested(context: Context, tx: db.Tx, person_id: UUID) -> tuple[str, int]:
    """The same address, and how many suggestions there are for the person: one query for their page."""
    key = context.settings.signing_key()
    row = await SQL.feed_number(tx, person_id=person_id)
    number = row["number"] or 1
    token = rules.feed_token(key, person_id, number)
    if row["number"] is None:
        await SQL.first_feed(tx, person_id=person_id, token_hash=rules.token_hash(token))
    elif row["token_hash"] != rules.token_hash(token):
        # The house has a new secret: addresses derived from the old one cannot be shown again.
        await SQL.set_feed_hash(tx, person_id=person_id, number=number, token_hash=rules.token_hash(token))
    return f"webcal://{urlsplit(context.settings.base_url).netloc}/feeds/{token}.ics", row["suggested"]


async def new_feed_address(context: Context, *, person_id: UUID) -> None:
    """Give a person's feed a new address; the old one stops working at once."""
    async with context.db.transaction() as tx:
        await feed_address(context, tx, person_id)
        number = await SQL.next_feed_number(tx, person_id=person_id)
        token = rules.feed_token(context.settings.signing_key(), person_id, number)
        await SQL.set_feed_hash(tx, person_id=person_id, number=number, token_hash=rules.token_hash(token))
        await audit.record(tx, "feed.renewed", person_id, actor_id=person_id, after=str(number))
