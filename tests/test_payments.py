"""Checkouts on a real database, through the real SDK, against the look-alike: every way one can go."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from starlette.applications import Starlette

from circles import db, jobs, payments
from circles.house import House
from circles.payments import actions, gateway, practice
from tests import payments_hands as hands
from tests.payments_hands import (
    Told,
    at_stripe,
    checkout,
    count,
    cut_off,
    later,
    pay,
    start,
)

booking, told = hands.booking, hands.told


async def test_a_checkout_is_paid_when_stripe_says_so(house: House, booking: UUID, told: Told) -> None:
    url = await start(house, booking)
    assert url == f"/practice/checkout/{(await checkout(house, booking))['stripe_id']}"
    await pay(house, booking)
    assert told == [], "paying alone tells us nothing"
    await actions.look(house, booking_id=str(booking))
    assert told == [(booking, "paid")]
    async with house.db.reading() as tx:
        assert await payments.paid_total(tx, booking) == 4500
        assert await payments.checkout_url(tx, booking) is None


async def test_asked_twice_it_is_one_checkout(house: House, booking: UUID, told: Told) -> None:
    first, second = await asyncio.gather(start(house, booking), start(house, booking))
    assert first == second == await start(house, booking)
    assert await count(house, "practice_objects where kind = 'checkout'") == 1
    async with house.db.reading() as tx:
        assert str(await payments.checkout_url(tx, booking)).endswith(first)


async def test_stripe_is_told_a_discreet_name_and_nothing_of_the_person(
    house: House, booking: UUID, told: Told
) -> None:
    await start(house, booking)
    await pay(house, booking)
    async with house.db.reading() as tx:
        said = await tx.fetchval("select string_agg(body::text, ' ') from practice_objects")
        asked = await tx.fetchval("select request::text from operations")
    assert "Tuesday group" in asked
    assert "TUESDAY GR" in asked
    for private in ("Mira", "mira@", "First steps home", "ketamine", "medicine"):
        assert private not in said + asked


async def test_letting_go_ends_the_checkout_at_stripe_first(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    stripe_id = (await checkout(house, booking))["stripe_id"]
    assert await payments.release(house, booking) == "expired"
    assert (await at_stripe(house, stripe_id))["status"] == "expired"
    assert told == [(booking, "expired")]
    assert await payments.release(house, booking) == "expired"
    assert told == [(booking, "expired")]
    async with house.db.transaction() as tx:
        assert await practice.pay(tx, stripe_id) == "expired"


async def test_letting_go_of_what_was_just_paid_is_paying(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    assert await payments.release(house, booking) == "paid"
    assert told == [(booking, "paid")]
    assert await payments.release(house, booking) == "paid"


async def test_paying_and_letting_go_at_once_end_the_same_way(
    house: House, booking: UUID, told: Told
) -> None:
    await start(house, booking)
    stripe_id = (await checkout(house, booking))["stripe_id"]

    async def press_pay() -> str:
        async with house.db.transaction() as tx:
            return await practice.pay(tx, stripe_id)

    pressed, released = await asyncio.gather(press_pay(), payments.release(house, booking))
    assert pressed == released
    assert told == [(booking, released)]


async def test_a_seat_stays_held_while_stripe_cannot_be_asked(
    house: House, booking: UUID, told: Told
) -> None:
    await start(house, booking)
    assert await payments.release(cut_off(house), booking) == "unreachable"
    assert told == []
    assert (await checkout(house, booking))["state"] == "open"


async def test_nothing_to_let_go(house: House, booking: UUID, told: Told) -> None:
    assert await payments.release(house, booking) == "expired"
    assert told == []


async def test_stripe_unreachable_leaves_something_to_go_on_from(
    house: House, booking: UUID, told: Told
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(cut_off(house), booking)
    async with house.db.reading() as tx:
        written = await tx.fetch(
            "select state, fault, request from operations where booking_id = $1", booking
        )
    assert [(each["state"], each["fault"]) for each in written] == [("due", "unreachable")]
    assert written[0]["request"]["client_reference_id"] == str(booking)
    assert (await checkout(house, booking))["state"] == "asked"
    await later(house, "3 minutes")
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [(booking, "failed")]
    assert (await checkout(house, booking))["state"] == "failed"


async def test_a_closed_port_is_tried_again_before_it_is_given_up(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
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
        await start(cut_off(house), booking)
    assert len(tries) == 2
    assert len(set(tries)) == 1, "both tries carry the operation's key"


async def _note(into: list[str], what: str) -> None:
    into.append(what)


async def test_a_crash_before_the_call(house: House, booking: UUID, told: Told) -> None:
    async with house.db.transaction() as tx:
        await payments.prepare(tx, booking, 4500, "USD", await actions.SQL.in_minutes(tx, minutes=31))
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [], "a start that is only just under way is left alone"
    await later(house, "3 minutes")
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [(booking, "failed")]
    assert await count(house, "practice_objects") == 0
    with pytest.raises(payments.Unreachable):
        await start(house, booking)


async def test_a_crash_after_the_call(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> bool:
        raise ConnectionAbortedError("the process is gone")

    with monkeypatch.context() as gone:
        gone.setattr(actions, "_opened", crash)
        with pytest.raises(ConnectionAbortedError):
            await start(house, booking)
    assert await count(house, "practice_objects where kind = 'checkout'") == 1
    await later(house, "3 minutes")
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [(booking, "failed")]
    assert await count(house, "practice_objects where kind = 'checkout'") == 1
    async with house.db.reading() as tx:
        status = await tx.fetchval("select body ->> 'status' from practice_objects where kind = 'checkout'")
    assert status == "expired", "nobody can pay what nobody knows of"


async def test_a_checkout_that_comes_after_it_was_given_up_is_ended(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = gateway.create_checkout

    async def slow(given: House, parameters: dict[str, object], key: str) -> object:
        seen = await create(given, parameters, key)
        monkeypatch.setattr(gateway, "create_checkout", create)
        assert await payments.release(house, booking) == "expired"
        return seen

    monkeypatch.setattr(gateway, "create_checkout", slow)
    with pytest.raises(payments.Unreachable):
        await start(house, booking)
    assert told == [(booking, "failed")]
    async with house.db.reading() as tx:
        status = await tx.fetchval("select body ->> 'status' from practice_objects where kind = 'checkout'")
    assert status == "expired"


async def test_an_amount_that_stripe_refuses(house: House, booking: UUID, told: Told) -> None:
    with pytest.raises(payments.Unreachable):
        await start(house, booking, amount=30)
    assert told == [(booking, "failed")]
    async with house.db.reading() as tx:
        trouble = (await payments.troubles(tx))[0]
    assert (trouble.kind, trouble.fault, trouble.tries_again) == (
        "create_checkout",
        "amount_too_small",
        False,
    )


async def test_what_no_webhook_told_is_found(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    async with house.db.transaction() as tx:
        await tx.execute("delete from pgqueuer")  # every webhook is lost
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == []
    await later(house, "6 minutes")
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [(booking, "paid")]


async def test_a_checkout_past_its_time_is_found(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await later(house, "32 minutes")
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)
    assert told == [(booking, "expired")]


@pytest.mark.parametrize("fault", ["amount_too_small", "unreachable"])
async def test_a_call_never_heard_of_is_asked_about_until_stripe_says(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    with pytest.raises(payments.Unreachable):
        await start(cut_off(house), booking)
    await later(house, "3 minutes")

    async def no_answer(*_: object) -> None:
        raise payments.Unreachable if fault == "unreachable" else gateway.RefusedByStripe(fault)

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_checkout", no_answer)
        await jobs.run_timetable(house, "payments.reconcile")
        await jobs.drain(house)
    refused = fault != "unreachable"
    assert told == ([(booking, "failed")] if refused else [])
    assert (await checkout(house, booking))["state"] == ("failed" if refused else "asked")
    if not refused:
        await jobs.run_timetable(house, "payments.reconcile")
        await jobs.drain(house)
        assert told == [(booking, "failed")]


async def test_what_was_settled_meanwhile_is_not_ended_again(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    await actions.look(house, booking_id=str(booking))
    await actions.forsake(house, booking_id=str(booking))
    assert told == [(booking, "paid")]
    assert (await checkout(house, booking))["state"] == "paid"


async def test_an_outage_is_waited_out(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    await actions.look(cut_off(house), booking_id=str(booking))
    assert told == []
    async with house.db.transaction() as tx:
        await payments.look_soon(tx, booking)
        await payments.look_soon(tx, booking)
        assert await tx.fetchval("select count(*) from pgqueuer where entrypoint = 'payments.look'") == 1
    await jobs.drain(house)
    assert told == [(booking, "paid")]


async def test_two_workers_that_look_at_once_move_it_once(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    await asyncio.gather(*(actions.look(house, booking_id=str(booking)) for _ in range(4)))
    assert told == [(booking, "paid")]
    assert await count(house, "money_rows") == 1


class Unguarded:
    """The queries without the row lock and the ledger's constraint; all workers read before any writes."""

    def __init__(self, queries: object, parties: int) -> None:
        self._queries = queries
        self._all_read = asyncio.Barrier(parties)

    def __getattr__(self, name: str) -> object:
        return getattr(self._queries, name)

    async def lock_checkout(self, tx: db.Tx, *, booking_id: UUID) -> object:
        row = await tx.fetchrow(
            "select *, null::uuid as operation_id from checkouts where booking_id = $1", booking_id
        )
        await self._all_read.wait()
        return row

    async def add_payment(self, tx: db.Tx, **values: object) -> None:
        await tx.execute(
            "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id) "
            "values ($1, $2, 'payment', $3, $4, $5)",
            *(values[name] for name in ("booking_id", "checkout_id", "amount", "currency", "stripe_id")),
        )


async def test_without_lock_and_constraint_they_would_move_it_twice(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before: it can fail."""
    await start(house, booking)
    await pay(house, booking)
    async with house.db.transaction() as tx:
        await tx.execute("alter table money_rows drop constraint money_once")
    monkeypatch.setattr(actions, "SQL", Unguarded(actions.SQL, 2))
    await asyncio.gather(*(actions.look(house, booking_id=str(booking)) for _ in range(2)))
    assert told == [(booking, "paid")] * 2
    assert await count(house, "money_rows") == 2
    # The invariants are asked after every test, and this one has just been broken on purpose.
    async with house.db.transaction() as tx:
        await tx.execute("alter table money_rows disable trigger money_rows_append_only")
        await tx.execute("delete from money_rows where id = (select max(id) from money_rows)")


async def test_a_checkout_of_somebody_else_on_the_same_account_is_left_alone(
    house: House, booking: UUID, told: Told, app: Starlette
) -> None:
    await start(house, booking)
    words = gateway.checkout_parameters(
        booking_id=booking,
        amount=100,
        currency="USD",
        name="Another shop",
        statement="",
        success_url="http://circles.test/",
        cancel_url="http://circles.test/",
        expires_at=(await checkout(house, booking))["expires_at"],
    )
    other = await gateway.create_checkout(house, words, "another-shop")
    async with house.db.transaction() as tx:
        await practice.pay(tx, other.id)
    await actions.look(house, stripe_id=other.id)
    assert told == []
    assert await count(house, "money_rows") == 0


async def test_nobody_listening_is_an_error_not_a_loss(house: House, booking: UUID, told: Told) -> None:
    await start(house, booking)
    await pay(house, booking)
    payments.on_settled(actions._nobody)
    with pytest.raises(RuntimeError):
        await actions.look(house, booking_id=str(booking))
    assert await count(house, "money_rows") == 0
    assert (await checkout(house, booking))["state"] == "open"
