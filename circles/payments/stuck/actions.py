"""The verbs of an organizer for stuck money: try again, settle by hand, send back what a finding brought."""

from __future__ import annotations

from uuid import UUID

from circles.base.english import choose, plural
from circles.base.errors import Refused, or_not_found, refuse_if
from circles.payments import checkout
from circles.payments.stuck import rules
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context
from circles.web.monitoring import probe

SQL = db.queries("payments/stuck")
REFUNDS = db.queries("payments/refunds")


async def retry(context: Context, actor: Person, operation_id: UUID) -> None:
    """Send a refund once more, at once. One that failed gets a new key. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_operation(tx, id=operation_id))
        refuse_if(rules.retry_refusals(row))
        await REFUNDS.retry_now(tx, id=operation_id)
        await audit.record(
            tx, "refund.retried", row["about"], actor_id=actor.id, before=row["state"], after="due"
        )
        await jobs.enqueue(tx, "payments.refund", operation_id=operation_id)


async def settle(context: Context, actor: Person, operation_id: UUID, reason: str) -> None:
    """Note that a refund was settled by hand, or dismiss a refused checkout. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_operation(tx, id=operation_id))
        refuse_if(rules.settle_refusals(row, reason))
        await SQL.settle_operation(tx, id=operation_id, actor_id=actor.id, reason=reason)
        what = "checkout.settled" if row["kind"] == "create_checkout" else "refund.settled"
        await audit.record(
            tx,
            what,
            row["about"],
            actor_id=actor.id,
            before=row["state"],
            after="settled",
            why=row["fault"],
        )


async def settle_finding(
    context: Context, actor: Person, finding_id: UUID, reason: str, *, send_back: bool
) -> None:
    """Settle what differed at Stripe: a seat still held for it is free again. Raises NotFound, Refused.

    send_back: the money that it brought is refunded to the person who paid it.
    """
    refuse_if(rules.reason_refusals(reason))
    async with context.db.transaction() as tx:
        if not await checkout.settle_finding(tx, context, actor.id, finding_id, reason, refund=send_back):
            raise Refused(rules.OVER)


@probe.check("money")
async def what_is_stuck(tx: db.Tx) -> str:
    """What /healthz says of money that waits for a person, or of a key that Stripe refuses; empty when all is well."""
    alarms = [
        rules.ALARMS_SHORT.get(row["kind"], rules.OTHER_ALARM_SHORT) for row in await db.rows(SQL.alarms(tx))
    ]
    count = await SQL.waiting_for_a_person(tx)
    what = plural(count, "refund or payment", "refunds or payments")
    waiting = [f"{what} {choose(count, 'waits', 'wait')} for a person"] if count else []
    return "; ".join([*alarms, *waiting])
