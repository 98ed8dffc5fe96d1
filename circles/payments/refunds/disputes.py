"""Disputes of payments: stored as Stripe answers them, their money in the ledger, never answered by a refund."""

from __future__ import annotations

from uuid import UUID, uuid4

from circles.payments import gateway
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.refunds import rules, states
from circles.payments.refunds.rules import DisputeMove, DisputeSnapshot
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/disputes")
REFUNDS = db.queries("payments/refunds")

# Why a refund is open again whose money a dispute took and gave back.
WON = "dispute_won"
# Why a refund did not go out that goes on after its dispute, by our own word and by Stripe's: the latter once, when the
# dispute ends, since Stripe may say the same again.
OURS = ("disputed", WON)
STRIPES = ("charge_disputed", "charge_for_pending_refund_disputed")


@jobs.job("payments.read_dispute", group="money")
async def sync_dispute(context: Context, *, stripe_id: str) -> None:
    """Job: read a dispute from Stripe. The timetable repeats it until it is over."""
    try:
        snapshot = await gateway.retrieve_dispute(context, stripe_id)
    except Unreachable:
        return
    except RefusedByStripe:  # it does not know it: keys or account changed
        async with context.db.transaction() as tx:
            await SQL.put_off_reading(tx, stripe_id=stripe_id)
        return
    async with context.db.transaction() as tx:
        await apply(tx, snapshot)


async def apply(tx: db.Tx, snapshot: DisputeSnapshot) -> None:
    """Store a dispute as it is now, and bring the ledger to what Stripe took and gave back. Idempotent."""
    payment = await SQL.disputed_payment(tx, payment_intent=snapshot.payment_intent)
    if payment is None:  # of another site on the same account, or of a payment that is not here yet
        return
    await REFUNDS.lock_payment(tx, checkout_id=payment["checkout_id"])
    before = await SQL.state_of(tx, stripe_id=snapshot.id)
    if before in rules.DISPUTE_OVER and snapshot.state not in rules.DISPUTE_OVER:
        return  # an answer from before it was over
    await SQL.save_dispute(
        tx,
        stripe_id=snapshot.id,
        booking_id=payment["booking_id"],
        checkout_id=payment["checkout_id"],
        amount=snapshot.amount,
        currency=snapshot.currency,
        state=snapshot.state,
        reason=snapshot.reason,
        fee=snapshot.fee,
        answer_by=snapshot.answer_by,
        made_at=snapshot.made_at,
        is_over=snapshot.state in rules.DISPUTE_OVER,
    )
    for move in snapshot.moves:
        await _record(tx, payment, snapshot, move)
    if before != snapshot.state:
        booking_id, what = payment["booking_id"], f"dispute.{snapshot.state}"
        await audit.record(
            tx, what, booking_id, before=before or "", after=snapshot.state, why=snapshot.reason
        )
        await jobs.enqueue(tx, "disputes.news", key=f"{snapshot.id} {snapshot.state}")
    if rules.lets_refunds_go_on(snapshot):
        await _go_on(tx, payment, OURS if before in rules.DISPUTE_OVER else OURS + STRIPES)


async def _go_on(tx: db.Tx, payment: db.Record, faults: tuple[str, ...]) -> None:
    """Send what disputes kept from going out and did not take, once none of the payment is open."""
    for row in await db.rows(SQL.refunds_kept(tx, checkout_id=payment["checkout_id"], faults=list(faults))):
        booking_id = row["booking_id"]
        await REFUNDS.retry_now(tx, id=row["id"])
        details = {"amount": row["owed"]}
        await audit.record(
            tx, "refund.due", booking_id, before="failed", after="due", why="dispute_over", details=details
        )
        await jobs.enqueue(tx, "payments.refund", operation_id=row["id"])


async def _record(tx: db.Tx, payment: db.Record, dispute: DisputeSnapshot, move: DisputeMove) -> None:
    """Bring one movement of money into the ledger, once, and count it against refunds that are still to be sent.

    Of a payment of several bookings each has its share, see rules.attribute and rules.give_back.
    """
    checkout_id, amount = payment["checkout_id"], move.amount or dispute.amount
    parts = await states.parts_of(tx, checkout_id)
    shares = rules.attribute(amount, parts) if move.withdrawn else rules.give_back(amount, parts)
    for number, (booking_id, share) in enumerate(shares, 1):
        recorded = await SQL.add_move(
            tx,
            booking_id=booking_id,
            checkout_id=checkout_id,
            kind="dispute" if move.withdrawn else "dispute_returned",
            amount=-share if move.withdrawn else share,
            currency=dispute.currency,
            stripe_id=rules.share_id(move.id, number),
        )
        if not recorded:  # the first share: all of them were recorded together
            return
        if move.withdrawn:
            nothing = UUID(int=0)
            await states.cover(
                tx, booking_id, checkout_id, share, other_than=nothing, why="dispute", disputed=True
            )
        else:
            await _uncover(tx, booking_id, checkout_id, share)


async def _uncover(tx: db.Tx, booking_id: UUID, checkout_id: UUID, amount: int) -> None:
    """Money of a dispute is ours again: what of it was to be refunded is open again, until no dispute is.

    Never more than is left: a later dispute, known before the end of this one, may have taken the same money.
    """
    part = next(part for part in await states.parts_of(tx, checkout_id) if part.booking_id == booking_id)
    amount = max(0, min(amount, part.balance - part.owed))
    for row in await db.rows(REFUNDS.disputed_refunds(tx, booking_id=booking_id, checkout_id=checkout_id)):
        part = min(amount, row["disputed"])
        if not part:
            return
        amount -= part
        if row["stripe_id"] is None:
            await REFUNDS.uncover(tx, id=row["id"], amount=part, fault=WON)
        else:
            await REFUNDS.take_off(tx, id=row["id"], amount=part)
            await REFUNDS.add_kept(
                tx,
                id=uuid4(),
                booking_id=booking_id,
                checkout_id=checkout_id,
                amount=part,
                reason=row["reason"],
                fault=WON,
            )
        await audit.record(
            tx,
            "refund.open_again",
            booking_id,
            before=row["state"],
            after="failed",
            why=WON,
            details={"amount": part},
        )
