"""Sync of checkouts: what Stripe answers is compared with what was asked, and moves ours under its row lock.

No call to Stripe is made inside a transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import structlog

from circles.payments import findings, gateway, rules
from circles.payments.gateway import KeyRefused, RefusedByStripe, Unreachable
from circles.payments.rules import AskedCheckout, CheckoutSnapshot, CheckoutState, Line, Outcome, Settled
from circles.store import audit, db, jobs
from circles.store.context import Context

log = structlog.get_logger("payments")
SQL = db.queries("payments/checkouts")
OPERATIONS = db.queries("payments/operations")

Listener = Callable[[db.Tx, Context, Settled], Awaitable[None]]

# How often the open page of a booking has Stripe asked about its checkout. Webhooks and the timetable do the rest.
MAX_PAGE_ASKS = 4
# After an outage of Stripe a seat is confirmed as soon as it answers; the timetable asks minutes later.
AGAIN_AFTER = timedelta(seconds=20)
ASYNC_FAILED = "checkout.session.async_payment_failed"


async def _no_listener(tx: db.Tx, context: Context, settled: Settled) -> None:
    raise RuntimeError("a checkout was settled and nothing listens; app.py calls on_settled at start-up")


_listener: Listener = _no_listener


def on_settled(listener: Listener) -> Listener:
    """Set the function to call when a checkout is settled; returns the previous one.

    It is called as `listener(tx, context, settled)` in the transaction that moves the checkout, under the checkout's
    row lock, once for all its bookings. settled.outcome: "paid", "expired" (not paid in time, or released), "failed"
    (nobody was ever given its address), "debit_failed" (a bank did not send the money that was under way), "differs" (a
    person settled what Stripe answered otherwise than asked) or "accepted" (a person judged that money right: the
    listener gives the seat, or raises Refused). "paid" may come after one of the others, when money was late.
    """
    global _listener
    before, _listener = _listener, listener
    return before


async def sync_checkout_soon(tx: db.Tx, reference: UUID) -> None:
    """Have the worker sync a checkout, once however often this is called meanwhile.

    reference: any of the bookings that it first pays, or the id of an additional payment.
    """
    await jobs.enqueue(tx, "payments.look", booking_id=reference, key=str(reference))


async def sync_checkout_for_page(tx: db.Tx, reference: UUID) -> None:
    """The same for an open page that looks again and again: a few times, with growing waits."""
    if await SQL.may_ask_for_page(tx, reference=reference, most=MAX_PAGE_ASKS):
        await sync_checkout_soon(tx, reference)


# The names of jobs stay as they were first chosen: jobs queued by an older version still run.
@jobs.job("payments.look", group="money")
async def sync_checkout(
    context: Context, *, booking_id: str = "", stripe_id: str = "", event: str = ""
) -> None:
    """Job: read a checkout's state from Stripe and move ours. booking_id: its reference; stripe_id: Stripe's id of it.

    event: the type of the webhook that had it enqueued.
    """
    async with context.db.reading() as tx:
        if booking_id:
            row = await SQL.checkout_of(tx, reference=UUID(booking_id))
            if row is None or row["state"] != "open":
                return
            stripe_id = row["stripe_id"]
        else:
            row = await SQL.checkout_by_stripe_id(tx, stripe_id=stripe_id)
    try:
        snapshot = await gateway.retrieve_checkout(context, stripe_id)
    except Unreachable as error:
        if row is None:
            raise  # the queue tries again
        if not booking_id and not isinstance(error, KeyRefused):
            raise jobs.TryAgain(
                AGAIN_AFTER
            ) from None  # a webhook's: somebody has paid, and waits for their seat
        return  # the timetable repeats this for every open checkout until Stripe answers
    except RefusedByStripe as error:
        await _note_unknown(context, row, stripe_id, error.code)
        return
    if row is None:
        await _sync_unrecorded(context, snapshot, event)
    else:
        await apply(context, row["booking_id"], snapshot, event)


async def _note_unknown(context: Context, row: db.Record | None, stripe_id: str, code: str) -> None:
    if row is None:
        log.warning("a checkout that neither we nor stripe know", code=code)
        return
    async with context.db.transaction() as tx:
        booking_id = await SQL.booking_named(tx, reference=row["booking_id"])
        await findings.record_unknown(tx, booking_id, stripe_id, code)
        await SQL.note_looked(tx, stripe_id=stripe_id)


async def _sync_unrecorded(context: Context, snapshot: CheckoutSnapshot, event: str) -> None:
    """Sync a checkout whose id is not stored: one that a call without an answer created, or a foreign one.

    It may carry a reference of ours, which proves nothing: a payment link takes it from its address. The call
    repeated with its own key answers which checkout it created. Raises Unreachable.
    """
    reference = snapshot.reference
    if reference is None:  # another site's checkout on the same Stripe account
        return
    if await _created_by_us(context, reference, snapshot):
        await apply(context, reference, snapshot, event)
        return
    if snapshot.status != "complete":
        log.info("a foreign checkout names a booking", booking=str(reference), status=snapshot.status)
        return
    async with context.db.transaction() as tx:
        booking_id = await SQL.booking_named(tx, reference=reference)
        if booking_id:
            row = await SQL.checkout_of(tx, reference=reference)
            expected = row["stripe_id"] if row else None
            await findings.record(tx, "foreign", booking_id, snapshot, {"checkout": (expected, snapshot.id)})


async def _created_by_us(context: Context, reference: UUID, snapshot: CheckoutSnapshot) -> bool:
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, reference=reference)
    if row is None or row["stripe_id"] or row["state"] != "asked" or row["request"] is None:
        return row is not None and row["stripe_id"] == snapshot.id
    if rules.differences(asked_of(context, row), snapshot):
        return False
    try:
        made = await gateway.create_checkout(context, row["request"], row["idempotency_key"])
    except RefusedByStripe:
        return False
    async with context.db.transaction() as tx:
        await SQL.note_stripe_id(tx, id=row["id"], stripe_id=made.id)
    return made.id == snapshot.id


async def resolve_unknown_checkout(context: Context, reference: UUID) -> CheckoutState:
    """End a checkout of which it is unknown whether Stripe created it. Raises Unreachable.

    Repeating the call with the same key and parameters returns what the first call created, which is then ended;
    a refusal means that the first call created nothing.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, reference=reference)
        if row["state"] != "asked":
            return row["state"]
        if row["request"] is None:
            return await fail(tx, context, reference, "never_called")
    try:
        snapshot = await gateway.create_checkout(context, row["request"], row["idempotency_key"])
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            return await fail(tx, context, reference, error.code)
    return await expire(context, reference, snapshot.id)


@jobs.job("payments.forsake", group="money")
async def run_resolve_unknown_checkout(context: Context, *, booking_id: str) -> None:
    """Job: resolve_unknown_checkout. The timetable repeats it until Stripe answers."""
    try:
        await resolve_unknown_checkout(context, UUID(booking_id))
    except Unreachable:
        return


async def expire(context: Context, reference: UUID, stripe_id: str) -> CheckoutState:
    """End a checkout at Stripe, or read how it ended before, and move ours. Raises Unreachable.

    One that Stripe does not know becomes a finding, and ours stays as it is.
    """
    try:
        snapshot = await gateway.expire_checkout(context, stripe_id)
    except RefusedByStripe:
        try:
            snapshot = await gateway.retrieve_checkout(context, stripe_id)
        except RefusedByStripe as error:
            async with context.db.transaction() as tx:
                booking_id = await SQL.booking_named(tx, reference=reference)
                await findings.record_unknown(tx, booking_id, stripe_id, error.code)
                return (await SQL.checkout_of(tx, reference=reference))["state"]
    return await apply(context, reference, snapshot)


async def apply(
    context: Context, reference: UUID, snapshot: CheckoutSnapshot, event: str = ""
) -> CheckoutState:
    """Move our checkout to the state of Stripe's, under its row lock, and notify the listener once.

    The checkout must be our own: its id is the one we stored, or our own call answered it. An answer that differs from
    what was asked becomes a finding and moves nothing.
    """
    if event == ASYNC_FAILED and snapshot.payment_pending and not snapshot.intent_status:
        snapshot = replace(snapshot, intent_status="requires_payment_method")
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, reference=reference)
        if row is None or row["stripe_id"] not in (None, snapshot.id):
            return "open"
        differences = rules.differences(asked_of(context, row), snapshot)
        if differences:
            await findings.record(tx, "differs", row["about"], snapshot, differences)
            return row["state"]
        await findings.known_again(tx, snapshot.id)
        return await _move(tx, context, row, snapshot)


async def _move(tx: db.Tx, context: Context, row: db.Record, snapshot: CheckoutSnapshot) -> CheckoutState:
    state = rules.next_state(row["state"], snapshot)
    await SQL.move_checkout(
        tx,
        id=row["id"],
        state=state,
        stripe_id=snapshot.id,
        payment_intent=snapshot.payment_intent,
        pending=snapshot.payment_pending,
        debit_failed=snapshot.payment_failed,
    )
    if state == row["state"]:
        return state
    if state == "paid":
        await SQL.add_payments(tx, checkout_id=row["id"], stripe_id=snapshot.id)
    await OPERATIONS.operation_done(tx, id=row["operation_id"], stripe_id=snapshot.id)
    await audit.record(tx, f"checkout.{state}", row["about"], before=row["state"], after=state)
    outcome = "debit_failed" if state == "expired" and snapshot.payment_failed else cast(Outcome, state)
    await notify(tx, context, row, outcome)
    return state


async def notify(tx: db.Tx, context: Context, row: db.Record, outcome: Outcome) -> None:
    """Call the listener for a locked checkout, see on_settled."""
    await _listener(tx, context, Settled(row["booking_id"], row["covers"], await lines_of(tx, row), outcome))


async def lines_of(tx: db.Tx, row: db.Record) -> tuple[Line, ...]:
    """What a checkout pays."""
    lines = await db.rows(SQL.lines_of(tx, checkout_id=row["id"]))
    return tuple(Line(line["booking_id"], line["amount"]) for line in lines)


def asked_of(context: Context, row: db.Record) -> AskedCheckout:
    """What the checkout of a row was asked for."""
    return AskedCheckout(row["booking_id"], row["amount"], row["currency"], gateway.is_live(context.settings))


async def fail(
    tx: db.Tx, context: Context, reference: UUID, fault: str, outcome: Outcome = "failed"
) -> CheckoutState:
    """Record that Stripe has no such checkout that anybody can pay. Returns the checkout's state then."""
    row = await SQL.lock_checkout(tx, reference=reference)
    state: CheckoutState = "failed" if row["state"] == "asked" else "expired"
    if state not in rules.CHECKOUT_MOVES.get(row["state"], ()):
        return row["state"]
    debit_failed = outcome == "debit_failed"
    await SQL.move_checkout(
        tx,
        id=row["id"],
        state=state,
        stripe_id=None,
        payment_intent="",
        pending=False,
        debit_failed=debit_failed,
    )
    await OPERATIONS.operation_failed(tx, id=row["operation_id"], fault=fault)
    await audit.record(tx, f"checkout.{state}", row["about"], before=row["state"], after=state, why=fault)
    await notify(tx, context, row, outcome)
    return state
