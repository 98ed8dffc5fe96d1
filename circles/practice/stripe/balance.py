"""The balance of the look-alike: a transaction for every movement of money, with Stripe's fees.

Charges, refunds and disputes that have none (those of an older version, or of the demo community) get theirs when the
balance is first asked for.
"""

from __future__ import annotations

from typing import Any, Final

from circles.base.money import minor_per_unit
from circles.practice.stripe.objects import Object, Params, listed, new_id, retrieve
from circles.store import db

SQL = db.queries("practice/stripe")
BALANCE = db.queries("practice/stripe_balance")

# What Stripe keeps of a payment: parts of ten thousand, and a fixed amount; of a bank's debit less, and $5 at most.
CARD_FEE: Final = (290, 30)
DEBIT_FEE: Final = 80
MAX_DEBIT_FEE: Final = 500
# Seconds until the money of a payment can be paid out.
AVAILABLE_AFTER: Final = 2 * 86400


def card_fee(amount: int, currency: str) -> int:
    """What Stripe keeps of a card payment, in the smallest unit."""
    part, fixed = CARD_FEE
    return (amount * part + 5000) // 10000 + (fixed if minor_per_unit(currency.upper()) == 100 else 0)


def debit_fee(amount: int) -> int:
    """What Stripe keeps of a bank's debit, in the smallest unit."""
    return min((amount * DEBIT_FEE + 5000) // 10000, MAX_DEBIT_FEE)


def transaction(
    type: str,
    amount: int,
    currency: str,
    *,
    now: int,
    source: str | None,
    fee: int = 0,
    category: str = "",
    description: str | None = None,
    wait: int = 0,
    id: str = "",
) -> Object:
    """A balance transaction. amount: in the smallest unit, negative where it leaves; wait: seconds until available."""
    details = [
        {"amount": fee, "application": None, "currency": currency, "description": "Stripe processing fees"}
        | {"type": "stripe_fee"}
    ]
    return {
        "id": id or new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + wait,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category or type,
        "source": source,
        "status": "pending" if wait else "available",
        "type": type,
    }


async def add(tx: db.Tx, body: Object) -> str:
    """Store a transaction; returns its id. One that is there already stays as it is."""
    await BALANCE.add_transaction(tx, id=body["id"], body=body)
    return body["id"]


async def book_charge(tx: db.Tx, charge: Object) -> Object:
    """Add the transaction of a charge that is stored or about to be; returns the charge with its id."""
    is_card = bool(charge.get("payment_method_details"))
    amount, currency = charge["amount"], charge["currency"]
    body = transaction(
        "charge" if is_card else "payment",
        amount,
        currency,
        now=charge["created"],
        source=charge["id"],
        fee=card_fee(amount, currency) if is_card else debit_fee(amount),
        category="charge",
        description=charge.get("description"),
        wait=AVAILABLE_AFTER,
    )
    return charge | {"balance_transaction": await add(tx, body)}


async def book_refund(tx: db.Tx, refund: Object, *, is_card: bool = True) -> Object:
    """Add the transaction of a refund that is stored or about to be; returns the refund with its id."""
    body = transaction(
        "refund" if is_card else "payment_refund",
        -refund["amount"],
        refund["currency"],
        now=refund["created"],
        source=refund["id"],
        category="refund",
        description="REFUND FOR PAYMENT",
    )
    return refund | {"balance_transaction": await add(tx, body)}


async def book_refund_failure(tx: db.Tx, refund: Object, now: int) -> Object:
    """Add the transaction by which the money of a refund came back; returns the refund with its id."""
    body = transaction(
        "refund_failure",
        refund["amount"],
        refund["currency"],
        now=now,
        source=refund["id"],
        description="REFUND FAILURE",
    )
    return refund | {"failure_balance_transaction": await add(tx, body)}


async def adjust(tx: db.Tx, amount: int, currency: str, description: str) -> Object:
    """An adjustment that Stripe made itself, of no payment."""
    now = await SQL.clock(tx)
    body = transaction(
        "adjustment",
        amount,
        currency,
        now=now,
        source=None,
        category="other_adjustment",
        description=description,
    )
    await add(tx, body)
    return body


async def charge_fee(tx: db.Tx, amount: int, currency: str, description: str) -> Object:
    """A fee that Stripe takes by itself, such as for a monthly service."""
    now = await SQL.clock(tx)
    body = transaction(
        "stripe_fee", -amount, currency, now=now, source=None, category="fee", description=description
    )
    await add(tx, body)
    return body


async def fill_in(tx: db.Tx) -> None:
    """Add the transactions of objects that have none. Idempotent; nothing to do in most calls."""
    for row in await db.rows(BALANCE.unbooked(tx)):
        body = row["body"]
        if row["kind"] == "charge":
            body = await book_charge(tx, _complete_charge(body))
        else:
            body = await book_refund(tx, body)
        await SQL.save(tx, id=body["id"], body=body)
    for row in await db.rows(BALANCE.unbooked_moves(tx)):
        await add(tx, row["move"] | {"source": row["dispute"], "balance_type": "payments"})


def _complete_charge(body: Object) -> Object:
    """A charge of the demo community, which says of itself only what refunds need: all of them were paid by card."""
    return {"payment_method_details": {"type": "card", "card": {"last4": "4242"}}} | body


async def list_transactions(tx: db.Tx, params: Params) -> Object:
    """GET /v1/balance_transactions: newest first, of a time, a payout, a source or a type. Raises ApiError."""
    if not params.get("starting_after"):
        await fill_in(tx)
    now = await SQL.clock(tx)
    answer = await listed(
        tx,
        "balance_transaction",
        params,
        "/v1/balance_transactions",
        payout=params.get("payout", ""),
        matching=_present(params, "type", "source", "currency"),
    )
    return answer | {"data": [_now(body, now) for body in answer["data"]]}


async def retrieve_transaction(tx: db.Tx, id: str) -> Object:
    """GET /v1/balance_transactions/{id}. Raises ApiError."""
    return _now(await retrieve(tx, "balance_transaction", id), await SQL.clock(tx))


def _present(params: Params, *names: str) -> dict[str, Any]:
    return {name: params[name] for name in names if params.get(name)}


def _now(body: Object, now: int) -> Object:
    return body | {"status": "pending" if body["available_on"] > now else "available"}


async def retrieve_balance(tx: db.Tx) -> Object:
    """GET /v1/balance: the sums of all transactions, by currency."""
    await fill_in(tx)
    sums = await db.rows(BALANCE.balances(tx))
    return {
        "object": "balance",
        "available": [_fund(row["currency"], row["available"]) for row in sums],
        "livemode": False,
        "pending": [_fund(row["currency"], row["pending"]) for row in sums],
    }


def _fund(currency: str, amount: int) -> Object:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
