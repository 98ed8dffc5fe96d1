"""Rules of changing what a confirmed seat costs: until when, within which scale, and what is sent or asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from circles.base import money
from circles.base.errors import Reason, Refused, refuse_if
from circles.base.money import Scale
from circles.base.row import Row
from circles.bookings import end_rules, refund_words, rules
from circles.bookings.rules import BookingInput

# So long after it was confirmed an amount may be changed, even where the time for a full refund has passed.
FIRST_HOUR: Final = timedelta(hours=1)
_KINDS: Final = frozenset(("paid", "community", "free"))

_FREE: Final = Reason("free", "This seat is free of charge, so there is no amount to change.")
_AGREE_FIRST: Final = Reason(
    "must_agree", "Please agree to the guidelines of this circle first. Then you can choose what you pay."
)
_TOO_LATE: Final = Reason(
    "too_late",
    "What you pay can be changed within an hour of booking, or as long as canceling refunds all of it. "
    "That time is over. If it weighs on you, write to your host or to the organizers.",
)
_IN_DISPUTE: Final = Reason(
    "disputed", "The bank of your card is looking into this payment, so it cannot be changed here meanwhile."
)
_LOST_DISPUTE: Final = Reason(
    "disputed",
    "The bank of your card has taken money of this seat back for you, so what you pay cannot be changed here. "
    "Please write to the organizers to change it.",
)
_GONE_BACK: Final = Reason(
    "gone_back", "Part of this payment went back in another way. Please write to the organizers to change it."
)
_NO_COMMUNITY_SEAT: Final = Reason(
    "no_community_seat",
    "The community seats of this gathering are taken. You can choose a smaller amount.",
    "choice",
)
NO_CHECKOUT: Final = Reason(
    "no_checkout",
    "The card company cannot be reached just now. Nothing was charged, and nothing has changed. "
    "Please try again in a few minutes.",
)
BEGUN_MEANWHILE: Final = Reason(
    "addition_begun",
    "Another change of what you pay was begun meanwhile, in a second window perhaps. Please look again.",
)
UNDECIDED: Final = Reason(
    "undecided",
    "An additional payment for this seat is still on its way. Please look again once it has arrived.",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a seat costs from now on. refund: what goes back; extra: what is asked for in addition. In minor units."""

    kind: str
    amount: int
    refund: int
    extra: int


def scale_of(row: Row, suggested: int) -> Scale:
    """The scale that a booking was made under. suggested: that of its circle now."""
    minimum, maximum = row["scale_minimum"], row["scale_maximum"]
    return Scale(minimum, min(max(suggested, minimum), maximum), maximum, row["currency"])


def change_refusals(row: Row) -> list[Reason]:
    """Why what this seat costs cannot be changed now. row: a booking with its money, its gathering's start, and now."""
    if row["state"] != "confirmed":
        return end_rules.cancel_refusals(row["state"], row["starts_at"], row["now"]) or [
            Reason("ended_already", "This booking has ended already.")
        ]
    if row["kind"] not in _KINDS or row["scale_maximum"] == 0:
        return [_FREE]
    if row["starts_at"] <= row["now"]:
        return [Reason("has_begun", "The gathering has begun, so what you pay can no longer be changed.")]
    if refund_words.is_disputed(row["disputed"]):
        return [_IN_DISPUTE if refund_words.is_open(row["disputed"]) else _LOST_DISPUTE]
    if row["acceptance_id"] is None:  # a seat that was given, and that its person has not answered
        return [_AGREE_FIRST]
    if row["kept"] != row["amount"]:
        return [_GONE_BACK]
    return [] if _is_in_time(row) else [_TOO_LATE]


def _is_in_time(row: Row) -> bool:
    now, counted = row["now"], row["terms_start"] or row["starts_at"]
    first_hour = now < row["confirmed_at"] + FIRST_HOUR
    before_deadline = counted - now >= timedelta(hours=row["refund_hours"])
    changed = row["full_refund_until"] is not None and now < row["full_refund_until"]
    return first_hour or before_deadline or changed or row["late_refund_percent"] == 100 or row["must_agree"]


def change_of(row: Row, scale: Scale, community_left: int, sent: BookingInput) -> Change:
    """The change that was chosen. Raises Refused with every reason against it."""
    if sent.choice not in ("amount", "community"):
        raise Refused(Reason("no_choice", "Please choose an amount or a community seat.", "choice"))
    amount = rules.read_amount(scale, sent)
    kind = rules.kind_of(sent, scale, amount)
    if kind == "community" and row["kind"] != "community" and community_left <= 0:
        raise Refused(_NO_COMMUNITY_SEAT)
    extra = max(0, amount - row["amount"])
    refuse_if(_charge_refusals(extra, scale.currency))
    return Change(kind, amount, max(0, row["amount"] - amount), extra)


def _charge_refusals(extra: int, currency: str) -> list[Reason]:
    least = money.min_charge(currency)
    if not 0 < extra < least:
        return []
    text = f"A card cannot be charged less than {money.format_amount(least, currency)}."
    return [Reason("below_card", f"{text} Please choose an amount that differs more.", "amount")]


def is_same(row: Row, change: Change) -> bool:
    """Whether the seat costs that already."""
    return (row["kind"], row["amount"]) == (change.kind, change.amount)


def addition_refusals(row: Row, extra: int) -> list[Reason]:
    """Why an additional payment that arrived is not applied to a booking, so that it goes back."""
    if row["state"] != "confirmed" or row["kind"] not in _KINDS or row["ends_at"] <= row["now"]:
        return [Reason("ended_already", "This booking has ended already.")]
    if row["acceptance_id"] is None:  # only a seat that costs nothing may have none
        return [_AGREE_FIRST]
    if not row["scale_minimum"] <= row["amount"] + extra <= row["scale_maximum"]:
        return [Reason("above_scale", "With this payment the seat would cost more than its scale says.")]
    return []
