"""Payouts of the look-alike: every day what is available, or by a button; they arrive, fail, and come back.

/v1/balance_transactions?payout= lists what is inside an automatic payout; of one made by hand Stripe does not know.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from circles.practice.stripe import balance
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, listed, new_id, retrieve
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("practice/stripe")
BALANCE = db.queries("practice/stripe_balance")

Decision = Literal["paid", "failed"]

# Seconds until a payout reaches the bank.
_ARRIVES_AFTER: Final = 2 * 86400
# A payout that a bank sends back was paid for a while, or never was.
_MOVES: Final = {"in_transit": ("paid", "failed"), "pending": ("paid", "failed"), "paid": ("failed",)}


async def pay_out(tx: db.Tx, *, with_pending: bool = False) -> list[Object]:
    """Make the automatic payouts of a day: all that is available, in one payout for each currency with anything left.

    with_pending: as if the days had passed after which the rest is available.
    """
    await balance.fill_in(tx)
    now = await SQL.clock(tx)
    made = []
    for row in await db.rows(BALANCE.payable(tx, now=now, with_pending=with_pending)):
        payout = await _make(tx, row["amount"], row["currency"], now, automatic=True)
        await BALANCE.pay_out(
            tx, payout=payout["id"], currency=row["currency"], now=now, with_pending=with_pending
        )
        await add_event(tx, "payout.created", payout)
        made.append(payout)
    return made


async def pay_out_past(tx: db.Tx, times: Iterable[datetime]) -> None:
    """Make the automatic payouts of times that are over, the earliest first. No webhook says so."""
    await balance.fill_in(tx)
    now = await SQL.clock(tx)
    for at in (int(time.timestamp()) for time in times):
        state = "paid" if _arrival(at) <= now else "in_transit"
        for row in await db.rows(BALANCE.payable(tx, now=at, with_pending=False)):
            payout = await _make(tx, row["amount"], row["currency"], at, automatic=True, state=state)
            await BALANCE.pay_out(
                tx, payout=payout["id"], currency=row["currency"], now=at, with_pending=False
            )


async def pay_out_by_hand(tx: db.Tx, amount: int, currency: str) -> Object:
    """Make a payout of a part of the balance, of which nobody can say what is inside. Raises ApiError."""
    await balance.fill_in(tx)
    funds = {row["currency"]: row for row in await db.rows(BALANCE.balances(tx))}
    if amount <= 0 or currency not in funds or amount > funds[currency]["available"]:
        raise ApiError("You have insufficient funds in your Stripe account.", code="balance_insufficient")
    payout = await _make(tx, amount, currency, await SQL.clock(tx), automatic=False)
    await add_event(tx, "payout.created", payout)
    return payout


async def _make(
    tx: db.Tx, amount: int, currency: str, now: int, *, automatic: bool, state: str = "in_transit"
) -> Object:
    id = new_id("po")
    move = balance.transaction("payout", -amount, currency, now=now, source=id, description="STRIPE PAYOUT")
    body = {
        "id": id,
        "object": "payout",
        "amount": amount,
        "arrival_date": _arrival(now),
        "automatic": automatic,
        "balance_transaction": await balance.add(tx, move),
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": state,
        "type": "bank_account",
    }
    await SQL.add(tx, id=id, kind="payout", body=body)
    if automatic:
        await BALANCE.note_payout(tx, id=body["balance_transaction"], payout=id)
    return body


def _arrival(now: int) -> int:
    """When a payout that is made now arrives: the first moment of a day in UTC, as Stripe says days."""
    return (now + _ARRIVES_AFTER) // 86400 * 86400


async def decide(tx: db.Tx, id: str, decision: Decision) -> Object:
    """A payout arrives, or fails and its money comes back; one that arrived may fail later. Raises ApiError."""
    body = await SQL.lock(tx, id=id, kind="payout")
    if body is None or decision not in _MOVES.get(body["status"], ()):
        raise ApiError("This payout is over.")
    body["status"] = decision
    if decision == "failed":
        move = balance.transaction(
            "payout_failure",
            body["amount"],
            body["currency"],
            now=await SQL.clock(tx),
            source=id,
            description="STRIPE PAYOUT FAILURE",
        )
        body |= {
            "failure_balance_transaction": await balance.add(tx, move),
            "failure_code": "account_closed",
            "failure_message": "The bank account has been closed.",
        }
    await SQL.save(tx, id=id, body=body)
    await add_event(tx, f"payout.{decision}", body)
    return body


async def list_payouts(tx: db.Tx, params: Params) -> Object:
    """GET /v1/payouts: newest first, of a time or a status."""
    matching = {"status": params["status"]} if params.get("status") else {}
    return await listed(tx, "payout", params, "/v1/payouts", matching=matching)


async def list_transactions(tx: db.Tx, params: Params) -> Object:
    """GET /v1/balance_transactions. Of a payout that was made by hand nobody says what is inside. Raises ApiError."""
    if params.get("payout") and not (await retrieve(tx, "payout", params["payout"]))["automatic"]:
        message = "Balance transaction history can only be filtered on automatic transfers, not manual."
        raise ApiError(message, param="payout", kept=False)
    return await balance.list_transactions(tx, params)


@jobs.every("payments.practice_payouts", "17 6 * * *")
async def pay_out_daily(context: Context) -> None:
    """Make the payouts of the day, and let those arrive whose days have passed."""
    if not context.settings.practice_money:
        return
    async with context.db.transaction() as tx:
        for row in await db.rows(BALANCE.arriving(tx)):
            await decide(tx, row["id"], "paid")
        await pay_out(tx)
