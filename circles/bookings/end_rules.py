"""Rules of how a booking ends: the cause, whether it can be canceled, what is refunded, what its page says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from circles.base import money
from circles.base.errors import Reason
from circles.base.row import Row
from circles.bookings import refund_words
from circles.bookings.refund_words import MoneyBack
from circles.gatherings import GRACE, GRACE_ENDS_BEFORE

# The notice after a held seat was let go, and its kind, by the state the booking is in then.
LET_GO_NOTICES: Final = {
    "lapsed": ("The seat was let go. Nothing was charged.", "calm"),
    "confirmed": ("This seat was paid for already, so it is yours.", "good"),
    "held": ("The card company cannot be reached now. The seat is let go as soon as it can be.", "warn"),
    "looked_at": (
        "An organizer looks at the payment of this seat first. The seat is kept until then.",
        "warn",
    ),
    "undecided": (
        "A payment for this seat is on its way. If it arrives, the seat is yours; if not, the seat is let go.",
        "warn",
    ),
}

# The same for seats that one payment was to pay: they are let go together.
LET_ALL_GO_NOTICES: Final = {
    "lapsed": ("All seats that you booked together were let go. Nothing was charged.", "calm"),
    "confirmed": ("These seats were paid for already, so they are yours.", "good"),
    "held": ("The card company cannot be reached now. The seats are let go as soon as it can be.", "warn"),
    "looked_at": (
        "An organizer looks at the payment of these seats first. The seats are kept until then.",
        "warn",
    ),
    "undecided": (
        "A payment for these seats is on its way. If it arrives, they are yours; if not, they are let go.",
        "warn",
    ),
}


def end_cause(outcome: str, *, let_go: bool, gathering_canceled: bool) -> str:
    """Why a held seat ended without a payment for it. outcome: how its checkout ended, see payments.on_settled."""
    if gathering_canceled:
        return "gathering_cancelled"
    if outcome == "differs":
        return "payment_differs"
    if let_go:
        return "let_go"
    return {"failed": "no_checkout", "debit_failed": "payment_failed"}.get(outcome, "not_paid")


def give_refusals(row: Row) -> Iterator[Reason]:
    """Why a person cannot give a locked booking its seat for money that came otherwise than asked."""
    if row["gathering_state"] == "cancelled":
        yield Reason("canceled", "This gathering was canceled, so the money is to be sent back.")
    elif row["ends_at"] <= row["now"] or (row["state"] != "held" and row["starts_at"] <= row["now"]):
        yield Reason(
            "gathering_over", "This gathering has begun or is over, so the money is to be sent back."
        )
    if row["state"] == "confirmed":
        yield Reason("has_seat", "They have this seat already.")
    elif row["state"] == "cancelled" or row["let_go_at"] is not None:
        yield Reason("gave_up", "They gave this seat up, so the money is to be sent back.")


NO_SEAT_TO_GIVE: Final = Reason(
    "full", "No seat is free for them at this gathering any more, so the money is to be sent back."
)


def cancel_refusals(state: str, starts_at: datetime, now: datetime) -> list[Reason]:
    """Why a booking cannot be canceled by its member."""
    if state == "held":
        return [Reason("not_paid_yet", "This seat is not paid yet. You can let it go instead.")]
    if state == "lapsed":
        return [Reason("ended_already", "This booking has ended already.")]
    if starts_at <= now:
        return [Reason("has_begun", "The gathering has begun, so it can no longer be canceled.")]
    return []


def grace_until(paid_at: datetime | None, starts_at: datetime) -> datetime | None:
    """Until when a payment comes back whole whatever the terms say; None where there is no such time.

    paid_at: when the seat was paid for, as far as we know it. starts_at: the start that the terms count from.
    """
    if paid_at is None:
        return None
    until = min(paid_at + GRACE, starts_at - GRACE_ENDS_BEFORE)
    return until if until > paid_at else None


@dataclass(frozen=True, slots=True)
class Refund:
    """What is refunded on canceling: minor units, the share in percent, and the sentence that says so.

    goes_out: whether it leaves at once; a payment that a bank looks into waits for its decision. until: when it ends
    that all of it is refunded because it was paid a moment ago.
    """

    amount: int
    percent: int
    sentence: str
    goes_out: bool = True
    until: datetime | None = None


def refund_for(row: Row) -> Refund:
    """What canceling now would refund, under the terms the person booked with, of what did not go back already.

    While guidelines that changed since then are not agreed to, all of it is refunded until the start.
    """
    paid, kept, currency = row["paid"], row["kept"], row["currency"]
    if refund_words.is_open(row["disputed"]):
        kept = max(
            0, paid - row["refunded"]
        )  # what the bank took meanwhile is owed as well, should it come back
    if not paid:
        return Refund(0, 0, "You paid nothing, so there is nothing to pay back.")
    whole = money.format_amount(paid, currency)
    if not kept:
        return Refund(0, 0, _gone_sentence(row, whole))
    of = f"the {whole} you paid"
    if kept < paid:
        of = f"the {money.format_amount(kept, currency)} that is left of {of}"
    full = row["must_agree"]
    counted = row["terms_start"] or row["starts_at"]
    refund = refund_due(
        kept,
        counted,
        row["now"],
        0 if full else row["refund_hours"],
        100 if full else row["late_refund_percent"],
        currency,
        full_until=None if full else row["full_refund_until"],
        grace_until=grace_until(row["confirmed_at"], counted),
        was_moved=row["terms_start"] is not None,
        of=of,
        recent=None if full else _recent_additions(row, kept, counted),
    )
    if refund_words.is_open(row["disputed"]):
        text = (
            "The bank of your card is looking into this payment. What is due to you is sent back once it has decided, "
            "if it has not taken it back for you."
        )
        return Refund(refund.amount, refund.percent, text, goes_out=False)
    return refund


@dataclass(frozen=True, slots=True)
class Recent:
    """What was paid in addition a moment ago, in minor units, and until when it comes back whole."""

    amount: int
    until: datetime


def _recent_additions(row: Row, kept: int, counted: datetime) -> Recent | None:
    """The additional payments of a booking that come back whole; until: when the first of them no longer does."""
    found: list[tuple[int, datetime]] = []
    for paid_at, amount in zip(row["added_at"], row["added_kept"], strict=True):
        until = grace_until(paid_at, counted)
        if until is not None and row["now"] < until:
            found.append((amount, until))
    if not found:
        return None
    return Recent(min(kept, sum(amount for amount, _ in found)), min(until for _, until in found))


def _gone_sentence(row: Row, whole: str) -> str:
    """Why nothing is left to refund of a payment."""
    if refund_words.is_disputed(row["disputed"]):
        return refund_words.refund_text(MoneyBack.of(row))
    if row["refund_done"] >= row["refunded"]:
        return f"All of the {whole} you paid has gone back already, so nothing more comes back."
    return f"All of the {whole} you paid is on its way back already, so nothing more comes back."


def refund_due(
    paid: int,
    starts_at: datetime,
    now: datetime,
    refund_hours: int,
    late_percent: int,
    currency: str = "USD",
    *,
    full_until: datetime | None = None,
    grace_until: datetime | None = None,
    was_moved: bool = False,
    of: str = "",
    recent: Recent | None = None,
) -> Refund:
    """The refund of a person who cancels now. paid: minor units; a part of a cent goes to the person.

    Up to `refund_hours` before the start all of it; later `late_percent` of it. full_until: until then all of
    it is refunded whatever the terms say, since what was booked has changed. grace_until: the same, since it was paid a
    moment ago. was_moved: starts_at is the start of the gathering it was moved from, too late for a full refund there.
    of: what it is a part of, in words. recent: what of it was paid in addition a moment ago; the terms are of the rest.
    """
    of = of or f"the {money.format_amount(paid, currency)} you paid"
    changed = full_until is not None and now < full_until
    if changed or late_percent == 100 or starts_at - now >= timedelta(hours=refund_hours):
        return Refund(paid, 100, f"You get back all of {of}.")
    if grace_until is not None and now < grace_until:
        return Refund(paid, 100, f"You paid a moment ago, so you get back all of {of}.", until=grace_until)
    late = f"The start is less than {format_hours(refund_hours)} away"
    if was_moved:
        late = f"This seat was moved when its first start was less than {format_hours(refund_hours)} away"
    if recent is not None:
        return _with_recent(recent, paid, late_percent, late, currency)
    amount = -(-paid * late_percent // 100)
    if not amount:
        return Refund(0, 0, f"{late}, so none of {of} comes back.")
    part = money.format_amount(amount, currency)
    return Refund(amount, late_percent, f"{late}, so you get back {part}, {late_percent}% of {of}.")


def _with_recent(recent: Recent, paid: int, late_percent: int, late: str, currency: str) -> Refund:
    """The late refund where a part of it was paid in addition a moment ago."""
    added = money.format_amount(recent.amount, currency)
    whole = f"You paid {added} more a moment ago, so you get back all of that."
    rest = paid - recent.amount
    amount = -(-rest * late_percent // 100)
    back = recent.amount + amount
    percent = back * 100 // paid
    if not rest:
        return Refund(back, percent, whole, until=recent.until)
    left = money.format_amount(rest, currency)
    if not amount:
        return Refund(
            back, percent, f"{whole} {late}, so none of the other {left} comes back.", until=recent.until
        )
    part = money.format_amount(amount, currency)
    sentence = f"{whole} {late}, so of the other {left} you get back {part}, {late_percent}%."
    return Refund(back, percent, sentence, until=recent.until)


def format_hours(hours: int) -> str:
    """A number of hours in words: 1 hour, 48 hours, 7 days."""
    if hours == 1:
        return "1 hour"
    return f"{hours // 24} days" if hours > 72 and hours % 24 == 0 else f"{hours} hours"
