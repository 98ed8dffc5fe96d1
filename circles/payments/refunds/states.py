"""What becomes of refunds at Stripe: followed from sent to done or failed, those made at its dashboard as well.

A refund is in the ledger while its money is on its way or has arrived, as in Stripe's own books.
Every function locks the checkout first and its operations second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from circles.payments import gateway
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.refunds import rules
from circles.payments.refunds.rules import AT_STRIPE, OwnRefund, PaymentPart, RefundSnapshot, RefundState
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("payments/refunds")


# The name of the job stays as it was first chosen: jobs queued by an older version still run.
@jobs.job("payments.look_at_refund", group="money")
async def sync_refund(context: Context, *, stripe_id: str) -> None:
    """Job: read a refund's state from Stripe and move ours. The timetable repeats it until it is final."""
    try:
        snapshot = await gateway.retrieve_refund(context, stripe_id)
    except Unreachable:
        return
    except RefusedByStripe as error:  # it does not know it: keys or account changed
        async with context.db.transaction() as tx:
            await SQL.put_off_reading(tx, ids=rules.share_ids(stripe_id), fault=error.code)
        return
    async with context.db.transaction() as tx:
        await apply(tx, context, snapshot)


async def apply(tx: db.Tx, context: Context, snapshot: RefundSnapshot, *, knows_ours: bool = False) -> None:
    """Move the refund that Stripe answered: ours, or one made at its dashboard, which is followed from now on.

    knows_ours: whether all refunds of the payment were listed, and ours applied before.
    """
    place = await _place_of(tx, snapshot)
    if place is None:  # of another site on the same account, or of a payment that is not here yet
        return
    if place["checkout_id"]:
        await SQL.lock_payment(tx, checkout_id=place["checkout_id"])
        # Another job may have recorded it while this one waited for the lock.
        place = await _place_of(tx, snapshot) or place
    row = await SQL.lock_refund(tx, id=place["id"]) if place["id"] else None
    if row is None or _is_another(row, snapshot):
        # Of which bookings it is depends on what went back of each, and of a call that is under way nobody knows that.
        if not knows_ours and await SQL.is_call_under_way(tx, checkout_id=place["checkout_id"]):
            intent = snapshot.payment_intent
            await jobs.enqueue(tx, "payments.read_refunds", payment_intent=intent, key=intent)
            return
        shares = await _adopt(tx, place, snapshot)
    else:
        shares = await _shares(tx, place, snapshot) or [(row, snapshot)]
    for share, part in shares:
        await _move(tx, context, share, part)


async def _place_of(tx: db.Tx, snapshot: RefundSnapshot) -> db.Record | None:
    return await SQL.refund_of(
        tx,
        operation_id=snapshot.operation_id,
        stripe_id=snapshot.id,
        payment_intent=snapshot.payment_intent,
    )


async def _shares(
    tx: db.Tx, place: db.Record, snapshot: RefundSnapshot
) -> list[tuple[db.Record, RefundSnapshot]]:
    """The operations that follow a refund made at Stripe of several bookings, each with its part of Stripe's answer."""
    ids = rules.share_ids(snapshot.id)
    rows = await db.rows(SQL.shares_of(tx, checkout_id=place["checkout_id"], ids=ids))
    if len(rows) < 2:
        return []
    return [(row, replace(snapshot, id=_own_share(row, ids), amount=row["amount"])) for row in rows]


def _own_share(row: db.Record, ids: Sequence[str]) -> str:
    return next(id for id in ids if id == row["stripe_id"] or id in row["failed_ids"])


def _is_another(row: db.Record, snapshot: RefundSnapshot) -> bool:
    """Whether a refund at Stripe names an operation of ours that has another one there already."""
    ours = _own(row)
    return ours.is_live and snapshot.id != ours.stripe_id and snapshot.id not in ours.failed_ids


def _own(row: db.Record) -> OwnRefund:
    return OwnRefund(row["state"], row["stripe_id"], row["stripe_state"], row["failed_ids"])


async def _adopt(
    tx: db.Tx, place: db.Record, snapshot: RefundSnapshot
) -> list[tuple[db.Record, RefundSnapshot]]:
    """Follow a refund made at Stripe: each booking's share of it is an operation, with its part of Stripe's answer.

    It counts against whatever is still to be refunded of the same payment; see rules.attribute.
    """
    if not snapshot.is_live or place["checkout_id"] is None:
        return []
    checkout_id, shares = place["checkout_id"], []
    parts = await parts_of(tx, checkout_id)
    of_bookings = rules.attribute(snapshot.amount, parts, named=place["booking_id"])
    for number, (booking_id, amount) in enumerate(of_bookings, 1):
        operation_id, share = (
            uuid4(),
            replace(snapshot, id=rules.share_id(snapshot.id, number), amount=amount),
        )
        await SQL.adopt_refund(
            tx,
            id=operation_id,
            booking_id=booking_id,
            checkout_id=checkout_id,
            stripe_id=share.id,
            amount=amount,
            reason=AT_STRIPE,
        )
        await cover(tx, booking_id, checkout_id, amount, other_than=operation_id, why=AT_STRIPE)
        shares.append((await SQL.lock_refund(tx, id=operation_id), share))
    return shares


async def parts_of(tx: db.Tx, checkout_id: UUID) -> list[PaymentPart]:
    """What a locked payment holds of each of its bookings, in the order of its lines."""
    rows = await db.rows(SQL.parts_of_payment(tx, checkout_id=checkout_id))
    return [
        PaymentPart(row["booking_id"], row["balance"], row["owed"], row["disputed"], row["is_over"])
        for row in rows
    ]


async def cover(
    tx: db.Tx,
    booking_id: UUID,
    checkout_id: UUID,
    amount: int,
    *,
    other_than: UUID,
    why: str,
    disputed: bool = False,
) -> None:
    """Count money that went back in another way against a payment's refunds still to be sent, the oldest first."""
    owed = SQL.owed_refunds(tx, booking_id=booking_id, checkout_id=checkout_id, other_than=other_than)
    for row in await db.rows(owed):
        part = min(amount, row["owed"])
        if not part:
            return
        amount -= part
        await SQL.cover(tx, id=row["id"], amount=part, disputed=part if disputed else 0)
        after = "done" if part == row["owed"] else row["state"]
        await audit.record(
            tx,
            "refund.covered",
            booking_id,
            before=row["state"],
            after=after,
            why=why,
            details={"amount": part},
        )


async def _move(tx: db.Tx, context: Context, row: db.Record, snapshot: RefundSnapshot) -> None:
    ours = _own(row)
    state = rules.next_refund_state(ours, snapshot)
    if state is None or ((state, snapshot.id) == (row["state"], row["stripe_id"]) and ours.stripe_state):
        if ours.is_live and snapshot.id == ours.stripe_id:
            await SQL.refund_read(tx, id=row["id"], wait=_next_reading(row, row["state"]))
        return
    if state == "failed":
        await _fail_at_stripe(tx, context, row, snapshot)
        return
    await SQL.refund_lives(
        tx,
        id=row["id"],
        state=state,
        stripe_id=snapshot.id,
        stripe_state=snapshot.state,
        amount=snapshot.amount,
        wait=_next_reading(row, state),
    )
    await SQL.add_refunded(tx, operation_id=row["id"], stripe_id=snapshot.id, amount=snapshot.amount)
    if state != row["state"]:
        await audit.record(
            tx, f"refund.{state}", row["about"], before=row["state"], after=state, why=snapshot.state
        )


def _next_reading(row: db.Record, state: RefundState) -> object:
    since = row["sent_at"] or row["done_at"] or row["now"]
    return rules.next_reading(state, row["now"] - since)


async def _fail_at_stripe(tx: db.Tx, context: Context, row: db.Record, snapshot: RefundSnapshot) -> None:
    if row["state"] == "failed" or (row["state"] == "done" and not _own(row).is_live):
        await SQL.note_failed_id(tx, id=row["id"], stripe_id=snapshot.id)
        return
    await SQL.add_returned(tx, stripe_id=snapshot.id)
    fault = rules.refund_fault(snapshot)
    # One that somebody made at Stripe is theirs to repeat.
    await fail(tx, row["id"], fault, stripe_id=snapshot.id, wait=row["reason"] != AT_STRIPE)
    if row["state"] != "due" and not row["failed_ids"]:
        await _tell(tx, context, row["id"])


async def fail(tx: db.Tx, operation_id: UUID, fault: str, *, stripe_id: str = "", wait: bool = True) -> None:
    """Record that a refund failed, to be tried again after a while, MAX_TRIES times, unless nobody is to wait."""
    row = await SQL.lock_refund(tx, id=operation_id)
    again = rules.next_wait(row["tries"] + 1) if wait else None
    await SQL.refund_failed(tx, id=operation_id, fault=fault, stripe_id=stripe_id, wait=again)
    await audit.record(tx, "refund.failed", row["about"], before=row["state"], after="failed", why=fault)


async def refused(
    tx: db.Tx, operation_id: UUID, key: str, amount: int, code: str, *, again_at_once: bool = False
) -> None:
    """Record that Stripe refused a call: the try failed, unless another run or a refund elsewhere settled it.

    again_at_once: the next try is another call, without what may be the reason.
    """
    row = await SQL.lock_refund(tx, id=operation_id)
    if row["state"] != "due" or row["idempotency_key"] != key:
        return
    less = row["amount"] - row["covered"] < amount
    await fail(tx, operation_id, "partly_refunded" if less else code)
    if less or again_at_once:  # what is left goes out at once
        await SQL.retry_now(tx, id=operation_id)
        await jobs.enqueue(tx, "payments.refund", operation_id=operation_id)


async def _tell(tx: db.Tx, context: Context, operation_id: UUID) -> None:
    """Tell the member that a refund, of which they were told that it is on its way, did not arrive."""
    row = await SQL.told_of_failure(tx, operation_id=operation_id)
    if row is None:
        return
    await mail.send(
        tx,
        context.settings,
        "refund_failed",
        to=row["email"],
        to_name=row["name"],
        subject=f"{row['discreet_name']}: your refund did not arrive yet",
        person_id=row["person_id"],
        row=row,
        again=row["again_at"] is not None,
    )
