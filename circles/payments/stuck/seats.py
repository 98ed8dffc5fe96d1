"""Verbs of an organizer about seats that wait for money: give one for money judged right, let one go.

Both lock the gathering first, then the checkout, then the finding.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from circles.base.errors import Refused, or_not_found, refuse_if
from circles.payments import checkout, findings, gateway, sync
from circles.payments.gateway import RefusedByStripe
from circles.payments.stuck import rules
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/stuck")
CHECKOUTS = db.queries("payments/checkouts")
OPERATIONS = db.queries("payments/operations")
FINDINGS = db.queries("payments/findings")


async def give(context: Context, actor: Person, finding_id: UUID, reason: str) -> None:
    """Give the seat for the money of a finding: what really came is in the ledger, once, and the booking is confirmed.

    Raises NotFound, and Refused where the money or the gathering does not allow it: nothing changes then.
    """
    async with context.db.transaction() as tx:
        booking = await SQL.lock_gathering_of(tx, booking_id=await findings.booking_of(tx, finding_id))
        if booking["kind"] != "paid":
            raise Refused(rules.NOT_TO_PAY)
        reference = await findings.reference_of(tx, finding_id)
        row = await checkout.lock_or_add(tx, reference, booking["amount"], booking["currency"])
        finding = await findings.lock(tx, finding_id)
        asked = {"kind": booking["kind"], "currency": booking["currency"], "state": row["state"]}
        asked |= {"covers": row["covers"], "amount": row["amount"]}
        refuse_if([*rules.give_refusals(finding, asked), *rules.reason_refusals(reason)])
        await _accept(tx, row, finding)
        await findings.settle(tx, actor.id, finding, reason)
        await FINDINGS.note_seat_given(tx, id=finding_id)
        await audit.record(
            tx,
            "checkout.paid",
            booking["id"],
            actor_id=actor.id,
            before=row["state"],
            after="paid",
            why="accepted",
            details={"amount": finding["amount"], "asked": row["amount"]},
        )
        await sync.notify(tx, context, row, "accepted")


async def _accept(tx: db.Tx, row: db.Record, finding: db.Record) -> None:
    """Bring the money of a finding into the ledger as the payment of a locked checkout."""
    other = await CHECKOUTS.accept_money(
        tx,
        id=row["id"],
        stripe_id=finding["stripe_id"],
        payment_intent=finding["payment_intent"],
        amount=finding["amount"],
    )
    await CHECKOUTS.add_payments(tx, checkout_id=row["id"], stripe_id=finding["stripe_id"])
    await OPERATIONS.operation_done(tx, id=row["operation_id"], stripe_id=finding["stripe_id"])
    if other:  # nobody is to pay a second time
        await jobs.enqueue(tx, "payments.end_checkout", stripe_id=other, key=other)


@jobs.job("payments.end_checkout", group="money")
async def end_checkout(context: Context, *, stripe_id: str) -> None:
    """Job: end a checkout at Stripe that is not ours any more. Money that came by it meanwhile becomes a finding."""
    with suppress(RefusedByStripe):
        await gateway.expire_checkout(context, stripe_id)


async def ask_again(context: Context, checkout_id: UUID) -> None:
    """Have Stripe asked again about a payment that is not decided. Raises NotFound, Refused."""
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.lock_undecided(tx, id=checkout_id))
        refuse_if(rules.undecided_refusals(row))
        await sync.sync_checkout_soon(tx, row["booking_id"])


async def stop_waiting(context: Context, actor: Person, checkout_id: UUID, reason: str) -> None:
    """Let the seat go whose payment a bank never decided. Raises NotFound, Refused.

    Money that arrives after all gets the seat again if one is free, and goes back else.
    """
    async with context.db.transaction() as tx:
        reference = or_not_found(await SQL.reference_of_checkout(tx, id=checkout_id))
        booking_id = await CHECKOUTS.booking_named(tx, reference=reference)
        await SQL.lock_gathering_of(tx, booking_id=booking_id)
        row = or_not_found(await SQL.lock_undecided(tx, id=checkout_id))
        refuse_if([*rules.undecided_refusals(row), *rules.reason_refusals(reason)])
        await sync.fail(tx, context, reference, rules.UNDECIDED, "debit_failed")
        await SQL.settle_operation(tx, id=row["operation_id"], actor_id=actor.id, reason=reason)
        await audit.record(
            tx,
            "checkout.settled",
            booking_id,
            actor_id=actor.id,
            before="open",
            after="settled",
            why=rules.UNDECIDED,
        )
