"""Reads of the ledger and of failed calls."""

from __future__ import annotations

from uuid import UUID

from circles.payments.rules import FailedCall
from circles.store import db

SQL = db.queries("payments/operations")


async def paid_total(tx: db.Tx, booking_id: UUID) -> int:
    """What was paid for a booking and not refunded, in minor units."""
    return await SQL.paid_total(tx, booking_id=booking_id)


async def failed_calls(tx: db.Tx) -> list[FailedCall]:
    """The calls that Stripe refused, newest first, for an organizer."""
    return [FailedCall(**row) for row in await db.rows(SQL.failed_calls(tx))]
