"""The verb of an organizer for a difference: settle it by hand, with a reason."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from circles.base.errors import Refused, or_not_found, refuse_if
from circles.payments.reconciliation import rules
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("payments/reconciliation")


# So many are settled by one press.
MOST = 1000


async def settle_with_others(context: Context, actor: Person, difference_id: UUID, reason: str) -> int:
    """Settle a difference and all others of its kind, with the same reason; how many. Raises NotFound, Refused."""
    await settle(context, actor, difference_id, reason)
    async with context.db.reading() as tx:
        kind = (await SQL.difference(tx, id=difference_id))["kind"]
        others = await db.rows(SQL.open_of_kind(tx, kind=kind, most=MOST))
    settled = 1
    for row in others:
        with suppress(Refused):  # by somebody else meanwhile
            await settle(context, actor, row["id"], reason)
            settled += 1
    return settled


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
