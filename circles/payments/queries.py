"""Reads of money that waits for a person."""

from __future__ import annotations

from circles.store import db

SQL = db.queries("payments/stuck")


async def stuck_money(tx: db.Tx) -> int:
    """How many refunds and findings wait for a person."""
    return await SQL.waiting_for_a_person(tx)
