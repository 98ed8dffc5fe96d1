"""Stripe's books: transactions are read with their fees and placed, payouts with what is inside; the ledger follows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from circles.payments.balance import readings
from circles.practice.stripe import balance as their_balance
from circles.practice.stripe import disputes, payouts, refunds
from circles.store import jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.balance_helpers import ledger, nothing_on_its_way, reconcile, stripe_holds
from tests.payments.helpers import Outcomes, checkout, paid_booking

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
