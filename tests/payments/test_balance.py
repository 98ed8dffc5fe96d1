"""Stripe's books: transactions are read with their fees and placed, payouts with what is inside; the ledger follows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from circles import people
from circles.payments import Unreachable
from circles.payments.balance import readings, rules
from circles.payments.reconciliation import actions
from circles.practice.stripe import balance as their_balance
from circles.practice.stripe import disputes, faults, payouts, refunds
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.payments import helpers
from tests.payments.balance_helpers import (
    differences,
    ledger,
    nothing_on_its_way,
    open_kinds,
    reconcile,
    stripe_holds,
)
from tests.payments.helpers import Outcomes, checkout, paid_booking, pay, start
from tests.payments.test_several_lines import TOTAL, seats_of

booking, outcomes = helpers.booking, helpers.outcomes
__all__ = ["nothing_on_its_way"]
# 2.9% of $45 and 30 cents.
FEE = 161


async def test_the_fee_of_a_payment_is_read_once(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await paid_booking(context, booking)
    assert await ledger(context) == {"stripe": 4500, "sales": -4500}
    for _ in range(2):
        await readings.read_books(context)
    assert await ledger(context) == {"stripe": 4500 - FEE, "sales": -4500, "fees": FEE}
    async with context.db.reading() as tx:
        row: Any = await tx.fetchrow("select * from payment_fees")
        entry: Any = await tx.fetchrow("select * from ledger_entries where kind = 'fee'")
    assert (row["fee"], row["net"], row["currency"]) == (FEE, 4500 - FEE, "USD")
    assert entry["booking_id"] == booking


async def test_refunds_disputes_and_payouts_are_placed(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        refund = await refunds.create_refund(tx, {"payment_intent": intent, "amount": 1000})
        await refunds.return_refund(tx, refund["id"])
        dispute = await disputes.open_dispute(tx, intent)
        await disputes.close_dispute(tx, dispute["id"], "won")
        await their_balance.charge_fee(tx, 200, "usd", "Radar")
        (payout,) = await payouts.pay_out(tx, with_pending=True)
        await payouts.decide(tx, payout["id"], "failed")
    await jobs.drain(context)
    await readings.read_books(context)
    fees = FEE + 1500 + 200
    assert await stripe_holds(context) == 4500 - fees
    assert await ledger(context) == {"stripe": 4500 - fees, "sales": -4500, "fees": fees}
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from balance_transactions where place is null") == 0
        row: Any = await tx.fetchrow("select * from payouts")
        inside = await tx.fetchval(
            "select sum(net) from balance_transactions where payout_id is not null and type <> 'payout'"
        )
    assert (row["state"], row["amount"], inside) == ("failed", 4500 - fees, 4500 - fees)


@pytest.mark.usefixtures("nothing_on_its_way")
async def test_all_is_well_where_both_say_the_same(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    run = await reconcile(context)
    assert run.mended == []
    async with context.db.reading() as tx:
        assert await tx.fetch("select * from reconciliation_differences") == []
        row: Any = await tx.fetchrow("select * from reconciliation_balances")
    assert (row["stripe"], row["listed"], row["ledger"]) == (4500 - FEE,) * 3


async def test_the_fee_of_several_bookings_is_divided(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    seats = await seats_of(context, cast)
    await start(context, seats[0], TOTAL)
    await pay(context, seats[0])
    await jobs.drain(context)
    await readings.read_books(context)
    async with context.db.reading() as tx:
        rows = await tx.fetch(
            "select booking_id, amount from ledger_entries join ledger_lines on entry_id = ledger_entries.id "
            "where kind = 'fee' and account = 'fees'"
        )
    assert {row["booking_id"]: row["amount"] for row in rows} == dict(zip(seats, (143, 95, 111), strict=True))


async def test_a_payout_is_read_when_a_webhook_tells_of_it(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        (payout,) = await payouts.pay_out(tx, with_pending=True)
    await jobs.drain(context)
    async with context.db.transaction() as tx:
        assert await tx.fetchval("select state from payouts where id = $1", payout["id"]) == "in_transit"
        await payouts.decide(tx, payout["id"], "paid")
    await jobs.drain(context)
    async with context.db.reading() as tx:
        assert await tx.fetchval("select state from payouts where id = $1", payout["id"]) == "paid"
    assert await ledger(context) == {"bank": 4500 - FEE, "sales": -4500, "fees": FEE}


@pytest.mark.usefixtures("nothing_on_its_way")
async def test_what_was_settled_is_taken_back_once_stripe_lists_it(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        stripe = await tx.fetch(
            "delete from practice_objects where kind in ('balance_transaction', 'charge', 'payment_intent') "
            "returning id, kind, body"
        )
        odile = (await people.by_ids(tx, [cast.odile]))[cast.odile]
    await reconcile(context)
    (difference,) = await differences(context)
    assert difference["kind"] == "payment_not_there"
    await actions.settle(context, odile, difference["id"], "Of our account of before.")
    assert await ledger(context) == {"sales": -4500, "unknown": 4500}
    assert await open_kinds(context) == []
    async with context.db.transaction() as tx:
        for row in stripe:
            await tx.execute(
                "insert into practice_objects (id, kind, body) values ($1, $2, $3)",
                row["id"],
                row["kind"],
                row["body"],
            )
    await reconcile(context)
    assert await ledger(context) == {"stripe": 4500 - FEE, "sales": -4500, "fees": FEE}
    assert [row["ended"] for row in await differences(context)] == ["gone"]


@pytest.mark.usefixtures("nothing_on_its_way")
async def test_money_of_a_finding_counts_as_nobodys_until_it_is_settled(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    async with context.db.transaction() as tx:
        charge = {
            "id": "ch_1",
            "object": "charge",
            "amount": 9900,
            "created": 1_700_000_000,
            "currency": "usd",
        }
        charge |= {"payment_intent": "pi_1", "payment_method_details": {"type": "card"}, "metadata": {}}
        await tx.execute(
            "insert into practice_objects (id, kind, body) values ('ch_1', 'charge', $1)", charge
        )
        await tx.execute(
            "insert into payment_findings (kind, booking_id, stripe_id, payment_intent, amount, currency, expected, "
            "answered) values ('foreign', $1, 'cs_x', 'pi_1', 9900, 'USD', '{}', '{}')",
            booking,
        )
    await readings.read_between(context, datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
    assert await ledger(context) == {"stripe": 9900 - 317, "unknown": 317 - 9900}
    assert await open_kinds(context) == []


async def test_a_run_without_an_answer_of_stripe_leaves_the_way_free_for_the_next(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "list_balance_transactions", "500")
    with pytest.raises(Unreachable):
        await reconcile(context)
    await reconcile(context)
    async with context.db.reading() as tx:
        rows = await tx.fetch("select outcome from reconciliation_runs order by id")
    assert [row["outcome"] for row in rows] == ["unreachable", "done"]


def test_a_payout_arrives_on_the_day_that_stripe_says() -> None:
    """As a day, which would be the one before on the clock of New York."""
    payout = {"arrives_at": datetime(2026, 11, 20, tzinfo=UTC)}
    assert rules.arrival_text(payout, date(2026, 11, 18)) == "Fri, Nov 20"
