"""Reminders: plan those that are due in batches, send each once, switch them off."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from circles import invites
from circles.base.clock import Viewer
from circles.base.errors import or_not_found
from circles.reminders import rules
from circles.reminders.rules import Kind
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("reminders/reminders")

# A job sends so many in one transaction. More would keep the other jobs of its worker waiting for longer than a second.
PER_BATCH = 100
PER_TRANSACTION = 2_000
# A batch whose job is gone is enqueued again after this time.
LOST_AFTER = timedelta(minutes=10)


@jobs.every("reminders.plan", "* * * * *")
async def plan(context: Context) -> None:
    """Plan the reminders that are due, each once, and enqueue their batches."""
    for kind in rules.KINDS.values():
        while await _plan(context, kind) == PER_TRANSACTION:
            pass
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.lost_batches(tx, grace=LOST_AFTER)):
            await _enqueue(tx, row["batch"])


async def _plan(context: Context, kind: Kind) -> int:
    async with context.db.transaction() as tx:
        due = await db.rows(
            SQL.due(tx, kind=kind.name, lead=kind.lead, until=kind.until, most=PER_TRANSACTION)
        )
        for start in range(0, len(due), PER_BATCH):
            rows, batch = due[start : start + PER_BATCH], uuid4()
            bookings, starts = [row["id"] for row in rows], [row["starts_at"] for row in rows]
            await SQL.plan(tx, kind=kind.name, batch=batch, bookings=bookings, starts=starts)
            await _enqueue(tx, batch)
        return len(due)


async def _enqueue(tx: db.Tx, batch: UUID) -> None:
    await jobs.enqueue(tx, "reminders.send", batch=batch, key=str(batch))


@jobs.job("reminders.send")
async def send(context: Context, *, batch: str) -> None:
    """Send the reminders of a batch. Whether each is still wanted and true is decided now. Idempotent."""
    async with context.db.transaction() as tx:
        useless: list[int] = []
        for row in await db.rows(SQL.lock_batch(tx, batch=batch)):
            if row["holds"] and row["now"] < rules.KINDS[row["kind"]].useful_until(row["starts_at"]):
                mail_id = await _mail(tx, context, row)
                await SQL.mark_sent(tx, id=row["id"], mail_id=mail_id)
            else:
                useless.append(row["id"])
        if useless:
            await SQL.delete(tx, ids=useless)


async def _mail(tx: db.Tx, context: Context, row: db.Record) -> UUID:
    settings = context.settings
    viewer = Viewer.of(row["person_zone"], row["clock_hours"])
    choose = f"{settings.base_url}/reminders/{rules.token(settings.signing_key(), row['person_id'])}"
    composed = mail.compose(
        settings,
        "reminder",
        to_name=row["person_name"],
        subject="Reminder: " + invites.title(row["discreet_name"], row["starts_at"], row["zone"], viewer),
        viewer=viewer,
        reminder=row,
        page=f"{settings.base_url}/bookings/{row['booking_id']}",
        choose=choose,
    )
    return await mail.enqueue(
        tx,
        settings,
        composed,
        to=row["email"],
        person_id=row["person_id"],
        useful_until=rules.KINDS[row["kind"]].useful_until(row["starts_at"]),
        unsubscribe_url=choose,
    )


@jobs.every("reminders.forget", "49 3 * * *")
async def forget(context: Context) -> None:
    """Delete reminders a month after their gathering."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)


async def choice(context: Context, tx: db.Tx, token: str) -> db.Record:
    """What the person of a token chose. Raises NotFound for a token that opens nothing."""
    person_id = or_not_found(rules.person_of(context.settings.signing_keys, token))
    return or_not_found(await SQL.choice(tx, person_id=person_id))


async def choose(context: Context, token: str, *, day: bool, hour: bool) -> None:
    """Choose reminders by the key in a mail, without a sign-in. Idempotent. Raises NotFound."""
    person_id = or_not_found(rules.person_of(context.settings.signing_keys, token))
    async with context.db.transaction() as tx:
        or_not_found(await SQL.choose(tx, person_id=person_id, remind_day=day, remind_hour=hour))
        details = {"day": day, "hour": hour}
        await audit.record(tx, "reminders.chosen", person_id, after="by mail", details=details)
