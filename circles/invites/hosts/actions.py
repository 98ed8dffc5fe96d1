"""Mail with calendar entries to hosts who want it: what they host is added, follows every change, and goes again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from circles.invites import ics
from circles.invites.hosts import entries, rules
from circles.invites.hosts.rules import Entry
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("invites/hosts")


async def tell_hosts(tx: db.Tx, gathering_ids: Iterable[UUID]) -> None:
    """Have the hosts of these gatherings told of what changed in this transaction, those who want such mail.

    Triggers keep their entries and mark them, so that a gathering that changes elsewhere is told within a minute.
    """
    for row in await db.rows(SQL.people_due(tx, gathering_ids=list(gathering_ids))):
        await _send_soon(tx, row["person_id"])


async def _send_soon(tx: db.Tx, person_id: UUID) -> None:
    # Without a key: a job that runs just now may have read the entries as they were.
    await jobs.enqueue(tx, "invites.send_to_host", person_id=person_id)


@jobs.every("invites.tell_hosts", "* * * * *")
async def tell_all_hosts(context: Context) -> None:
    """Have every host told of what is due."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.everybody_due(tx)):
            await jobs.enqueue(
                tx, "invites.send_to_host", person_id=row["person_id"], key=str(row["person_id"])
            )


@jobs.every("invites.keep_host_entries", "43 * * * *")
async def keep_entries(context: Context) -> None:
    """Mend entries that two changes at the same instant left behind: a new gathering, and a new host of its circle."""
    async with context.db.transaction() as tx:
        await SQL.keep_all(tx)


@jobs.job("invites.send_to_host")
async def send_to_host(context: Context, *, person_id: str) -> None:
    """Mail a host what is due of their entries: one mail for each circle and kind of news. Idempotent."""
    async with context.db.transaction() as tx:
        ids = [row["gathering_id"] for row in await db.rows(SQL.lock_due(tx, person_id=person_id))]
        if not ids:
            return
        rows = await db.rows(SQL.due_mails(tx, person_id=person_id, ids=ids))
        for _, of_mail in groupby(sorted(rows, key=_mail_key), key=_mail_key):
            await _mail(tx, context, list(of_mail))
        await SQL.settle(tx, person_id=person_id, ids=ids)


def _mail_key(row: db.Record) -> tuple[str, str]:
    """What goes into one mail: entries of the same news and circle; those not wanted any more, all together."""
    news = rules.news_of(row)
    return news, "" if news == "unwanted" else str(row["circle_id"])


async def _mail(tx: db.Tx, context: Context, rows: list[db.Record]) -> None:
    """One mail, and one calendar for each gathering: an iTIP message is about one UID (RFC 5546, 3.2.2)."""
    calendars = [await _calendar(tx, context, row) for row in rows]
    told, first = [Entry.of(row) for row in rows], rows[0]
    await mail.send(
        tx,
        context.settings,
        "hosting",
        to=first["email"],
        to_name=first["person_name"],
        subject=rules.subject(told, rules.viewer(first)),
        person_id=first["person_id"],
        calendars=calendars,
        method=first["method"],
        useful_until=max(entry.now.ends_at for entry in told),
        heading=rules.heading(told),
        news=told[0].news,
        entries=told,
    )


async def _calendar(tx: db.Tx, context: Context, row: db.Record) -> bytes:
    """Record the next mail of an entry, which the caller has locked; returns its calendar."""
    method: ics.Method = row["method"]
    recorded = await SQL.record_mail(tx, id=row["id"], method=method, organizer=context.settings.mail_from)
    kind = "invite.sent" if method == "REQUEST" else "invite.withdrawn"
    await audit.record(tx, kind, row["id"], details={"sequence": recorded["sequence"]})
    entry = entries.entry(
        context.settings,
        {**row, **recorded},
        Entry.of(row).now,
        first_line="Hosting.",
        canceled=method == "CANCEL",
    )
    return ics.invite(method, entry, ics.Party(row["email"], row["person_name"]))


async def choose(context: Context, actor: Person, *, by_mail: bool, within: bool) -> None:
    """Whether the actor gets what they host by mail, and in which feed it is. Entries follow at once."""
    async with context.db.transaction() as tx:
        await SQL.choose_mail(tx, actor_id=actor.id, wanted=by_mail)
        await SQL.choose_feed(tx, actor_id=actor.id, within=within)
        await audit.record(
            tx, "host.calendar", actor.id, actor_id=actor.id, details={"mail": by_mail, "within": within}
        )
        await _send_soon(tx, actor.id)
