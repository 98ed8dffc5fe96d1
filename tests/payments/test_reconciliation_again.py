"""Runs of the reconciliation after others: what they compare, and what a person settled before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from circles import people
from circles.base import clock
from circles.base.errors import Refused
from circles.payments.reconciliation import actions, rules
from circles.store.context import Context
from tests.cast import Cast
from tests.payments import helpers
from tests.payments.balance_helpers import (
    differences,
    ledger,
    nothing_on_its_way,
    open_kinds,
    reconcile,
    stripe_holds,
)
from tests.payments.helpers import Outcomes, paid_booking

booking, outcomes = helpers.booking, helpers.outcomes
__all__ = ["nothing_on_its_way"]
pytestmark = pytest.mark.usefixtures("nothing_on_its_way")


async def settle_all(context: Context, cast: Cast) -> None:
    async with context.db.reading() as tx:
        odile = (await people.by_ids(tx, [cast.odile]))[cast.odile]
    for difference in await differences(context):
        if difference["ended"] is None:
            await actions.settle(context, odile, difference["id"], "Looked at it.")


async def execute(context: Context, sql: str) -> None:
    async with context.db.transaction() as tx:
        await tx.execute(sql)


async def test_a_run_of_a_month_changes_no_later_run(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    """Neither of this month, which ends ahead, nor of one long past."""
    await paid_booking(context, booking)
    first = await reconcile(context, "2026-01")
    assert (first.since.month, first.until.month) == (1, 2)
    complete = await reconcile(context)
    async with context.db.reading() as tx:
        paid_at = await tx.fetchval("select at from money_rows")
    assert complete.since < paid_at < complete.until
    await reconcile(context, f"{clock.now():%Y-%m}")
    following = await reconcile(context)
    assert complete.until - timedelta(days=4) < following.since < complete.until < following.until


@pytest.mark.parametrize(
    "month", ["2026-13", "26-01", "1999-12", "9999-12", "2026-12", "2026-1", "٢٠٢٦-٠١", "0000-01"]
)
def test_a_month_that_is_none_or_has_not_begun_is_refused(month: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.month(month, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert refused.value.codes == {"month"}


async def test_what_was_settled_and_is_listed_late_is_taken_back(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    """So late that no reading of the timetable meets it, but only who asks for what belongs to the payment."""
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute("update practice_objects set kind = 'hidden' where kind = 'balance_transaction'")
    await reconcile(context)
    assert await open_kinds(context) == ["fee_unknown"]
    await settle_all(context, cast)
    assert "stripe" not in await ledger(context)
    await execute(
        context,
        "update practice_objects set kind = 'balance_transaction', body = body || jsonb_build_object("
        "'created', (body ->> 'created')::bigint - 400000) where kind = 'hidden'",
    )
    for _ in range(2):
        await reconcile(context)
        assert (await ledger(context))["stripe"] == await stripe_holds(context)
        assert "unknown" not in await ledger(context)
    assert await open_kinds(context) == []


async def test_another_currency_is_settled_once(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    await execute(
        context,
        'update practice_objects set body = body || \'{"currency": "eur", "amount": 4000, "fee": 0, "net": 4000}\' '
        "where kind = 'balance_transaction'",
    )
    await reconcile(context)
    assert await open_kinds(context) == ["currency_differs"]
    await settle_all(context, cast)
    for _ in range(2):
        assert (await reconcile(context)).mended == []
        assert await open_kinds(context) == []
        for currency in ("USD", "EUR"):
            assert (await ledger(context, currency)).get("stripe", 0) == await stripe_holds(
                context, currency.lower()
            )
