"""What the tests of Stripe's books share: the ledger's sums, time that passes, and runs of the reconciliation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from circles.payments.reconciliation import rules, runs
from circles.store.context import Context


async def ledger(context: Context, currency: str = "USD") -> dict[str, int]:
    """The balance of every account that is not empty, in minor units."""
    async with context.db.reading() as tx:
        rows = await tx.fetch(
            "select account, sum(amount)::bigint as amount from ledger_lines where currency = $1 "
            "group by account having sum(amount) <> 0",
            currency,
        )
    return {row["account"]: row["amount"] for row in rows}


async def stripe_holds(context: Context, currency: str = "usd") -> int:
    """What the look-alike says that the account holds, in its smallest unit."""
    async with context.db.reading() as tx:
        return await tx.fetchval(
            "select coalesce(sum((body ->> 'net')::bigint), 0)::bigint from practice_objects "
            "where kind = 'balance_transaction' and body ->> 'currency' = $1",
            currency,
        )


@pytest.fixture
def nothing_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moved a moment ago counts as old enough to be compared; the look-alike's clock rounds to seconds."""
    monkeypatch.setattr(rules, "GRACE", timedelta(seconds=-5))


async def reconcile(context: Context, month: str = "") -> runs.Run:
    return await runs.reconcile(context, "command", month)


async def differences(context: Context) -> list[dict[str, Any]]:
    """All differences, the oldest first."""
    async with context.db.reading() as tx:
        rows = await tx.fetch("select * from reconciliation_differences order by at, kind")
    return [dict(row) for row in rows]


async def open_kinds(context: Context) -> list[str]:
    return sorted(row["kind"] for row in await differences(context) if row["ended"] is None)
