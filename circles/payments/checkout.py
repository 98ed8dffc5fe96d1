"""The verbs of a checkout: ask for it, let it go, look at it, and believe only what Stripe itself answers.

No call to Stripe is made inside a transaction. What a call will ask is written down before it, so that a
crash at any point leaves something to go on from (reconcile.py does).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

import structlog

from circles.payments import gateway, rules
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.rules import Outcome, Seen, State, Trouble
from circles.store import audit, db, jobs
from circles.store.context import Context

log = structlog.get_logger("payments")
SQL = db.queries("payments/payments")

Listener = Callable[[db.Tx, Context, UUID, Outcome], Awaitable[None]]
Released = Literal["expired", "paid", "unreachable"]

_CHECKOUT_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    }
)
_REFUND_EVENTS = frozenset({"refund.updated", "refund.failed", "charge.refund.updated"})


async def _nobody(tx: db.Tx, context: Context, booking_id: UUID, outcome: Outcome) -> None:
    raise RuntimeError("money was settled and no room listens: app.py hands the listener over")


_listener: Listener = _nobody


def on_settled(listener: Listener) -> Listener:
    """Hand over who is told when a checkout came to its end; answers who was told before.

    It is called as `listener(tx, house, booking_id, outcome)` in the transaction that moves the checkout,
    under the checkout's row lock: "paid", "expired" (not paid in time, or let go) or "failed" (nobody was
    ever given its address). "paid" may come after one of the others, when money was late.
    """
    global _listener
    before, _listener = _listener, listener
    return before


async def prepare(tx: db.Tx, booking_id: UUID, amount: int, currency: str, expires_at: datetime) -> None:
    """Write down, in the booking's own transaction, that a checkout will be asked for.

    amount: minor units; expires_at: when the hold ends (Stripe's shortest is 30 minutes).
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
    """Ask Stripe for the checkout of a booking and answer its address. Asked twice, it is the same one.

    amount: minor units; name and statement: discreet, Stripe and the card statement show them.
    Raises Unreachable when there is none. The seat may then be freed at once although Stripe may have made a
    checkout we did not hear of: its address was given to nobody, so nobody can pay it, and the reconciler
    ends it.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row is None:
            await prepare(tx, booking_id, amount, currency, await SQL.in_minutes(tx, minutes=hold_minutes))
            row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row["state"] == "open":
            return pay_address(context, row["url"])
        if row["state"] != "asked":
            raise Unreachable("This checkout has come to its end.")
        words = gateway.checkout_parameters(
            booking_id=booking_id,
            amount=row["amount"],
            currency=row["currency"],
            name=name,
            statement=statement,
            success_url=success_url,
            cancel_url=cancel_url,
            expires_at=rules.checkout_end(row["expires_at"], row["now"]),
        )
        call = await SQL.write_request(tx, operation_id=row["operation_id"], request=words)
    return await _ask(context, booking_id, row["operation_id"], call["request"], call["idempotency_key"])


async def _ask(
    context: Context, booking_id: UUID, operation_id: UUID, request: dict[str, Any], key: str
) -> str:
    try:
        seen = await gateway.create_checkout(context, request, key)
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            await _fail(tx, context, booking_id, error.code)
        raise Unreachable("Stripe would not open a checkout.") from error
    except Unreachable:
        async with context.db.transaction() as tx:
            await SQL.note_fault(tx, operation_id=operation_id, fault="unreachable")
        raise
    if not await _opened(context, booking_id, seen):
        # Given up meanwhile, so nobody may be sent there.
        await _end(context, seen.id)
        raise Unreachable("The checkout came too late.")
    return pay_address(context, seen.url)


async def _opened(context: Context, booking_id: UUID, seen: Seen) -> bool:
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row["state"] == "asked":
            await SQL.checkout_opened(
                tx, id=row["id"], stripe_id=seen.id, url=seen.url, expires_at=seen.expires_at
            )
            await SQL.operation_done(tx, id=row["operation_id"], stripe_id=seen.id)
            await audit.record(tx, "checkout.open", booking_id, before="asked", after="open")
        return row["state"] in ("asked", "open")


async def _fail(tx: db.Tx, context: Context, booking_id: UUID, fault: str) -> State:
    """There is no checkout and there will be none."""
    row = await SQL.lock_checkout(tx, booking_id=booking_id)
    if row["state"] != "asked":
        return row["state"]
    await SQL.move_checkout(tx, id=row["id"], state="failed", stripe_id=None, payment_intent="")
    await SQL.operation_failed(tx, id=row["operation_id"], fault=fault)
    await audit.record(tx, "checkout.failed", booking_id, before="asked", after="failed", why=fault)
    await _listener(tx, context, booking_id, "failed")
    return "failed"


def pay_address(context: Context, url: str) -> str:
    """In practice the checkout is on this very site, whichever name of this machine the person typed."""
    return rules.on_this_site(url, context.settings.address) if context.settings.practice else url


async def release(context: Context, booking_id: UUID) -> Released:
    """End a booking's checkout at Stripe, so that its seat may be freed. The listener is told.

    "expired": nobody can pay it any more; "paid": somebody has; "unreachable": neither is known, so the seat
    stays held and the reconciler asks again.
    """
    async with context.db.reading() as tx:
        row = await SQL.checkout_of(tx, booking_id=booking_id)
    if row is None or row["state"] in ("expired", "failed"):
        return "expired"
    if row["state"] == "paid":
        return "paid"
    try:
        if row["state"] == "asked":
            return _released(await _forsake(context, booking_id))
        return _released(await _move(context, booking_id, await _end(context, row["stripe_id"])))
    except Unreachable:
        return "unreachable"


def _released(state: State) -> Released:
    if state == "paid":
        return "paid"
    return "expired" if state in ("expired", "failed") else "unreachable"


async def _end(context: Context, stripe_id: str) -> Seen:
    """End a checkout at Stripe, or hear how it ended before."""
    try:
        return await gateway.expire_checkout(context, stripe_id)
    except RefusedByStripe:
        return await gateway.retrieve_checkout(context, stripe_id)


async def _forsake(context: Context, booking_id: UUID) -> State:
    """End a checkout that was asked for and never heard of.

    Asking once more with the same key and the same words tells what the first call made; that is then
    ended. A refusal tells that the first call made nothing.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row["state"] != "asked":
            return row["state"]
        if row["request"] is None:
            return await _fail(tx, context, booking_id, "never_called")
    try:
        seen = await gateway.create_checkout(context, row["request"], row["idempotency_key"])
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            return await _fail(tx, context, booking_id, error.code)
    return await _move(context, booking_id, await _end(context, seen.id))


async def _move(context: Context, booking_id: UUID, seen: Seen) -> State:
    """Move our checkout to where Stripe says it is, under its row lock, and tell the listener once."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, booking_id=booking_id)
        if row is None or row["stripe_id"] not in (None, seen.id):
            return "open"
        state = rules.next_state(row["state"], seen)
        await SQL.move_checkout(
            tx, id=row["id"], state=state, stripe_id=seen.id, payment_intent=seen.payment_intent
        )
        if state == row["state"]:
            return state
        if state == "paid":
            await SQL.add_payment(
                tx,
                booking_id=booking_id,
                checkout_id=row["id"],
                amount=seen.amount,
                currency=seen.currency,
                stripe_id=seen.id,
            )
        await SQL.operation_done(tx, id=row["operation_id"], stripe_id=seen.id)
        await audit.record(tx, f"checkout.{state}", booking_id, before=row["state"], after=state)
        await _listener(tx, context, booking_id, cast(Outcome, state))
        return state


async def paid_total(tx: db.Tx, booking_id: UUID) -> int:
    """What came for a booking and has not gone back, in minor units."""
    return await SQL.paid_total(tx, booking_id=booking_id)


async def checkout_url(tx: db.Tx, booking_id: UUID) -> str | None:
    """Where an open checkout can still be paid, or None."""
    row = await SQL.checkout_of(tx, booking_id=booking_id)
    return row["url"] if row and row["state"] == "open" else None


async def troubles(tx: db.Tx) -> list[Trouble]:
    """The calls that Stripe refused, newest first, for an organizer."""
    return [
        Trouble(
            row["id"],
            row["kind"],
            row["booking_id"],
            row["amount"],
            row["currency"],
            row["fault"],
            row["since"],
            row["tries_again"],
        )
        for row in await db.rows(SQL.troubles(tx))
    ]


async def look_soon(tx: db.Tx, booking_id: UUID) -> None:
    """Have the worker ask Stripe about a booking's checkout, once however often this is called meanwhile."""
    await jobs.enqueue(tx, "payments.look", booking_id=booking_id, key=str(booking_id))


async def take_event(context: Context, event: gateway.Event) -> None:
    """Store what a webhook told, and have it looked into when it is new and about something of ours."""
    async with context.db.transaction() as tx:
        if not await SQL.add_event(tx, id=event.id, type=event.type, object_id=event.object_id):
            return
        # A key of its own: a look that is under way may have asked Stripe before this happened.
        if event.type in _CHECKOUT_EVENTS:
            await jobs.enqueue(tx, "payments.look", stripe_id=event.object_id, key=event.id)
        elif event.type in _REFUND_EVENTS:
            await jobs.enqueue(tx, "payments.look_at_refund", stripe_id=event.object_id, key=event.id)


@jobs.job("payments.look")
async def look(context: Context, *, booking_id: str = "", stripe_id: str = "") -> None:
    """Ask Stripe for a checkout's state and move ours. Named by our booking or by Stripe's id of it."""
    if booking_id:
        async with context.db.reading() as tx:
            row = await SQL.checkout_of(tx, booking_id=UUID(booking_id))
        if row is None or row["state"] != "open":
            return
        stripe_id = row["stripe_id"]
    try:
        seen = await gateway.retrieve_checkout(context, stripe_id)
    except Unreachable:
        # What is open is looked at again by the timetable until Stripe answers.
        return
    except RefusedByStripe as error:
        log.warning("a checkout that Stripe does not know", code=error.code)
        return
    if seen.booking_id:
        await _move(context, seen.booking_id, seen)


@jobs.job("payments.forsake")
async def forsake(context: Context, *, booking_id: str) -> None:
    """End a checkout that was asked for and never heard of. The timetable repeats it until Stripe answers."""
    try:
        await _forsake(context, UUID(booking_id))
    except Unreachable:
        return
