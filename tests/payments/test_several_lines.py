"""Checkouts of several bookings, and additional payments: paid, refunded, disputed, and every failure between."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from circles import payments
from circles.base import clock
from circles.payments import checkout as checkouts
from circles.payments import sync
from circles.payments.refunds import actions, disputes, readings, rules, states
from circles.payments.refunds.rules import PaymentPart
from circles.payments.rules import Line
from circles.practice.stripe import disputes as bank
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as at_stripe
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.helpers import value
from tests.payments.helpers import (
    Outcomes,
    balance,
    checkout,
    count,
    event,
    let_time_pass,
    pay,
    post_webhook,
    start,
    with_stripe_unreachable,
)
from tests.payments.helpers import outcomes as outcomes


async def addition(context: Context, cast: Cast) -> UUID:
    """$15 more for a seat that Milo paid $45 for; the additional payment's id."""
    booking = await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        return await checkouts.prepare_addition(tx, booking, 1500, "USD", clock.now() + timedelta(minutes=36))


@pytest_asyncio.fixture(params=["several", "addition"])
async def reference(request: pytest.FixtureRequest, context: Context, cast: Cast) -> UUID:
    """A checkout that is to be paid, of each kind."""
    if request.param == "addition":
        return await addition(context, cast)
    return (await seats_of(context, cast))[0]


AMOUNTS = (4500, 3000, 3500)
TOTAL = sum(AMOUNTS)


async def seats_of(context: Context, cast: Cast) -> list[UUID]:
    """Three seats that Mira holds, of one checkout."""
    ids = []
    for week, amount in enumerate(AMOUNTS):
        gathering = await add_gathering(context, cast.circle, days=14 + 7 * week)
        ids.append(await add_booking(context, gathering, cast.mira, kind="paid", amount=amount, state="held"))
    async with context.db.transaction() as tx:
        lines = [Line(seat, amount) for seat, amount in zip(ids, AMOUNTS, strict=True)]
        await payments.prepare_several(tx, lines, "USD", clock.now() + timedelta(minutes=36))
    return ids


@pytest_asyncio.fixture
async def seats(context: Context, cast: Cast, outcomes: Outcomes) -> list[UUID]:
    """The same, paid. Nothing follows the outcome here, so their state is set by hand."""
    ids = await seats_of(context, cast)
    await start(context, ids[0])
    await pay(context, ids[0])
    await sync.sync_checkout(context, booking_id=str(ids[2]))  # by any of them
    await confirm(context)
    return ids


async def confirm(context: Context) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "with confirmed as (update bookings set state = 'confirmed', confirmed_at = now() where state = 'held' "
            "returning id) insert into events (what, about, after) "
            "select 'booking.confirmed', id, 'confirmed' from confirmed"
        )


async def end(context: Context, booking: UUID) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'cancelled', end_cause = 'by_member', ended_at = now() where id = $1",
            booking,
        )
        await tx.execute(
            "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled')", booking
        )


async def refund(context: Context, booking: UUID, amount: int) -> int:
    async with context.db.transaction() as tx:
        return await payments.refund(tx, booking, amount, "by_member")


async def intent_of(context: Context, reference: UUID) -> str:
    return (await checkout(context, reference))["payment_intent"]


async def at_dashboard(context: Context, reference: UUID, amount: int) -> str:
    """A refund that somebody makes at Stripe's dashboard."""
    async with context.db.transaction() as tx:
        params = {"payment_intent": await intent_of(context, reference), "amount": str(amount)}
        return (await at_stripe.create_refund(tx, params))["id"]


async def balances(context: Context, seats: list[UUID]) -> list[int]:
    return [await balance(context, seat) for seat in seats]


# Paying


async def test_what_stripe_is_told(context: Context, cast: Cast, outcomes: Outcomes, reference: UUID) -> None:
    await start(context, reference)
    request = await value(
        context, "select request from operations where kind = 'create_checkout' and request is not null"
    )
    lines = request["line_items"]
    row = await checkout(context, reference)
    assert sum(line["quantity"] * line["price_data"]["unit_amount"] for line in lines) == row["amount"]
    assert {line["price_data"]["product_data"]["name"] for line in lines} == {"Tuesday group"}
    assert request["client_reference_id"] == str(reference)
    metadata = request["metadata"]
    assert metadata == request["payment_intent_data"]["metadata"]
    if row["covers"] == "bookings":
        assert set(metadata) == {"booking", "booking_2", "booking_3"}
    else:
        assert metadata["additional_payment"] == str(reference)


@pytest.mark.parametrize("told", ["webhook", "doubled webhook", "timetable", "page"])
async def test_paid_once_however_it_is_told(
    context: Context, app: Starlette, cast: Cast, outcomes: Outcomes, reference: UUID, told: str
) -> None:
    await start(context, reference)
    stripe_id = await pay(context, reference)
    if told == "timetable":
        await let_time_pass(context, "10 minutes")
        await jobs.run_timetable(context, "payments.reconcile")
    elif told == "page":
        await sync.sync_checkout(context, booking_id=str(reference))
    else:
        for number in range(2 if told == "doubled webhook" else 1):
            body = event("checkout.session.completed", stripe_id, f"evt_{number}")
            assert await post_webhook(context, app, body) == 200
    await jobs.drain(context)
    await sync.sync_checkout(context, stripe_id=stripe_id)
    assert outcomes == [(reference, "paid")]
    row = await checkout(context, reference)
    brought = "select sum(amount) from money_rows where kind = 'payment' and checkout_id = $1"
    assert await value(context, brought, row["id"]) == row["amount"]
    await settle_by_hand(context, row)


async def settle_by_hand(context: Context, row: Any) -> None:
    """What bookings do when it is paid, so that the invariants hold."""
    if row["covers"] == "bookings":
        await confirm(context)
        return
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set amount = bookings.amount + $1 from checkout_lines as lines "
            "where lines.checkout_id = $2 and lines.booking_id = bookings.id",
            row["amount"],
            row["id"],
        )


@pytest.mark.parametrize("way", ["released", "ran out", "never called", "refused"])
async def test_not_paid_ends_once_and_brings_nothing(
    context: Context, cast: Cast, outcomes: Outcomes, reference: UUID, way: str
) -> None:
    before = await value(context, "select array_agg(amount order by id) from bookings")
    if way == "refused":
        async with context.db.transaction() as tx:
            await faults.plan(tx, "create_checkout", "403")
        with pytest.raises(payments.Unreachable):
            await start(context, reference)
        assert await payments.release(context, reference) in ("expired", "unreachable")
    elif way == "never called":
        assert await payments.release(context, reference) == "expired"
    else:
        await start(context, reference)
        if way == "ran out":
            await let_time_pass(context, "1 hour")
            await jobs.run_timetable(context, "payments.reconcile")
            await jobs.drain(context)
        else:
            assert await payments.release(context, reference) == "expired"
    assert [outcome for _, outcome in outcomes] in (["expired"], ["failed"])
    own = (await checkout(context, reference))["id"]
    assert await count(context, f"money_rows where checkout_id = '{own}'") == 0
    assert await value(context, "select array_agg(amount order by id) from bookings") == before
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'lapsed', end_cause = 'not_paid', ended_at = now() where state = 'held'"
        )
        await tx.execute(
            "insert into events (what, about, after) select 'booking.lapsed', id, 'lapsed' from bookings "
            "where state = 'lapsed'"
        )


async def test_an_outage_between_call_and_answer_creates_one(
    context: Context, cast: Cast, outcomes: Outcomes, reference: UUID
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(with_stripe_unreachable(context), reference)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500", after_effect=True)
    with pytest.raises(payments.Unreachable):
        await start(context, reference)
    assert await start(context, reference)
    assert await count(context, "practice_objects where kind = 'checkout'") == 1


@pytest.mark.parametrize(
    "change", [{"amount_total": 100}, {"currency": "eur"}, {"client_reference_id": str(UUID(int=8))}]
)
async def test_another_answer_than_asked_is_a_finding_of_its_booking(
    context: Context, cast: Cast, outcomes: Outcomes, reference: UUID, change: dict[str, Any]
) -> None:
    await start(context, reference)
    stripe_id = await pay(context, reference)
    async with context.db.transaction() as tx:
        body = await tx.fetchval("select body from practice_objects where id = $1", stripe_id)
        await tx.execute("update practice_objects set body = $2 where id = $1", stripe_id, body | change)
    await sync.sync_checkout(context, stripe_id=stripe_id)
    assert outcomes == []
    finding = await value(context, "select booking_id from payment_findings")
    own = "select booking_id from checkout_lines where checkout_id = $1 order by position limit 1"
    assert finding == await value(context, own, (await checkout(context, reference))["id"])
    assert await value(context, "select state from checkouts where stripe_id = $1", stripe_id) == "open"


async def test_money_that_comes_late_is_told(
    context: Context, cast: Cast, outcomes: Outcomes, reference: UUID
) -> None:
    await start(context, reference)
    stripe_id = await pay(context, reference)
    async with context.db.transaction() as tx:
        await sync.fail(tx, context, reference, "test")
    await sync.sync_checkout(context, stripe_id=stripe_id)
    assert [outcome for _, outcome in outcomes] == ["failed", "paid"]
    await settle_by_hand(context, await checkout(context, reference))


async def test_three_workers_move_it_once(
    context: Context, cast: Cast, outcomes: Outcomes, reference: UUID
) -> None:
    await start(context, reference)
    await pay(context, reference)
    await asyncio.gather(*(sync.sync_checkout(context, booking_id=str(reference)) for _ in range(3)))
    assert outcomes == [(reference, "paid")]
    await settle_by_hand(context, await checkout(context, reference))


# Refunds of one booking of several


async def test_each_booking_is_refunded_by_itself(context: Context, seats: list[UUID]) -> None:
    await end(context, seats[1])
    assert await refund(context, seats[1], 9999) == 3000
    assert await refund(context, seats[1], 9999) == 0
    await jobs.drain(context)
    assert await balances(context, seats) == [4500, 0, 3500]
    keys = "select count(distinct idempotency_key) from operations where kind = 'refund'"
    assert await value(context, keys) == 1
    await end(context, seats[0])
    assert await refund(context, seats[0], 1000) == 1000
    await jobs.drain(context)
    assert await balances(context, seats) == [3500, 0, 3500]
    left = "select sum((body ->> 'amount')::int) from practice_objects where kind = 'refund'"
    assert await value(context, left) == 4000


@pytest.mark.parametrize(
    ("ended", "owed", "amount", "left"),
    [
        ([], [], 3500, [4500, 3000, 0]),  # the last evening first
        ([], [], 5000, [4500, 1500, 0]),
        ([], [], TOTAL, [0, 0, 0]),
        ([0], [], 3000, [1500, 3000, 3500]),  # of a booking that has ended before one that is ahead
        ([0], [0], 4500, [0, 3000, 3500]),  # what is due to be sent before all
        ([0, 2], [0], 5000, [0, 3000, 3000]),
    ],
)
async def test_a_refund_at_the_dashboard_is_attributed(
    context: Context, seats: list[UUID], ended: list[int], owed: list[int], amount: int, left: list[int]
) -> None:
    for number in ended:
        await end(context, seats[number])
    for number in owed:
        assert await refund(context, seats[number], AMOUNTS[number])
    stripe_id = await at_dashboard(context, seats[0], amount)
    for _ in range(2):
        await readings.read_payment(context, await intent_of(context, seats[0]))
    await jobs.drain(context)
    assert await balances(context, seats) == left
    refunded = "select coalesce(sum((body ->> 'amount')::int), 0) from practice_objects where kind = 'refund'"
    assert await value(context, refunded) == amount  # nothing goes out beside it
    # The bank sends it back: every share of it.
    async with context.db.transaction() as tx:
        await at_stripe.move_refund(tx, stripe_id, "failed")
    await readings.read_payment(context, await intent_of(context, seats[0]))
    assert sum(await balances(context, seats)) == TOTAL


async def test_a_refund_at_the_dashboard_is_attributed_after_ours_that_has_no_answer_yet(
    context: Context, seats: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    await end(context, seats[2])
    assert await refund(context, seats[2], AMOUNTS[2])
    operation = await value(context, "select id from operations where kind = 'refund'")

    class Killed(BaseException):
        """The process ends after Stripe answered."""

    async def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(states, "apply", kill)
        await actions.send(context, operation_id=str(operation))
    await states.sync_refund(context, stripe_id=await at_dashboard(context, seats[0], 3500))
    await jobs.drain(context)
    assert await balances(context, seats) == [4000, 0, 0]
    assert (
        await value(context, "select count(*) from operations where kind = 'refund' and state = 'done'") == 3
    )


async def test_the_timetable_reads_a_shared_refund_by_its_own_id(context: Context, seats: list[UUID]) -> None:
    async with context.db.transaction() as tx:
        await faults.plan(tx, "refund", "pending")
    stripe_id = await at_dashboard(context, seats[0], TOTAL)
    await readings.read_payment(context, await intent_of(context, seats[0]))
    assert await value(context, "select array_agg(distinct state) from operations where kind = 'refund'") == [
        "sent"
    ]
    async with context.db.transaction() as tx:
        await at_stripe.move_refund(tx, stripe_id, "succeeded")
    await let_time_pass(context, "1 day")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert await value(context, "select array_agg(distinct state) from operations where kind = 'refund'") == [
        "done"
    ]
    assert await count(context, "operations where kind = 'refund'") == 3


@pytest.mark.parametrize("decision", ["won", "lost"])
async def test_a_dispute_is_of_every_booking(
    context: Context, seats: list[UUID], decision: bank.Decision
) -> None:
    async with context.db.transaction() as tx:
        opened = await bank.open_dispute(tx, await intent_of(context, seats[0]))
    for _ in range(2):
        await disputes.sync_dispute(context, stripe_id=opened["id"])
    flags = "select array_agg(distinct disputed) from bookings_with_money where id = any($1)"
    assert await value(context, flags, seats) == ["needs_response"]
    assert await balances(context, seats) == [0, 0, 0]
    async with context.db.transaction() as tx:
        await bank.close_dispute(tx, opened["id"], decision)
    for _ in range(2):
        await disputes.sync_dispute(context, stripe_id=opened["id"])
    assert await balances(context, seats) == ([*AMOUNTS] if decision == "won" else [0, 0, 0])
    assert await value(context, flags, seats) == [decision]
    assert await count(context, "disputes") == 1


async def test_a_lost_dispute_is_only_of_bookings_whose_money_it_took(
    context: Context, seats: list[UUID]
) -> None:
    """What of the payment went back before is not taken; while the bank decides, every booking waits for it."""
    await end(context, seats[0])
    assert await refund(context, seats[0], AMOUNTS[0]) == AMOUNTS[0]
    await jobs.drain(context)
    async with context.db.transaction() as tx:
        opened = await bank.open_dispute(tx, await intent_of(context, seats[0]))
    await disputes.sync_dispute(context, stripe_id=opened["id"])
    flag = "select disputed from bookings_with_money where id = $1"
    assert [await value(context, flag, seat) for seat in seats] == ["needs_response"] * 3
    async with context.db.transaction() as tx:
        await bank.close_dispute(tx, opened["id"], "lost")
    await disputes.sync_dispute(context, stripe_id=opened["id"])
    assert [await value(context, flag, seat) for seat in seats] == ["", "lost", "lost"]


# Additional payments


async def paid_addition(context: Context, cast: Cast) -> tuple[UUID, UUID]:
    """A seat of $45 with $15 more: the booking and the additional payment."""
    more = await addition(context, cast)
    await start(context, more)
    await pay(context, more)
    await sync.sync_checkout(context, booking_id=str(more))
    row = await checkout(context, more)
    await settle_by_hand(context, row)
    booking = await value(context, "select booking_id from checkout_lines where checkout_id = $1", row["id"])
    return booking, more


@pytest.mark.parametrize(
    ("wanted", "parts"), [(1000, [1000]), (1500, [1500]), (2000, [1500, 500]), (9999, [1500, 4500])]
)
async def test_refunds_are_taken_from_the_newest_payment_first(
    context: Context, cast: Cast, outcomes: Outcomes, wanted: int, parts: list[int]
) -> None:
    booking, _ = await paid_addition(context, cast)
    await end(context, booking)
    assert await refund(context, booking, wanted) == sum(parts)
    query = (
        "select array_agg(operations.amount order by (covers = 'addition') desc) from operations "
        "join checkouts on checkouts.id = checkout_id where kind = 'refund'"
    )
    assert await value(context, query) == parts
    assert await refund(context, booking, 9999) == 6000 - sum(parts)


async def test_an_addition_alone_is_given_back(context: Context, cast: Cast, outcomes: Outcomes) -> None:
    booking, more = await paid_addition(context, cast)
    async with context.db.transaction() as tx:
        assert await payments.refund_addition(tx, booking, more, "not_needed") == 1500
        assert await payments.refund_addition(tx, booking, more, "not_needed") == 0
        await tx.execute("update bookings set amount = 4500 where id = $1", booking)
    await jobs.drain(context)
    assert await balance(context, booking) == 4500


# The rules by themselves

PARTS = st.lists(
    st.builds(
        PaymentPart,
        booking_id=st.uuids(),
        balance=st.integers(0, 9000),
        owed=st.integers(0, 9000),
        disputed=st.integers(0, 9000),
        is_over=st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda part: part.booking_id,
)


@given(st.integers(1, 40_000), PARTS)
def test_attribution_loses_nothing(amount: int, parts: list[PaymentPart]) -> None:
    shares = dict(rules.attribute(amount, parts))
    assert sum(shares.values()) == amount
    balances_of = {part.booking_id: part.balance for part in parts}
    if amount <= sum(balances_of.values()):
        assert all(share <= balances_of[booking] for booking, share in shares.items())
    assert sum(share for _, share in rules.give_back(amount, parts)) == amount


@given(st.integers(0, 40_000), PARTS)
def test_a_split_refund_takes_no_more_than_what_is_left(wanted: int, parts: list[PaymentPart]) -> None:
    split = rules.split_refund(wanted, parts)
    assert sum(sent + disputed for sent, disputed in split) <= wanted
    for part, (sent, disputed) in zip(parts, split, strict=True):
        assert 0 <= sent <= max(0, part.balance - part.owed)
        assert 0 <= disputed <= part.disputed
    possible = sum(max(0, part.balance - part.owed) for part in parts)
    assert sum(sent for sent, _ in split) == min(wanted, possible)
