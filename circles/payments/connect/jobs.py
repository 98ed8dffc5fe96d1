"""The jobs and the timetable of Stripe Connect, and what its webhooks lead to."""

from __future__ import annotations

from uuid import UUID

from circles.payments.connect import accounts, transfers
from circles.payments.gateway import Event, RefusedByStripe, Unreachable
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/connect")
ACCOUNTS = db.queries("payments/connect_accounts")

# So many accounts and payments are taken up at a time.
MOST = 100
DEAUTHORIZED = "account.application.deauthorized"


@jobs.every("payments.connect", "* * * * *")
async def continue_connect(context: Context) -> None:
    """Enqueue what a crash, an outage or a lost webhook left: accounts, their state, and parts of payments."""
    async with context.db.transaction() as tx:
        await accounts.create_later(tx, MOST)
        await transfers.settle_later(tx, MOST)


@jobs.job("payments.create_account", group="money")
async def create_account(context: Context, *, person_id: str) -> None:
    """Job: open the account that somebody asked for. The timetable repeats it until Stripe answers."""
    async with context.db.reading() as tx:
        row = await ACCOUNTS.account_of_person(tx, person_id=UUID(person_id))
    if row is None or row["stripe_id"]:
        return
    try:
        await accounts.create(context, row)
    except (Unreachable, RefusedByStripe):
        return


@jobs.job("payments.read_account", group="money")
async def read_account(context: Context, *, stripe_id: str) -> None:
    """Job: read an account from Stripe. The timetable repeats it."""
    try:
        await accounts.read(context, stripe_id)
    except Unreachable:
        return


@jobs.job("payments.account_left", group="money")
async def account_left(context: Context, *, stripe_id: str) -> None:
    """Job: an event says that an account left. Stripe is asked: an event is a hint, and an account may come again."""
    await read_account(context, stripe_id=stripe_id)


@jobs.job("payments.transfer_changed", group="money")
async def transfer_changed(context: Context, *, stripe_id: str) -> None:
    """Job: Stripe says that a transfer was reversed, at its dashboard perhaps."""
    async with context.db.transaction() as tx:
        await SQL.transfer_changed(tx, transfer_id=stripe_id)
        await transfers.settle_later(tx, MOST)


def job_of_event(event: Event) -> tuple[str, str] | None:
    """Which job an event about accounts or transfers leads to, and the id that it gets; None for another event."""
    if event.type == DEAUTHORIZED and event.account:
        return "payments.account_left", event.account
    if event.type == "account.updated" and (event.account or event.object_id):
        return "payments.read_account", event.account or event.object_id
    if event.type.startswith("transfer.") and event.object_id and not event.account:
        return "payments.transfer_changed", event.object_id
    return None
