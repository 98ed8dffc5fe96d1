"""What is due by statements and on the payout sheet is what the ledger owes, whatever an account really got."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from circles import payments
from circles.payments import shares, sync
from circles.payments.shares import payouts
from circles.practice.stripe.connect import transfers as look_alike_transfers
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, rows, value
from tests.payments import helpers as of_payments
from tests.payments.connect.helpers import at_stripe, connected, owed, settle, terms
from tests.payments.helpers import Outcomes, paid_booking, pay, start
from tests.payments.shares.helpers import close_months, name_account, pay_for
from tests.payments.test_several_lines import seats_of

booking, outcomes = of_payments.booking, of_payments.outcomes
SHEET = db.queries("organizing/payout_sheet")

# Of $45 at 20 percent.
PART = 3600


@pytest.fixture
async def account(context: Context, cast: Cast, outcomes: Outcomes) -> str:
    """Farid's account at Stripe, of which four others paid nothing: the community keeps all of those payments."""
    others = await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000], name="Without terms")
    await terms(context)
    account = await connected(context, cast.farid)
    await name_account(context, others, account)
    return account


async def refund(context: Context, booking: UUID, amount: int) -> None:
    async with context.db.transaction() as tx:
        await payments.refund(tx, booking, amount, "by_member")
    await jobs.drain(context)


async def due(context: Context, person: UUID) -> tuple[int, int]:
    """What is due to somebody: by what note_payout reads, and on the sheet once the month is over."""
    async with context.db.transaction() as tx:
        now = await payouts.owed(tx, person, "USD")
    await close_months(context)
    month: date = shares.community_today(context).replace(day=1)
    async with context.db.reading() as tx:
        lines = await db.rows(
            SHEET.sheet(tx, month=month, ends=month, after=None, after_currency="", limit=9)
        )
    return now.due + now.held_back, sum(line["due"] for line in lines if line["id"] == person)


async def test_what_went_to_the_account_is_not_due(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    assert await due(context, cast.farid) == (0, 0) == (await owed(context, cast.farid), 0)
    (line,) = await rows(context, "select part, transferred from statement_lines")
    assert dict(line) == {"part": PART, "transferred": PART}


async def test_a_reversal_that_stripe_refused(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    """The member got everything back, the account kept its part: the facilitator has more than is due."""
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        await look_alike_transfers.empty(tx, account)
    await refund(context, booking, 4000)
    for _ in range(6):
        await change(context, "update connect_operations set again_at = now() where again_at is not null")
        await settle(context, times=1)
    assert await value(context, "select state from connect_operations") == "failed"
    assert await owed(context, cast.farid) == -3200
    assert await due(context, cast.farid) == (-3200, -3200)


async def test_a_reversal_at_the_dashboard(context: Context, cast: Cast, booking: UUID, account: str) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        transfer = await tx.fetchval("select id from practice_objects where kind = 'transfer'")
        await look_alike_transfers.create_reversal(tx, transfer, {"amount": "600"})
    await jobs.drain(context)
    await settle(context)
    assert await owed(context, cast.farid) == 600
    assert await due(context, cast.farid) == (600, 600)


async def test_a_cent_of_stripes_rounding(context: Context, cast: Cast, account: str) -> None:
    """Stripe reverses in proportion to the whole payment, and a part follows the one booking that was refunded."""
    await terms(context, 3333, 100)  # in force instead of those of the fixture
    seats = await seats_of(context, cast)
    await start(context, seats[0])
    await sync.sync_checkout(context, stripe_id=await pay(context, seats[0]))
    await settle(context)
    await refund(context, seats[1], 3000)
    await settle(context)
    missing = (4500 - 1600) + (3500 - 1267) - await at_stripe(context)
    assert missing > 0
    assert await owed(context, cast.farid) == missing
    assert await due(context, cast.farid) == (missing, missing)


async def test_a_later_reversal_is_in_the_statement_after(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    """A statement never changes, and what moved after it waits for the next one that five people are in."""
    await paid_booking(context, booking)
    await settle(context)
    assert await due(context, cast.farid) == (0, 0)
    async with context.db.transaction() as tx:
        transfer = await tx.fetchval("select id from practice_objects where kind = 'transfer'")
        await look_alike_transfers.create_reversal(tx, transfer, {"amount": "600"})
    await jobs.drain(context)
    await settle(context)
    async with context.db.transaction() as tx:
        now = await payouts.owed(tx, cast.farid, "USD")
    assert (now.due, now.held_back) == (0, 600)
    assert await owed(context, cast.farid) == 600
