"""Stuck money: listed with name, amount and reason, tried again, settled by hand, told to organizers and health."""

from __future__ import annotations

from uuid import UUID

import pytest

from circles import payments
from circles.base.errors import Refused
from circles.payments import gateway
from circles.payments.refunds import actions, disputes, readings
from circles.payments.stuck import actions as stuck
from circles.payments.stuck import rules
from circles.people import Person
from circles.practice.stripe import disputes as bank
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as look_alike
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.payments import helpers
from tests.payments.helpers import Outcomes, balance, checkout, count, let_time_pass, paid_booking

STUCK = db.queries("payments/stuck")

booking, outcomes = helpers.booking, helpers.outcomes


async def refund_id(context: Context, booking: UUID) -> UUID:
    """The refund of a booking that was requested last."""
    async with context.db.reading() as tx:
        return await tx.fetchval(
            "select id from operations where booking_id = $1 and kind = 'refund' order by created_at desc limit 1",
            booking,
        )


async def value(context: Context, query: str, *values: object) -> object:
    async with context.db.reading() as tx:
        return await tx.fetchval(query, *values)


async def organizer(context: Context, cast: Cast) -> Person:
    async with context.db.reading() as tx:
        row = await tx.fetchrow(
            "select id, email, name, pronouns, zone, is_facilitator, is_organizer from people where id = $1",
            cast.odile,
        )
    assert row
    return Person(**row)


async def requested(context: Context, booking: UUID, amount: int = 4500) -> UUID:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        assert await payments.refund(tx, booking, amount, "by_member") == amount
    return await refund_id(context, booking)


async def plan(
    context: Context, target: str, fault: str, times: int = 1, *, after_effect: bool = False
) -> None:
    async with context.db.transaction() as tx:
        await faults.plan(tx, target, fault, times=times, after_effect=after_effect)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("status", "kind"), [("401", "key_rejected"), ("403", "right_missing")])
async def test_a_refused_key_is_an_alarm_and_no_try(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, status: str, kind: str
) -> None:
    operation = await requested(context, booking)
    await plan(context, "create_refund", status)
    await actions.send(context, operation_id=str(operation))
    row = await value(context, "select (state, fault, tries)::text from operations where id = $1", operation)
    assert row == f"(due,{kind},0)", "the call did not happen, and goes through once the key is mended"
    async with context.db.reading() as tx:
        assert await STUCK.waiting_for_a_person(tx) == 1
        said = await stuck.what_is_stuck(tx)
    assert ("stripe" in said, "1 refund or payment waits for a person" in said) == (True, True)
    await let_time_pass(context, "4 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert await balance(context, booking) == 0
    async with context.db.reading() as tx:
        assert await STUCK.waiting_for_a_person(tx) == 0


async def test_a_refused_key_is_not_called_an_outage(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    await plan(context, "list_refunds", "401")
    with pytest.raises(gateway.KeyRefused):
        await gateway.list_refunds(context, payment_intent="pi_1")


async def given_up(context: Context, booking: UUID) -> UUID:
    """A refund that Stripe refused once too often, since it does not know the payment."""
    operation = await requested(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("update practice_objects set id = 'pi_away' where kind = 'payment_intent'")
        await tx.execute("update operations set tries = 4 where id = $1", operation)
    await actions.send(context, operation_id=str(operation))
    assert await value(context, "select again_at is null from operations where id = $1", operation)
    return operation


async def test_it_is_listed_and_tried_again_by_a_press(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    operation = await given_up(context, booking)
    async with browser(cast.odile) as page:
        text = (await page.get("/organize/money")).text
        assert "Mira" in text
        assert "$45" in text
        assert "Stripe does not know this payment." in text
        assert "waits for a person" in str((await page.get("/healthz")).json())
        async with context.db.transaction() as tx:
            intent = (await checkout(context, booking))["payment_intent"]
            await tx.execute("update practice_objects set id = $1 where id = 'pi_away'", intent)
        answer = await page.post(f"/organize/money/refunds/{operation}/retry")
        assert answer.status_code == 303
        await jobs.drain(context)
        assert "Nothing waits." in (await page.get("/organize/money")).text
        for path in (f"/organize/money/refunds/{operation}/retry", f"/organize/money/refunds/{operation}"):
            answer = await page.post(path, data={"reason": "By check"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/organize/money"), "no dead end"
    assert await balance(context, booking) == 0
    assert await value(context, "select who = $1 from events where what = 'refund.retried'", cast.odile)


async def test_it_is_settled_by_hand_with_a_reason(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    operation = await given_up(context, booking)
    at = f"/organize/money/refunds/{operation}"
    async with browser(cast.odile) as page:
        refused = await page.post(at, data={"reason": " x "})
        assert (refused.status_code, "x" in refused.text) == (422, True)
        hidden = await page.post(at, data={"reason": "Paid in cash\x00 at the door"})
        assert (hidden.status_code, "hidden character" in hidden.text) == (422, True)
        assert (await page.post(at, data={"reason": "Paid in cash at the door"})).status_code == 303
        text = (await page.get("/organize/money")).text
        assert "Nothing waits." in text
        assert "Paid in cash at the door" in text
        for again in (await page.get(at), await page.post(at, data={"reason": "Paid in cash at the door"})):
            assert (again.status_code, again.headers["location"]) == (303, "/organize/money"), "no dead end"
    assert await value(context, "select who = $1 from events where what = 'refund.settled'", cast.odile)
    await let_time_pass(context, "2 days")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert await value(context, "select count(*) from practice_objects where kind = 'refund'") == 0
    async with browser(cast.mira) as page:
        assert (await page.get(at)).status_code == 404, "members do not see it"
        await page.get(f"/bookings/{booking}")


async def test_organizers_are_told_once_a_day_while_it_waits(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await given_up(context, booking)
    await jobs.run_timetable(context, "needs.tell_organizers")
    mail = await value(context, "select text_body from mails where kind = 'organizers_todo'")
    assert "1 refund needs a person." in str(mail)
    assert "Mira" not in str(mail)
    await stuck.settle(context, await organizer(context, cast), operation, "By bank transfer")
    await jobs.run_timetable(context, "needs.tell_organizers")
    assert await value(context, "select count(*) from mails where kind = 'organizers_todo'") == 1


async def test_a_refund_made_at_the_dashboard_settles_one_that_is_stuck(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    await plan(context, "create_refund", "403")
    await actions.send(context, operation_id=str(operation))
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        await look_alike.create_refund(tx, {"payment_intent": intent})
    await readings.read_what_happened(context)
    assert await value(context, "select state from operations where id = $1", operation) == "done"
    await actions.send(context, operation_id=str(operation))
    assert await value(context, "select count(*) from practice_objects where kind = 'refund'") == 1
    assert await balance(context, booking) == 0


async def test_already_refunded_counts_as_done(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:  # and no event of it arrives
        await look_alike.create_refund(tx, {"payment_intent": intent})
    await actions.send(context, operation_id=str(operation))
    assert (
        await value(context, "select (state, fault)::text from operations where id = $1", operation)
        == '(done,"")'
    )
    assert await balance(context, booking) == 0


async def test_after_a_partial_refund_at_the_dashboard_the_rest_goes_out(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        await look_alike.create_refund(tx, {"payment_intent": intent, "amount": 2000})
    await actions.send(context, operation_id=str(operation))
    await jobs.drain(context)
    amounts = await value(
        context,
        "select array_agg((body ->> 'amount')::int order by created_at) from practice_objects where kind = 'refund'",
    )
    assert amounts == [2000, 2500]
    assert await balance(context, booking) == 0


async def test_an_inquiry_stops_the_refund_which_goes_on_by_itself_once_it_is_closed(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    operation = await requested(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        dispute = await bank.open_dispute(tx, intent, inquiry=True)
    await disputes.sync_dispute(context, stripe_id=dispute["id"])
    await actions.send(context, operation_id=str(operation))
    assert await value(context, "select count(*) from practice_objects where kind = 'refund'") == 0
    actor = await organizer(context, cast)
    with pytest.raises(Refused):
        await stuck.retry(context, actor, operation)
    async with browser(cast.odile) as page:
        text = (await page.get("/organize/money")).text
    assert "A question of the bank: answer it at Stripe" in text
    async with context.db.transaction() as tx:
        await bank.close_dispute(tx, dispute["id"], "warning_closed")
    for _ in range(2):  # its webhook, and the timetable
        await disputes.sync_dispute(context, stripe_id=dispute["id"])
        await jobs.drain(context)
    assert await balance(context, booking) == 0
    assert await value(context, "select count(*) from practice_objects where kind = 'refund'") == 1
    with pytest.raises(Refused):
        await stuck.retry(context, actor, operation)


async def test_the_fee_of_a_dispute_is_known_and_is_no_money_of_the_booking(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        dispute = await bank.open_dispute(tx, (await checkout(context, booking))["payment_intent"])
    await jobs.drain(context)
    assert await value(context, "select (amount, fee)::text from disputes") == f"(4500,{bank.FEE})"
    async with browser(cast.odile) as page:
        assert "Disputed" in (await page.get("/organize/bookings")).text
    assert await balance(context, booking) == 0
    async with context.db.transaction() as tx:
        await bank.close_dispute(tx, dispute["id"], "won")
    await jobs.drain(context)
    assert await balance(context, booking) == 4500


async def test_a_row_of_yesterday_that_is_only_pending_is_read_once(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    await plan(context, "refund", "pending")
    await actions.send(context, operation_id=str(operation))
    async with context.db.transaction() as tx:  # as the version before wrote it
        await tx.execute(
            "update operations set state = 'done', done_at = now(), stripe_state = null, sent_at = null where id = $1",
            operation,
        )
    await let_time_pass(context, "1 hour")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert await value(context, "select state from operations where id = $1", operation) == "sent"
    assert await value(context, "select count(*) from money_rows where kind = 'refund'") == 1


async def test_a_canceled_refund_without_a_reason_is_tried_again(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    await plan(context, "refund", "canceled")
    await actions.send(context, operation_id=str(operation))
    assert await value(context, "select (state, fault)::text from operations") is not None
    row = await value(context, "select (state, fault)::text from operations where id = $1", operation)
    assert row == "(failed,canceled)"
    await let_time_pass(context, "11 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    await jobs.drain(context)
    assert await balance(context, booking) == 0


async def test_the_member_is_told_that_it_did_not_arrive(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    await plan(context, "refund", "pending")
    await actions.send(context, operation_id=str(operation))
    stripe_id = await value(context, "select stripe_id from operations where id = $1", operation)
    async with context.db.transaction() as tx:
        await look_alike.move_refund(tx, str(stripe_id), "failed")
    for _ in range(2):
        await jobs.drain(context)
    assert await value(context, "select count(*) from mails where kind = 'refund_failed'") == 1
    text = str(await value(context, "select text_body from mails where kind = 'refund_failed'"))
    assert "your bank did not take it" in text
    assert "First steps home" not in text


def test_a_finding_says_amounts_with_their_currency() -> None:
    row = {
        "currency": "EUR",
        "expected": {"amount": 4500, "currency": "USD", "livemode": True, "checkout": None},
        "answered": {"amount": 100, "currency": "EUR", "livemode": False, "checkout": "cs_1"},
    }
    assert list(stuck.rules.finding_facts(row)) == [
        ("Amount", "$45 asked for, €1 at Stripe"),
        ("Currency", "USD asked for, EUR at Stripe"),
        ("Real money", "yes asked for, no at Stripe"),
        ("Checkout", "none asked for, cs_1 at Stripe"),
    ]
    unknown = {"currency": "", "expected": {"checkout": "cs_1"}, "answered": {"error": "resource_missing"}}
    assert list(stuck.rules.finding_facts(unknown)) == [
        ("Checkout", "cs_1"),
        ("Stripe says", "resource_missing"),
    ]


def test_a_refused_checkout_is_not_called_a_refund() -> None:
    assert "refund" not in stuck.rules.why_refused("right_missing")
    assert stuck.rules.why_refused("unknown_parameter") == "Stripe says: unknown parameter."


def test_the_words_of_every_alarm_are_there() -> None:
    assert set(gateway.KEY_REFUSALS.values()) == set(stuck.rules.ALARMS) == set(stuck.rules.ALARMS_SHORT)


async def test_the_nightly_check_tells(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("update checkouts set state = 'expired'")
    await jobs.run_timetable(context, "checks.nightly")
    assert await value(context, "select broken from check_runs") == {
        "every_payment_is_in_the_ledger_once": 1,
        "every_line_is_in_the_ledger_once": 1,
    }
    mail = str(await value(context, "select text_body from mails where kind = 'organizers_todo'"))
    assert "2 rules of the data are broken" in " ".join(mail.split())
    async with context.db.transaction() as tx:
        await tx.execute("update checkouts set state = 'paid'")
    await jobs.run_timetable(context, "checks.nightly")
    assert await value(context, "select count(*) from mails where kind = 'organizers_todo'") == 1


@pytest.mark.parametrize(("decision", "sent"), [("won", 1), ("lost", 0)])
async def test_a_refund_waits_for_the_end_of_a_dispute_and_never_goes_out_beside_it(
    context: Context, booking: UUID, outcomes: Outcomes, decision: bank.Decision, sent: int
) -> None:
    """Won: the money is back, and is sent as it was due. Lost: the bank has sent it back already."""
    operation = await requested(context, booking)
    async with context.db.transaction() as tx:
        dispute = await bank.open_dispute(tx, (await checkout(context, booking))["payment_intent"])
    await disputes.sync_dispute(context, stripe_id=dispute["id"])
    await actions.send(context, operation_id=str(operation))
    refunds = "select count(*) from practice_objects where kind = 'refund'"
    assert await value(context, refunds) == 0
    async with context.db.transaction() as tx:
        await bank.close_dispute(tx, dispute["id"], decision)
    for _ in range(2):
        await disputes.sync_dispute(context, stripe_id=dispute["id"])
        await let_time_pass(context, "1 day")
        await jobs.run_timetable(context, "payments.reconcile")
        await jobs.drain(context)
        await actions.send(context, operation_id=str(operation))
    row = await value(context, "select (state, fault)::text from operations where id = $1", operation)
    assert row == '(done,"")'
    assert await value(context, refunds) == sent
    assert await balance(context, booking) == 0


async def test_a_refund_waits_for_the_last_of_two_disputes(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        opened = [(await bank.open_dispute(tx, intent, inquiry=True))["id"] for _ in range(2)]
    for stripe_id in opened:
        await disputes.sync_dispute(context, stripe_id=stripe_id)
    await actions.send(context, operation_id=str(operation))
    states: list[object] = []
    for stripe_id in opened:
        async with context.db.transaction() as tx:
            await bank.close_dispute(tx, stripe_id, "warning_closed")
        await disputes.sync_dispute(context, stripe_id=stripe_id)
        states.append(await value(context, "select state from operations where id = $1", operation))
    assert states == ["failed", "due"]


@pytest.mark.parametrize(("decision", "state"), [("won", "done"), ("lost", "done")])
async def test_a_dispute_that_was_won_opens_no_refund_whose_money_the_next_one_took(
    context: Context, booking: UUID, outcomes: Outcomes, decision: bank.Decision, state: str
) -> None:
    operation = await requested(context, booking)
    intent = (await checkout(context, booking))["payment_intent"]

    async def open_one() -> str:
        async with context.db.transaction() as tx:
            return (await bank.open_dispute(tx, intent))["id"]

    async def close(stripe_id: str, decision: bank.Decision) -> None:
        async with context.db.transaction() as tx:
            await bank.close_dispute(tx, stripe_id, decision)

    first = await open_one()
    await disputes.sync_dispute(context, stripe_id=first)
    await close(first, "won")
    second = await open_one()
    for stripe_id in (second, first):  # the end of the first is told late
        await disputes.sync_dispute(context, stripe_id=stripe_id)
    refund = "select state || ' ' || covered from operations where id = $1"
    assert await value(context, refund, operation) == "done 4500"
    assert await balance(context, booking) == 0
    await close(second, decision)
    await disputes.sync_dispute(context, stripe_id=second)
    await actions.send(context, operation_id=str(operation))
    assert await value(context, "select state from operations where id = $1", operation) == state
    left = await value(
        context, "select body ->> 'amount_refunded' from practice_objects where kind = 'charge'"
    )
    assert left == ("4500" if decision == "won" else "0")


async def test_a_refund_that_stripe_refused_for_a_dispute_is_tried_once_when_that_ends(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking)
    async with context.db.transaction() as tx:
        dispute = await bank.open_dispute(
            tx, (await checkout(context, booking))["payment_intent"], inquiry=True
        )
    await disputes.sync_dispute(context, stripe_id=dispute["id"])
    refused = (
        "update operations set state = 'failed', fault = 'charge_disputed', again_at = null where id = $1"
    )
    async with context.db.transaction() as tx:
        await tx.execute(refused, operation)
        await bank.close_dispute(tx, dispute["id"], "warning_closed")
    states: list[object] = []
    for _ in range(2):
        await disputes.sync_dispute(context, stripe_id=dispute["id"])
        states.append(await value(context, "select state from operations where id = $1", operation))
        async with context.db.transaction() as tx:
            await tx.execute(refused, operation)
    assert states == ["due", "failed"]


async def test_the_second_of_two_organizers_is_led_to_what_the_first_did(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    at = f"/organize/money/refunds/{await given_up(context, booking)}"
    async with browser(cast.odile) as page:
        await page.post(at, data={"reason": "Paid in cash at the door"})
        for again in (
            lambda: page.post(at, data={"reason": "A bank transfer"}),
            lambda: page.post(f"{at}/retry"),
            lambda: page.get(at),
        ):
            answer = await again()
            assert (answer.status_code, answer.headers["location"]) == (303, "/organize/money")
            text = (await page.get("/organize/money")).text
            assert "This was settled already" in text
            assert "Paid in cash at the door" in text
    assert await count(context, "events where what = 'refund.settled'") == 1


async def test_a_refund_that_arrives_after_it_was_settled_is_named(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    """The call was under way when an organizer settled it: the person has the money twice."""
    operation = await requested(context, booking)
    await plan(context, "create_refund", "timeout", after_effect=True)
    await actions.send(context, operation_id=str(operation))
    await stuck.settle(context, await organizer(context, cast), operation, "Paid in cash")
    await jobs.run_timetable(context, "payments.read_stripe")
    assert await balance(context, booking) == 0
    async with browser(cast.odile) as page:
        assert "Stripe sent it back as well." in (await page.get("/organize/money")).text


async def test_a_refund_or_dispute_that_stripe_does_not_know_is_not_asked_for_again_and_again(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    operation = await requested(context, booking, 1000)
    await plan(context, "refund", "pending")
    await actions.send(context, operation_id=str(operation))
    intent = (await checkout(context, booking))["payment_intent"]
    async with context.db.transaction() as tx:
        await bank.open_dispute(tx, intent)
    await readings.read_payment(context, intent)
    async with context.db.transaction() as tx:
        await tx.execute("delete from practice_objects where kind in ('refund', 'dispute')")
        await tx.execute("delete from pgqueuer")
    await let_time_pass(context, "2 hours")
    for _ in range(2):
        await jobs.run_timetable(context, "payments.reconcile")
        await jobs.drain(context)
    await let_time_pass(context, "30 minutes")
    await jobs.run_timetable(context, "payments.reconcile")
    assert await count(context, "pgqueuer") == 0
    async with context.db.reading() as tx:
        assert await STUCK.waiting_for_a_person(tx) == 1
    row = await value(context, "select to_jsonb(waiting_refunds) from waiting_refunds")
    assert isinstance(row, dict)
    assert "Stripe does not know this payment." in rules.why_waits(row)
