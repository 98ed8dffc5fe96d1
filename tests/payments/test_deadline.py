"""A call to Stripe ends within its deadline, whatever its server or the look-up of its name does."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from circles import payments
from circles.payments import deadline, gateway
from circles.practice.stripe import faults
from circles.store import jobs
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import Outcomes, event, pay, post_webhook, start

booking, outcomes = helpers.booking, helpers.outcomes
PATIENCE = 60.0  # what must not be reached, on however slow a machine


def at(context: Context, address: str) -> Context:
    return replace(context, environment=context.settings.model_copy(update={"stripe_api_base": address}))


@pytest.fixture
def unresolved(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a host whose name is looked up until the test is over."""
    over, look_up = threading.Event(), socket.getaddrinfo

    def hang(host: Any, *rest: Any, **more: Any) -> Any:
        if host != "stripe.example":
            return look_up(host, *rest, **more)
        over.wait(PATIENCE)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield "http://stripe.example"
    over.set()


async def test_a_name_that_is_looked_up_for_ever_is_left(
    context: Context, monkeypatch: pytest.MonkeyPatch, unresolved: str
) -> None:
    monkeypatch.setattr(deadline, "SECONDS", 0.3)
    monkeypatch.setattr(gateway, "CONNECT_TIMEOUT", 2 * PATIENCE)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(payments.Unreachable):
            await gateway.retrieve_refund(at(context, unresolved), "re_1")


async def test_retries_end_with_the_deadline(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there is asked again after a pause, within the same deadline."""
    monkeypatch.setattr(deadline, "SECONDS", 0.3)
    monkeypatch.setattr(gateway, "RETRIES", 1_000_000)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(payments.Unreachable):
            await gateway.retrieve_refund(helpers.with_stripe_unreachable(context), "re_1")


async def test_all_calls_that_one_person_waits_for_share_a_deadline(
    context: Context, booking: UUID, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letting a seat go asks Stripe up to three times."""
    await start(context, booking)
    ends: list[float | None] = []
    of_call = deadline.of_call

    def noted() -> asyncio.Timeout:
        timeout = of_call()
        ends.append(timeout.when())
        return timeout

    monkeypatch.setattr(deadline, "of_call", noted)
    await pay(context, booking)  # so that it cannot be ended, and is read
    assert await payments.release(context, booking) == "paid"
    await gateway.list_refunds(context)
    assert len(ends) == 3
    assert ends[0] == ends[1]
    assert ends[2] != ends[0], "later calls have a deadline of their own"


async def test_a_paid_seat_is_confirmed_as_soon_as_stripe_answers_again(
    context: Context, booking: UUID, outcomes: Outcomes, app: Any
) -> None:
    """The webhook's job waits for Stripe; the timetable would ask five minutes later."""
    await start(context, booking)
    stripe_id = await pay(context, booking)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "retrieve_checkout", "500")
        await tx.execute("delete from pgqueuer")  # the webhook of the look-alike itself
    assert await post_webhook(context, app, event("checkout.session.completed", stripe_id)) == 200
    await jobs.drain(context)
    assert outcomes == []
    async with context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now()")
    await jobs.drain(context)
    assert outcomes == [(booking, "paid")]
    assert await helpers.count(context, "pgqueuer") == 0
