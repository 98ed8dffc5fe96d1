"""Refunds: never more than was paid, never twice, never lost."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from circles import payments
from circles.payments import gateway
from circles.payments.refunds import actions as refunds
from circles.payments.refunds import rules, states
from circles.practice.stripe import refunds as look_alike
from circles.store import db, jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import (
    Outcomes,
    balance,
    checkout,
    count,
    let_time_pass,
    paid_booking,
    with_stripe_unreachable,
)

booking, outcomes = helpers.booking, helpers.outcomes

STUCK = db.queries("payments/stuck")
MADE = "practice_objects where kind = 'refund'"


async def request_refund(context: Context, booking: UUID, amount: int) -> int:
    async with context.db.transaction() as tx:
        return await payments.refund(tx, booking, amount, "by_member")


async def waiting(tx: db.Tx) -> list[tuple[UUID, int, bool]]:
    """The refunds that wait: booking, amount, and whether a person must act."""
    rows = await tx.fetch("select booking_id, amount, is_stuck from waiting_refunds")
    return [(row["booking_id"], row["amount"], row["is_stuck"]) for row in rows]


async def operation(context: Context) -> db.Record:
    async with context.db.reading() as tx:
        row = await tx.fetchrow("select * from operations where kind = 'refund' order by created_at desc")
    assert row
    return row


async def reconcile(context: Context, wait: str) -> None:
    await let_time_pass(context, wait)
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)


async def test_no_more_is_refunded_than_was_paid(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await paid_booking(context, booking)
    assert await request_refund(context, booking, 1000) == 1000
    await jobs.drain(context)
    assert await balance(context, booking) == 3500
    assert await request_refund(context, booking, 9999) == 3500
    assert await request_refund(context, booking, 1) == 0, "all of the rest is on its way back"
    await jobs.drain(context)
    assert await balance(context, booking) == 0
    assert await request_refund(context, booking, 1) == 0
    assert await count(context, MADE) == 2


async def test_nothing_paid_nothing_refunded(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    assert await request_refund(context, booking, 4500) == 0
    await helpers.start(context, booking)
    assert await request_refund(context, booking, 4500) == 0


async def test_concurrent_refunds_share_what_was_paid(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    backs = await asyncio.gather(*(request_refund(context, booking, 3000) for _ in range(3)))
    assert sorted(backs) == [0, 1500, 3000]


async def test_a_refund_rolled_back_is_never_sent(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)

    async def refund_and_fail() -> None:
        async with context.db.transaction() as tx:
            await payments.refund(tx, booking, 4500, "by_member")
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await refund_and_fail()
    await jobs.drain(context)
    assert await count(context, MADE) == 0
    assert await balance(context, booking) == 4500


async def test_a_job_that_runs_twice_refunds_once(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    await request_refund(context, booking, 2000)
    id = str((await operation(context))["id"])
    await asyncio.gather(*(refunds.send(context, operation_id=id) for _ in range(3)))
    await refunds.send(context, operation_id=id)
    assert await count(context, MADE) == 1
    assert await count(context, "money_rows where kind = 'refund'") == 1
    assert await balance(context, booking) == 2500


async def _crash_after_paying_back(context: Context, booking: UUID, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stripe has paid back and the process died before it wrote so; a day later the key is forgotten."""

    async def crash(*_: object) -> None:
        raise ConnectionAbortedError("the process is gone")

    await paid_booking(context, booking)
    await request_refund(context, booking, 2000)
    id = str((await operation(context))["id"])
    with monkeypatch.context() as gone:
        gone.setattr(states, "apply", crash)
        with pytest.raises(ConnectionAbortedError):
            await refunds.send(context, operation_id=id)
    async with context.db.transaction() as tx:
        await tx.execute("delete from practice_keys")
    return id


async def test_a_crash_after_the_refund_call(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await _crash_after_paying_back(context, booking, monkeypatch)
    await refunds.send(context, operation_id=id)
    assert await count(context, MADE) == 1
    assert await balance(context, booking) == 2500


async def test_without_list_refunds_it_would_be_refunded_twice(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before: a key alone does not help once Stripe has forgotten it."""

    async def find_none(*_: object, **__: object) -> list[rules.RefundSnapshot]:
        return []

    id = await _crash_after_paying_back(context, booking, monkeypatch)
    monkeypatch.setattr(gateway, "list_refunds", find_none)
    await refunds.send(context, operation_id=id)
    assert await count(context, MADE) == 2


async def test_an_outage_is_waited_out(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await paid_booking(context, booking)
    await request_refund(context, booking, 4500)
    await refunds.send(with_stripe_unreachable(context), operation_id=str((await operation(context))["id"]))
    assert ((await operation(context))["state"], (await operation(context))["fault"]) == (
        "due",
        "unreachable",
    )
    async with context.db.transaction() as tx:
        await tx.execute("delete from pgqueuer")
    await reconcile(context, "4 minutes")
    assert (await operation(context))["state"] == "done"
    assert await balance(context, booking) == 0


async def test_a_refused_refund_is_listed_and_tried_again(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        await tx.execute("update practice_objects set id = 'pi_away' where id = $1", intent)
    await request_refund(context, booking, 4500)
    await jobs.drain(context)
    first = await operation(context)
    assert (first["state"], first["fault"]) == ("failed", "resource_missing")
    async with context.db.transaction() as tx:
        assert await waiting(tx) == [(booking, 4500, False)]
        await tx.execute("update practice_objects set id = $1 where id = 'pi_away'", intent)
    await reconcile(context, "9 minutes")
    assert (await operation(context))["state"] == "failed", "it rests for ten minutes first"
    await reconcile(context, "2 minutes")
    again = await operation(context)
    assert again["state"] == "done"
    assert again["idempotency_key"] != first["idempotency_key"], "Stripe repeats its answers to a key"
    assert await balance(context, booking) == 0
    async with context.db.reading() as tx:
        assert await waiting(tx) == []


async def test_a_refund_that_is_always_refused_is_given_up(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("update practice_objects set id = 'pi_away' where kind = 'payment_intent'")
    await request_refund(context, booking, 4500)
    await jobs.drain(context)
    for _ in range(rules.MAX_TRIES + 2):
        await reconcile(context, "1 day")
    assert (await operation(context))["tries"] == rules.MAX_TRIES
    async with context.db.reading() as tx:
        assert await waiting(tx) == [(booking, 4500, True)]
        assert await STUCK.waiting_for_a_person(tx) == 1
    assert await request_refund(context, booking, 4500) == 0, "the money is still spoken for"


async def test_a_refund_that_a_bank_sends_back(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await paid_booking(context, booking)
    await request_refund(context, booking, 4500)
    await jobs.drain(context)
    assert await balance(context, booking) == 0
    async with context.db.transaction() as tx:
        await look_alike.return_refund(tx, (await operation(context))["stripe_id"])
    await jobs.drain(context)
    assert await balance(context, booking) == 4500
    assert ((await operation(context))["state"], (await operation(context))["fault"]) == (
        "failed",
        "lost_or_stolen_card",
    )
    await reconcile(context, "11 minutes")
    assert (await operation(context))["state"] == "done"
    assert await balance(context, booking) == 0
    async with context.db.reading() as tx:
        rows = await tx.fetch("select kind, amount from money_rows order by id")
    assert [tuple(row) for row in rows] == [
        ("payment", 4500),
        ("refund", -4500),
        ("refund_returned", 4500),
        ("refund", -4500),
    ]


async def test_the_ledger_takes_no_changes(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await paid_booking(context, booking)
    with pytest.raises(db.IntegrityConstraintViolationError):
        async with context.db.transaction() as tx:
            await tx.execute("update money_rows set amount = 1")
