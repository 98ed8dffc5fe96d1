"""Cash: add rows to its ledger. The caller has checked who may note it, and holds the lock of the booking."""

from __future__ import annotations

from uuid import UUID

from circles.payments.cash import rules
from circles.payments.cash.rules import Kind
from circles.store import audit, db

SQL = db.queries("payments/cash")


async def note_cash(
    tx: db.Tx,
    key: UUID,
    booking_id: UUID,
    kind: Kind,
    amount: int,
    currency: str,
    *,
    actor_id: UUID,
    note: str = "",
) -> bool:
    """Note cash of a booking, in the caller's transaction. Idempotent by its key. Returns whether it was not noted yet.

    amount: minor units; of a correction, the sum that is right. Raises Refused for more given back than was received.
    """
    if await SQL.is_noted(tx, id=key):
        return False
    balance = await SQL.balance(tx, booking=booking_id)
    change = rules.change(kind, amount, balance, currency)
    await SQL.add(
        tx,
        id=key,
        booking=booking_id,
        kind=kind,
        amount=change,
        currency=currency,
        actor_id=actor_id,
        note=note,
    )
    await audit.record(
        tx, "cash.noted", key, actor_id=actor_id, after=kind, why=note, details={"booking": str(booking_id)}
    )
    return True


async def note_walk_in_cash(
    tx: db.Tx, key: UUID, walk_in_id: UUID, amount: int, currency: str, *, actor_id: UUID
) -> None:
    """Note cash that a walk-in paid, in minor units, in the caller's transaction. Idempotent by its key."""
    if await SQL.is_noted(tx, id=key):
        return
    await SQL.add_of_walk_in(
        tx, id=key, walk_in=walk_in_id, amount=amount, currency=currency, actor_id=actor_id
    )
    await audit.record(
        tx, "cash.noted", key, actor_id=actor_id, after="received", details={"walk_in": str(walk_in_id)}
    )


async def correct_walk_in_cash(tx: db.Tx, walk_in_id: UUID, *, actor_id: UUID) -> None:
    """Bring what is noted of a walk-in who was taken off the register again to 0, in the caller's transaction."""
    note = "Taken off the register again"
    for row in await db.rows(SQL.correct_walk_in(tx, walk_in=walk_in_id, actor_id=actor_id, note=note)):
        await audit.record(
            tx,
            "cash.noted",
            row["id"],
            actor_id=actor_id,
            after="correction",
            why=note,
            details={"walk_in": str(walk_in_id)},
        )


async def cash_of(tx: db.Tx, booking_id: UUID) -> int:
    """What is noted in cash of a booking, in minor units."""
    return await SQL.balance(tx, booking=booking_id)
