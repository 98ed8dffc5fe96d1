"""The story of a payment, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from circles.base import money
from circles.base.reading import number_of
from circles.base.row import Row
from circles.organizing.audit import words as audit_words
from circles.organizing.bookings.rules import CASH_WORDS, MAIL_STATES
from circles.organizing.disputes.rules import reason_words
from circles.organizing.needs.job_words import mail_words

# Why a refund was asked for, by the codes of the program; what an organizer wrote stays as it is.
_REASONS: Final = {
    "by_member": "the person canceled",
    "by_host": "a host took the seat back",
    "by_organizer": "by an organizer",
    "gathering_cancelled": "the gathering was canceled",
    "taken_off": "the person was taken off",
    "at_stripe": "at Stripe’s own dashboard",
    "amount_lowered": "the seat costs less now",
    "not_needed": "an additional payment came too late",
    "dispute_won": "a dispute was won",
    "paid_late": "it was paid too late",
}
_MONEY: Final = {
    "payment": "{amount} paid",
    "refund": "{amount} sent back",
    "refund_returned": "{amount} of a refund came back",
    "dispute": "{amount} taken by a dispute",
    "dispute_returned": "{amount} came back from a dispute",
}
_REFUNDS: Final = {
    "asked": "Refund of {amount} asked for",
    "arrived": "Refund of {amount} arrived",
    "settled": "Refund of {amount} settled by hand",
}
_BY_HAND: Final = {
    "asked": "Refund of {amount} asked of a second organizer",
    "asked_all": "Refund of all that is left, {amount}, asked of a second organizer",
    "done": "Refund of {amount} agreed to",
    "declined": "Refund of {amount} declined",
    "withdrawn": "Request of a refund of {amount} withdrawn",
    "told": "Written to the member",
}
_DISPUTES: Final = {
    "asked": "A bank asked about {amount}",
    "opened": "A bank disputed {amount}",
    "won": "The dispute was won",
    "lost": "The dispute was lost",
    "warning_closed": "The inquiry of the bank was closed",
    "prevented": "The dispute was prevented",
}
_FINDINGS: Final = {
    "differs": "Stripe answered otherwise than asked",
    "foreign": "Money came by a checkout of another program",
    "unknown": "Stripe did not know the checkout",
    "settled": "A difference with Stripe was settled",
}
_DIFFERENCES: Final = {
    "found": "Stripe’s books differed",
    "mended": "The difference with Stripe’s books was mended",
    "gone": "The difference with Stripe’s books was gone",
    "settled": "The difference with Stripe’s books was settled",
}
_PAYOUTS: Final = {
    "paid": "Paid out to the bank",
    "failed": "The payout to the bank failed",
    "canceled": "The payout to the bank was canceled",
}
_BY_SOURCE: Final[dict[str, dict[str, str]]] = {
    "checkout": {"opened": "Checkout of {amount} opened"},
    "money": _MONEY,
    "refund": _REFUNDS,
    "by_hand": _BY_HAND,
    "dispute": _DISPUTES,
    "finding": _FINDINGS,
    "difference": _DIFFERENCES,
    "cash": CASH_WORDS,
    "note": {"written": "Note"},
    "share": {
        "due": "{amount} of it is the facilitator’s part",
        "less": "{amount} of the facilitator’s part is not due any more",
    },
    "transfer": {
        "transfer": "{amount} sent to the facilitator’s account",
        "reversal": "{amount} taken back from the facilitator’s account",
    },
}
# The organizers' pages of what the id at Stripe names, by source.
_PAGES: Final = {"dispute": "disputes", "payout": "payouts"}
# Codes that some sources keep as the reason; others are what somebody wrote.
_CODES: Final = frozenset(("refund", "event"))


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the story. number: of its booking, where the payment has several. link: the page of its id."""

    at: datetime
    what: str
    who: str
    why: str
    number: str
    stripe_id: str
    link: str


def story(rows: list[Row], *, is_shared: bool) -> list[Chapter]:
    """What happened to a payment, in words, oldest first. is_shared: whether it pays several bookings."""
    return [
        Chapter(
            row["at"],
            what,
            "" if row["source"] == "share" else row["who_name"],
            row["who_name"] if row["source"] == "share" else _why(row),
            number_of(row["part"]) if is_shared and isinstance(row["part"], UUID) else "",
            row["stripe_id"] or "",
            f"/organize/{_PAGES[row['source']]}/{row['stripe_id']}" if row["source"] in _PAGES else "",
        )
        for row in rows
        for what in _words(row)
    ]


def _why(row: Row) -> str:
    if row["source"] == "mail":
        return ""
    if row["source"] == "dispute":
        return reason_words(row["why"]) if row["why"] else ""
    if row["source"] in _CODES:
        text = _REASONS.get(row["why"]) or audit_words.reason_of(row["why"])
        text = text.replace("_", " ") if text.isascii() and " " not in text else text
        return text[:1].upper() + text[1:]
    return row["why"]


def _words(row: Row) -> Iterator[str]:
    source, what = row["source"], row["what"]
    has_amount = row["amount"] is not None and row["currency"]
    amount = money.format_amount(abs(row["amount"]), row["currency"]) if has_amount else ""
    if source == "event":
        text = audit_words.words_of(what)
        yield text[0].upper() + text[1:]
    elif source == "mail":
        yield f"Mail: {mail_words(what)}{MAIL_STATES.get(row['why'], '')}"
    elif source == "fee":
        kept = f"Stripe kept {amount}" if row["amount"] > 0 else f"Stripe gave {amount} of its fees back"
        yield kept
    elif source == "payout":
        yield _PAYOUTS.get(what, "On its way to the bank with a payout")
    else:
        words = _BY_SOURCE[source].get(what, f"{source}: {what}".replace("_", " ").capitalize())
        yield words.format(amount=amount)
