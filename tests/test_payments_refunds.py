"""Money that goes back: never more than came, never twice, and never lost on the way."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from circles import db, jobs, payments
from circles.house import House
from circles.payments import gateway, practice, refunds, rules
from tests import payments_hands as hands
from tests.payments_hands import Told, checkout, count, cut_off, later, paid

booking, told = hands.booking, hands.told

MADE = "practice_objects where kind = 'refund'"


async def give_back(house: House, booking: UUID, amount: int) -> int:
    async with house.db.transaction() as tx:
        return await payments.refund(tx, booking, amount, "by_member")


async def left(house: House, booking: UUID) -> int:
    async with house.db.reading() as tx:
        return await payments.paid_total(tx, booking)


async def operation(house: House) -> db.Record:
    async with house.db.reading() as tx:
        row = await tx.fetchrow("select * from operations where kind = 'refund' order by created_at desc")
    assert row
    return row


async def reconcile(house: House, wait: str) -> None:
    await later(house, wait)
    await jobs.run_timetable(house, "payments.reconcile")
    await jobs.drain(house)


async def test_money_goes_back_and_no_more_than_came(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    assert await give_back(house, booking, 1000) == 1000
    await jobs.drain(house)
    assert await left(house, booking) == 3500
    assert await give_back(house, booking, 9999) == 3500
    assert await give_back(house, booking, 1) == 0, "all of the rest is on its way back"
    await jobs.drain(house)
    assert await left(house, booking) == 0
    assert await give_back(house, booking, 1) == 0
    assert await count(house, MADE) == 2


async def test_nothing_paid_nothing_back(house: House, booking: UUID, told: Told) -> None:
    assert await give_back(house, booking, 4500) == 0
    await hands.start(house, booking)
    assert await give_back(house, booking, 4500) == 0


async def test_two_who_ask_at_once_get_it_back_once(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    backs = await asyncio.gather(*(give_back(house, booking, 3000) for _ in range(3)))
    assert sorted(backs) == [0, 1500, 3000]


async def test_a_refund_that_is_rolled_back_never_was(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)

    async def give_back_and_fail() -> None:
        async with house.db.transaction() as tx:
            await payments.refund(tx, booking, 4500, "by_member")
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await give_back_and_fail()
    await jobs.drain(house)
    assert await count(house, MADE) == 0
    assert await left(house, booking) == 4500


async def test_a_job_that_runs_twice_pays_back_once(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    await give_back(house, booking, 2000)
    id = str((await operation(house))["id"])
    await asyncio.gather(*(refunds.carry_out(house, operation_id=id) for _ in range(3)))
    await refunds.carry_out(house, operation_id=id)
    assert await count(house, MADE) == 1
    assert await count(house, "money_rows where kind = 'refund'") == 1
    assert await left(house, booking) == 2500


async def _crash_after_paying_back(house: House, booking: UUID, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stripe has paid back and the process died before it wrote so; a day later the key is forgotten."""

    async def crash(*_: object) -> None:
        raise ConnectionAbortedError("the process is gone")

    await paid(house, booking)
    await give_back(house, booking, 2000)
    id = str((await operation(house))["id"])
    with monkeypatch.context() as gone:
        gone.setattr(refunds, "_settle", crash)
        with pytest.raises(ConnectionAbortedError):
            await refunds.carry_out(house, operation_id=id)
    async with house.db.transaction() as tx:
        await tx.execute("delete from practice_keys")
    return id


async def test_a_crash_after_paying_back(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await _crash_after_paying_back(house, booking, monkeypatch)
    await refunds.carry_out(house, operation_id=id)
    assert await count(house, MADE) == 1
    assert await left(house, booking) == 2500


async def test_without_looking_for_the_first_it_would_pay_back_twice(
    house: House, booking: UUID, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before: a key alone does not help once Stripe has forgotten it."""

    async def find_none(*_: object) -> None:
        return None

    id = await _crash_after_paying_back(house, booking, monkeypatch)
    monkeypatch.setattr(gateway, "find_refund", find_none)
    await refunds.carry_out(house, operation_id=id)
    assert await count(house, MADE) == 2


async def test_an_outage_is_waited_out(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    await give_back(house, booking, 4500)
    await refunds.carry_out(cut_off(house), operation_id=str((await operation(house))["id"]))
    assert ((await operation(house))["state"], (await operation(house))["fault"]) == ("due", "unreachable")
    async with house.db.transaction() as tx:
        await tx.execute("delete from pgqueuer")
    await reconcile(house, "4 minutes")
    assert (await operation(house))["state"] == "done"
    assert await left(house, booking) == 0


async def test_a_refusal_is_kept_in_sight_and_tried_again(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    intent = (await checkout(house, booking))["payment_intent"]
    async with house.db.transaction() as tx:
        await tx.execute("update practice_objects set id = 'pi_away' where id = $1", intent)
    await give_back(house, booking, 4500)
    await jobs.drain(house)
    first = await operation(house)
    assert (first["state"], first["fault"]) == ("failed", "resource_missing")
    async with house.db.transaction() as tx:
        trouble = (await payments.troubles(tx))[0]
        assert (trouble.booking_id, trouble.amount, trouble.tries_again) == (booking, 4500, True)
        await tx.execute("update practice_objects set id = $1 where id = 'pi_away'", intent)
    await reconcile(house, "9 minutes")
    assert (await operation(house))["state"] == "failed", "it rests for ten minutes first"
    await reconcile(house, "2 minutes")
    again = await operation(house)
    assert again["state"] == "done"
    assert again["idempotency_key"] != first["idempotency_key"], "Stripe repeats its answers to a key"
    assert await left(house, booking) == 0
    async with house.db.reading() as tx:
        assert await payments.troubles(tx) == []


async def test_a_refund_that_is_always_refused_is_given_up(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    async with house.db.transaction() as tx:
        await tx.execute("update practice_objects set id = 'pi_away' where kind = 'payment_intent'")
    await give_back(house, booking, 4500)
    await jobs.drain(house)
    for _ in range(rules.MOST_TRIES + 2):
        await reconcile(house, "1 day")
    assert (await operation(house))["tries"] == rules.MOST_TRIES
    async with house.db.reading() as tx:
        assert [trouble.tries_again for trouble in await payments.troubles(tx)] == [False]
    assert await give_back(house, booking, 4500) == 0, "the money is still spoken for"


async def test_a_refund_that_a_bank_sends_back(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    await give_back(house, booking, 4500)
    await jobs.drain(house)
    assert await left(house, booking) == 0
    async with house.db.transaction() as tx:
        await practice.return_refund(tx, (await operation(house))["stripe_id"])
    await jobs.drain(house)
    assert await left(house, booking) == 4500
    assert ((await operation(house))["state"], (await operation(house))["fault"]) == (
        "failed",
        "lost_or_stolen_card",
    )
    await reconcile(house, "11 minutes")
    assert (await operation(house))["state"] == "done"
    assert await left(house, booking) == 0
    async with house.db.reading() as tx:
        rows = await tx.fetch("select kind, amount from money_rows order by id")
    assert [tuple(each) for each in rows] == [
        ("payment", 4500),
        ("refund", -4500),
        ("refund_returned", 4500),
        ("refund", -4500),
    ]


async def test_the_ledger_takes_no_changes(house: House, booking: UUID, told: Told) -> None:
    await paid(house, booking)
    with pytest.raises(db.IntegrityConstraintViolationError):
        async with house.db.transaction() as tx:
            await tx.execute("update money_rows set amount = 1")
