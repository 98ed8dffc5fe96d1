"""Suspended accounts: sign out everywhere, keep out, let in again."""

from __future__ import annotations

from uuid import UUID

from circles.people.suspended.rules import Suspension
from circles.store import audit, db

SQL = db.queries("people/suspended")


async def suspend_account(tx: db.Tx, person_id: UUID, *, actor_id: UUID) -> None:
    """Mark a locked account as suspended, sign it out everywhere, and take its roles and keys.

    A booking or a sign-in that is just being made waits for this transaction, and is refused then.
    """
    await SQL.suspend(tx, person_id=person_id)
    for row in await db.rows(SQL.sign_out(tx, person_id=person_id)):
        await audit.record(
            tx,
            "sign_in.ended",
            row["id"],
            actor_id=actor_id,
            before="signed in",
            after="signed out",
            why="suspended",
        )
    await SQL.end_feed(tx, person_id=person_id)


async def lift_suspension(tx: db.Tx, person_id: UUID) -> None:
    """Let a locked account sign in again. Nothing else comes back."""
    await SQL.lift(tx, person_id=person_id)


async def current(tx: db.Tx, person_id: UUID) -> Suspension | None:
    """The suspension of a person as they may read it; None when there is none."""
    row = await SQL.current(tx, person_id=person_id)
    return Suspension(row["since"], row["until"], row["reason"]) if row else None


async def is_suspended(tx: db.Tx, person_id: UUID) -> bool:
    """Whether a person is suspended."""
    return await SQL.is_suspended(tx, person_id=person_id)


async def stays_suspended(tx: db.Tx, person_id: UUID) -> bool:
    """Whether a person is suspended; until the end of the transaction nobody can suspend them or lift it."""
    return await SQL.stays_suspended(tx, person_id=person_id)
