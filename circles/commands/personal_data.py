"""Personal data of one person: export by the map of store/privacy, and erasure by the queries below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from circles import directory, invites
from circles.base.english import choose, plural
from circles.base.errors import NotFound, Reason, refuse_if
from circles.store import audit, db
from circles.store.context import Context
from circles.store.privacy import MAP, Care

SQL = db.queries("commands/personal_data")

# The queries of an erasure, in order; tests/store/test_privacy.py proves that no table is forgotten. The name is last,
# since others find rows by the address.
ERASURE = (
    SQL.erase_keys,
    SQL.erase_kept_forms,
    SQL.erase_requests,
    SQL.erase_mails,
    SQL.erase_unreached,
    SQL.erase_feed,
    SQL.erase_credentials,
    SQL.erase_picture,
    SQL.erase_hosting,
    SQL.erase_host_entries,
    SQL.erase_invitations,
    SQL.erase_export_files,
    SQL.erase_notes,
    SQL.erase_messages,
    SQL.erase_lines,
    SQL.erase_settlements,
    SQL.erase_dispute_answers,
    SQL.erase_payment_notes,
    SQL.erase_accounts,
    SQL.erase_difference_reasons,
    SQL.erase_cash_notes,
    SQL.erase_payout_notes,
    SQL.erase_given,
    SQL.erase_reply_address,
    SQL.erase_role_requests,
    SQL.erase_asking,
    SQL.erase_waits,
    SQL.erase_apart,
    SQL.erase_listing,
    SQL.erase_imported,
    SQL.erase_introductions,
    SQL.erase_short_list,
    SQL.erase_suggestions,
    SQL.erase_accesses,
    SQL.erase_complaints,
    SQL.erase_concerns,
    SQL.erase_letters,
    SQL.erase_facilitator_invitations,
    SQL.erase_merges,
    SQL.erase_suspensions,
    SQL.erase_name,
)


async def export(context: Context, email: str) -> dict[str, list[dict[str, Any]]]:
    """Everything stored about one person, by table, as JSON values. Raises NotFound."""
    async with context.db.transaction() as tx:
        person = await _find(tx, email)
        tables = dict(await SQL.everything_of(tx, person=person))
        for row in await db.rows(
            SQL.joined(tx, person=person)
        ):  # what stayed with an account that was joined to it
            for table, rows in dict(await SQL.everything_of(tx, person=row["id"])).items():
                tables[table] = [*(tables[table] or []), *(rows or [])]
        await audit.record(tx, "privacy.exported", person)
    return {
        table: [
            {name: value for name, value in row.items() if _is_exported(table, name)} for row in rows or []
        ]
        for table, rows in tables.items()
    }


def _is_exported(table: str, column: str) -> bool:
    return MAP[table].get(column) not in (Care.SECRET, Care.CONFIDENTIAL)


async def erase(context: Context, email: str) -> None:
    """Erase a person: their keys, mails and texts are deleted, and their name and address replaced.

    Bookings, money, acceptances and the register stay, and refer to a row without a name. Raises NotFound; Refused
    while they have a booking ahead or a pass with gatherings left, lead a circle, stand in at a gathering ahead, are
    the only organizer, or wait for a refund.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_organizers(tx)
        person = await _find(tx, email)
        refuse_if(_open_matters(await SQL.open_matters_of(tx, person=person)))
        await directory.end_introductions_for_erased(tx, context, person)
        hosted = await db.rows(SQL.co_hosted(tx, person=person))
        await audit.erase_reasons(tx, person)
        for account in [*[row["id"] for row in await db.rows(SQL.joined(tx, person=person))], person]:
            for erase_rows in ERASURE:
                await erase_rows(tx, person=account)
        for circle in hosted:  # members see other hosts from now on
            await invites.announce_circle(tx, circle["circle_id"])
        await audit.record(tx, "privacy.erased", person, before="known", after="unknown")


def _open_matters(row: db.Record) -> Iterator[Reason]:
    """What must end before somebody is erased, and how."""
    if row["seats_ahead"]:
        yield Reason("seats_ahead", "They still have a seat ahead: cancel it first, so that it is paid back.")
    if row["pass_id"]:
        where = f"/organize/passes/{row['pass_id']}"
        yield Reason("has_pass", f"They still have a pass with gatherings left: end it first, at {where}.")
    for circle in row["led"]:
        ahead = f"{plural(circle['gatherings'], 'gathering')} ahead, {plural(circle['seats'], 'seat')} booked"
        text = (
            f"They lead {circle['name']} ({ahead}): hand over the lead or end it first, "
            f"at /organize/circles/{circle['id']}."
        )
        yield Reason("leads_circle", text)
    if row["stand_ins"]:
        text = (
            f"They stand in at {plural(row['stand_ins'], 'gathering')} ahead: let the usual hosts host "
            f"{choose(row['stand_ins'], 'it', 'them')} first, or remove the role at /organize/people."
        )
        yield Reason("stands_in", text)
    if row["last_organizer"]:
        text = "They are the only organizer: make somebody else an organizer first, at /organize/people."
        yield Reason("last_organizer", text)
    if row["money_due"]:
        yield Reason("money_due", "Money is still on its way back to them: wait until it has arrived.")


async def _find(tx: db.Tx, email: str) -> UUID:
    person = await SQL.find(tx, email=email.strip().lower())
    if person is None:
        raise NotFound
    return person
