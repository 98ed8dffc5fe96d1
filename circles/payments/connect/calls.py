"""Calls to Stripe about connected accounts and transfers. Each raises Unreachable and RefusedByStripe."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, cast

from circles.payments.connect import answers
from circles.payments.connect.rules import (
    AccountSnapshot,
    PaymentSnapshot,
    ReversalSnapshot,
    TransferSnapshot,
)
from circles.payments.gateway import PAGE, call, client, pages
from circles.store.context import Context

# Stripe shows so many reversals in a transfer; there may be more.
SHOWN_REVERSALS = 10

LinkKind = Literal["account_onboarding", "account_update"]


async def create_account(context: Context, parameters: dict[str, Any], key: str) -> AccountSnapshot:
    """Open an account, or get the one this key already opened."""
    accounts = client(context).v1.accounts
    creating = accounts.create_async(cast(Any, parameters), {"idempotency_key": key})
    return await call(context, creating, answers.account)


async def retrieve_account(context: Context, stripe_id: str) -> AccountSnapshot:
    """An account as it is now. RefusedByStripe with ACCOUNT_GONE for one that is not connected any more."""
    return await call(context, client(context).v1.accounts.retrieve_async(stripe_id), answers.account)


async def accounts_since(context: Context, since: datetime) -> list[AccountSnapshot]:
    """The accounts opened since a moment: Stripe forgets a key after a day, an account's metadata never."""
    return await pages(context, client(context).v1.accounts, answers.account, "", "", since)


async def create_account_link(
    context: Context, account: str, kind: LinkKind, return_url: str, refresh_url: str
) -> str:
    """Where the person answers Stripe's questions, or changes their answers.

    It is good for one visit within minutes, and never stored or mailed.
    """
    wanted: dict[str, Any] = {
        "account": account,
        "type": kind,
        "return_url": return_url,
        "refresh_url": refresh_url,
    }
    return await call(context, client(context).v1.account_links.create_async(cast(Any, wanted)), answers.url)


async def retrieve_payment(context: Context, payment_intent: str) -> PaymentSnapshot:
    """What a payment says of the part that goes to an account."""
    intents = client(context).v1.payment_intents
    reading = intents.retrieve_async(payment_intent, {"expand": ["latest_charge"]})
    return await call(context, reading, answers.payment)


async def transfers_of(context: Context, payment: PaymentSnapshot) -> list[TransferSnapshot]:
    """The transfers of a payment with all their reversals, the oldest first."""
    transfers = client(context).v1.transfers
    if payment.group:
        wanted = cast(Any, {"transfer_group": payment.group, "limit": PAGE})
        listed = await call(
            context,
            transfers.list_async(wanted),
            lambda answer: [answers.transfer(one) for one in answer.data],
        )
        made = listed[::-1]
    elif payment.transfer:
        made = [await call(context, transfers.retrieve_async(payment.transfer), answers.transfer)]
    else:
        made = []
    return [await _with_all_reversals(context, transfer) for transfer in made]


async def _with_all_reversals(context: Context, transfer: TransferSnapshot) -> TransferSnapshot:
    if len(transfer.reversals) < SHOWN_REVERSALS:
        return transfer
    listing = client(context).v1.transfers.reversals.list_async(transfer.id, {"limit": PAGE})
    every = await call(context, listing, lambda answer: tuple(answers.reversal(one) for one in answer.data))
    return replace(transfer, reversals=every)


async def create_transfer(context: Context, parameters: dict[str, Any], key: str) -> TransferSnapshot:
    """Send money to an account, or get the transfer this key already made."""
    transfers = client(context).v1.transfers
    creating = transfers.create_async(cast(Any, parameters), {"idempotency_key": key})
    return await call(context, creating, answers.transfer)


async def create_reversal(
    context: Context, transfer: str, parameters: dict[str, Any], key: str
) -> ReversalSnapshot:
    """Bring back a part of a transfer, or get the reversal this key already made."""
    reversals = client(context).v1.transfers.reversals
    creating = reversals.create_async(transfer, cast(Any, parameters), {"idempotency_key": key})
    return await call(context, creating, answers.reversal)
