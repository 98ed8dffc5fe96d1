"""Invites: send and withdraw them, each at most once; the calendar file; and the private calendar feeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from circles import bookings, gatherings, people
from circles.base.english import plural
from circles.base.errors import NotFound, or_not_found
from circles.gatherings import Facts
from circles.invites import change_rules, changes, ics, rules, sending
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/invites")
CHANGES = db.queries("invites/changes")

CAUSES = ("by_member", "by_host", "gathering_cancelled")

# Feeds cached as bytes in one process; a feed is a few kilobytes.
MAX_CACHED_FEEDS = 500


# Mail


@jobs.job("invites.send")
async def send(context: Context, *, booking_id: str) -> None:
    """Mail the invite of a confirmed booking, or what changed of it. Idempotent."""
    async with context.db.transaction() as tx:
        await SQL.keep_in_place(tx, booking_id=booking_id)
        booking = await SQL.booking(tx, booking_id=booking_id)
        if booking is None or booking["state"] != "confirmed":
            return
        invite, sent = await sending.lock_invite(tx, context.settings, booking)
        await make_feed(context, tx, booking["person_id"])  # shown on "My gatherings" from now on
        due = rules.invite_due(sent, booking["booking_id"], invite["sequence"])
        if due is not None:
            at = await sending.record(tx, invite["id"], booking, "REQUEST", due)
            calendar = sending.calendar(context.settings, booking, invite["uid"], "REQUEST", due, at)
            differing = await _since_booking(tx, booking)
            await _mail(
                tx, context, booking, "invite", calendars=[calendar], method="REQUEST", changes=differing
            )
    # What changed while this was read and sent is told after it.
    await changes.send_changes(context, person_id=str(booking["person_id"]))


async def _since_booking(tx: db.Tx, booking: db.Record) -> list[gatherings.Difference]:
    """What changed between the booking and its first mail."""
    was, now = Facts.read_stored(booking["known"]), Facts.read(booking["facts"])
    if was is None or was == now:
        return []
    ids = gatherings.host_ids(was, now)
    names = {host.id: host.name for host in (await people.by_ids(tx, ids)).values()} if ids else {}
    return gatherings.differences(was, now, names, viewer=rules.viewer(booking), shown=gatherings.DISCREET)


@jobs.job("invites.withdraw")
async def withdraw(
    context: Context, *, booking_id: str, cause: str = "", reason: str = "", was: str = ""
) -> None:
    """Mail that a booking has ended, why, and what is refunded; remove it from the calendar. Idempotent.

    Those of the same person whose gatherings were canceled together with it are told in the same mail.

    The mail and its calendar say the time and the name that the person was told last, which may have changed since.

    cause: one of CAUSES, by default the booking's own; reason: the host's text. was: the start that a member who was
    never told anything knows, in ISO format, if the gathering moved since.
    """
    async with context.db.transaction() as tx:
        ended = [one for one in await _withdraw(tx, context, booking_id, was) if one]
        if not ended:
            return
        booking = ended[0].booking
        await _mail(
            tx,
            context,
            booking,
            "withdrawn",
            calendars=[one.calendar for one in ended if one.calendar],
            method="CANCEL",
            ended=ended,
            cause=cause if cause in CAUSES else booking["end_cause"],
            reason=reason or booking["cancel_reason"],
            unpaid=booking["state"] == "lapsed",
            refund=bookings.refund_text(
                bookings.total_of(bookings.MoneyBack.of(one.booking) for one in ended)
            ),
        )


@dataclass(frozen=True, slots=True)
class _Ended:
    """A booking that is withdrawn, with the time its person knows, and the calendar that removes its entry."""

    booking: dict[str, Any]
    calendar: bytes | None


async def _withdraw(tx: db.Tx, context: Context, booking_id: str, was: str) -> list[_Ended | None]:
    """Withdraw a booking and those that ended together with it, so that one mail tells of all."""
    rows = await db.rows(CHANGES.ended_together(tx, booking_id=booking_id))
    if len(rows) > 1:  # in the order in which every change locks them
        await db.rows(CHANGES.lock_of_booking(tx, booking_id=booking_id))
    return [await _withdraw_one(tx, context, row["id"], was) for row in rows]


async def _withdraw_one(tx: db.Tx, context: Context, booking_id: UUID, was: str) -> _Ended | None:
    booking = await SQL.booking(tx, booking_id=booking_id)
    if booking is None or not rules.is_ended_deliberately(booking["state"], booking["end_cause"]):
        return None
    invite, sent = await sending.lock_sent_invite(tx, context.settings, booking)
    due = rules.cancel_due(sent, booking["booking_id"], invite["sequence"])
    if due is None:
        return None
    changed_at = await sending.record(tx, invite["id"], booking, "CANCEL", due.sequence)
    told = invite["told"] if due.sequence is not None else None
    known = change_rules.last_known(dict(booking), told, datetime.fromisoformat(was) if was else None)
    row = {**booking, **known}
    if due.sequence is None:
        return _Ended(row, None)
    calendar = sending.calendar(context.settings, row, invite["uid"], "CANCEL", due.sequence, changed_at)
    return _Ended(row, calendar)


async def _mail(
    tx: db.Tx,
    context: Context,
    booking: sending.Booking,
    kind: str,
    *,
    calendars: Sequence[bytes],
    method: ics.Method,
    **more: Any,
) -> None:
    title = rules.title(
        booking["discreet_name"], booking["starts_at"], booking["zone"], rules.viewer(booking)
    )
    if len(more.get("ended", ())) > 1:
        title = f"{booking['discreet_name']}, {plural(len(more['ended']), 'gathering')}"
    await mail.send(
        tx,
        context.settings,
        kind,
        to=booking["email"],
        to_name=booking["person_name"],
        subject={"invite": "", "withdrawn": "Canceled: "}[kind] + title,
        person_id=booking["person_id"],
        calendars=calendars,
        method=method,
        useful_until=None if kind == "withdrawn" else booking["ends_at"],
        about=booking["booking_id"],
        booking=booking,
        page=sending.my_gatherings_url(context.settings),
        **more,
    )


# Calendars


async def invite_file(context: Context, tx: db.Tx, booking_id: UUID, actor_id: UUID) -> bytes:
    """The file of "Add to calendar", for the actor's own confirmed booking. Raises NotFound.

    Its method is PUBLISH: a program that opens a REQUEST outside its mailbox asks which attendee is meant.
    """
    row = or_not_found(await SQL.calendar_booking(tx, booking_id=booking_id, actor_id=actor_id))
    return ics.publish([sending.entry(context.settings, row)], sending.organizer(context.settings))


# Feeds


async def feed(context: Context, tx: db.Tx, token: str) -> tuple[bytes, str]:
    """The bytes of a feed and their entity tag. Raises NotFound for an unknown token.

    The cache is keyed by the whole content, so it is never stale.
    """
    rows = await db.rows(SQL.feed(tx, token_hash=rules.token_hash(token)))
    if not rows:
        raise NotFound
    entries = tuple(sending.entry(context.settings, _as_last_told(row)) for row in rows if row["booking_id"])
    return _feed_bytes(entries, sending.organizer(context.settings), context.settings.mail_name)


def _as_last_told(row: db.Record) -> sending.Booking:
    """An ended booking stands in a feed as its mail has it."""
    values = dict(row)
    return values | change_rules.last_known(values, row["last_told"], None) if row["last_told"] else values


@lru_cache(maxsize=MAX_CACHED_FEEDS)
def _feed_bytes(entries: tuple[ics.Entry, ...], organizer: ics.Party, name: str) -> tuple[bytes, str]:
    body = ics.publish(entries, organizer, name)
    return body, rules.etag(body)


async def make_feed(context: Context, tx: db.Tx, person_id: UUID) -> str:
    """The webcal URL of a person's own feed, which is made the first time.

    Where the site has a new secret, it is another URL than before; the one of before goes on working.
    """
    key = context.settings.signing_key()
    await SQL.first_feed(
        tx, person_id=person_id, token_hash=rules.token_hash(rules.feed_token(key, person_id, 1))
    )
    number = (await SQL.feed_number(tx, person_id=person_id))["number"]
    token = rules.token_hash(rules.feed_token(key, person_id, number))
    await SQL.follow_secret(tx, person_id=person_id, number=number, token_hash=token)
    return (await feed_and_more(context, tx, person_id))[0]


async def feed_and_more(context: Context, tx: db.Tx, person_id: UUID) -> tuple[str, db.Record]:
    """The URL of a person's feed, and the row it is read from, with the number of suggestions and the open requests.

    Empty where there is no feed yet, and where the site has a new secret and no URL was made from it (`make_feed`).
    """
    row = await SQL.feed_number(tx, person_id=person_id)
    if row["number"] is None:
        return "", row
    token = rules.feed_token(context.settings.signing_key(), person_id, row["number"])
    if row["token_hash"] != rules.token_hash(token):
        return "", row
    return f"webcal://{urlsplit(context.settings.base_url).netloc}/feeds/{token}.ics", row


async def show_feed(context: Context, *, actor_id: UUID) -> None:
    """Make the URL that the actor's page shows. See `make_feed`."""
    async with context.db.transaction() as tx:
        await make_feed(context, tx, actor_id)


async def renew_feed(context: Context, *, actor_id: UUID) -> None:
    """Give the actor's feed a new URL; the old one stops working at once."""
    async with context.db.transaction() as tx:
        await renew_feed_within(tx, context, actor_id)


async def renew_feed_within(tx: db.Tx, context: Context, actor_id: UUID) -> None:
    """The same in the caller's transaction."""
    key = context.settings.signing_key()
    first = rules.token_hash(rules.feed_token(key, actor_id, 1))
    number = await SQL.next_feed_number(tx, person_id=actor_id, token_hash=first)
    token = rules.feed_token(key, actor_id, number)
    await SQL.set_feed_hash(tx, person_id=actor_id, number=number, token_hash=rules.token_hash(token))
    await audit.record(tx, "feed.renewed", actor_id, actor_id=actor_id, after=str(number))


async def end_feeds(context: Context) -> int:
    """End the address of every feed and tell whose they were, because others may know the secret of the site.

    Returns how many feeds there were.
    """
    lines = [
        "The private address of your calendar feed has changed, so that it stays private.",
        "If a calendar of yours follows it, please subscribe again with the new address on My gatherings. Calendar "
        "entries that came by mail stay as they are.",
    ]
    async with context.db.transaction() as tx:
        people = await db.rows(SQL.end_feeds(tx))
        for row in people:
            await mail.send(
                tx, context.settings, "role_news", to=row["email"], to_name=row["name"], person_id=row["id"],
                subject="About your account", lines=lines, link=f"{context.settings.base_url}/my/gatherings",
            )  # fmt: skip
            await audit.record(tx, "feed.ended", row["id"])
    return len(people)
