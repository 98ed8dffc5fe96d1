"""Transfers of the look-alike: with a payment, by a call, and their reversals."""

from __future__ import annotations

from typing import Any

from circles.practice.stripe import balance
from circles.practice.stripe.objects import ApiError, Object, Params, add_event, missing, new_id
from circles.store import db

SQL = db.queries("practice/stripe")


async def check_destination(tx: db.Tx, params: Params, total: int) -> None:
    """Refuse a payment whose part cannot go to its account, as Stripe does when it is asked for. Raises ApiError."""
    part = params.get("payment_intent_data", {}).get("transfer_data")
    if not part:
        return
    await _check_account(tx, part["destination"])
    if int(part.get("amount", total)) > total:
        raise ApiError(
            "The transfer amount cannot be greater than the payment's.", param="transfer_data", kept=False
        )


async def _check_account(tx: db.Tx, id: str) -> Object:
    body = await SQL.one(tx, id=id, kind="account")
    if body is None or await SQL.one(tx, id=f"left_{id}", kind="left"):
        raise ApiError(f"No such destination: '{id}'", code="resource_missing", param="destination")
    if body["capabilities"].get("transfers") != "active":
        raise ApiError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return body


async def with_charge(tx: db.Tx, intent: Object, charge: Object) -> None:
    """The part of a payment goes to its account; the charge and the transfer name each other."""
    part = intent.get("transfer_data")
    if not part:
        return
    amount = int(part.get("amount") or intent["amount"])
    group = f"group_{intent['id']}"
    transfer = await _add(tx, amount, intent["currency"], part["destination"], group, {}, charge["id"])
    charge |= {"transfer": transfer["id"], "transfer_data": part, "transfer_group": group}
    intent |= {"transfer_group": group}


async def create_transfer(tx: db.Tx, params: Params) -> Object:
    """POST /v1/transfers: from the platform's balance to an account."""
    account = await _check_account(tx, params["destination"])
    if params["currency"] != account["default_currency"]:
        raise ApiError("This look-alike converts no currencies.", param="currency")
    if int(params.get("amount", 0)) <= 0:
        raise ApiError("Invalid positive integer", param="amount")
    return await _add(
        tx,
        int(params["amount"]),
        params["currency"],
        params["destination"],
        params.get("transfer_group") or None,
        params.get("metadata") or {},
        None,
    )


async def _add(
    tx: db.Tx,
    amount: int,
    currency: str,
    destination: str,
    group: str | None,
    metadata: dict[str, Any],
    charge: str | None,
) -> Object:
    body = {
        "id": new_id("tr"),
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": await SQL.clock(tx),
        "currency": currency,
        "description": None,
        "destination": destination,
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": metadata,
        "reversals": _list_of([], ""),
        "reversed": False,
        "source_transaction": charge,
        "source_type": "card",
        "transfer_group": group,
    }
    body["reversals"]["url"] = f"/v1/transfers/{body['id']}/reversals"
    body["balance_transaction"] = await _book(tx, body, "transfer", -amount)
    await SQL.add(tx, id=body["id"], kind="transfer", body=body)
    await add_event(tx, "transfer.created", body)
    return body


async def _book(tx: db.Tx, body: Object, type: str, amount: int) -> str:
    category = "transfer" if type == "transfer" else "transfer_reversal"
    made = balance.transaction(
        type, amount, body["currency"], now=body["created"], source=body["id"], category=category
    )
    return await balance.add(tx, made)


def _list_of(items: list[Object], url: str) -> Object:
    return {"object": "list", "data": items, "has_more": False, "url": url}


async def list_transfers(tx: db.Tx, params: Params) -> Object:
    """GET /v1/transfers: those of one group, newest first."""
    rows = await db.rows(SQL.transfers_of_group(tx, group=params.get("transfer_group", "")))
    return _list_of([row["body"] for row in rows], "/v1/transfers")


async def create_reversal(tx: db.Tx, id: str, params: Params) -> Object:
    """POST /v1/transfers/{id}/reversals: never more than what is left of it."""
    transfer = await SQL.lock(tx, id=id, kind="transfer")
    if transfer is None:
        raise missing("transfer", id)
    amount = int(params.get("amount", transfer["amount"] - transfer["amount_reversed"]))
    return await _reverse(tx, transfer, amount, params.get("metadata") or {}, None)


async def reverse_with_refund(tx: db.Tx, refund: Object, charge: Object, left: int) -> Object | None:
    """`reverse_transfer`: the refund's share of the transfer comes back. left: of the charge, after this refund."""
    transfer = await SQL.lock(tx, id=charge.get("transfer") or "", kind="transfer")
    if transfer is None:
        raise ApiError("This charge has no transfer to reverse.", param="reverse_transfer")
    rest = transfer["amount"] - transfer["amount_reversed"]
    share = rest if left == 0 else min(rest, transfer["amount"] * refund["amount"] // charge["amount"])
    if rest and not share:
        return None
    return await _reverse(tx, transfer, share, {}, refund["id"])


async def _reverse(
    tx: db.Tx, transfer: Object, amount: int, metadata: dict[str, Any], refund: str | None
) -> Object:
    left = transfer["amount"] - transfer["amount_reversed"]
    if left <= 0:
        raise ApiError("This transfer has already been fully reversed.", code="transfer_already_reversed")
    if not 0 < amount <= left:
        raise ApiError(
            f"Reversal amount ({amount}) is greater than the amount left ({left}).", param="amount"
        )
    if await SQL.one(tx, id=f"empty_{transfer['destination']}", kind="empty") is not None:
        raise ApiError(
            "The destination account has an insufficient balance for this reversal.",
            code="balance_insufficient",
        )
    body = {
        "id": new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": await SQL.clock(tx),
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": metadata,
        "source_refund": refund,
        "transfer": transfer["id"],
    }
    body["balance_transaction"] = await _book(tx, body, "transfer_refund", amount)
    await SQL.add(tx, id=body["id"], kind="reversal", body=body)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"] = [body, *transfer["reversals"]["data"]][:10]
    await SQL.save(tx, id=transfer["id"], body=transfer)
    await add_event(tx, "transfer.reversed", transfer)
    return body


async def list_reversals(tx: db.Tx, id: str) -> Object:
    """GET /v1/transfers/{id}/reversals: newest first."""
    rows = await db.rows(SQL.reversals_of(tx, transfer=id))
    return _list_of([row["body"] for row in rows], f"/v1/transfers/{id}/reversals")


async def empty(tx: db.Tx, account: str) -> None:
    """From now on an account has too little for any reversal, until it is filled again."""
    await SQL.add(tx, id=f"empty_{account}", kind="empty", body={})


async def fill(tx: db.Tx, account: str) -> None:
    """An account has enough for reversals again."""
    await SQL.remove(tx, id=f"empty_{account}")
