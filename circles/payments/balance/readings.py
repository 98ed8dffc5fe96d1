"""Reading Stripe's books: by the timetable in overlapping windows, and by webhook; stored as they are, and placed.

A window is read whole before the next one begins, since Stripe lists the newest first: a reading that ends half way
begins at the same window again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from circles.payments.balance import calls
from circles.payments.balance.answers import Payout, Transaction
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/balance")

# So much of Stripe's books is read in one go.
WINDOW = timedelta(days=7)
# Readings overlap: clocks differ, and a transaction may appear at Stripe after later ones.
OVERLAP = timedelta(hours=6)
# Stripe's clock may be so far ahead of ours.
AHEAD = timedelta(minutes=5)
# The first reading begins so long before the first payment. An account may be older than this site.
BEFORE_FIRST = timedelta(days=1)
# Payouts read again in one run of the timetable.
MOST = 50

# Called after every page, so that a run can say that it is still at work.
Beat = Callable[[int], Awaitable[None]]


async def _no_beat(count: int) -> None:
    pass


async def read_new(context: Context, beat: Beat = _no_beat) -> datetime:
    """Read what is new in Stripe's books, window by window. Returns since when. Raises Unreachable, RefusedByStripe."""
    async with context.db.reading() as tx:
        row = await SQL.read_until(tx)
    now = row["now"]
    first = (row["first_payment"] or now) - BEFORE_FIRST
    since = begins = row["until"] - OVERLAP if row["until"] else first
    while True:
        until = min(since + WINDOW, now + AHEAD)
        await read_between(context, since, until, beat)
        async with context.db.transaction() as tx:
            await SQL.note_reading(tx, until=min(until, now))
        if until > now:
            await place(context)
            return begins
        since = until


async def read_between(context: Context, since: datetime, until: datetime, beat: Beat = _no_beat) -> None:
    """Read all transactions and payouts of a time, and what is inside the payouts. Idempotent."""
    async for listed in calls.transactions_between(context, since, until):
        await store(context, listed)
        await beat(len(listed))
    async for payouts in calls.payouts_between(context, since, until):
        await store_payouts(context, payouts)
        await beat(0)
    await read_contents(context, beat)


async def store(context: Context, transactions: Iterable[Transaction]) -> None:
    """Store transactions, and place those that have their counterpart here."""
    rows = [transaction.stored() for transaction in transactions]
    async with context.db.transaction() as tx:
        await db.rows(SQL.save_transactions(tx, rows=rows))
        await db.rows(SQL.place_transactions(tx, ids=[row["id"] for row in rows]))


async def place(context: Context, id: str | None = None) -> None:
    """Place a transaction that has its counterpart here by now, or every one."""
    async with context.db.transaction() as tx:
        await db.rows(SQL.place_transactions(tx, ids=[id] if id else None))


async def store_payouts(context: Context, payouts: Iterable[Payout]) -> None:
    """Store payouts as they are at Stripe now."""
    async with context.db.transaction() as tx:
        for payout in payouts:
            await SQL.save_payout(tx, **{name: getattr(payout, name) for name in payout.__slots__})


async def read_contents(context: Context, beat: Beat = _no_beat) -> None:
    """Read what is inside each automatic payout of which that is not known yet."""
    while True:
        async with context.db.reading() as tx:
            waiting = await db.rows(SQL.contents_to_read(tx, most=MOST))
        for row in waiting:
            await _read_contents_of(context, row["id"], beat)
        if len(waiting) < MOST:
            return


async def _read_contents_of(context: Context, payout: str, beat: Beat) -> None:
    async for ids in calls.contents_of(context, payout):
        async with context.db.transaction() as tx:
            unknown = [row["id"] for row in await db.rows(SQL.note_contents(tx, payout=payout, ids=ids))]
        if unknown:  # from before the first reading, or late
            await store(context, [await calls.retrieve_transaction(context, id) for id in unknown])
            async with context.db.transaction() as tx:
                await db.rows(SQL.note_contents(tx, payout=payout, ids=unknown))
        await beat(0)
    async with context.db.transaction() as tx:
        await SQL.contents_read(tx, payout=payout)


@jobs.every("payments.read_balance", "7-59/10 * * * *")
async def read_books(context: Context) -> None:
    """Read what is new in Stripe's books, and what became of payouts that are on their way."""
    try:
        await read_new(context)
        async with context.db.reading() as tx:
            waiting = await db.rows(SQL.payouts_on_their_way(tx, most=MOST))
        for row in waiting:
            await store_payouts(context, [await calls.retrieve_payout(context, row["id"])])
    except (Unreachable, RefusedByStripe):
        return  # the next run begins where this one did


@jobs.job("payments.read_payout", group="money")
async def sync_payout(context: Context, *, stripe_id: str) -> None:
    """Job: read a payout that an event was about, and what is inside it. The timetable does the same."""
    try:
        await store_payouts(context, [await calls.retrieve_payout(context, stripe_id)])
        await read_contents(context)
    except (Unreachable, RefusedByStripe):
        return
