"""The verb of an organizer for a difference: settle it by hand, with a reason."""

from __future__ import annotations

from uuid import UUID

from circles.base.errors import or_not_found, refuse_if
from circles.payments.reconciliation import rules
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("payments/reconciliation")


async def settle(context: Context, actor: Person, difference_id: UUID, reason: str) -> None:
    """Settle a difference by hand: the ledger then says what Stripe says of it. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_difference(tx, id=difference_id))
        refuse_if(rules.settle_refusals(row, reason))
        if row["transaction_id"]:
            await SQL.settle_transaction(tx, id=row["transaction_id"])
        await SQL.settle_difference(
            tx, id=difference_id, actor_id=actor.id, reason=reason, posted=rules.posted_by_settling(row)
        )
        await audit.record(
            tx,
            "difference.settled",
            difference_id,
            actor_id=actor.id,
            before="open",
            after="settled",
            why=row["kind"],
        )
