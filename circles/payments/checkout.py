"""Checkouts: prepare, start, release, and sync with the state that Stripe answers.

No call to Stripe is made inside a transaction. The parameters of a call are stored before it, so that a crash at
any point leaves something to continue from (reconcile.py does).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

import structlog

from circles.payments import gateway, rules
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.rules import CheckoutSnapshot, CheckoutState, Outcome
from circles.store import audit, db, jobs
from circles.store.context import Context

log = structlog.get_logger("payments")
SQL = db.queries("payments/checkouts")
OPERATIONS = db.queries("payments/operations")

Listener = Callable[[db.Tx, Context, UUID, Outcome], Awaitable[None]]
Released = Literal["expired", "paid", "unreachable"]


async def _no_listener(tx: db.Tx, context: Context, booking_id: UUID, outcome: Outcome) -> None:
    raise RuntimeError("a checkout was settled and nothing listens; app.py calls on_settled at start-up")


_listener: Listener = _no_listener


def on_settled(listener: Listener) -> Listener:
    """Set the function to call when a checkout is settled; returns the previous one.

    It is called as `listener(tx, context, booking_id, outcome)` in the transaction that moves the checkout,
    under the checkout's row lock: "paid", "expired" (not paid in time, or released) or "failed" (nobody was
    ever given its address). "paid" may come after one of the others, when money was late.
    """
    global _listener
    before, _listener = _listener, listener
    return before


async def prepare(tx: db.Tx, booking_id: UUID, amount: int, currency: str, expires_at: datetime) -> None:
    """Note, in the booking's own transaction, that a checkout will be requested.

    amount: minor units; expires_at: when the hold ends (Stripe's shortest checkout is 30 minutes).
    """
    await SQL.add_checkout(tx, booking_id=booking_id, amount=amount, currency=currency, expires_at=expires_at)


async def start(
    context: Context,
    booking_id: UUID,
    *,
    amount: int,
    currency: str,
    name: str,
    statement: str,
    success_url: str,
    cancel_url: str,
    hold_minutes: int = 31,
) -> str:
    """Create the checkout of a booking at Stripe and return its address. Called twice, it is the same one.

    amount: minor units; name and statement: discreet, Stripe and the card statement show them.
    Raises Unreachable when there is none. The seat may then be freed at once although Stripe may have created a
    checkout: nobody was given its address, so nobody can pay it, and the reconciler ends it.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row is None:
            await prepare(tx, booking_id, amount, currency, await SQL.in_minutes(tx, minutes=hold_minutes))
            row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row["state"] == "open":
            return pay_address(context, row["url"])
        if row["state"] != "asked":
            raise Unreachable("This checkout has ended.")
        parameters = rules.checkout_parameters(
            booking_id=booking_id,
            amount=row["amount"],
            currency=row["currency"],
            name=name,
            statement=statement,
            success_url=success_url,
            cancel_url=cancel_url,
            expires_at=rules.checkout_end(row["expires_at"], row["now"]),
        )
        call = await OPERATIONS.write_request(tx, operation_id=row["operation_id"], request=parameters)
    return await _create(context, booking_id, row["operation_id"], call["request"], call["idempotency_key"])


async def _create(
    context: Context, booking_id: UUID, operation_id: UUID, request: dict[str, Any], key: str
) -> str:
    try:
        snapshot = await gateway.create_checkout(context, request, key)
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            await _fail(tx, context, booking_id, error.code)
        raise Unreachable("Stripe would not open a checkout.") from error
    except Unreachable:
        async with context.db.transaction() as tx:
            await OPERATIONS.note_fault(tx, operation_id=operation_id, fault="unreachable")
        raise
    if not await _record_open(context, booking_id, snapshot):
        # Released meanwhile, so nobody may be sent there.
        await _expire(context, snapshot.id)
        raise Unreachable("The checkout came too late.")
    return pay_address(context, snapshot.url)


async def _record_open(context: Context, booking_id: UUID, snapshot: CheckoutSnapshot) -> bool:
    """Whether the checkout is open: recorded as such now, or by another call before."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if "open" in rules.CHECKOUT_MOVES[row["state"]]:
            await SQL.checkout_opened(
                tx, id=row["id"], stripe_id=snapshot.id, url=snapshot.url, expires_at=snapshot.expires_at
            )
            await OPERATIONS.operation_done(tx, id=row["operation_id"], stripe_id=snapshot.id)
            await audit.record(tx, "checkout.open", booking_id, before=row["state"], after="open")
            return True
        return row["state"] == "open"


async def _fail(tx: db.Tx, context: Context, booking_id: UUID, fault: str) -> CheckoutState:
    """Record that Stripe has no checkout of this booking and will have none. Returns the checkout's state then."""
    row = await SQL.lock_checkout(tx, booking_id=booking_id)
    if "failed" not in rules.CHECKOUT_MOVES[row["state"]]:
        return row["state"]
    await SQL.move_checkout(tx, id=row["id"], state="failed", stripe_id=None, payment_intent="")
    await OPERATIONS.operation_failed(tx, id=row["operation_id"], fault=fault)
    await audit.record(tx, "checkout.failed", booking_id, before=row["state"], after="failed", why=fault)
    await _listener(tx, context, booking_id, "failed")
    return "failed"


def pay_address(context: Context, url: str) -> str:
    """Where to send somebody who pays. In practice mode a path: the checkout page is on this very site."""
    return rules.local_path(url, context.settings.base_url) if context.settings.practice else url


async def release(context: Context, booking_id: UUID) -> Released:
    """End a booking's checkout at Stripe, so that its seat may be freed. Notifies the listener.

    "expired": nobody can pay it any more; "paid": somebody has; "unreachable": neither is known, so the seat
    stays held and the reconciler asks Stripe again.
    """
    async with context.db.reading() as tx:
        row = await SQL.checkout_of(tx, booking_id=booking_id)
    if row is None:
        return "expired"
    state: CheckoutState = row["state"]
    try:
        if state == "asked":
            state = await resolve_unknown_checkout(context, booking_id)
        elif state == "open":
            state = await _apply(context, booking_id, await _expire(context, row["stripe_id"]))
    except Unreachable:
        return "unreachable"
    if state == "paid":
        return "paid"
    return "expired" if state in ("expired", "failed") else "unreachable"


async def _expire(context: Context, stripe_id: str) -> CheckoutSnapshot:
    """End a checkout at Stripe, or read how it ended before."""
    try:
        return await gateway.expire_checkout(context, stripe_id)
    except RefusedByStripe:
        return await gateway.retrieve_checkout(context, stripe_id)


async def resolve_unknown_checkout(context: Context, booking_id: UUID) -> CheckoutState:
    """End a checkout of which it is unknown whether Stripe created it. Raises Unreachable.

    Repeating the call with the same key and parameters returns what the first call created, which is then ended;
    a refusal means that the first call created nothing.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row["state"] != "asked":
            return row["state"]
        if row["request"] is None:
            return await _fail(tx, context, booking_id, "never_called")
    try:
        snapshot = await gateway.create_checkout(context, row["request"], row["idempotency_key"])
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            return await _fail(tx, context, booking_id, error.code)
    return await _apply(context, booking_id, await _expire(context, snapshot.id))


# The names of jobs stay as they were first chosen: jobs queued by an older version still run.
@jobs.job("payments.forsake", group="money")
async def run_resolve_unknown_checkout(context: Context, *, booking_id: str) -> None:
    """Job: resolve_unknown_checkout. The timetable repeats it until Stripe answers."""
    try:
        await resolve_unknown_checkout(context, UUID(booking_id))
    except Unreachable:
        return


async def sync_checkout_soon(tx: db.Tx, booking_id: UUID) -> None:
    """Have the worker sync a booking's checkout, once however often this is called meanwhile."""
    await jobs.enqueue(tx, "payments.look", booking_id=booking_id, key=str(booking_id))


@jobs.job("payments.look", group="money")
async def sync_checkout(context: Context, *, booking_id: str = "", stripe_id: str = "") -> None:
    """Job: read a checkout's state from Stripe and move ours. Named by our booking or by Stripe's id of it."""
    if booking_id:
        async with context.db.reading() as tx:
            row = await SQL.checkout_of(tx, booking_id=UUID(booking_id))
        if row is None or row["state"] != "open":
            return
        stripe_id = row["stripe_id"]
    try:
        snapshot = await gateway.retrieve_checkout(context, stripe_id)
    except Unreachable:
        # The timetable repeats this for every open checkout until Stripe answers.
        return
    except RefusedByStripe as error:
        log.warning("a checkout that Stripe does not know", code=error.code)
        return
    if snapshot.booking_id:
        await _apply(context, snapshot.booking_id, snapshot)


async def _apply(context: Context, booking_id: UUID, snapshot: CheckoutSnapshot) -> CheckoutState:
    """Move our checkout to the state of Stripe's, under its row lock, and notify the listener once."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row is None or row["stripe_id"] not in (None, snapshot.id):
            return "open"
        state = rules.next_state(row["state"], snapshot)
        await SQL.move_checkout(
            tx, id=row["id"], state=state, stripe_id=snapshot.id, payment_intent=snapshot.payment_intent
        )
        if state == row["state"]:
            return state
        if state == "paid":
            await SQL.add_payment(
                tx,
                booking_id=booking_id,
                checkout_id=row["id"],
                amount=snapshot.amount,
                currency=snapshot.currency,
                stripe_id=snapshot.id,
            )
        await OPERATIONS.operation_done(tx, id=row["operation_id"], stripe_id=snapshot.id)
        await audit.record(tx, f"checkout.{state}", booking_id, before=row["state"], after=state)
        await _listener(tx, context, booking_id, cast(Outcome, state))
        return state
