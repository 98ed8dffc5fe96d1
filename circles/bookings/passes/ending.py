"""How passes end: given back, by an organizer, with their circle or account, expired; and the reminders before."""

from __future__ import annotations

from uuid import UUID

from circles import payments
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.bookings.passes import mails, queries, rules, uses
from circles.bookings.passes.rules import PassRefund
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/passes")

MOST = 100


async def give_back(context: Context, actor: Person, pass_id: UUID, *, shown: int) -> PassRefund:
    """End one's own pass and send back what its terms say. Twice is once. Seats that are booked on it stay.

    shown: what would come back, in minor units, as the person saw it. Raises NotFound, OutOfDate when it is another
    amount by now, or Refused when nothing would come back.
    """
    async with context.db.transaction() as tx:
        await queries.own_pass(tx, actor, pass_id)
        row = await queries.lock(tx, pass_id)
        refund = rules.refund_for(row)
        if row["state"] != "active":
            return refund
        if not refund.amount:
            raise Refused(rules.NOTHING_BACK)
        if refund.amount != shown:
            raise OutOfDate(Reason("refund_changed", f"This changed since you looked. {refund.sentence}"))
        await _end(tx, context, row, "by_member", refund.amount, actor_id=actor.id)
    return refund


async def refund_by_organizer(
    context: Context, actor: Person, pass_id: UUID, *, what: str, reason: str, shown: int
) -> int:
    """End somebody's pass and send back a part of its payment. Returns what goes back, in minor units.

    what: "terms", "unused" (all that is not used) or "all" (all that is left of the payment). shown: the amount that
    the organizer saw. Raises NotFound, OutOfDate, Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row = await queries.lock(tx, pass_id)
        refuse_if(list(rules.organizer_refusals(row, what, reason)))
        if row["person_id"] == actor.id and what != "terms":
            raise Refused(rules.OWN_PASS)
        amount = rules.amount_of(row, what)
        if amount != shown:
            raise OutOfDate(
                Reason("refund_changed", "This changed since you looked. Please look again.", "what")
            )
        if not amount:
            raise Refused(rules.NOTHING_BACK)
        if row["state"] == "active":
            await _end(tx, context, row, "by_organizer", amount, actor_id=actor.id, why=reason.strip())
        else:
            await _send_back(tx, context, row, "by_organizer", amount)
            details = {"amount": amount}
            await audit.record(
                tx,
                "refund.by_hand",
                pass_id,
                actor_id=actor.id,
                after="done",
                why=reason.strip(),
                details=details,
            )
        return amount


async def _end(
    tx: db.Tx,
    context: Context,
    row: db.Record,
    cause: str,
    amount: int,
    *,
    actor_id: UUID | None = None,
    why: str = "",
) -> None:
    """End a locked pass in use, and send so much of its payment back."""
    await SQL.end_pass(tx, pass_id=row["id"], state="ended", cause=cause)
    await audit.record(
        tx, "pass.ended", row["id"], actor_id=actor_id, before="active", after="ended", why=why or cause
    )
    if amount:
        await _send_back(tx, context, row, cause, amount)


async def _send_back(tx: db.Tx, context: Context, row: db.Record, cause: str, amount: int) -> None:
    back = await payments.refund(tx, row["id"], amount, f"pass_{cause}")
    if back:
        await mails.send(tx, context, row, "pass_back", "money comes back to you", reason=cause, amount=back)


@jobs.job("passes.end", group="money")
async def end(context: Context, *, pass_id: str, cause: str) -> None:
    """Job: end a pass that is to end, for the reason of now. Idempotent. cause: the reason when this was enqueued."""
    async with context.db.transaction() as tx:
        row = await queries.lock(tx, UUID(pass_id))
        cause = rules.end_cause_now(row, cause)
        if cause:
            is_lost = cause in ("expired", "refunded")
            await _end(tx, context, row, cause, 0 if is_lost else rules.unused_value(row))


async def end_of_circle(tx: db.Tx, circle_id: UUID) -> None:
    """A circle ends: what is not used of its passes goes back, each in a job of its own."""
    for row in await db.rows(SQL.of_circle(tx, circle_id=circle_id)):
        await _end_soon(tx, row["id"], "circle_ended")


async def _end_soon(tx: db.Tx, pass_id: UUID, cause: str) -> None:
    await jobs.enqueue(tx, "passes.end", pass_id=pass_id, cause=cause, key=str(pass_id))


async def end_of_person(context: Context, person_id: UUID, *, refund: str, actor_id: UUID | None) -> None:
    """End the passes of somebody who is suspended. Idempotent.

    refund: what comes back of what is not used: "all", "terms", "none".
    """
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.of_person(tx, person_id=person_id))
    for one in rows:
        if one["state"] == "held":
            await payments.release(context, one["id"])
            continue
        async with context.db.transaction() as tx:
            row = await queries.lock(tx, one["id"])
            if row["state"] == "active":
                amount = {"all": rules.unused_value(row), "terms": rules.amount_of(row, "terms")}.get(
                    refund, 0
                )
                await _end(tx, context, row, "suspended", amount, actor_id=actor_id)


@jobs.every("passes.follow", "*/10 * * * *")
async def follow(context: Context) -> None:
    """End passes whose time is over, decide about uses that nothing decided, and remind of passes that end soon."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.to_end(tx, most=MOST)):
            await _end_soon(tx, row["id"], row["cause"])
    async with context.db.reading() as tx:
        undecided = await db.rows(SQL.undecided_uses(tx, most=MOST))
    for row in undecided:
        async with context.db.transaction() as tx:
            await uses.follow_end(tx, row["booking_id"], row["end_cause"])
    await _remind(context)


async def _remind(context: Context) -> None:
    first, second = rules.REMINDED_BEFORE
    async with context.db.transaction() as tx:
        for due in await db.rows(SQL.to_remind(tx, first_before=first, second_before=second, most=MOST)):
            if await SQL.note_reminded(tx, pass_id=due["id"], second_before=second):
                row = await SQL.one(tx, pass_id=due["id"])
                left = row["uses"] - row["used"]
                await mails.send(tx, context, row, "pass_ends", "a reminder", left=left)
