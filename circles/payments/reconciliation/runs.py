"""Runs of the reconciliation: read Stripe's books, mend what has one right answer, list the rest, compare the balance.

Every step is idempotent and commits by itself, so a run that was killed half way is repeated by the next one. There is
one at a time, over all processes: see `begin_run`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from circles.base.errors import CirclesError
from circles.payments.balance import calls, readings
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.reconciliation import mending, rules
from circles.store import db, jobs
from circles.store.context import Context

log = structlog.get_logger("payments")
SQL = db.queries("payments/reconciliation")

# How often the balance is asked for while transactions appear in between.
_BALANCE_TRIES = 3


class Busy(CirclesError):
    """Another run is under way."""

    def __init__(self) -> None:
        super().__init__("Another reconciliation is under way.")


class TakenOver(CirclesError):
    """The process did not say for a while that it works, and another run took its place."""


@dataclass(slots=True)
class Run:
    """A run that is under way. since, until: what it compares."""

    context: Context
    id: int
    since: datetime
    until: datetime
    mended: list[str] = field(default_factory=list)
    transactions: int = 0

    async def beat(self, transactions: int = 0) -> None:
        """Say that the run is at work. Raises TakenOver."""
        self.transactions += transactions
        async with self.context.db.transaction() as tx:
            if not await SQL.beat(tx, id=self.id, transactions=transactions):
                raise TakenOver("Another run of the reconciliation took the place of this one.")


async def reconcile(context: Context, asked_by: str, month: str = "") -> Run:
    """Compare our rows with Stripe's books: since the last run, or of a month. Raises Busy, Unreachable, Refused.

    month: as "2026-11".
    """
    run = await _begin(context, asked_by, month)
    outcome = "stopped"
    try:
        await _read(run)
        await _mend(run)
        await _list_differences(run)
        await _compare_balance(run)
        outcome = "done"
    except (Unreachable, RefusedByStripe) as error:
        outcome = "unreachable"
        raise error if isinstance(error, Unreachable) else Unreachable("Stripe refuses to answer.") from None
    finally:
        async with context.db.transaction() as tx:
            await SQL.end_run(tx, id=run.id, outcome=outcome, mended=len(run.mended))
    return run


async def _begin(context: Context, asked_by: str, month: str) -> Run:
    async with context.db.transaction() as tx:
        row = await SQL.window_of_run(tx)
        since, until = (row["since"] or row["now"]) - rules.OVERLAP, row["now"]
        if month:
            since, until = rules.month(month, row["now"])
        await SQL.end_left_runs(tx, patience=rules.PATIENCE)
        id = await SQL.begin_run(tx, asked_by=asked_by, since=since, until=until)
    if id is None:
        raise Busy
    return Run(context, id, since, until)


async def _read(run: Run) -> None:
    """Read Stripe's books up to now, and those of the window once more where that lies before."""
    begun = await readings.read_new(run.context, run.beat)
    if run.since < begun:
        await readings.read_between(run.context, run.since, min(run.until, begun), run.beat)
    await readings.place(run.context)


async def _unplaced(context: Context) -> list[db.Record]:
    async with context.db.reading() as tx:
        return await db.rows(SQL.unplaced(tx, grace=rules.GRACE, most=rules.MOST))


async def _unmatched(run: Run) -> list[db.Record]:
    async with run.context.db.reading() as tx:
        return await db.rows(SQL.unmatched(tx, since=run.since, until=run.until, grace=rules.GRACE))


async def _mend(run: Run) -> None:
    """Read from Stripe what it has and this site lacks, and note what was placed by it, one by one."""
    for row in await _unplaced(run.context):
        await mending.mend_transaction(run.context, row)
        await run.beat()
        await readings.place(run.context, row["id"])
        async with run.context.db.reading() as tx:
            is_placed = await SQL.is_placed(tx, id=row["id"])
        if is_placed:
            await _note_mended(run, row["kind"], _of_transaction(row))


async def _list_differences(run: Run) -> None:
    """Look into what Stripe did not list of ours, and list for a person what differs still."""
    differences = []
    for number, row in enumerate(await _unmatched(run)):
        kind = await mending.mend_own(run.context, row) if number < rules.MOST else _not_there(row)
        await run.beat()
        if kind:
            differences.append({"kind": kind, **_of_own(row)})
        else:
            await _note_mended(run, _not_there(row), _of_own(row))
    await readings.place(run.context)
    differences += [{"kind": row["kind"], **_of_transaction(row)} for row in await _unplaced(run.context)]
    differences += await _of_payouts(run)
    await _record(run, differences)


async def _record(run: Run, differences: Sequence[dict[str, Any]]) -> None:
    stored = [
        row | {"at": row["at"].isoformat(), "checkout_id": _text(row["checkout_id"])} for row in differences
    ]
    async with run.context.db.transaction() as tx:
        await db.rows(SQL.end_what_holds_no_longer(tx))
        await db.rows(SQL.record_differences(tx, rows=stored))


def _text(id: Any) -> str | None:
    return str(id) if id else None


async def _note_mended(run: Run, kind: str, difference: dict[str, Any]) -> None:
    run.mended.append(kind)
    async with run.context.db.transaction() as tx:
        await SQL.note_mended(tx, kind=kind, **difference)


def _not_there(row: db.Record) -> str:
    return f"{row['movement'].partition('_')[0]}_not_there"


def _of_transaction(row: db.Record) -> dict[str, Any]:
    """A difference of a transaction of Stripe's. Where the currencies differ, its first is ours."""
    differs = row["kind"] == "currency_differs"
    return {
        "about": row["id"],
        "transaction_id": row["id"],
        "checkout_id": row["checkout_id"],
        "payout_id": None,
        "currency": row["own_currency"] if differs else row["currency"],
        "other_currency": row["currency"] if differs else "",
        "ours": row["ours"],
        "stripe": row["amount"],
        "at": row["made_at"],
    }


def _of_own(row: db.Record) -> dict[str, Any]:
    return {
        "about": row["key"],
        "transaction_id": None,
        "checkout_id": row["checkout_id"],
        "payout_id": None,
        "currency": row["currency"],
        "other_currency": "",
        "ours": row["amount"],
        "stripe": None,
        "at": row["at"],
    }


async def _of_payouts(run: Run) -> list[dict[str, Any]]:
    """What differs of payouts. One that is not known here is read first."""
    async with run.context.db.reading() as tx:
        rows = await db.rows(SQL.payouts_that_differ(tx, since=run.since, until=run.until))
    differences = []
    for row in rows:
        difference = {
            "about": row["id"],
            "transaction_id": None,
            "checkout_id": None,
            "payout_id": row["id"],
            "currency": row["currency"],
            "other_currency": "",
            "ours": row["inside"],
            "stripe": row["amount"],
            "at": row["made_at"],
        }
        if row["kind"] == "payout_unknown" and await _read_payout(run, row["id"]):
            await _note_mended(run, row["kind"], difference)
        else:
            differences.append({"kind": row["kind"], **difference})
    return differences


async def _read_payout(run: Run, id: str) -> bool:
    try:
        payout = await calls.retrieve_payout(run.context, id)
    except RefusedByStripe:
        return False
    await readings.store_payouts(run.context, [payout])
    await readings.read_contents(run.context, run.beat)
    return True


async def _compare_balance(run: Run) -> None:
    """Compare Stripe's balance with all that it listed, and note both beside what our ledger says."""
    balance = await calls.retrieve_balance(run.context)
    for _ in range(_BALANCE_TRIES):
        await readings.read_new(run.context, run.beat)
        again = await calls.retrieve_balance(run.context)
        if again == balance:
            break
        balance = again
    else:
        log.info("stripe's balance changed while it was compared", run=run.id)
        return
    async with run.context.db.transaction() as tx:
        books = {row["currency"]: row for row in await db.rows(SQL.books(tx))}
        for currency in sorted(books.keys() | balance.keys()):
            await _compare_currency(tx, run, currency, balance.get(currency, 0), books.get(currency))


async def _compare_currency(tx: db.Tx, run: Run, currency: str, stripe: int, books: db.Record | None) -> None:
    listed, ledger = (books["listed"], books["ledger"]) if books else (0, 0)
    explained = listed + (books["settled"] if books else 0)
    await SQL.note_balance(tx, run_id=run.id, currency=currency, stripe=stripe, listed=listed, ledger=ledger)
    if stripe == explained:
        await SQL.balance_agrees(tx, currency=currency)
        return
    difference = {
        "kind": "balance_differs",
        "about": currency,
        "currency": currency,
        "ours": explained,
        "stripe": stripe,
        "other_currency": "",
        "at": run.until.isoformat(),
    }
    await db.rows(SQL.record_differences(tx, rows=[difference]))


@jobs.every("payments.reconcile_books", "29 3 * * *")
async def reconcile_nightly(context: Context) -> None:
    """Compare our rows with Stripe's books, every night."""
    try:
        await reconcile(context, "timetable")
    except (Busy, TakenOver, Unreachable):
        return  # the next night compares what this one did not


async def compare_soon(tx: db.Tx) -> None:
    """Have a worker compare now, in the caller's transaction."""
    await jobs.enqueue(tx, "payments.reconcile_now", key="now")


@jobs.job("payments.reconcile_now", group="money")
async def reconcile_now(context: Context) -> None:
    """Job: the same, asked for by an organizer."""
    try:
        await reconcile(context, "person")
    except (Busy, TakenOver, Unreachable):
        return


async def reconcile_when_free(context: Context, asked_by: str, month: str = "") -> Run:
    """As `reconcile`, once another run that is under way is over. Raises Unreachable, Refused."""
    while True:
        try:
            return await reconcile(context, asked_by, month)
        except Busy:
            await asyncio.sleep(1)
