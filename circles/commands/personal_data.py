"""Personal data: export everything held of one person, or erase them, as store/privacy maps the columns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import directory
from circles.base.errors import NotFound, Reason, refuse_if
from circles.store import audit, db
from circles.store.context import Context
from circles.store.privacy import MAP, Care

SQL = db.queries("commands/personal_data")

# What is done, in this order, so that a row leads to nobody known; the name goes last.
FORGETTING = (
    SQL.forget_keys,
    SQL.forget_requests,
    SQL.forget_mails,
    SQL.forget_feed,
    SQL.forget_credentials,
    SQL.forget_picture,
    SQL.forget_hosting,
    SQL.forget_invitations,
    SQL.forget_notes,
    SQL.forget_messages,
    SQL.forget_reply_address,
    SQL.forget_asking,
    SQL.forget_apart,
    SQL.forget_listing,
    SQL.forget_introductions,
    SQL.forget_short_list,
    SQL.forget_suggestions,
    SQL.forget_accesses,
    SQL.forget_complaints,
    SQL.forget_name,
)


async def export(context: Context, email: str) -> dict[str, list[dict[str, Any]]]:
    """Everything the house holds of one person, by table, as plain values. Raises NotFound."""
    async with context.db.transaction() as tx:
        person = await _find(tx, email)
        found = await SQL.everything_of(tx, person=person)
        await audit.record(tx, "privacy.exported", person)
    return {
        table: [{name: value for name, value in row.items() if _given_out(table, name)} for row in rows or []]
        for table, rows in found.items()
    }


def _given_out(table: str, column: str) -> bool:
    return MAP[table].get(column) is not Care.SECRET


async def erase(context: Context, email: str) -> None:
    """Make a person unknown: their keys, mails and words go, and what must stay says no name.

    What stays (bookings, money, acceptances, the register) leads to a row that names nobody. Raises NotFound,
    and Refused while they still hold a seat ahead, lead a circle, or have money on its way back.
    """
    async with context.db.transaction() as tx:
        person = await _find(tx, email)
        ties = await SQL.ties_of(tx, person=person)
        refuse_if(
            Reason(code, text)
            for code, text in (
                ("seats_ahead", "They still hold a seat ahead: cancel it first, so that it is paid back."),
                ("leads_circle", "They lead a circle: make somebody else its lead first."),
                ("money_due", "Money is still on its way back to them: wait until it has arrived."),
            )
            if ties[code]
        )
        await directory.end_introductions_for_erased(tx, context, person)
        for forget in FORGETTING:
            await forget(tx, person=person)
        await audit.record(tx, "privacy.erased", person, before="known", after="unknown")


async def _find(tx: db.Tx, email: str) -> UUID:
    person = await SQL.find(tx, email=email.strip().lower())
    if person is None:
        raise NotFound
    return person
