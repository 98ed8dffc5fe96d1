"""A month of payments reconciled: differences are found, those with one right answer mended, and no other row moves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from circles import people
from circles.payments.reconciliation import actions, runs
from circles.practice.stripe import faults
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.payments import helpers, month
from tests.payments.balance_helpers import differences, ledger, open_kinds, reconcile, stripe_holds
from tests.payments.helpers import Outcomes
from tests.payments.month import MONTH, change

outcomes = helpers.outcomes
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def process(database_url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process of the command, as an operator starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CIRCLES_")}
    environment = kept | {"DATABASE_URL": database_url, "CIRCLES_ENV_FILE": ""}
    command = [sys.executable, "-m", "circles", "reconcile", *words]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        try:
            yield started
        finally:
            started.kill()


async def killed_half_way(context: Context, database_url: str) -> None:
    """Start the command, and kill it while it mends."""
    async with context.db.transaction() as tx:
        await faults.plan(tx, "retrieve_checkout", "hang", seconds=600)
    with process(database_url, "--month", f"{MONTH:%Y-%m}") as started:
        while await helpers.count(context, "practice_faults where times > 0"):
            assert started.poll() is None, "the command ended before it mended anything"
            await asyncio.sleep(0.1)
        started.send_signal(signal.SIGKILL)
    assert await helpers.count(context, "reconciliation_runs where ended_at is null") == 1
    with pytest.raises(runs.Busy):
        await reconcile(context)
    await change(context, "update reconciliation_runs set beat_at = beat_at - interval '2 minutes'")


@pytest.mark.timeout(600)
async def test_twenty_differences_among_five_thousand_payments(
    context: Context, cast: Cast, database_url: str, outcomes: Outcomes
) -> None:
    """The first run is killed half way, and the second one ends as if it were the first."""
    canceled = await add_booking(
        context, cast.gathering, cast.mira, kind="paid", amount=4500, state="cancelled"
    )
    held = [
        await add_booking(context, cast.gathering, person, kind="paid", amount=4500, state="held")
        for person in (cast.mira, cast.milo)
    ]
    await month.plant(context, canceled)
    for_a_person = await month.plant_differences(context, held)
    before = await month.untouched(context)
    await killed_half_way(context, database_url)
    await reconcile(context, f"{MONTH:%Y-%m}")
    mended = Counter(row["kind"] for row in await differences(context) if row["ended"] == "mended")
    assert mended == {
        "dispute_not_here": 1,
        "payment_not_here": 2,
        "payment_not_there": 1,
        "refund_not_here": 2,
    }
    assert Counter(await open_kinds(context)) == for_a_person
    assert mended.total() + sum(for_a_person.values()) == 20
    assert sorted(outcome for _, outcome in outcomes) == ["paid", "paid"]
    assert await month.untouched(context) == before
    again = await reconcile(context, f"{MONTH:%Y-%m}")
    assert again.mended == []
    assert Counter(await open_kinds(context)) == for_a_person
    await settle_all(context, cast)
    assert (await reconcile(context)).mended == []
    assert await open_kinds(context) == []
    for currency in ("USD", "EUR"):
        assert (await ledger(context, currency))["stripe"] == await stripe_holds(context, currency.lower())


async def settle_all(context: Context, cast: Cast) -> None:
    """An organizer settles whatever is open."""
    async with context.db.reading() as tx:
        odile = (await people.by_ids(tx, [cast.odile]))[cast.odile]
    for difference in await differences(context):
        if difference["ended"] is None:
            await actions.settle(context, odile, difference["id"], "Looked at it with the bookkeeper.")
