"""Checkouts on a real database, through the real SDK, against the look-alike."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from starlette.applications import Starlette

from circles import payments
from circles.payments import checkout as actions
from circles.payments import gateway, rules, sync
from circles.practice.stripe import checkouts as look_alike
from circles.store import db, jobs
from circles.store.context import Context
from tests.database import EMPTY
from tests.payments import helpers
from tests.payments.helpers import (
    Outcomes,
    balance,
    checkout,
    count,
    let_time_pass,
    pay,
    start,
    stripe_object,
    with_stripe_unreachable,
)

booking, outcomes = helpers.booking, helpers.outcomes


async def test_a_checkout_is_paid_when_stripe_says_so(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    url = await start(context, booking)
    assert url == f"/practice/checkout/{(await checkout(context, booking))['stripe_id']}"
    await pay(context, booking)
    assert outcomes == [], "paying alone reports nothing"
    await sync.sync_checkout(context, booking_id=str(booking))
    assert outcomes == [(booking, "paid")]
    assert await balance(context, booking) == 4500


async def test_starting_twice_creates_one_checkout(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    first, second = await asyncio.gather(start(context, booking), start(context, booking))
    assert first == second == await start(context, booking)
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    assert (await checkout(context, booking))["url"].endswith(first)


async def test_stripe_receives_a_discreet_name_and_nothing_of_the_person(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    async with context.db.reading() as tx:
        objects = await tx.fetchval("select string_agg(body::text, ' ') from practice_objects")
        request = await tx.fetchval("select request::text from operations")
    assert "Tuesday group" in request
    assert "TUESDAY GR" in request
    for private in ("Mira", "mira@", "First steps home", "ketamine", "medicine"):
        assert private not in objects + request


async def test_releasing_ends_the_checkout_at_stripe_first(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    assert await payments.release(context, booking) == "expired"
    assert (await stripe_object(context, stripe_id))["status"] == "expired"
    assert outcomes == [(booking, "expired")]
    assert await payments.release(context, booking) == "expired"
    assert outcomes == [(booking, "expired")]
    async with context.db.transaction() as tx:
        assert await look_alike.pay(tx, stripe_id) == "expired"


async def test_releasing_what_was_just_paid_reports_paid(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    assert await payments.release(context, booking) == "paid"
    assert outcomes == [(booking, "paid")]
    assert await payments.release(context, booking) == "paid"


async def test_paying_and_releasing_at_once_end_the_same_way(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]

    async def press_pay() -> str:
        async with context.db.transaction() as tx:
            return await look_alike.pay(tx, stripe_id)

    pressed, released = await asyncio.gather(press_pay(), payments.release(context, booking))
    assert pressed == released
    assert outcomes == [(booking, released)]


async def test_a_seat_stays_held_while_stripe_is_unreachable(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    assert await payments.release(with_stripe_unreachable(context), booking) == "unreachable"
    assert outcomes == []
    assert (await checkout(context, booking))["state"] == "open"


async def test_releasing_without_a_checkout(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    assert await payments.release(context, booking) == "expired"
    assert outcomes == []


async def test_stripe_unreachable_leaves_an_operation_to_retry(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(with_stripe_unreachable(context), booking)
    async with context.db.reading() as tx:
        written = await tx.fetch(
            "select state, fault, request from operations where booking_id = $1", booking
        )
    assert [(row["state"], row["fault"]) for row in written] == [("due", "unreachable")]
    assert written[0]["request"]["client_reference_id"] == str(booking)
    assert (await checkout(context, booking))["state"] == "asked"
    await let_time_pass(context, "3 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "failed")]
    assert (await checkout(context, booking))["state"] == "failed"


async def test_a_closed_port_is_tried_again_before_it_is_given_up(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "RETRIES", 1)
    tries = []
    open_client = gateway._open

    def counting(*given: object) -> object:
        client, http = open_client(*given)  # pyright: ignore
        http.event_hooks["request"] = [lambda request: _note(tries, request.headers["idempotency-key"])]
        return client, http

    monkeypatch.setattr(gateway, "_open", counting)
    with pytest.raises(payments.Unreachable):
        await start(with_stripe_unreachable(context), booking)
    assert len(tries) == 2
    assert len(set(tries)) == 1, "both tries carry the operation's key"


async def _note(into: list[str], what: str) -> None:
    into.append(what)


async def test_a_crash_before_the_call(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    async with context.db.transaction() as tx:
        await payments.prepare(tx, booking, 4500, "USD", await actions.SQL.in_minutes(tx, minutes=36))
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [], "a start that is only just under way is left alone"
    await let_time_pass(context, "3 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "failed")]
    assert await count(context, "practice_objects") == 0
    with pytest.raises(payments.Unreachable):
        await start(context, booking)


async def test_a_crash_after_the_call(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> bool:
        raise ConnectionAbortedError("the process is gone")

    with monkeypatch.context() as gone:
        gone.setattr(actions, "_record_open", crash)
        with pytest.raises(ConnectionAbortedError):
            await start(context, booking)
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    await let_time_pass(context, "3 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "failed")]
    assert await count(context, "practice_objects where kind = 'checkout'") == 1
    async with context.db.reading() as tx:
        status = await tx.fetchval("select body ->> 'status' from practice_objects where kind = 'checkout'")
    assert status == "expired", "a checkout unknown to us can no longer be paid"


async def test_a_checkout_created_after_its_release_is_ended(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = gateway.create_checkout

    async def slow(given: Context, parameters: dict[str, object], key: str) -> object:
        snapshot = await create(given, parameters, key)
        monkeypatch.setattr(gateway, "create_checkout", create)
        assert await payments.release(context, booking) == "expired"
        return snapshot

    monkeypatch.setattr(gateway, "create_checkout", slow)
    with pytest.raises(payments.Unreachable):
        await start(context, booking)
    assert outcomes == [(booking, "failed")]
    async with context.db.reading() as tx:
        status = await tx.fetchval("select body ->> 'status' from practice_objects where kind = 'checkout'")
    assert status == "expired"


async def test_an_amount_that_stripe_refuses(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    with pytest.raises(payments.Unreachable):
        await start(context, booking, amount=30)
    assert outcomes == [(booking, "failed")]
    async with context.db.reading() as tx:
        call = await tx.fetchrow("select kind, state, fault, again_at from operations")
    assert call
    assert tuple(call) == ("create_checkout", "failed", "amount_too_small", None)


async def test_a_payment_without_a_webhook_is_found(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("delete from pgqueuer")  # every webhook is lost
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == []
    await let_time_pass(context, "6 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]


async def test_a_checkout_past_its_time_is_found(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await start(context, booking)
    await let_time_pass(context, "37 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert outcomes == [(booking, "expired")]


@pytest.mark.parametrize("fault", ["amount_too_small", "unreachable"])
async def test_an_unknown_checkout_is_retried_until_stripe_answers(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(with_stripe_unreachable(context), booking)
    await let_time_pass(context, "3 minutes")

    async def no_answer(*_: object) -> None:
        raise payments.Unreachable if fault == "unreachable" else gateway.RefusedByStripe(fault)

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_checkout", no_answer)
        await jobs.run_timetable(context, "payments.reconcile")
        await jobs.drain(context)
    refused = fault != "unreachable"
    assert outcomes == ([(booking, "failed")] if refused else [])
    assert (await checkout(context, booking))["state"] == ("failed" if refused else "asked")
    if not refused:
        await jobs.run_timetable(context, "payments.reconcile")
        await jobs.drain(context)
        assert outcomes == [(booking, "failed")]


async def test_resolving_a_settled_checkout_changes_nothing(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    await sync.sync_checkout(context, booking_id=str(booking))
    await sync.run_resolve_unknown_checkout(context, booking_id=str(booking))
    assert outcomes == [(booking, "paid")]
    assert (await checkout(context, booking))["state"] == "paid"


async def test_an_outage_is_waited_out(context: Context, booking: UUID, outcomes: Outcomes) -> None:
    await start(context, booking)
    await pay(context, booking)
    await sync.sync_checkout(with_stripe_unreachable(context), booking_id=str(booking))
    assert outcomes == []
    async with context.db.transaction() as tx:
        await payments.sync_checkout_soon(tx, booking)
        await payments.sync_checkout_soon(tx, booking)
        assert await tx.fetchval("select count(*) from pgqueuer where entrypoint = 'payments.look'") == 1
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]


async def test_two_workers_syncing_at_once_move_it_once(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    await asyncio.gather(*(sync.sync_checkout(context, booking_id=str(booking)) for _ in range(4)))
    assert outcomes == [(booking, "paid")]
    assert await count(context, "money_rows") == 1


class Unguarded:
    """The queries without the row lock and the ledger's constraint; all workers read before any writes."""

    def __init__(self, queries: object, parties: int) -> None:
        self._queries = queries
        self._all_read = asyncio.Barrier(parties)

    def __getattr__(self, name: str) -> object:
        return getattr(self._queries, name)

    async def lock_checkout(self, tx: db.Tx, *, reference: UUID) -> object:
        row = await tx.fetchrow(
            "select *, null::uuid as operation_id, booking_id as about from checkouts where booking_id = $1",
            reference,
        )
        await self._all_read.wait()
        return row

    async def add_payments(self, tx: db.Tx, *, checkout_id: UUID, stripe_id: str) -> None:
        await tx.execute(
            "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id) "
            "select booking_id, id, 'payment', amount, currency, $2 from checkouts where id = $1",
            checkout_id,
            stripe_id,
        )


async def test_without_lock_and_constraint_they_would_move_it_twice(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before: it can fail."""
    await start(context, booking)
    await pay(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("alter table money_rows drop constraint money_once")
    monkeypatch.setattr(sync, "SQL", Unguarded(sync.SQL, 2))
    await asyncio.gather(*(sync.sync_checkout(context, booking_id=str(booking)) for _ in range(2)))
    assert outcomes == [(booking, "paid")] * 2
    assert await count(context, "money_rows") == 2
    # The invariants are checked after every test, and this test has just broken one on purpose.
    async with context.db.transaction() as tx:
        await tx.execute(EMPTY)


async def test_a_checkout_of_somebody_else_on_the_same_account_is_left_alone(
    context: Context, booking: UUID, outcomes: Outcomes, app: Starlette
) -> None:
    await start(context, booking)
    parameters = rules.checkout_parameters(
        reference=booking,
        lines=[rules.Line(booking, 100)],
        currency="USD",
        name="Another shop",
        statement="",
        success_url="http://circles.test/",
        cancel_url="http://circles.test/",
        expires_at=(await checkout(context, booking))["expires_at"],
    )
    other = await gateway.create_checkout(context, parameters, "another-shop")
    async with context.db.transaction() as tx:
        await look_alike.pay(tx, other.id)
    await sync.sync_checkout(context, stripe_id=other.id)
    assert outcomes == []
    assert await count(context, "money_rows") == 0


async def test_without_a_listener_settling_fails_and_loses_nothing(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await start(context, booking)
    await pay(context, booking)
    payments.on_settled(sync._no_listener)
    with pytest.raises(RuntimeError):
        await sync.sync_checkout(context, booking_id=str(booking))
    assert await count(context, "money_rows") == 0
    assert (await checkout(context, booking))["state"] == "open"
