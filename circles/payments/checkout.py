"""Checkouts: prepare, start, release.

No call to Stripe is made inside a transaction. The parameters of a call are stored before it, so that a crash at
any point leaves something to continue from (reconcile.py does).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

from circles.payments import deadline, findings, gateway, rules, sync
from circles.payments.connect import planned
from circles.payments.connect.rules import Part, part_parameters
from circles.payments.gateway import RefusedByStripe, UnderWay, Unreachable
from circles.payments.rules import CheckoutSnapshot, CheckoutState, Line
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/checkouts")
OPERATIONS = db.queries("payments/operations")
STUCK = db.queries("payments/stuck")

T = TypeVar("T")
Released = Literal["expired", "paid", "undecided", "unreachable"]


async def prepare(tx: db.Tx, booking_id: UUID, amount: int, currency: str, expires_at: datetime) -> None:
    """Note, in the booking's own transaction, that a checkout will be requested.

    amount: minor units; expires_at: when the hold ends (Stripe's shortest checkout is 30 minutes).
    """
    await SQL.add_checkout(tx, booking_id=booking_id, amount=amount, currency=currency, expires_at=expires_at)


async def prepare_several(tx: db.Tx, lines: Sequence[Line], currency: str, expires_at: datetime) -> None:
    """The same for one checkout of several held bookings, in their own transaction.

    The first booking is its reference; `start`, `release` and the others find it by any of them.
    """
    await SQL.add_shared_checkout(
        tx,
        booking_ids=[line.booking_id for line in lines],
        amounts=[line.amount for line in lines],
        currency=currency,
        expires_at=expires_at,
    )


async def prepare_addition(
    tx: db.Tx, booking_id: UUID, amount: int, currency: str, expires_at: datetime
) -> UUID:
    """Note that more will be requested for a confirmed booking; returns the additional payment's id.

    amount: minor units that a card can be charged. That id goes to `start` and `release`, and names the payment when
    it is settled (see on_settled). Nothing of the booking changes before.
    """
    return await SQL.add_addition(
        tx, booking_id=booking_id, amount=amount, currency=currency, expires_at=expires_at
    )


async def prepare_pass(tx: db.Tx, pass_id: UUID, amount: int, currency: str, expires_at: datetime) -> None:
    """The same for a held pass, by whose id `start`, `release` and the others find its checkout.

    Where other functions of payments take a booking_id, its id is a pass's as well: what is paid has one id.
    """
    await SQL.add_pass_checkout(tx, pass_id=pass_id, amount=amount, currency=currency, expires_at=expires_at)


@deadline.for_all_calls
async def start(
    context: Context,
    reference: UUID,
    *,
    amount: int,
    currency: str,
    name: str,
    statement: str,
    success_url: str,
    cancel_url: str,
    hold_minutes: int = rules.HOLD_MINUTES,
    is_repeat: bool = False,
) -> str:
    """Create a checkout at Stripe and return its address. Called twice, it is the same one, by the same key.

    reference: a booking that it pays, or the id of an additional payment. amount: minor units, of a booking that has
    no checkout yet; name and statement: discreet, Stripe and the card statement show them. is_repeat: of a call that
    may still be under way, and then the address is empty where Stripe says so.
    Raises Unreachable when there is none. The seat may then be freed, where `open_address` knows of none either,
    although Stripe may have created a checkout: whoever gets its address later reads that nobody waits for it any more.
    """

    words = {"name": name, "statement": statement, "success_url": success_url, "cancel_url": cancel_url}

    async def write() -> tuple[db.Record, db.Record | None]:
        async with context.db.transaction() as tx:
            row = await lock_or_add(tx, reference, amount, currency, hold_minutes)
            if row["state"] != "asked":
                return row, None
            return row, await _write_call(tx, context, row, words)

    row, call = await _once_more(write)
    if call:
        return await _create(context, reference, call, is_repeat=is_repeat)
    if row["state"] == "open":
        return pay_address(context, row["url"])
    raise Unreachable("This checkout has ended.")


async def open_address(tx: db.Tx, context: Context, reference: UUID) -> str:
    """Where a checkout can be paid by now, empty where it cannot. It is locked until the caller has decided."""
    row = await SQL.lock_checkout(tx, reference=reference)
    return pay_address(context, row["url"]) if row and row["state"] == "open" else ""


async def lock_or_add(
    tx: db.Tx, reference: UUID, amount: int, currency: str, hold_minutes: int = rules.HOLD_MINUTES
) -> db.Record:
    """A checkout, locked; a new one for a booking that has none."""
    row = await SQL.lock_checkout(tx, reference=reference)
    if row is None:
        end = await SQL.in_minutes(tx, minutes=hold_minutes)
        await prepare(tx, reference, amount, currency, end)
        row = await SQL.lock_checkout(tx, reference=reference)
    return row


async def _write_call(tx: db.Tx, context: Context, row: db.Record, words: dict[str, str]) -> db.Record:
    """Store the parameters of the call that creates a locked checkout; a second call repeats those of the first."""
    lines, part = await _lines_and_part(tx, context, row)
    parameters = rules.checkout_parameters(
        reference=row["booking_id"],
        lines=lines,
        transfer=part_parameters(part, row["currency"]) if part else None,
        currency=row["currency"],
        expires_at=rules.checkout_end(row["expires_at"], row["now"]),
        **words,
    )
    return await OPERATIONS.write_request(tx, operation_id=row["operation_id"], request=parameters)


async def _lines_and_part(
    tx: db.Tx, context: Context, row: db.Record
) -> tuple[tuple[Line, ...], Part | None]:
    """What a checkout pays, and the part that goes to a facilitator's account, where accounts are connected."""
    if row["request"] is not None or not context.settings.connect_country:
        return await sync.lines_of(tx, row), None
    return await planned.lines_and_part(tx, context, row)


async def _once_more(step: Callable[[], Awaitable[T]]) -> T:
    """One transaction, and once more after a conflict with another: nothing of it was committed then."""
    try:
        return await step()
    except db.Unavailable as error:
        if not error.is_conflict:
            raise
    return await step()


async def _create(context: Context, reference: UUID, call: db.Record, *, is_repeat: bool) -> str:
    try:
        snapshot = await gateway.create_checkout(context, call["request"], call["idempotency_key"])
    except RefusedByStripe as error:
        if planned.has_part(call["request"]):
            again = await planned.without_part(context, call, call["booking_id"], error.code)
            if again:
                return await _create(context, reference, again, is_repeat=is_repeat)
        async with context.db.transaction() as tx:
            await sync.fail(tx, context, reference, error.code)
        raise Unreachable("Stripe would not open a checkout.") from error
    except Unreachable as error:
        if is_repeat and isinstance(error, UnderWay):
            return ""
        async with context.db.transaction() as tx:
            await OPERATIONS.note_fault(tx, operation_id=call["id"], fault="unreachable")
        raise
    if not await _once_more(lambda: _record_open(context, reference, snapshot)):
        # Released meanwhile, or another than was asked for: nobody may be sent there.
        await _end_unused(context, snapshot.id)
        raise Unreachable("The checkout came too late, or is another than was asked for.")
    return pay_address(context, snapshot.url)


async def _end_unused(context: Context, stripe_id: str) -> None:
    """End a checkout whose address nobody was given; one that is not open needs no end. Raises Unreachable."""
    with suppress(RefusedByStripe):
        await gateway.expire_checkout(context, stripe_id)


async def _record_open(context: Context, reference: UUID, snapshot: CheckoutSnapshot) -> bool:
    """Whether the checkout is open, and as it was asked for: recorded as such now, or by another call before."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_checkout(tx, reference=reference)
        paid = row["state"] == "paid"  # by other money, which a person accepted
        differences = {} if paid else rules.differences(sync.asked_of(context, row), snapshot)
        if differences:
            await findings.record(tx, "differs", row["about"], snapshot, differences)
            await sync.fail(tx, context, reference, "differs")
            return False
        # Freed meanwhile: a statement of its own, since the one that locks reads what was before it waited.
        if row["state"] == "asked" and not await SQL.is_waited_for(tx, id=row["id"]):
            return False
        if "open" in rules.CHECKOUT_MOVES.get(row["state"], ()):
            await SQL.checkout_opened(
                tx, id=row["id"], stripe_id=snapshot.id, url=snapshot.url, expires_at=snapshot.expires_at
            )
            await OPERATIONS.operation_done(tx, id=row["operation_id"], stripe_id=snapshot.id)
            await audit.record(tx, "checkout.open", row["about"], before=row["state"], after="open")
            return True
        return row["state"] == "open"


def pay_address(context: Context, url: str) -> str:
    """Where to send somebody who pays. In practice mode a path: the checkout page is on this very site."""
    return rules.local_path(url, context.settings.base_url) if context.settings.practice else url


@deadline.for_all_calls
async def release(context: Context, reference: UUID) -> Released:
    """End a checkout at Stripe, so that its seats may be freed. Notifies the listener.

    reference: any booking that it first pays, or the id of an additional payment.

    "expired": nobody can pay it any more; "paid": somebody has; "undecided": somebody has, and a bank or a person
    still decides; "unreachable": nothing is known. In the last two the seat stays held, and the reconciler asks again.
    """
    async with context.db.reading() as tx:
        row = await SQL.checkout_of(tx, reference=reference)
    if row is None:
        return "expired"
    state: CheckoutState = row["state"]
    try:
        if state == "asked":
            state = await sync.resolve_unknown_checkout(context, reference)
        elif state == "open":
            state = await sync.expire(context, reference, row["stripe_id"])
    except Unreachable:
        return "unreachable"
    if state == "paid":
        return "paid"
    return "expired" if state in ("expired", "failed") else "undecided"


async def end_additions(tx: db.Tx, booking_id: UUID) -> None:
    """Have the additional payments of a booking ended that nobody paid yet, since it has ended."""
    for row in await db.rows(SQL.open_additions(tx, booking_id=booking_id)):
        reference = str(row["reference"])
        await jobs.enqueue(tx, "payments.end_addition", reference=reference, key=reference)


@jobs.job("payments.end_addition", group="money")
async def end_addition(context: Context, *, reference: str) -> None:
    """Job: end an additional payment at Stripe. Raises Unreachable without an answer: the queue tries again."""
    if await release(context, UUID(reference)) == "unreachable":
        raise Unreachable


async def settle_finding(
    tx: db.Tx, context: Context, actor_id: UUID, finding_id: UUID, reason: str, *, refund: bool
) -> bool:
    """A person settles a finding, in the caller's transaction; the seat that waited for it is free.

    refund: all its money goes back, under "payments.refund". False when it was settled before: nothing changes then.
    Raises NotFound, and Refused without a reason.
    """
    reference = await findings.reference_of(tx, finding_id)
    booking_id = await findings.booking_of(tx, finding_id)
    await STUCK.lock_gathering_of(tx, booking_id=booking_id)  # its seat may come free
    row = await SQL.lock_checkout(tx, reference=reference)  # before the finding, as sync does
    finding = await findings.lock(tx, finding_id)
    if finding["settled_at"]:
        return False
    await findings.settle(tx, actor_id, finding, reason)
    operation_id = await findings.add_refund(tx, finding, reason) if refund else None
    if operation_id:
        await jobs.enqueue(tx, "payments.refund", operation_id=operation_id, key=str(operation_id))
    if row and row["stripe_id"] == finding["stripe_id"]:
        await sync.fail(tx, context, reference, f"finding_{finding['kind']}", "differs")
    return True
