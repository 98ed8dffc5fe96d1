"""A month of payments at both sides, and twenty differences between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from circles.practice.stripe import balance, disputes, refunds
from circles.store.context import Context
from tests.payments.helpers import pay, start

PAYMENTS = 5000
# The month before this one, so that all of it is past.
MONTH = (
    datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
).replace(day=1)
# As month.sql makes them: a payout for 180 payments.
LAST_PAYOUT = f"po_{PAYMENTS // 180}"


async def plant(context: Context, booking: UUID) -> None:
    """Plant the month: additional payments of a booking, every twentieth refunded."""
    text = (Path(__file__).parent / "month.sql").read_text()
    values = {"$1": f"'{booking}'", "$2": f"'{MONTH.isoformat()}'", "$3": str(PAYMENTS)}
    for name, value in values.items():
        text = text.replace(name, value)
    async with context.db.transaction() as tx:
        for statement in text.split("\n--\n"):
            await tx.execute(statement)


async def change(context: Context, statement: str, *values: Any) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(statement, *values)


async def plant_differences(context: Context, held: list[UUID]) -> dict[str, int]:
    """Plant twenty differences. Returns how many of each kind are for a person; six others have one right answer."""
    await _with_one_right_answer(context, held)
    await _unknown_here(context)
    await _unknown_at_stripe(context)
    await _otherwise(context)
    await _let_all_be_of_the_month(context)
    return {
        "payment_not_here": 2,
        "refund_not_here": 1,
        "other_not_here": 1,
        "payment_not_there": 2,
        "refund_not_there": 1,
        "amount_differs": 2,
        "currency_differs": 1,
        "twice": 1,
        "fee_unknown": 1,
        "payout_does_not_add_up": 1,
        "payout_failed": 1,
    }


async def _with_one_right_answer(context: Context, held: list[UUID]) -> None:
    """Two payments of which no webhook told, two refunds and a dispute made at Stripe, and a late transaction."""
    for booking in held:
        await start(context, booking)
        await pay(context, booking)
    async with context.db.transaction() as tx:
        for number in (101, 102):
            await refunds.create_refund(tx, {"payment_intent": f"pi_{number}", "amount": 1000})
        await disputes.open_dispute(tx, "pi_103")
    await change(
        context,
        "update practice_objects set created_at = created_at - interval '2 years', payout = null, "
        "body = body || jsonb_build_object('created', (body ->> 'created')::bigint - 63072000) where id = $1",
        f"txn_{PAYMENTS - 1}",
    )


async def _unknown_here(context: Context) -> None:
    """Two payments and a refund of another site on the same account, and an adjustment of Stripe."""
    now = int((MONTH + timedelta(days=3)).timestamp())
    common = {"amount": 9900, "created": now, "currency": "usd", "status": "succeeded", "metadata": {}}
    async with context.db.transaction() as tx:
        for number in (1, 2):
            charge = {
                "id": f"ch_foreign_{number}",
                "object": "charge",
                "payment_intent": f"pi_foreign_{number}",
            }
            charge |= {"payment_method_details": {"type": "card"}, "description": "Of another site"}
            await _add(tx, common | charge)
        refund = {"id": "re_foreign", "object": "refund", "payment_intent": "pi_foreign_1"}
        await _add(tx, common | refund | {"charge": "ch_foreign_1"})
        await balance.adjust(tx, 500, "usd", "Goodwill")


async def _add(tx: Any, body: dict[str, Any]) -> None:
    await tx.execute(
        "insert into practice_objects (id, kind, body) values ($1, $2, $3)", body["id"], body["object"], body
    )


async def _unknown_at_stripe(context: Context) -> None:
    """Two payments and a refund that Stripe does not know, and a payment whose fee it does not say."""
    gone = [f"{kind}_{number}" for kind in ("pi", "ch", "txn") for number in (105, 106)]
    gone += ["re_120", "txn_re_120", "txn_111"]
    await change(context, "delete from practice_objects where id = any($1)", gone)


async def _otherwise(context: Context) -> None:
    """Two other amounts, another currency, a payment listed twice, and two payouts."""
    for number in (107, 108):
        await _amend(context, f"txn_{number}", amount=2000, fee=88, net=1912)
    await _amend(context, "txn_109", amount=2500, fee=100, net=2400, currency="eur")
    await change(
        context,
        "insert into practice_objects (id, kind, body, created_at) select 'txn_again', kind, body || $1, created_at "
        "from practice_objects where id = 'txn_110'",
        {"id": "txn_again"},
    )
    await _add_up(context, "po_0", LAST_PAYOUT)
    await _amend(context, "po_2", amount=1_000_000)
    await _amend(context, LAST_PAYOUT, status="failed")


async def _amend(context: Context, id: str, **values: Any) -> None:
    """Change an object of the look-alike."""
    await change(context, "update practice_objects set body = body || $2 where id = $1", id, values)


async def _add_up(context: Context, *payouts: str) -> None:
    """Let payouts of the look-alike be the sum of what is inside them."""
    await change(
        context,
        "update practice_objects as parts set body = parts.body || jsonb_build_object("
        "'amount', sums.net * case when kind = 'payout' then 1 else -1 end, 'net', - sums.net) "
        "from (select payout, sum((body ->> 'net')::bigint) as net from practice_objects "
        "where payout = any($1) and id <> 'txn_' || payout group by payout) as sums "
        "where parts.id in (sums.payout, 'txn_' || sums.payout)",
        payouts,
    )


async def _let_all_be_of_the_month(context: Context) -> None:
    """Let what moved at the look-alike just now have moved in the middle of the month."""
    at = MONTH + timedelta(days=14)
    async with context.db.transaction() as tx:
        await balance.fill_in(tx)
        await tx.execute(
            "update practice_objects set created_at = $1, body = body || jsonb_build_object('created', $2::bigint) "
            "where kind = 'balance_transaction' and created_at > now() - interval '1 hour'",
            at,
            int(at.timestamp()),
        )


async def untouched(context: Context) -> list[Any]:
    """Everything about money of the planted month that no difference may change."""
    async with context.db.reading() as tx:
        return [
            await tx.fetchval(
                f"select md5(string_agg({table}::text, ',' order by id)) from {table} where {condition}"
            )
            for table, condition in (
                (
                    "money_rows",
                    f"at < '{(MONTH + timedelta(days=40)).isoformat()}' and stripe_id ~ '^(cs|re)_[0-9]+$'",
                ),
                ("checkouts", "covers = 'addition'"),
                ("operations", "idempotency_key like 'refund-%'"),
            )
        ]
