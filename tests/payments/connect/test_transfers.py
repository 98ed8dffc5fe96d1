"""The part of a payment at a facilitator's account: sent with it, reversed rightly, to the cent, whatever happens."""

from __future__ import annotations

from uuid import UUID

import pytest

from circles import payments
from circles.commands import personal_data
from circles.payments import sync
from circles.payments.connect import transfers
from circles.payments.refunds import disputes, states
from circles.practice.stripe import disputes as look_alike_disputes
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as look_alike_refunds
from circles.practice.stripe.connect import accounts as look_alike
from circles.practice.stripe.connect import transfers as look_alike_transfers
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, rows, value
from tests.payments import helpers as of_payments
from tests.payments.connect.helpers import at_stripe, connected, moves, owed, settle, take_step, terms
from tests.payments.helpers import Outcomes, balance, checkout, count, paid_booking, pay, start
from tests.payments.test_several_lines import TOTAL, seats_of

booking, outcomes = of_payments.booking, of_payments.outcomes

# Of $45 at 20 percent.
PART = 3600


@pytest.fixture
async def account(context: Context, cast: Cast, outcomes: Outcomes) -> str:
    """Farid's account, which gets the part of what his circle's members pay: all but 20 percent."""
    await terms(context)
    return await connected(context, cast.farid)


async def refund(context: Context, booking: UUID, amount: int) -> None:
    async with context.db.transaction() as tx:
        await payments.refund(tx, booking, amount, "by_member")
    await jobs.drain(context)


async def intent(context: Context) -> str:
    return await value(context, "select payment_intent from checkouts where payment_intent is not null")


async def test_the_part_goes_there_with_the_payment(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    assert await moves(context) == [("transfer", PART)]
    assert await owed(context, cast.farid) == 0
    assert await value(context, "select account from payment_shares") == account
    sales = await value(context, "select sum(amount)::bigint from ledger_lines where account = 'sales'")
    assert sales == -(4500 - PART)


@pytest.mark.parametrize(
    "why", ["no_terms", "restricted", "other_country", "other_currency", "suspended", "off"]
)
async def test_without_an_account_that_fits_the_community_collects(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, why: str
) -> None:
    if why != "no_terms":
        await terms(context)
    account = await connected(context, cast.farid)
    if why in ("restricted", "other_country"):
        await take_step(context, account, "restrict" if why == "restricted" else "other_country")
    elif why == "other_currency":
        await change(context, "update connect_accounts set currency = 'EUR'")
    elif why == "suspended":
        await change(context, "update people set suspended_at = now() where id = $1", cast.farid)
    elif why == "off":
        await change(context, "update connect_accounts set ended_at = now(), ended_because = 'by_person'")
    await paid_booking(context, booking)
    assert await count(context, "connected_payments") == 0
    assert await owed(context, cast.farid) == (0 if why == "no_terms" else PART)
    assert await at_stripe(context) == 0


async def test_restricted_between_asking_and_paying_loses_no_seat(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    """Stripe refuses the part: the checkout is opened without it, once, and nobody notices."""
    async with context.db.transaction() as tx:
        await look_alike.step(tx, account, "restrict")
    assert await start(context, booking)
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    await pay(context, booking)
    await sync.sync_checkout(context, booking_id=str(booking))
    assert (await checkout(context, booking))["state"] == "paid"
    assert await owed(context, cast.farid) == PART
    assert await value(context, "select account from payment_shares") is None
    await jobs.drain(context)
    assert await value(context, "select is_active from connect_accounts") is False


async def test_another_refusal_is_none_of_the_account(context: Context, booking: UUID, account: str) -> None:
    async with context.db.transaction() as tx:
        await payments.prepare(tx, booking, 10, "USD", await tx.fetchval("select now() + interval '1 hour'"))
    with pytest.raises(payments.Unreachable):
        await start(context, booking)  # less than Stripe takes
    assert (await checkout(context, booking))["state"] == "failed"


@pytest.mark.parametrize("amounts", [(4500,), (1000, 3500), (1, 1, 1), (3333, 1167)])
async def test_refunds_reverse_their_share_and_a_full_one_all(
    context: Context, cast: Cast, booking: UUID, account: str, amounts: tuple[int, ...]
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    for amount in amounts:
        await refund(context, booking, amount)
        await settle(context)
        gone = 4500 - await balance(context, booking)
        left = PART - (2 * PART * gone + 4500) // 9000
        assert await at_stripe(context) <= left
        assert left - await at_stripe(context) <= 1  # Stripe's own rounding, which stays owed
        assert await owed(context, cast.farid) == left - await at_stripe(context)
    if sum(amounts) == 4500:
        assert await at_stripe(context) == 0 == await owed(context, cast.farid)


async def test_a_refund_at_the_dashboard_without_the_reversal_is_reversed(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        made = await look_alike_refunds.create_refund(tx, {"payment_intent": await intent(context)})
    assert await at_stripe(context) == PART
    await jobs.drain(context)
    await states.sync_refund(context, stripe_id=made["id"])
    await settle(context)
    assert await at_stripe(context) == 0 == await owed(context, cast.farid)
    assert await value(context, "select array_agg(kind || state) from connect_operations") == ["reversedone"]


async def test_a_dispute_reverses_and_a_won_one_sends_again(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        opened = await look_alike_disputes.open_dispute(tx, await intent(context))
    await disputes.sync_dispute(context, stripe_id=opened["id"])
    await settle(context)
    assert await at_stripe(context) == 0 == await owed(context, cast.farid)
    async with context.db.transaction() as tx:
        await look_alike_disputes.close_dispute(tx, opened["id"], "won")
    await disputes.sync_dispute(context, stripe_id=opened["id"])
    await settle(context)
    assert await at_stripe(context) == PART
    assert await owed(context, cast.farid) == 0
    assert [amount for _, amount in await moves(context)] == [PART, -PART, PART]


@pytest.mark.parametrize("after_effect", [True, False])
async def test_a_lost_answer_reverses_once(
    context: Context, cast: Cast, booking: UUID, account: str, *, after_effect: bool
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        opened = await look_alike_disputes.open_dispute(tx, await intent(context))
        await faults.plan(tx, "create_reversal", "timeout", after_effect=after_effect)
    await disputes.sync_dispute(context, stripe_id=opened["id"])
    await settle(context, times=1)
    assert await value(context, "select state from connect_operations") == "due"
    await change(context, "update connect_operations set again_at = now(); delete from practice_keys")
    await settle(context)
    assert await at_stripe(context) == 0 == await owed(context, cast.farid)
    assert await count(context, "practice_objects where kind = 'reversal'") == 1
    assert await value(context, "select state from connect_operations") == "done"


REFUSED_IN_THE_BOOKS = """select booked.id from practice_objects as booked
where booked.kind = 'balance_transaction' and booked.body ->> 'type' = 'refund' and not exists (
    select from practice_objects as refunds where refunds.kind = 'refund' and refunds.id = booked.body ->> 'source'
)"""


async def test_an_empty_account_holds_no_member_up(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    """The member's refund goes out without the reversal, which is tried on its own and then waits for a person."""
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        await look_alike_transfers.empty(tx, account)
    await refund(context, booking, 4500)
    assert await balance(context, booking) == 0
    assert await rows(context, REFUSED_IN_THE_BOOKS) == [], "the call that was refused left nothing at Stripe"
    for _ in range(6):
        await change(context, "update connect_operations set again_at = now() where again_at is not null")
        await settle(context, times=1)
    operation = (await rows(context, "select * from connect_operations"))[0]
    assert (operation["state"], operation["again_at"], operation["tries"]) == ("failed", None, 5)
    assert operation["fault"] == "balance_insufficient"
    assert await owed(context, cast.farid) == -PART  # the facilitator owes it to the community
    async with context.db.transaction() as tx:
        await look_alike_transfers.fill(tx, account)
    await transfers.retry(context, cast.odile, operation["id"])
    await settle(context)
    assert await at_stripe(context) == 0 == await owed(context, cast.farid)


async def test_what_a_person_settled_is_not_tried_again(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        await look_alike_transfers.empty(tx, account)
    await refund(context, booking, 4500)
    await settle(context, times=1)
    operation = (await rows(context, "select * from connect_operations"))[0]
    actor = cast.odile
    await transfers.settle_by_hand(context, actor, operation["id"], "He paid it back in cash.")
    await transfers.settle_by_hand(context, actor, operation["id"], "Again.")
    async with context.db.transaction() as tx:
        await look_alike_transfers.fill(tx, account)
    await change(context, "update connected_payments set settle_at = now()")
    await settle(context)
    assert await at_stripe(context) == PART
    assert await count(context, "connect_operations") == 1


async def test_a_part_taken_back_at_stripe_stays_owed(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        transfer = await tx.fetchval("select id from practice_objects where kind = 'transfer'")
        await look_alike_transfers.create_reversal(tx, transfer, {"amount": "600"})
    await jobs.drain(context)  # its webhook
    await settle(context)
    assert await moves(context) == [("transfer", PART), ("reversal", -600)]
    assert await owed(context, cast.farid) == 600


async def test_another_part_than_was_asked_is_listed(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    await start(context, booking)
    await change(
        context,
        "update practice_objects set body = jsonb_set(body, '{payment,transfer_data,amount}', '4000') "
        "where kind = 'details'",
    )
    await pay(context, booking)
    await sync.sync_checkout(context, booking_id=str(booking))
    await settle(context)
    assert await value(context, "select differs from connected_payments") == {"part": [PART, 4000]}
    assert await at_stripe(context) == PART  # more than was asked for came back


async def test_several_bookings_of_one_checkout_send_the_sum_of_their_parts(
    context: Context, cast: Cast, account: str
) -> None:
    seats = await seats_of(context, cast)
    await start(context, seats[0])
    stripe_id = await pay(context, seats[0])
    await sync.sync_checkout(context, stripe_id=stripe_id)
    await settle(context)
    assert await moves(context) == [("transfer", TOTAL * 8 // 10)]
    await refund(context, seats[1], 3000)
    await settle(context)
    assert await at_stripe(context) == (TOTAL - 3000) * 8 // 10
    assert await owed(context, cast.farid) == 0


async def test_the_export_of_a_facilitator_lists_no_payment_that_went_there(
    context: Context, cast: Cast, booking: UUID, account: str
) -> None:
    """Hosts never see what anybody paid; who paid gets the rows of it."""
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.reading() as tx:
        theirs = dict(await personal_data.SQL.everything_of(tx, person=cast.farid))
        payer = await tx.fetchval("select person_id from bookings where id = $1", booking)
        of_payer = dict(await personal_data.SQL.everything_of(tx, person=payer))
    assert theirs["connect_accounts"]
    assert not [name for name, found in theirs.items() if str(PART) in str(found)]
    assert of_payer["transfer_rows"]
    assert of_payer["connected_payments"]
