"""Invites: send and withdraw them, each at most once; and the calendar file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from circles import bookings, gatherings, people
from circles.base.english import plural
from circles.base.errors import or_not_found
from circles.gatherings import Facts
from circles.invites import change_rules, changes, feeds, ics, replies, rules, sending
from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/invites")
CHANGES = db.queries("invites/changes")

CAUSES = ("by_member", "by_host", "gathering_cancelled", "taken_off")


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
        await feeds.make_feed(context, tx, booking["person_id"])  # shown on "My gatherings" from now on
        due = rules.invite_due(sent, booking["booking_id"], invite["sequence"])
        if due is not None:
            settings = context.settings
            recorded = await sending.record(tx, settings, invite["id"], booking, "REQUEST", due)
            calendar = sending.calendar(settings, booking, invite["uid"], "REQUEST", due, recorded)
            differing = await _since_booking(tx, booking)
            await _mail(
                tx,
                context,
                booking,
                "invite",
                calendars=[calendar],
                method="REQUEST",
                organizers=[recorded["organizer"]],
                changes=differing,
            )
    # What changed while this was read and sent is told after it.
    await changes.send_changes(context, person_id=str(booking["person_id"]))


async def resend(tx: db.Tx, context: Context, booking_id: UUID) -> bool:
    """Mail the invite of a confirmed booking once more, with the same SEQUENCE, in the caller's transaction.

    Returns whether it was: not where its first mail, or one of a change, is still on its way.
    """
    await SQL.keep_in_place(tx, booking_id=booking_id)
    booking = await SQL.booking(tx, booking_id=booking_id)
    if booking is None or booking["state"] != "confirmed":
        return False
    invite, sent = await sending.lock_invite(tx, context.settings, booking)
    due = rules.resend_due(sent, booking_id, invite["sequence"])
    if due is None:
        return False
    last = {"changed_at": invite["changed_at"], "organizer": invite["organizer"]}
    calendar = sending.calendar(context.settings, booking, invite["uid"], "REQUEST", due, last)
    await _mail(
        tx,
        context,
        booking,
        "invite",
        calendars=[calendar],
        method="REQUEST",
        organizers=[invite["organizer"]],
        changes=[],
    )
    return True


@jobs.job("invites.send_several")
async def send_several(context: Context, *, booking_ids: Sequence[str]) -> None:
    """Mail the invites of bookings that were confirmed together, in one mail with a calendar of each. Idempotent."""
    settings, booked, calendars, organizers = context.settings, [], [], []
    async with context.db.transaction() as tx:
        for booking in await _confirmed(tx, booking_ids):
            invite, sent = await sending.lock_invite(tx, settings, booking)
            due = rules.invite_due(sent, booking["booking_id"], invite["sequence"])
            if due is None:
                continue
            recorded = await sending.record(tx, settings, invite["id"], booking, "REQUEST", due)
            calendars.append(sending.calendar(settings, booking, invite["uid"], "REQUEST", due, recorded))
            booked.append(booking)
            organizers.append(recorded["organizer"])
        if not booked:
            return
        await feeds.make_feed(context, tx, booked[0]["person_id"])
        # Under the first of them, where the pages of all look for it.
        first = next((one for one in booked if str(one["booking_id"]) == booking_ids[0]), booked[0])
        await _mail(
            tx,
            context,
            first,
            "invites",
            calendars=calendars,
            method="REQUEST",
            organizers=organizers,
            together=booked,
        )
    # What changed since they were booked is told after it.
    await changes.send_changes(context, person_id=str(booked[0]["person_id"]))


async def _confirmed(tx: db.Tx, booking_ids: Sequence[str]) -> list[db.Record]:
    """Those of the bookings that are confirmed, in the order of time; none moves to another gathering meanwhile."""
    for booking_id in sorted(booking_ids):
        await SQL.keep_in_place(tx, booking_id=booking_id)
    rows = [await SQL.booking(tx, booking_id=booking_id) for booking_id in booking_ids]
    confirmed = [row for row in rows if row and row["state"] == "confirmed"]
    return sorted(confirmed, key=lambda row: row["starts_at"])


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
            receipts=_receipts(ended),
            refund=bookings.refund_text(
                bookings.total_of(bookings.MoneyBack.of(one.booking) for one in ended)
            ),
            on_pass=bookings.pass_texts(
                [one.booking["on_pass"] for one in ended if one.booking["on_pass"]],
                booking["zone"],
                rules.viewer(booking),
            ),
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """A booking that is withdrawn, with the time its person knows, and the calendar that removes its entry."""

    booking: dict[str, Any]
    calendar: bytes | None


def _receipts(ended: Sequence[Ended]) -> list[dict[str, str]]:
    """The receipts of seats that ended, each once."""
    receipts = [one.booking["receipt"] for one in ended if one.booking["receipt"]]
    return list({one["id"]: one for one in receipts}.values())


async def _withdraw(tx: db.Tx, context: Context, booking_id: str, was: str) -> list[Ended | None]:
    """Withdraw a booking and those that ended together with it, so that one mail tells of all."""
    rows = await db.rows(CHANGES.ended_together(tx, booking_id=booking_id))
    if len(rows) > 1:  # in the order in which every change locks them
        await db.rows(CHANGES.lock_of_booking(tx, booking_id=booking_id))
    return [await withdraw_one(tx, context, row["id"], was) for row in rows]


async def lock_of_booking(tx: db.Tx, booking_id: UUID) -> None:
    """Lock the invites of a booking's person, in the order in which every change locks them."""
    await db.rows(CHANGES.lock_of_booking(tx, booking_id=booking_id))


async def withdraw_one(tx: db.Tx, context: Context, booking_id: UUID, was: str) -> Ended | None:
    """Withdraw the invite of a booking that ended; None where that was mailed, or needs no mail. was: as `withdraw`."""
    booking = await SQL.booking(tx, booking_id=booking_id)
    if booking is None or not rules.is_ended_deliberately(booking["state"], booking["end_cause"]):
        return None
    invite, sent = await sending.lock_sent_invite(tx, context.settings, booking)
    due = rules.cancel_due(sent, booking["booking_id"], invite["sequence"])
    if due is None:
        return None
    settings = context.settings
    recorded = await sending.record(tx, settings, invite["id"], booking, "CANCEL", due.sequence)
    told = invite["told"] if due.sequence is not None else None
    known = change_rules.last_known(dict(booking), told, datetime.fromisoformat(was) if was else None)
    row = {**booking, **known}
    if due.sequence is None:
        return Ended(row, None)
    calendar = sending.calendar(settings, row, invite["uid"], "CANCEL", due.sequence, recorded)
    return Ended(row, calendar)


async def _mail(
    tx: db.Tx,
    context: Context,
    booking: sending.Booking,
    kind: str,
    *,
    calendars: Sequence[bytes],
    method: ics.Method,
    organizers: Sequence[str | None] = (),
    **more: Any,
) -> None:
    title = rules.title(
        booking["discreet_name"], booking["starts_at"], booking["zone"], rules.viewer(booking)
    )
    several = more.get("ended") or more.get("together") or ()
    if len(several) > 1:
        title = f"{booking['discreet_name']}, {plural(len(several), 'gathering')}"
    await mail.send(
        tx,
        context.settings,
        kind,
        to=booking["email"],
        to_name=booking["person_name"],
        subject=f"Canceled: {title}" if kind == "withdrawn" else title,
        person_id=booking["person_id"],
        calendars=calendars,
        method=method,
        useful_until=None
        if kind == "withdrawn"
        else max(one["ends_at"] for one in more.get("together", [booking])),
        about=booking["booking_id"],
        booking=booking,
        page=sending.my_gatherings_url(context.settings),
        answering=replies.answering_text(context.settings, organizers),
        **more,
    )


# Calendars


async def invite_file(context: Context, tx: db.Tx, booking_id: UUID, actor_id: UUID) -> bytes:
    """The file of "Add to calendar", for the actor's own confirmed booking. Raises NotFound.

    Its method is PUBLISH: a program that opens a REQUEST outside its mailbox asks which attendee is meant.
    """
    row = or_not_found(await SQL.calendar_booking(tx, booking_id=booking_id, actor_id=actor_id))
    return ics.publish([sending.entry(context.settings, row)])
