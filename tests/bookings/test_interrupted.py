"""A booking that is interrupted: by a lock that is not free in time, or between the seat and its checkout."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from circles import payments
from circles.payments import checkout, gateway
from circles.practice.stripe import faults
from tests.bookings import helpers
from tests.bookings.helpers import Scene, typed
from tests.conftest import Browser

scene, mira = helpers.scene, helpers.mira


class Conflicting:
    """The queries of checkouts, where the lock is not free in time at some calls, counted from 1."""

    def __init__(self, queries: Any, at: set[int]) -> None:
        self._queries, self._at, self._calls = queries, at, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queries, name)

    async def lock_checkout(self, tx: Any, **values: Any) -> Any:
        self._calls += 1
        if self._calls in self._at:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        return await self._queries.lock_checkout(tx, **values)


@pytest.mark.parametrize("at", [{1}, {2}, {1, 3}], ids=["before the call", "after the call", "both"])
async def test_a_conflict_is_tried_once_more(
    scene: Scene, mira: Browser, monkeypatch: pytest.MonkeyPatch, at: set[int]
) -> None:
    monkeypatch.setattr(checkout, "SQL", Conflicting(checkout.SQL, at))
    answer = await mira.post(f"/gatherings/{scene.cast.gathering}/book", data=typed(scene.cast))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/practice/checkout/")
    assert await scene.count("practice_objects where kind = 'checkout'") == 1


async def test_a_second_press_goes_on_where_the_first_was_interrupted(
    scene: Scene, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seat is held, and the lock was not free twice: 503. Nobody has asked Stripe for a checkout yet."""
    book = f"/gatherings/{scene.cast.gathering}/book"
    with monkeypatch.context() as busy:
        busy.setattr(checkout, "SQL", Conflicting(checkout.SQL, {1, 2}))
        answer = await mira.post(book, data=typed(scene.cast))
    assert answer.status_code == 503
    assert "45" in answer.text
    assert await scene.count("bookings where state = 'held'") == 1
    again = await mira.post(book, data=typed(scene.cast))
    assert again.status_code == 303
    assert (await mira.get(again.headers["location"])).headers["location"].startswith("/practice/checkout/")
    assert await scene.count("practice_objects where kind = 'checkout'") == 1


async def test_a_second_press_after_a_crash_goes_on_too(
    scene: Scene, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object, **__: object) -> str:
        raise ConnectionAbortedError("the process is gone")

    with monkeypatch.context() as gone:
        gone.setattr(payments, "start", crash)
        with pytest.raises(ConnectionAbortedError):
            await scene.book(scene.cast.mira)
    again = await mira.post(f"/gatherings/{scene.cast.gathering}/book", data=typed(scene.cast))
    assert (await mira.get(again.headers["location"])).headers["location"].startswith("/practice/checkout/")


async def test_a_second_press_without_stripe_keeps_what_was_typed(
    scene: Scene, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = f"/gatherings/{scene.cast.gathering}/book"
    monkeypatch.setattr(gateway, "RETRIES", 0)
    with monkeypatch.context() as busy:
        busy.setattr(checkout, "SQL", Conflicting(checkout.SQL, {1, 2}))
        await mira.post(book, data=typed(scene.cast))
    async with scene.context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500", times=9)
    again = await mira.post(book, data=typed(scene.cast, amount="51"))
    assert again.status_code == 422, "another amount: the seat there is comes first"
    again = await mira.post(book, data=typed(scene.cast))
    assert again.status_code == 503
    assert "The card company cannot be reached just now." in again.text
    assert 'value="45"' in again.text
    assert await scene.count("bookings where state = 'held'") == 0
