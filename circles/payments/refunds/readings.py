"""Reading Stripe: whatever happened to a payment there, or since a moment, at its dashboard as well."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from circles.base import clock
from circles.payments import gateway
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.refunds import disputes, states
from circles.payments.refunds.rules import RefundSnapshot
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/readings")

# Stripe repeats a webhook for three days; what none told is found by listing. The first listing goes back so far.
FIRST_READING = timedelta(days=30)
# Listings overlap: clocks differ, and a refund may be made at Stripe before its payment is known here.
OVERLAP = timedelta(hours=6)

# The job that an event leads to, and the name of the argument that gets the id of the event's object.
JOBS_OF_EVENTS = {
    "refund.": ("payments.look_at_refund", "stripe_id"),
    "charge.refund.updated": ("payments.look_at_refund", "stripe_id"),
    "charge.refunded": ("payments.read_charge", "charge"),
    "charge.dispute.": ("payments.read_dispute", "stripe_id"),
    "payout.": ("payments.read_payout", "stripe_id"),
}


def job_of_event(type: str) -> tuple[str, str] | None:
    """Which job an event about a refund, a charge, a dispute or a payout leads to; None for another event."""
    return next((job for start, job in JOBS_OF_EVENTS.items() if type.startswith(start)), None)


async def read_payment(context: Context, payment_intent: str) -> None:
    """Read all refunds and disputes of a payment. Raises Unreachable, RefusedByStripe."""
    refunds = await gateway.list_refunds(context, payment_intent=payment_intent)
    opened = await gateway.list_disputes(context, payment_intent=payment_intent)
    await _apply_all(context, refunds)
    for dispute in opened:
        async with context.db.transaction() as tx:
            await disputes.apply(tx, dispute)


async def _apply_all(context: Context, listed: Sequence[RefundSnapshot]) -> None:
    """Apply all refunds of a payment, ours first: what is left then was made at Stripe's dashboard."""
    for snapshot in sorted(listed, key=lambda snapshot: snapshot.operation_id is None):
        async with context.db.transaction() as tx:
            await states.apply(tx, context, snapshot, knows_ours=True)


@jobs.job("payments.read_refunds", group="money")
async def sync_refunds(context: Context, *, payment_intent: str) -> None:
    """Job: read every refund of a payment. Raises Unreachable without an answer: the queue tries again."""
    with suppress(RefusedByStripe):
        await _apply_all(context, await gateway.list_refunds(context, payment_intent=payment_intent))


@jobs.job("payments.read_charge", group="money")
async def sync_charge(context: Context, *, charge: str) -> None:
    """Job: read every refund of a charge that an event was about."""
    try:
        snapshots = await gateway.list_refunds(context, charge=charge)
    except (Unreachable, RefusedByStripe):
        return
    await _apply_all(context, snapshots)


@jobs.every("payments.read_stripe", "*/10 * * * *")
async def read_what_happened(context: Context) -> None:
    """Read the refunds and disputes that were made at Stripe since the last time, whatever webhooks were lost."""
    now = clock.now()
    async with context.db.reading() as tx:
        until = await SQL.read_until(tx)
    since = (until or now - FIRST_READING) - OVERLAP
    try:
        await _read_refunds(context, since)
        for dispute in await gateway.list_disputes(context, since=since):
            async with context.db.transaction() as tx:
                await disputes.apply(tx, dispute)
    except (Unreachable, RefusedByStripe):
        return  # the next run begins where this one did
    async with context.db.transaction() as tx:
        await SQL.note_reading(tx, until=now)


async def _read_refunds(context: Context, since: datetime) -> None:
    listed = await gateway.list_refunds(context, since=since)
    async with context.db.reading() as tx:
        known = {
            (row["stripe_id"], row["stripe_state"])
            for row in await db.rows(SQL.known_refunds(tx, ids=[refund.id for refund in listed]))
        }
    for refund in listed:
        if (refund.id, refund.state) not in known:
            async with context.db.transaction() as tx:
                await states.apply(tx, context, refund)
