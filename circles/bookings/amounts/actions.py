"""The verb of changing what a confirmed seat costs, and what an additional payment does when it arrives."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from circles import payments
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.bookings import queries, transitions
from circles.bookings.actions import LEFT_AFTER
from circles.bookings.amounts import rules
from circles.bookings.amounts.rules import Change
from circles.bookings.rules import BookingInput
from circles.bookings.waiting_list import offers
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("bookings/amounts")


async def preview(tx: db.Tx, actor: Person, booking_id: UUID) -> tuple[db.Record, db.Record, list[Reason]]:
    """A booking of the actor, what they may choose for it, and why they may not. Raises NotFound."""
    row = await queries.own_booking(tx, actor, booking_id)
    choices = or_not_found(await SQL.choices_of(tx, booking_id=booking_id))
    return row, choices, rules.change_refusals(row)


async def change_amount(
    context: Context, actor: Person, booking_id: UUID, sent: BookingInput, *, shown: int
) -> str:
    """Change what the actor's own seat costs; changing it to what it costs already does nothing.

    Less is refunded at once. More is asked for: the seat costs it once that is paid. shown: what the seat cost when the
    person chose, in minor units. Returns the address to pay at, empty where there is nothing to pay. Raises NotFound,
    OutOfDate when it costs something else by now, or Refused with every reason.
    """
    await _end_other_addition(context, actor, booking_id, sent)
    async with context.db.transaction() as tx:
        row = await transitions.lock(tx, booking_id)
        if row["person_id"] != actor.id:
            raise NotFound
        choices = await SQL.choices_of(tx, booking_id=booking_id)
        change = _change(row, choices, sent)
        if rules.is_same(row, change):
            return ""
        if row["amount"] != shown:
            raise OutOfDate(
                Reason("amount_changed", "What this seat costs has changed meanwhile. Please look again.")
            )
        reference = await _apply_or_ask(tx, actor, row, choices, change)
    if reference is None:
        return ""
    is_repeat = reference == choices["reference"]
    address = await _start(context, row, change.extra, reference, is_repeat=is_repeat)
    return address or f"/bookings/{row['id']}/amount"  # where the other press of the same button leads on


def _change(row: db.Record, choices: db.Record, sent: BookingInput) -> Change:
    """The change that was chosen; refused where none is possible, or it is outside the scale."""
    refuse_if(rules.change_refusals(row))
    return rules.change_of(row, rules.scale_of(row, choices["suggested"]), choices["community_left"], sent)


async def _end_other_addition(context: Context, actor: Person, booking_id: UUID, sent: BookingInput) -> None:
    """End an additional payment of another amount that nobody paid yet. Raises Refused while it is undecided."""
    async with context.db.reading() as tx:
        row, choices, refusals = await preview(tx, actor, booking_id)
    refuse_if(refusals)
    if choices["reference"] is None or _change(row, choices, sent).extra == choices["addition"]:
        return
    if await payments.release(context, choices["reference"]) in ("undecided", "unreachable"):
        raise Refused(rules.UNDECIDED)


async def _apply_or_ask(
    tx: db.Tx, actor: Person, row: db.Record, choices: db.Record, change: Change
) -> UUID | None:
    """Apply a change that asks for nothing; else the reference of the additional payment that does.

    Raises OutOfDate when one of another amount was begun since those were ended.
    """
    if choices["reference"] and choices["addition"] != change.extra:
        raise OutOfDate(rules.BEGUN_MEANWHILE)
    if change.extra:
        if choices["reference"]:
            return choices["reference"]
        until = await SQL.in_minutes(tx, minutes=payments.HOLD_MINUTES)
        return await payments.prepare_addition(tx, row["id"], change.extra, row["currency"], until)
    await _set(tx, row, change.kind, change.amount, actor.id)
    if change.refund:
        await payments.refund(tx, row["id"], change.refund, "amount_lowered")
    return None


async def _set(tx: db.Tx, row: db.Record, kind: str, amount: int, actor_id: UUID) -> None:
    await SQL.set_amount(tx, booking_id=row["id"], kind=kind, amount=amount)
    await audit.record(
        tx,
        "booking.amount_changed",
        row["id"],
        actor_id=actor_id,
        before=row["state"],
        after=row["state"],
        details={"was": row["amount"], "now": amount, "was_kind": row["kind"], "now_kind": kind},
    )
    if row["kind"] == "community" and kind != "community":  # there is one more to give
        await offers.offer_seats(tx, row["gathering_id"])


async def _start(context: Context, row: db.Record, extra: int, reference: UUID, *, is_repeat: bool) -> str:
    page = f"{context.settings.base_url}/bookings/{row['id']}"
    try:
        address = await payments.start(
            context,
            reference,
            amount=extra,
            currency=row["currency"],
            name=row["discreet_name"],
            statement=context.settings.statement_name,
            success_url=page,
            cancel_url=f"{page}/amount",
            is_repeat=is_repeat,
        )
    except payments.Unreachable:
        async with context.db.transaction() as tx:
            address = await payments.open_address(tx, context, reference)  # by another request, meanwhile
        if not address:
            raise Refused(rules.NO_CHECKOUT) from None
    return address


@jobs.job("bookings.start_addition", group="money")
async def start_left_addition(context: Context, *, reference: str) -> None:
    """Job: start the checkout of an addition whose request ended before it could. Mostly nothing is left to do."""
    async with context.db.reading() as tx:
        row = await SQL.unstarted(tx, reference=UUID(reference))
    if row is None:
        return
    with suppress(Refused):
        address = await _start(context, row, row["extra"], UUID(reference), is_repeat=True)
        if not address:
            raise jobs.TryAgain(LEFT_AFTER)


async def apply_addition(tx: db.Tx, row: db.Record, extra: int) -> bool:
    """A locked, confirmed seat costs what was paid for it in addition; False where it does not.

    Called in the transaction that moves the checkout, after its money is in the ledger.
    """
    if rules.addition_refusals(row, extra):
        return False
    await _set(tx, row, "paid", row["amount"] + extra, row["person_id"])
    return True
