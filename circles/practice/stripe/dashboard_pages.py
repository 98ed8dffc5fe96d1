"""The practice dashboard: what a person does at Stripe's own, and what banks do: refunds, disputes, payouts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import payments
from circles.base import money
from circles.practice.stripe import balance, disputes, payouts, refunds
from circles.practice.stripe.objects import ApiError, Object
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("practice/stripe")
BALANCE = db.queries("practice/stripe_balance")
PER_PAGE = 20

# The buttons of a refund and a dispute by their status: what they do, and their words.
REFUND_BUTTONS = {
    "pending": (("succeeded", "Arrives"), ("failed", "Fails"), ("canceled", "Cancel")),
    "requires_action": (("succeeded", "Arrives"), ("failed", "Fails"), ("canceled", "Cancel")),
    "succeeded": (("failed", "The bank sends it back"),),
}
DISPUTE_BUTTONS = {
    "needs_response": (("won", "Won"), ("lost", "Lost"), ("late", "The time to answer is over")),
    "under_review": (("won", "Won"), ("lost", "Lost")),
    "warning_needs_response": (("warning_closed", "Close"),),
    "warning_under_review": (("warning_closed", "Close"),),
}
PAYOUT_BUTTONS = {
    "in_transit": (("paid", "Arrives"), ("failed", "Fails")),
    "paid": (("failed", "The bank sends it back"),),
}
# What Stripe does by itself: in the smallest unit of the currency that the account was opened with.
OWN_FEE, OWN_ADJUSTMENT, CURRENCY = 200, 500, "usd"


async def dashboard(request: Request) -> Response:
    return await _page(request, Form())


async def act(request: Request) -> Response:
    """POST: one button of the page."""
    form = await Form.read(request)
    what, id, value = form.value("do"), form.value("id"), form.value("value")
    try:
        async with access.context(request).db.transaction() as tx:
            await _do(tx, what, id, value)
    except ApiError as error:
        return render.see_other("/practice/stripe", notice=error.body["error"]["message"], kind="warn")
    return render.see_other("/practice/stripe", notice="Done. The site is told by a webhook.")


async def _do(tx: db.Tx, what: str, id: str, value: str) -> None:
    if what == "refund":
        await refunds.create_refund(tx, {"payment_intent": id, **({"amount": value} if value else {})})
    elif what == "move" and value in ("succeeded", "failed", "canceled"):
        await refunds.move_refund(tx, id, value)
    elif what == "dispute":
        await disputes.open_dispute(tx, id, inquiry=value == "inquiry")
    elif what == "decide" and value in ("won", "lost", "warning_closed"):
        await disputes.close_dispute(tx, id, value)
    elif what == "decide" and value == "late":
        await disputes.pass_deadline(tx, id)
    elif what == "payout" and value in ("paid", "failed"):
        await payouts.decide(tx, id, value)
    elif what == "balance":
        await _change_balance(tx, value)
    else:
        raise ApiError("This page has no such button.")


async def _change_balance(tx: db.Tx, value: str) -> None:
    """Pay out, or do what Stripe does by itself. Raises ApiError."""
    if value in ("pay_out", "pay_out_all"):
        if not await payouts.pay_out(tx, with_pending=value == "pay_out_all"):
            raise ApiError("Nothing can be paid out yet.")
    elif value == "by_hand":
        for funds in (await balance.retrieve_balance(tx))["available"]:
            await payouts.pay_out_by_hand(tx, funds["amount"] // 2, funds["currency"])
    elif value == "fee":
        await balance.charge_fee(tx, OWN_FEE, CURRENCY, "Radar for Fraud Teams")
    elif value == "adjustment":
        await balance.adjust(tx, OWN_ADJUSTMENT, CURRENCY, "Goodwill of Stripe")
    else:
        raise ApiError("This page has no such button.")


async def _page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        intents = await db.rows(SQL.newest(tx, kind="payment_intent", most=PER_PAGE))
        made = await db.rows(SQL.newest(tx, kind="refund", most=PER_PAGE))
        opened = await db.rows(SQL.newest(tx, kind="dispute", most=PER_PAGE))
        sent = await db.rows(SQL.newest(tx, kind="payout", most=PER_PAGE))
        funds = await db.rows(BALANCE.balances(tx))
    paid = [_shown(row["body"]) for row in intents if row["body"]["status"] == "succeeded"]
    return render.page(
        request,
        "practice/stripe/dashboard.html",
        form=form,
        payments=[item | {"half": item["body"]["amount"] // 2} for item in paid],
        refunds=[_shown(row["body"], REFUND_BUTTONS) for row in made],
        disputes=[_shown(row["body"], DISPUTE_BUTTONS) for row in opened],
        payouts=[_shown(row["body"], PAYOUT_BUTTONS) for row in sent],
        funds=[_fund(row) for row in funds],
        robots="noindex",
    )


def _fund(row: db.Record) -> str:
    """What the account holds in one currency, in words."""
    currency = row["currency"].upper()
    available, pending = (
        money.format_amount(payments.from_stripe(row[name], currency), currency)
        for name in ("available", "pending")
    )
    return f"{available} available, {pending} pending"


def _shown(body: Object, buttons: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with its title: how much, what for, and the end of its payment's id, which organizers see as well."""
    currency = body["currency"].upper()
    amount = money.format_amount(payments.from_stripe(body["amount"], currency), currency)
    is_payout = body["object"] == "payout"
    payment = body.get("payment_intent") or body["id"]
    about = "payout" if is_payout else "payment"
    return {
        "body": body,
        "title": ", ".join(
            part for part in (amount, body.get("description"), f"{about} …{payment[-6:]}") if part
        ),
        "buttons": (buttons or {}).get(body["status"], ()),
    }
