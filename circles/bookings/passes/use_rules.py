"""Rules of a seat on a pass that ends: whether its use comes back, and what is paid where the pass is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from circles.base import clock, money
from circles.base.clock import NOBODY, Viewer
from circles.base.row import Row
from circles.bookings import end_rules, refund_words
from circles.bookings.passes import rules

# Why a seat on a pass ended that its person did not end: its use comes back whenever that was.
BY_OTHERS: Final = frozenset({"gathering_cancelled", "by_host", "taken_off"})


def comes_back(row: Row, cause: str) -> bool:
    """Whether the use of a seat that ends comes back to its pass.

    In time is what would be refunded in full of a seat that was paid: the same rule of the same circle. row: a booking
    with its gathering's start and now.
    """
    if cause in BY_OTHERS or row["must_agree"]:
        return True
    counted = row["terms_start"] or row["starts_at"]
    refund = end_rules.refund_due(
        100,
        counted,
        row["now"],
        row["refund_hours"],
        row["late_refund_percent"],
        full_until=row["full_refund_until"],
        grace_until=end_rules.grace_until(row["confirmed_at"], counted),
    )
    return refund.percent == 100


def goes_back_on(row: Row) -> bool:
    """Whether the gathering goes back on the pass if its person lets the seat go now."""
    return row["pass_state"] == "active" and comes_back(row, "by_member")


def seat_refund(row: Row) -> end_rules.Refund:
    """What letting go of a seat on a pass brings its person now: the gathering, or money if the pass is over."""
    amount = 0
    if row["pass_state"] == "ended" and comes_back(row, "by_member"):
        amount = returned_value(row, row["value"], "by_member")
    return end_rules.Refund(amount, 0, back_text(row, amount))


def back_text(row: Row, amount: int = 0) -> str:
    """What the page of a seat on a pass says of letting it go now. amount: what goes back in money."""
    if comes_back(row, "by_member"):
        if row["pass_state"] != "ended":
            return "This seat is on your pass. If you cancel now, the gathering goes back on it."
        text = "This seat was on your pass, which is over."
        if amount:
            return f"{text} If you cancel now, you get back {money.format_amount(amount, row['currency'])} for it."
        return f"{text} If you cancel, nothing comes back for it."
    hours = end_rules.format_hours(row["refund_hours"])
    return f"This seat is on your pass. The start is less than {hours} away, so the gathering does not go back on it."


def ended_texts(uses: Sequence[Mapping[str, Any]], zone: str, viewer: Viewer = NOBODY) -> str:
    """What a mail says of the passes of seats that ended, empty where none was on one.

    uses: of pass_uses as JSON, with how their passes are. was_over: a pass was over before the seat ended.
    """
    back = [use for use in uses if use["state"] == "given_back"]
    kept = [use for use in back if use["pass_state"] == "active"]
    sentences = []
    if kept:
        until = clock.format_when(
            max(datetime.fromisoformat(use["valid_until"]) for use in kept), zone, viewer
        )
        what = f"{len(kept)} gatherings are" if len(kept) > 1 else "The gathering is"
        sentences.append(f"{what} back on your pass. It is for gatherings that begin by {until}.")
    if returned := sum(use["returned"] for use in back):
        amount = money.format_amount(returned, back[0]["currency"])
        sentences.append(
            f"Your pass is over, so {amount} goes back to the card you paid with. {refund_words.BANKS}"
        )
    elif any(use["was_over"] for use in back):
        sentences.append("Your pass is over, so the gathering does not go back on it.")
    if any(use["state"] == "spent" for use in uses):
        sentences.append("It was too late for the gathering to go back on your pass.")
    return " ".join(sentences)


def returned_value(row: Row, value: int, cause: str) -> int:
    """What goes back to a person for a seat whose use comes back to a pass that is over. value: of the use.

    All of it where others ended the seat, or changed it so that its person may cancel without losing anything.
    """
    changed_by_others = row["must_agree"] or (
        row["full_refund_until"] and row["now"] <= row["full_refund_until"]
    )
    if cause in BY_OTHERS or changed_by_others:
        return min(value, row["kept"])
    if row["now"] > rules.refund_until(row):
        return 0
    return min(rules.terms_value(rules.Terms.of(row), value, 1), row["kept"])
