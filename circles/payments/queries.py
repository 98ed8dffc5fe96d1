"""Reads of the ledger and of failed calls."""

from __future__ import annotations

from circles.payments.rules import FailedCall
from circles.store import db

SQL = db.queries("payments/operations")


async def failed_calls(tx: db.Tx) -> list[FailedCall]:
    """The calls that Stripe refused, newest first, for an organizer."""
    return [FailedCall(**row) for row in await db.rows(SQL.failed_calls(tx))]
