"""What the tests of Stripe Connect share: an account that gets payments, terms, and settling."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.payments.connect import accounts, transfers
from circles.practice.stripe.connect import accounts as look_alike
from circles.store import jobs
from circles.store.context import Context
from tests.helpers import change, rows, value


async def connected(context: Context, person: UUID, step: look_alike.Step = "finish") -> str:
    """Connect an account for somebody and do a step of its onboarding; returns its id at Stripe."""
    await accounts.connect(context, person)
    account = await value(
        context, "select stripe_id from connect_accounts where person_id = $1 and ended_at is null", person
    )
    await take_step(context, account, step)
    return account


async def take_step(context: Context, account: str, step: look_alike.Step) -> None:
    """Something happens to an account at Stripe, and it is read."""
    async with context.db.transaction() as tx:
        await look_alike.step(tx, account, step)
    await accounts.read(context, account)


async def terms(context: Context, percent: int = 2000, flat: int = 0) -> None:
    """What the community keeps, from long ago on. percent: in hundredths."""
    await change(
        context,
        "insert into share_terms (currency, percent, flat, starts_at) values ('USD', $1, $2, '-infinity')",
        percent,
        flat,
    )


async def settle(context: Context, times: int = 2) -> None:
    """Let the timetable bring every account to what it should have, and see that it stays so."""
    for _ in range(times):
        await change(context, "update connected_payments set read_at = null")
        await change(context, "update connected_payments set settle_at = now() where settle_at > now()")
        async with context.db.transaction() as tx:
            await transfers.settle_later(tx, 100)
        await jobs.drain(context)


async def moves(context: Context) -> list[tuple[str, int]]:
    """What went to accounts and came back, as our rows have it."""
    found = await rows(context, "select kind, amount from transfer_rows order by id")
    return [(row["kind"], row["amount"]) for row in found]


async def owed(context: Context, person: UUID) -> int:
    """What the ledger says is owed to somebody, in minor units."""
    return -await value(
        context,
        "select coalesce(sum(amount), 0)::bigint from ledger_lines where account = 'facilitators' and owner_id = $1",
        person,
    )


async def at_stripe(context: Context) -> int:
    """What the look-alike says that accounts have of all payments, in cents."""
    return await value(
        context,
        "select coalesce(sum((body ->> 'amount')::bigint - (body ->> 'amount_reversed')::bigint), 0)::bigint "
        "from practice_objects where kind = 'transfer'",
    )


async def state_of(context: Context, person: UUID) -> Any:
    return (
        await rows(
            context, "select * from connect_accounts where person_id = $1 order by created_at desc", person
        )
    )[0]
