"""The parts of payments, as money arrives and goes back."""

from __future__ import annotations

from uuid import UUID

import pytest

from circles import payments
from circles.store import db
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.helpers import change, rows, value
from tests.payments.helpers import booking, outcomes, paid_booking
from tests.payments.shares.helpers import parts, set_terms

__all__ = ["booking", "outcomes"]

pytestmark = pytest.mark.usefixtures("outcomes")


async def move(context: Context, booking: UUID, kind: str, amount: int) -> None:
    """A movement of a booking's money, as it is written when Stripe says so."""
    await change(
        context,
        "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
        " select booking_id, checkout_id, $2, $3, currency, 'moved_' || gen_random_uuid()"
        " from money_rows where booking_id = $1 and kind = 'payment'",
        booking,
        kind,
        amount,
    )


async def test_without_terms_nothing_is_due(context: Context, booking: UUID) -> None:
    await paid_booking(context, booking)
    assert await parts(context, booking) == [0]
    assert await value(context, "select count(*) from ledger_entries where kind = 'share'") == 0


async def test_part_follows_refunds_and_disputes(context: Context, cast: Cast, booking: UUID) -> None:
    await set_terms(context, None, 20_00, 100)
    await paid_booking(context, booking)
    share = (await rows(context, "select * from payment_shares"))[0]
    assert (share["facilitator_id"], share["amount"], share["part"]) == (cast.farid, 4500, 3500)
    for kind, amount in (
        ("dispute", -4500),
        ("dispute_returned", 4500),
        ("dispute", -1),
        ("dispute", -2),
        ("dispute", -4497),
    ):
        await move(context, booking, kind, amount)
    assert await parts(context, booking) == [3500, -3500, 3500, -1, -1, -3498]
    await move(context, booking, "dispute_returned", 4500)
    assert sum(await parts(context, booking)) == 3500


async def test_terms_of_when_the_checkout_was_made(context: Context, cast: Cast, booking: UUID) -> None:
    await set_terms(context, None, 50_00)
    await set_terms(context, cast.circle, 10_00, starts="-2 days")
    await set_terms(context, cast.circle, 90_00, starts="1 second")
    await paid_booking(context, booking)
    assert await parts(context, booking) == [4050]


async def test_circle_that_follows_the_default_again(context: Context, cast: Cast, booking: UUID) -> None:
    await set_terms(context, None, 50_00)
    await set_terms(context, cast.circle, 10_00, starts="-2 days")
    await set_terms(context, cast.circle, None)
    await paid_booking(context, booking)
    assert await parts(context, booking) == [2250]


async def test_flat_amount_counts_once_for_a_seat(context: Context, cast: Cast, booking: UUID) -> None:
    await set_terms(context, None, 20_00, 500)
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        end = await tx.fetchval("select now() + interval '1 hour'")
        await payments.prepare_addition(tx, booking, 1000, "USD", end)
    await change(
        context,
        "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
        " select $1, id, 'payment', amount, currency, 'pi_more' from checkouts where covers = 'addition'",
        booking,
    )
    assert await parts(context, booking) == [3100, 800]
    await change(context, "update bookings set amount = 5500 where id = $1", booking)
    await change(
        context, "update checkouts set state = 'paid', stripe_id = 'cs_more' where covers = 'addition'"
    )


async def test_part_is_written_once(context: Context, cast: Cast) -> None:
    await set_terms(context, None, 20_00)
    seat = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")
    async with context.db.transaction() as tx:
        end = await tx.fetchval("select now() + interval '1 hour'")
        await payments.prepare(tx, seat, 4500, "USD", end)
    checkout = await value(context, "select id from checkouts where booking_id = $1", seat)
    assert await value(context, "select add_shares($1, 'acct_1')", checkout) == 3600
    assert await value(context, "select add_shares($1, null)", checkout) == 3600
    await change(
        context,
        "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
        " values ($1, $2, 'payment', 4500, 'USD', 'pi_1')",
        seat,
        checkout,
    )
    await value(context, "select add_shares($1, 'acct_2')", checkout)
    assert await value(context, "select account from payment_shares") is None
    with pytest.raises(db.IntegrityConstraintViolationError):
        await change(context, "update payment_shares set part = 1")
    await change(context, "update checkouts set state = 'paid', stripe_id = 'cs_1' where id = $1", checkout)
