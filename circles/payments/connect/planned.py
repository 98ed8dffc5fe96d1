"""The part of a checkout that goes to a connected account: planned when it is asked for, or given up."""

from __future__ import annotations

from uuid import UUID

from circles.payments.connect.rules import Part
from circles.payments.rules import Line
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/connect")


async def lines_and_part(tx: db.Tx, context: Context, row: db.Record) -> tuple[tuple[Line, ...], Part | None]:
    """What a locked checkout pays, and the part that goes to an account, which is noted. One query where none does."""
    rows = await db.rows(
        SQL.lines_and_payee(tx, checkout_id=row["id"], country=context.settings.connect_country)
    )
    lines = tuple(Line(line["booking_id"], line["amount"]) for line in rows)
    first = rows[0]
    if not first["part"]:
        return lines, None
    await SQL.add_connected(
        tx,
        checkout_id=row["id"],
        account_id=first["account_id"],
        amount=first["part"],
        currency=row["currency"],
    )
    return lines, Part(first["destination"], first["part"])


def has_part(request: dict[str, object]) -> bool:
    """Whether the call that creates a checkout asks for a part."""
    payment = request.get("payment_intent_data")
    return isinstance(payment, dict) and "transfer_data" in payment


async def without_part(context: Context, call: db.Record, about: UUID, code: str) -> db.Record | None:
    """The call that creates a checkout, made anew without a part since Stripe refused it with one.

    The account may be restricted since; the member pays all the same, and the community owes the part. None where the
    checkout is not asked for any more.
    """
    async with context.db.transaction() as tx:
        changed = await SQL.ask_without_part(tx, operation_id=call["id"], old_key=call["idempotency_key"])
        if changed is None:  # another request was faster
            return await SQL.call_of(tx, operation_id=call["id"])
        await audit.record(tx, "transfer.given_up", about, why=code)
        if changed["account"]:
            await jobs.enqueue(
                tx, "payments.read_account", stripe_id=changed["account"], key=changed["account"]
            )
        return changed
