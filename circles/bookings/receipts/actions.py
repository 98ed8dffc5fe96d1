"""Mailing a receipt: with a payment that no other mail confirms, and once more by an organizer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.base.errors import or_not_found, refuse_if
from circles.base.settings import Settings
from circles.bookings.receipts import rules
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("bookings/receipts")


async def send_again(context: Context, actor: Person, receipt_id: UUID) -> str:
    """Mail a receipt once more, to the address of its person and to no other; its name. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = await read(tx, receipt_id)
        refuse_if(rules.send_refusals(row["email"]))
        await _mail(tx, context.settings, row)
        await audit.record(
            tx, "receipt.sent", row["person_id"], actor_id=actor.id, details={"receipt": row["name"]}
        )
    return row["name"]


async def mail_of_reference(tx: db.Tx, settings: Settings, reference: UUID) -> None:
    """Mail the receipt of a payment that no other mail confirms, in the caller's transaction. See checkout_named."""
    if receipt_id := await SQL.of_reference(tx, reference=reference):
        await _mail(tx, settings, await read(tx, receipt_id))


async def read(tx: db.Tx, receipt_id: UUID, person_id: UUID | None = None) -> db.Record:
    """A receipt with its lines and dates; where a person is named, one of theirs. Raises NotFound."""
    return or_not_found(await SQL.receipt(tx, id=receipt_id, person_id=person_id))


async def of_booking(tx: db.Tx, booking_id: UUID) -> list[dict[str, Any]]:
    """The id and the name of the receipts of whatever paid a booking, the newest first."""
    return [dict(row) for row in await db.rows(SQL.of_booking(tx, booking_id=booking_id))]


async def of_pass(tx: db.Tx, pass_id: UUID) -> list[dict[str, Any]]:
    """The same of a pass."""
    return [dict(row) for row in await db.rows(SQL.of_pass(tx, pass_id=pass_id))]


async def _mail(tx: db.Tx, settings: Settings, row: db.Record) -> None:
    zone = settings.community.zone
    await mail.send(
        tx,
        settings,
        "receipt",
        to=row["email"],
        to_name=row["person_name"],
        subject=f"{row['discreet_name']}: your receipt {row['name']}",
        person_id=row["person_id"],
        receipt=row,
        date=rules.day_words(row["at"], zone),
        lines=[(rules.day_words(line.at, zone), line) for line in rules.lines_of(row["name"], row["lines"])],
        sums=rules.sums_of(row["lines"], row["currency"]),
    )
