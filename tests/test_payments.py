"""Checkouts and refunds on a real database, through the real SDK, against the look-alike."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from circles import db, jobs, payments
from circles.house import House
from circles.payments import actions, gateway, practice, practice_hooks, refunds
from circles.settings import Settings
from tests.cast import Cast, add_booking

Told = list[tuple[UUID, str]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What the room above is told, instead of the bookings room."""
    heard: Told = []

    async def listen(tx: db.Tx, house: House, booking_id: UUID, outcome: payments.Outcome) -> None:
        heard.append((booking_id, outcome))

    before = payments.on_settled(listen)
    yield heard
    payments.on_settled(before)


@pytest.fixture
async def booking(house: House, cast: Cast) -> UUID:
    """A seat that Mira holds and has not paid: $45."""
    return await add_booking(house, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")


async def start(house: House, booking: UUID) -> str:
    """Ask for the checkout of a booking; answers its address."""
    return await payments.start(
        house,
        booking,
        amount=4500,
        currency="USD",
        name="Tuesday group",
        statement="Tuesday group",
        success_url=f"http://circles.test/bookings/{booking}",
        cancel_url=f"http://circles.test/bookings/{booking}/stopped",
    )


async def row(house: House, query: str, *values: Any) -> Any:
    async with house.db.reading() as tx:
        return await tx.fetchrow(query, *values)


async def count(house: House, table: str) -> int:
    async with house.db.reading() as tx:
        return await tx.fetchval(f"select count(*) from {table}")


async def checkout(house: House, booking: UUID) -> Any:
    return await row(house, "select * from checkouts where booking_id = $1", booking)


async def pay(house: House, booking: UUID, card: str = practice.GOOD_CARD) -> str:
    """What the person does at the checkout page; answers the checkout's id at Stripe."""
    stripe_id = (await checkout(house, booking))["stripe_id"]
    async with house.db.transaction() as tx:
        assert await practice.pay(tx, stripe_id, card) == "paid"
    return stripe_id


async def paid(house: House, booking: UUID) -> str:
    await start(house, booking)
    stripe_id = await pay(house, booking)
    await actions.look(house, booking_id=str(booking))
    return stripe_id


async def test_a_checkout_is_paid(house: House, booking: UUID, told: Told) -> None:
    url = await start(house, booking)
    assert url == f"/practice/checkout/{(await checkout(house, booking))['stripe_id']}"
    await pay(house, booking)
    assert told == []
    await actions.look(house, booking_id=str(booking))
    assert told == [(booking, "paid")]
    async with house.db.reading() as tx:
        assert await payments.paid_total(tx, booking) == 4500
        assert await payments.checkout_url(tx, booking) is None
