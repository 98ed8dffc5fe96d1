"""Calls to Stripe about its books: balance transactions, payouts, the balance.

Each raises Unreachable, RefusedByStripe.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, TypeVar

from circles.payments import gateway
from circles.payments.answers import page
from circles.payments.balance import answers
from circles.payments.balance.answers import Payout, Transaction
from circles.payments.gateway import Unreachable
from circles.store.context import Context

T = TypeVar("T")


def _seconds(since: datetime, until: datetime) -> dict[str, int]:
    """A time as Stripe filters it: from its first second on, and before the second of its end."""
    return {"gte": int(since.timestamp()), "lt": int(until.timestamp())}


def transactions_between(
    context: Context, since: datetime, until: datetime
) -> AsyncIterator[list[Transaction]]:
    """The balance transactions of a time with their sources, page by page, the newest first."""
    wanted = {"created": _seconds(since, until), "expand": ["data.source"]}
    return _pages(context, gateway.client(context).v1.balance_transactions, answers.transaction, wanted)


def transactions_of(context: Context, source: str) -> AsyncIterator[list[Transaction]]:
    """The balance transactions of one charge, refund, dispute or transfer."""
    wanted = {"source": source, "expand": ["data.source"]}
    return _pages(context, gateway.client(context).v1.balance_transactions, answers.transaction, wanted)


def contents_of(context: Context, payout: str) -> AsyncIterator[list[str]]:
    """The ids of what is inside an automatic payout, its own among them."""
    wanted = {"payout": payout}
    return _pages(context, gateway.client(context).v1.balance_transactions, answers.transaction_id, wanted)


async def retrieve_transaction(context: Context, id: str) -> Transaction:
    """A balance transaction with its source."""
    transactions = gateway.client(context).v1.balance_transactions
    retrieving = transactions.retrieve_async(id, {"expand": ["source"]})
    return await gateway.call(context, retrieving, answers.transaction)


async def retrieve_transfer_of(context: Context, id: str) -> str:
    """The id of the transfer that a transaction is of, or that it reverses; empty for another."""
    transactions = gateway.client(context).v1.balance_transactions
    retrieving = transactions.retrieve_async(id, {"expand": ["source"]})
    return await gateway.call(context, retrieving, answers.transfer_id)


def payouts_between(context: Context, since: datetime, until: datetime) -> AsyncIterator[list[Payout]]:
    """The payouts that were made in a time, page by page, the newest first."""
    wanted = {"created": _seconds(since, until)}
    return _pages(context, gateway.client(context).v1.payouts, answers.payout, wanted)


async def retrieve_payout(context: Context, id: str) -> Payout:
    """A payout as it is now."""
    return await gateway.call(context, gateway.client(context).v1.payouts.retrieve_async(id), answers.payout)


async def retrieve_charge_of(context: Context, payment_intent: str) -> str:
    """The id of the charge by which a payment succeeded; empty where it did not."""
    intents = gateway.client(context).v1.payment_intents
    return await gateway.call(context, intents.retrieve_async(payment_intent), answers.charge_id)


async def retrieve_balance(context: Context) -> dict[str, int]:
    """What Stripe holds for us now, by currency, in minor units."""
    return await gateway.call(context, gateway.client(context).v1.balance.retrieve_async(), answers.balance)


async def _pages(
    context: Context, objects: Any, read: Callable[[Any], T], wanted: dict[str, Any]
) -> AsyncIterator[list[T]]:
    after: dict[str, Any] = {"limit": gateway.PAGE}
    while True:
        listed = await gateway.call(
            context, objects.list_async(wanted | after), lambda answer: page(answer, read)
        )
        yield listed.items
        if not listed.next:
            return
        if listed.next == after.get("starting_after"):
            raise Unreachable("Stripe answers the same page again and again.")
        after["starting_after"] = listed.next
