"""Rules of stuck money: what may be done, and what organizers read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from circles.base import money
from circles.base.errors import Reason
from circles.base.row import Row
from circles.payments.rules import from_stripe

MIN_REASON, MAX_REASON = 3, 500

# Why a refund waits, by Stripe's codes and our own.
_FAULTS: Final = {
    "": "It has not gone out yet.",
    "unreachable": "Stripe could not be reached.",
    "key_rejected": "Stripe refuses the site's key. Check the key in the settings.",
    "right_missing": "The site's key lacks the right to refund. Add it at Stripe.",
    "disputed": "The payment is disputed, so nothing goes out by itself.",
    "dispute_won": "The dispute was won and the money is back. It goes out once no dispute of the payment is open.",
    "charge_disputed": "The payment is disputed, so Stripe sends nothing back.",
    "resource_missing": "Stripe does not know this payment. Were the keys or the account changed?",
    "insufficient_funds": "The balance at Stripe is too low for it.",
    "lost_or_stolen_card": "The card was lost or stolen.",
    "expired_or_canceled_card": "The card has expired or was canceled.",
    "charge_for_pending_refund_disputed": "The payment was disputed while its refund was on its way.",
    "merchant_request": "It was stopped at Stripe on request.",
    "declined": "The bank of the card declined it.",
    "canceled": "It was canceled at Stripe.",
    "unknown": "The bank did not say why.",
}
_FINDINGS: Final = {
    "differs": "Stripe answered something other than what was asked for.",
    "foreign": "Money came by a checkout that this site did not open, with the number of this booking.",
    "unknown": "Stripe does not know this checkout. Were the keys or the account changed?",
}
_REFUSED: Final = {
    "key_rejected": "Stripe refused the site's key. Check the key in the settings.",
    "right_missing": "The site's key lacks the right to open checkouts. Add it at Stripe.",
}
# What a finding compares, as people say it.
_COMPARED: Final = {
    "amount": "Amount",
    "currency": "Currency",
    "mode": "Kind of checkout",
    "livemode": "Real money",
    "booking": "Number of the booking",
    "checkout": "Checkout",
    "error": "Stripe says",
}


class Alarm(NamedTuple):
    """What organizers read of a key that Stripe refuses."""

    title: str
    text: str


ALARMS: Final = {
    "key_rejected": Alarm(
        "Stripe refuses our key", "Until it is mended, nobody can pay and nothing is sent back."
    ),
    "right_missing": Alarm("Our key at Stripe lacks a right", "The README names the rights that it needs."),
}
# Of a kind that a newer version stored.
OTHER_ALARM: Final = Alarm("Stripe refuses something", "Its logs say what.")
OTHER_ALARM_SHORT: Final = "stripe refuses something"
ALARMS_SHORT: Final = {
    "key_rejected": "stripe refuses our key",
    "right_missing": "our key at stripe lacks a right",
}
_DISPUTES: Final = {
    "needs_response": "Answer it at Stripe",
    "warning_needs_response": "A question of the bank: answer it at Stripe",
    "under_review": "The bank decides",
    "warning_under_review": "The bank looks into it",
    "appeal_needs_response": "Answer it at Stripe once more",
    "appeal_under_review": "The bank decides once more",
    "won": "Won: the money stayed",
    "lost": "Lost: the money went back",
    "warning_closed": "Closed: the money stayed",
    "prevented": "Prevented",
}

# Why a checkout ended that a bank did not decide in so many days.
UNDECIDED: Final = "undecided"
UNDECIDED_DAYS: Final = 15

# What was asked for by a checkout that pays more or less than one seat.
_ASKED_FOR: Final = {
    "bookings": "Several amounts were asked for together",
    "pass": "The price of a pass was asked for",
}

NOT_TO_PAY: Final = Reason(
    "not_to_pay", "This seat is not one that is paid at Stripe, so the money is to be sent back."
)
OVER: Final = Reason("over", "This does not wait any more.")


def why_waits(row: Mapping[str, Any]) -> str:
    """Why a refund waits, in a sentence. A code that nobody foresaw is named as Stripe says it."""
    if row["state"] == "sent" and not row["fault"]:
        return "It is on its way for longer than banks take. Look it up at Stripe."
    return _FAULTS.get(row["fault"], f"Stripe says: {row['fault'].replace('_', ' ')}.")


def why_refused(fault: str) -> str:
    """Why Stripe would not open a checkout, in a sentence."""
    return _REFUSED.get(fault) or why_waits({"state": "failed", "fault": fault})


def refund_title(row: Mapping[str, Any]) -> str:
    """A refund or a checkout in a list: how much, and for whom."""
    return f"{money.format_amount(row['amount'], row['currency'])} for {row['person_name']}"


def finding_title(row: Mapping[str, Any]) -> str:
    """A finding in a list: how much came by it, and for whom."""
    return refund_title(row) if row["amount"] else f"A checkout for {row['person_name']}"


def finding_facts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was asked for and what Stripe answered, by what it is; amounts with their currency."""
    asked, answered = row["expected"], row["answered"]
    for name in dict.fromkeys([*asked, *answered]):
        sides = (
            (asked, "asked for", asked.get("currency", row["currency"])),
            (answered, "at Stripe", answered.get("currency", row["currency"])),
        )
        parts = [
            (_compared_text(name, side[name], currency), where)
            for side, where, currency in sides
            if name in side
        ]
        both = ", ".join(f"{text} {where}" for text, where in parts)
        yield _COMPARED.get(name) or str(name).capitalize(), both if len(parts) > 1 else parts[0][0]


def _compared_text(name: str, value: Any, currency: str) -> str:
    if name == "amount" and isinstance(value, int) and currency:
        return money.format_amount(from_stripe(value, currency), currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def finding_text(kind: str) -> str:
    """What a finding is about."""
    return _FINDINGS.get(kind, "Stripe's answer needs a look.")


def dispute_text(state: str) -> str:
    """How a dispute is, and what is to be done."""
    return _DISPUTES.get(state, state.replace("_", " ").capitalize())


def retry_refusals(row: Mapping[str, Any]) -> list[Reason]:
    """Why a refund cannot be tried again now."""
    if row["settled_at"] is not None or row["state"] not in ("due", "failed") or not row["amount"]:
        return [OVER]
    if row["disputed"]:
        text = "This payment is disputed. Nothing can be sent back until the bank has decided."
        return [Reason("disputed", text)]
    return []


def settle_refusals(row: Mapping[str, Any], reason: str) -> Iterator[Reason]:
    """Why a refund cannot be settled by hand."""
    if row["settled_at"] is not None or row["state"] == "done":
        yield OVER
    yield from reason_refusals(reason)


def reason_refusals(reason: str) -> Iterator[Reason]:
    """What is wrong with a reason."""
    if len(reason) < MIN_REASON:
        yield Reason("no_reason", "Please say in a few words how it was settled.", "reason")
    elif len(reason) > MAX_REASON:
        yield Reason("reason_too_long", f"Please use {MAX_REASON} letters at most.", "reason")


def give_refusals(finding: Row, asked: Row) -> Iterator[Reason]:
    """Why the money of a finding cannot get the booking its seat.

    asked: kind and currency of the booking; state, amount and `covers` of its checkout. Whether the seat is free is
    decided by its booking.
    """
    if finding["settled_at"] is not None:
        yield OVER
        return
    if not finding["amount"] or not finding["payment_intent"]:
        yield Reason("no_money", "No money came by it, so there is nothing to give the seat for.")
    if asked["kind"] != "paid":
        yield NOT_TO_PAY
    if asked["state"] == "paid":
        yield Reason("paid_already", "This booking is paid already, so the money is to be sent back.")
    if finding["amount"] and finding["currency"] != asked["currency"]:
        text = f"The money came in {finding['currency']} and not in {asked['currency']}, so it is to be sent back."
        yield Reason("currency", text)
    elif asked["covers"] != "booking" and finding["amount"] != asked["amount"]:
        asked_for = _ASKED_FOR.get(asked["covers"], "An additional amount was asked for")
        text = f"{asked_for} and another sum came, so the money is to be sent back."
        yield Reason("shared_amount", text)
    if "livemode" in finding["answered"]:
        yield Reason("livemode", "Test money pays no real seat, and real money no seat of a test.")
    if "mode" in finding["answered"]:
        yield Reason("mode", "It is no single payment, so it is to be ended and sent back at Stripe.")


def undecided_refusals(row: Row) -> Iterator[Reason]:
    """Why nobody is to stop waiting for a payment: it is decided, or the bank has still time."""
    if row["state"] != "open" or row["pending_at"] is None:
        yield OVER
    elif not row["is_overdue"]:
        text = f"Banks take up to {UNDECIDED_DAYS} days. Until then the site asks Stripe by itself."
        yield Reason("too_early", text)
