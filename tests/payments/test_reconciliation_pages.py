"""The pages of payouts and of what differs from Stripe's books, settling by hand, and what the command prints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from circles import people
from circles.base import clock
from circles.commands import reconcile as command
from circles.payments import Unreachable
from circles.payments.balance import readings
from circles.payments.reconciliation import actions
from circles.practice.stripe import balance, faults, payouts
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.payments import helpers
from tests.payments.balance_helpers import differences, ledger, nothing_on_its_way, reconcile
from tests.payments.helpers import Outcomes, paid_booking

booking, outcomes = helpers.booking, helpers.outcomes
__all__ = ["nothing_on_its_way"]
pytestmark = pytest.mark.usefixtures("nothing_on_its_way")


async def test_a_payout_shows_what_is_inside(
    context: Context, cast: Cast, browser: OpenBrowser, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await balance.charge_fee(tx, 200, "usd", "Radar")
        (payout,) = await payouts.pay_out(tx, with_pending=True)
    await readings.read_books(context)
    async with browser(cast.odile) as site:
        listed = await site.get("/organize/payouts")
        page = await site.get(f"/organize/payouts/{payout['id']}")
    assert "$41.39" in listed.text
    assert f'href="/organize/payouts/{payout["id"]}"' in listed.text
    for text in ("On its way to the bank", "$45", "$1.61", "−$2", "Mira"):
        assert text in page.text.replace("-$", "−$"), text
    assert f'href="/organize/payments/{(await helpers.checkout(context, booking))["id"]}"' in page.text
    arrives = datetime.fromtimestamp(payout["arrival_date"], UTC).date()
    for shown in (listed, page):
        assert re.search(rf">\s*{clock.format_short_date(arrives, clock.now().date())}<", shown.text)
    async with browser(cast.mira) as site:
        assert (await site.get("/organize/payouts")).status_code == 404


async def test_a_difference_is_settled_with_a_reason_once(
    context: Context, cast: Cast, browser: OpenBrowser, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await balance.adjust(tx, 500, "usd", "Goodwill")
    await reconcile(context)
    (difference,) = await differences(context)
    path = f"/organize/reconciliation/{difference['id']}"
    async with browser(cast.odile) as site:
        listed = await site.get("/organize/reconciliation")
        assert "Stripe changed the balance in a way that has no counterpart here" in listed.text
        assert path in listed.text
        assert path in (await site.get("/organize")).text
        refused = await site.post(path, data={"reason": "a"})
        assert refused.status_code == 422
        assert re.search(r"<textarea[^>]*>\s*a</textarea>", refused.text)
        assert (await site.post(path, data={"reason": "Stripe’s goodwill"})).status_code == 303
        assert (await ledger(context))["unknown"] == -500
        assert (await site.post(path, data={"reason": "Once more"})).status_code == 303
        assert "Settled by hand by Odile" in (await site.get(path)).text
    assert (await ledger(context))["unknown"] == -500
    assert (await reconcile(context)).mended == []
    (settled,) = await differences(context)
    assert (settled["ended"], settled["reason"]) == ("settled", "Stripe’s goodwill")


async def test_the_command_names_nobody_and_says_by_its_status_whether_something_waits(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await tx.execute(
            'update practice_objects set body = body || \'{"amount": 4000, "net": 3839}\' '
            "where kind = 'balance_transaction'"
        )
        odile = (await people.by_ids(tx, [cast.odile]))[cast.odile]
    lines, is_well = await command.run(context, "")
    assert not is_well
    assert "For a person: 1 amount differs" in lines
    assert any("here $45, at Stripe $40" in line for line in lines)
    assert "Mira" not in "\n".join(lines)
    (difference,) = await differences(context)
    await actions.settle(context, odile, difference["id"], "The bank says so.")
    lines, is_well = await command.run(context, "")
    assert (lines[-1], is_well) == ("Nothing differs.", True)
    assert await ledger(context) == {"stripe": 3839, "sales": -4500, "fees": 161, "unknown": 500}


async def test_all_of_a_kind_are_settled_together(
    context: Context, cast: Cast, browser: OpenBrowser, booking: UUID, outcomes: Outcomes
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        for amount in (500, 600, 700):
            await balance.adjust(tx, amount, "usd", "Goodwill")
    await reconcile(context)
    first, *_ = await differences(context)
    path = f"/organize/reconciliation/{first['id']}"
    async with browser(cast.odile) as site:
        assert "Settle the other 2 of this kind as well" in (await site.get(path)).text
        done = await site.post(path, data={"reason": "Stripe’s goodwill", "others": "on"})
    assert done.status_code == 303
    assert [row["ended"] for row in await differences(context)] == ["settled"] * 3
    assert (await ledger(context))["unknown"] == -1800


@pytest.mark.parametrize(
    ("fault", "said"),
    [("403", "lacks a right at Stripe"), ("401", "refuses the key"), ("429", "cannot be reached")],
)
async def test_a_run_that_stripe_did_not_answer_is_said(
    context: Context,
    cast: Cast,
    browser: OpenBrowser,
    booking: UUID,
    outcomes: Outcomes,
    fault: Any,
    said: str,
) -> None:
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        await faults.plan(tx, "list_balance_transactions", fault, times=99)
    with pytest.raises(Unreachable, match=said):
        await command.run(context, "")
    async with browser(cast.odile) as site:
        page = (await site.get("/organize/reconciliation")).text
    assert "ended half way: Stripe could not be reached" in page
    assert "Nothing differs" not in page
    async with context.db.transaction() as tx:
        await tx.execute("delete from practice_faults")
    await command.run(context, "")
    async with browser(cast.odile) as site:
        page = (await site.get("/organize/reconciliation")).text
    assert "half way" not in page
    assert "Nothing differs" in page
