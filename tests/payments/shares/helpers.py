"""What the tests of shares share: terms, movements of money, and closing a month."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest_asyncio

from circles.payments import shares
from circles.payments.shares import closing
from circles.store.context import Context
from tests.cast import add_booking, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, rows, value

Visit = Callable[[UUID], Awaitable[Browser]]


@pytest_asyncio.fixture
async def visit(browser: OpenBrowser) -> AsyncIterator[Visit]:
    """`page = await visit(person_id)`: a browser signed in as that person until the end of the test."""
    async with AsyncExitStack() as stack:

        async def enter(person_id: UUID) -> Browser:
            return await stack.enter_async_context(browser(person_id))

        yield enter


async def set_terms(
    context: Context,
    circle: UUID | None,
    percent: int | None,
    flat: int = 0,
    *,
    at_most: int | None = None,
    starts: str = "-1 hour",
) -> UUID:
    """Terms in USD that start so long from now."""
    return await value(
        context,
        "insert into share_terms (circle_id, currency, percent, flat, at_most, starts_at)"
        " values ($1, 'USD', $2, $3, $4, now() + $5::text::interval) returning id",
        circle,
        percent,
        flat,
        at_most,
        starts,
    )


async def parts(context: Context, booking: UUID) -> list[int]:
    """What each movement of a booking's money did to the facilitator's part."""
    found = await rows(
        context,
        "select share_rows.part from share_rows join payment_shares on payment_shares.id = share_id"
        " where booking_id = $1 order by share_rows.id",
        booking,
    )
    return [row["part"] for row in found]


async def close_months(context: Context, months: int = 1) -> None:
    """Close this month and those after it, as if they were over."""
    month = shares.community_today(context).replace(day=1)
    for _ in range(months):
        month = shares.month_after(month)
    await closing.close_months_before(context, datetime.combine(month, time(12), UTC) + timedelta(days=3))


async def pay_for(
    context: Context, gathering: UUID, amounts: Iterable[int], *, name: str = "Member"
) -> list[UUID]:
    """A paid seat of somebody else for each of these amounts, in minor units; their bookings."""
    return [
        await add_booking(
            context, gathering, await add_person(context, f"{name} {n}"), kind="paid", amount=amount
        )
        for n, amount in enumerate(amounts, 1)
    ]


async def name_account(context: Context, bookings: list[UUID], account: str) -> None:
    """Let payments that are there be of a connected account, as if it had been named when they were begun."""
    await change(context, "alter table payment_shares disable trigger payment_shares_written_once")
    await change(
        context, "update payment_shares set account = $2 where booking_id = any($1)", bookings, account
    )
    await change(context, "alter table payment_shares enable trigger payment_shares_written_once")
