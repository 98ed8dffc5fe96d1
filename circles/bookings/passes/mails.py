"""Mails about a pass to its person: discreet subjects, and a link back to its page."""

from __future__ import annotations

from typing import Any

from circles.bookings.receipts import actions as receipts
from circles.store import db, mail
from circles.store.context import Context


async def send(tx: db.Tx, context: Context, row: db.Record, kind: str, subject: str, **more: Any) -> None:
    """Enqueue a mail about a pass. kind: its template; more: what it says besides. Nobody is mailed who was erased."""
    if row["email"].endswith("@gone.invalid"):
        return
    of_pass = await receipts.of_pass(tx, row["id"])
    await mail.send(
        tx,
        context.settings,
        kind,
        to=row["email"],
        to_name=row["person_name"],
        subject=f"{row['discreet_name']}: {subject}",
        person_id=row["person_id"],
        row=row,
        receipts=of_pass,
        **more,
    )
