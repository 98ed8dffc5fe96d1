"""Changes of gatherings: SEQUENCE rises at once, then each person gets one mail with all that changed for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from circles import gatherings, people
from circles.gatherings import Facts
from circles.invites import change_rules, replies, rules, sending
from circles.invites.change_rules import Changed
from circles.invites.hosts.actions import tell_hosts
from circles.store import db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/changes")

LATELY = timedelta(days=3)  # the nightly look reads the invites that changed since then


async def announce_changes(
    tx: db.Tx, gathering_ids: Iterable[UUID], *, line: str = "", actor_id: UUID | None = None
) -> None:
    """Tell everybody with a seat in these gatherings what changed in this transaction; they are locked by the caller.

    The calendar feeds follow when it commits: SEQUENCE and the time of the last change rise here. The mail is one
    for each person, with all that differs from what they were told last; nothing differs, and there is none.

    line: what the actor writes to them, which stands in that mail.
    """
    ids = list(gathering_ids)
    if not ids:
        return
    await SQL.raise_sequences(tx, gathering_ids=ids)
    if line:
        await SQL.add_lines(tx, gathering_ids=ids, line=line, actor_id=actor_id)
    for row in await db.rows(SQL.people_booked(tx, gathering_ids=ids)):
        await _send_soon(tx, row["person_id"])
    await tell_hosts(tx, ids)


async def announce_circle(tx: db.Tx, circle_id: UUID) -> None:
    """The same for every gathering of a circle that is not over: its name, its place or its hosts changed."""
    rows = await db.rows(SQL.gatherings_ahead(tx, circle_id=circle_id))
    await announce_changes(tx, [row["id"] for row in rows])


async def _send_soon(tx: db.Tx, person_id: UUID) -> None:
    # Without a key: a job that runs just now may have read the gatherings as they were.
    await jobs.enqueue(tx, "invites.send_changes", person_id=person_id)


@jobs.job("invites.announce_circle")
async def announce_circle_later(context: Context, *, circle_id: str) -> None:
    """`announce_circle` for features below invites, which enqueue it by its name. Idempotent."""
    async with context.db.transaction() as tx:
        await announce_circle(tx, UUID(circle_id))


@jobs.job("invites.send_changes")
async def send_changes(context: Context, *, person_id: str) -> None:
    """Mail a person what changed of the gatherings they have a seat in, one mail for each circle. Idempotent."""
    async with context.db.transaction() as tx:
        # All of them, in one order, so that two changes never wait for each other.
        await db.rows(SQL.lock_of_person(tx, person_id=person_id))
        rows = [dict(row) for row in await db.rows(SQL.changed(tx, person_id=person_id))]
        due = [row for row in rows if rules.change_due(row, sending.fingerprint(row))]
        names = await host_names(tx, due)
        for _, of_circle in groupby(due, key=lambda row: row["circle_id"]):
            await _mail(tx, context, [Changed.of(row, names) for row in of_circle], names)
        for row in await db.rows(SQL.uninvited(tx, person_id=person_id)):
            await jobs.enqueue(tx, "invites.send", booking_id=row["id"], key=str(row["id"]))


@jobs.every("invites.send_missed_changes", "27 4 * * *")
async def send_missed_changes(context: Context) -> None:
    """Have everybody told of what changed and was not mailed, such as after a job that was dropped.

    What hosts wrote to those booked is forgotten after three months.
    """
    async with context.db.transaction() as tx:
        await SQL.forget_lines(tx)
        for row in await db.rows(SQL.people_untold_lately(tx, lately=LATELY)):
            await _send_soon(tx, row["person_id"])


@jobs.every("invites.send_all_missed_changes", "27 5 * * 0")
async def send_all_missed_changes(context: Context) -> None:
    """The same for whatever changed longer ago. It reads every seat ahead."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.people_untold(tx)):
            await _send_soon(tx, row["person_id"])


async def host_names(tx: db.Tx, rows: Iterable[dict[str, Any]]) -> dict[UUID, str]:
    """The names of all hosts that changes of these rows, of the query `changed`, may name."""
    ids = {
        host
        for row in rows
        if (told := Facts.read_stored(row["last_told"]))
        for host in gatherings.host_ids(told, Facts.read(row["facts"]))
    }
    return {host.id: host.name for host in (await people.by_ids(tx, ids)).values()} if ids else {}


async def _mail(tx: db.Tx, context: Context, changes: list[Changed], names: Mapping[UUID, str]) -> None:
    """One mail, and one calendar for each gathering: an iTIP message is about one UID (RFC 5546, 3.2.2)."""
    calendars = [await sending.request(tx, context.settings, change.booking) for change in changes]
    for change in changes:
        if change.lines:
            await SQL.note_line(
                tx, invite_id=change.booking["invite_id"], last_line=change.booking["last_line"]
            )
    booking = changes[0].booking
    await mail.send(
        tx,
        context.settings,
        "changed",
        to=booking["email"],
        to_name=booking["person_name"],
        subject=change_rules.subject(changes),
        person_id=booking["person_id"],
        calendars=calendars,
        method="REQUEST",
        useful_until=max(change.booking["ends_at"] for change in changes),
        about=booking["booking_id"] if len(changes) == 1 else None,
        changes=changes,
        lines=list(dict.fromkeys(line for change in changes for line in change.lines)),
        answering=replies.answering_text(context.settings, [one.booking["organizer"] for one in changes]),
        name=(changes[0].was or changes[0].now).discreet_name,
        page=sending.my_gatherings_url(context.settings),
        cancel_url=_cancel_url(context, changes),
        hidden=any(change.is_hidden for change in changes),
        may_cancel=any(change.may_cancel for change in changes),
        new_hosts=[
            (names[host], f"{context.settings.base_url}/facilitators/{host}")
            for host in change_rules.new_hosts(changes)
            if host in names
        ],
        paid=any(change.may_cancel and change.booking["all_comes_back"] for change in changes),
    )


def _cancel_url(context: Context, changes: list[Changed]) -> str:
    """Where seats are given back: the page of the one booking, or that of all."""
    if len(changes) > 1:
        return sending.my_gatherings_url(context.settings)
    return f"{context.settings.base_url}/bookings/{changes[0].booking['booking_id']}/cancel"
