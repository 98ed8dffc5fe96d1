"""Rules of passes: what an offer says, what each gathering is worth, who may buy or use one, what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock, money
from circles.base.clock import NOBODY, Viewer
from circles.base.english import plural
from circles.base.errors import Reason
from circles.base.money import Scale
from circles.base.row import Row
from circles.bookings import refund_words
from circles.gatherings import GRACE, BookableGathering

# A pass lasts at least so long after a gathering that its host canceled, so that there is time for another one.
PROLONGED: Final = timedelta(weeks=4)
# When somebody with gatherings left is reminded that the time of their pass ends.
REMINDED_BEFORE: Final = (timedelta(days=14), timedelta(days=4))

NO_CHECKOUT: Final = Reason(
    "no_checkout",
    "The card company cannot be reached just now. Nothing was charged. What you typed is still here. "
    "Please try again in a few minutes.",
)
NOT_SOLD: Final = Reason(
    "not_sold", "This circle sells no pass at present. You can book each date by itself."
)
CHANGED: Final = Reason(
    "offer_changed", "What the pass offers changed while this page was open. Please look again."
)
NO_PASS: Final = Reason(
    "no_pass", "You have no pass that can be used here. Please choose an amount.", "choice"
)
USED_MEANWHILE: Final = Reason(
    "pass_used_up",
    "The last gathering of your pass was taken a moment ago, in another window perhaps. Please choose an amount.",
    "choice",
)
OWN_PASS: Final = Reason(
    "own",
    "This is your own pass, so no more than the terms say goes back from here. Ask for more on the page of its "
    "payment: another organizer agrees to it there.",
    "what",
)
DISPUTED: Final = Reason(
    "disputed",
    "The bank of the card is looking into this payment. Until it has decided, nothing is sent back.",
    "what",
)
NOTHING_BACK: Final = Reason(
    "nothing_back", "Nothing would come back for this pass now, so it stays as it is."
)


# What a circle offers


@dataclass(frozen=True, slots=True)
class Terms:
    """What comes back of an unused gathering of a pass, and until how many weeks after the payment it is asked for.

    kind: "percent" of its part of the price, or "per_use", a fixed amount in minor units and never more than that part.
    """

    kind: str
    percent: int
    per_use: int
    weeks: int

    @classmethod
    def of(cls, row: Row) -> Terms:
        return cls(row["refund_kind"], row["refund_percent"], row["refund_per_use"], row["refund_weeks"])


@dataclass(frozen=True, slots=True)
class Offer:
    """What a circle sells now. scale: for the whole pass, minor units."""

    id: UUID
    uses: int
    weeks: int
    scale: Scale
    terms: Terms

    @classmethod
    def of(cls, row: Mapping[str, Any] | None) -> Offer | None:
        """From a row of pass_offers, or from JSON, whose ids are text; None where nothing is sold."""
        if row is None or not row["is_sold"]:
            return None
        scale = Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"])
        return cls(UUID(str(row["id"])), row["uses"], row["weeks"], scale, Terms.of(row))

    @property
    def text(self) -> str:
        """What it is, in a few words."""
        return f"{plural(self.uses, 'gathering')} within {plural(self.weeks, 'week')}"


def terms_text(terms: Terms, currency: str) -> str:
    """The refund terms of a pass, in sentences."""
    always = "If the circle ends or pauses, all that is not used comes back."
    share = f"{terms.percent}% of its part of the price"
    if terms.kind == "per_use":
        share = f"up to {money.format_amount(terms.per_use, currency)}"
    elif terms.percent == 100:
        share = "its part of the price"
    nothing = not terms.weeks or not (terms.per_use if terms.kind == "per_use" else terms.percent)
    if nothing:
        return f"Gatherings that you do not use are not paid back. {always}"
    return (
        f"Within {plural(terms.weeks, 'week')} of buying it you can give the pass back. "
        f"For each gathering that is not used you get back {share}. {always}"
    )


def use_values(amount: int, uses: int) -> list[int]:
    """What each gathering of a pass is worth, in minor units; the last has the rest of rounding."""
    each = amount // uses
    return [each] * (uses - 1) + [amount - each * (uses - 1)]


# Buying one


def buy_refusals(
    offer: Offer | None,
    circle_state: str,
    *,
    sent_offer: UUID | None,
    own: Row | None,
    viewer: Viewer = NOBODY,
) -> Iterator[Reason]:
    """Why no pass is sold to somebody now, beside whom the circle admits. own: a pass of it that they can use."""
    if offer is None or circle_state != "published":
        yield NOT_SOLD
    elif sent_offer is not None and sent_offer != offer.id:
        yield CHANGED
    if own is not None:
        left = plural(own["uses"] - own["used"], "gathering")
        until = clock.format_short(own["valid_until"], own["zone"], viewer)
        yield Reason("has_pass", f"You have a pass of this circle already, with {left} left until {until}.")


# Using one


def use_refusals(
    row: Row | None, gathering: BookableGathering, count: int = 1, viewer: Viewer = NOBODY
) -> list[Reason]:
    """Why a pass cannot be used for a gathering. row: the pass, its person's own. count: how many of it are wanted."""
    if row is None:
        return [NO_PASS]
    if row["circle_id"] != gathering.circle_id:
        text = f"This pass is for “{row['circle_name']}”, so it cannot be used here. Please choose an amount."
        return [Reason("pass_of_another_circle", text, "choice")]
    if row["state"] != "active":
        return [Reason("pass_over", "This pass cannot be used any more. Please choose an amount.", "choice")]
    if not row["kept"]:
        text = "The payment of this pass went back, or a bank looks into it. Please choose an amount."
        return [Reason("pass_not_paid", text, "choice")]
    reasons = []
    left = row["uses"] - row["used"]
    if left < count:
        text = (
            f"Your pass has {plural(left, 'gathering')} left."
            if left
            else "All gatherings of your pass are taken."
        )
        reasons.append(
            Reason(
                "pass_used_up", f"{text} Please choose {'fewer dates' if left else 'an amount'}.", "choice"
            )
        )
    if gathering.starts_at > row["valid_until"]:
        reasons.append(too_late(row["valid_until"], gathering.zone, viewer))
    return reasons


def too_late(valid_until: datetime, zone: str, viewer: Viewer = NOBODY) -> Reason:
    """Why a pass cannot be used, or a seat on it moved, to a gathering beyond its weeks."""
    until = clock.format_when(valid_until, zone, viewer)
    text = f"Your pass is for gatherings that begin by {until}, and this one begins later."
    return Reason("pass_ends_before", text, "choice")


# What comes back of one


@dataclass(frozen=True, slots=True)
class PassRefund:
    """What comes back of a pass now, in minor units, with the sentence that says why."""

    amount: int
    sentence: str


def unused_value(row: Row) -> int:
    """What the gatherings are worth that nobody took of a pass, as far as its money is here. In minor units."""
    return max(0, min(row["amount"] - row["used_value"], row["kept"]))


def terms_value(terms: Terms, unused: int, count: int) -> int:
    """What the terms pay back for so many unused gatherings. unused: their part of the price. Parts of cents go out."""
    if terms.kind == "per_use":
        return min(terms.per_use * count, unused)
    return -(-unused * terms.percent // 100)


def refund_until(row: Row) -> datetime:
    """Until when its person can give a pass back under the terms it was sold with."""
    return row["paid_at"] + timedelta(weeks=row["refund_weeks"])


def refund_for(row: Row, viewer: Viewer = NOBODY) -> PassRefund:
    """What giving a pass back would pay its person now.

    row: of passes_with_money, with its terms, its circle's state and zone, and now.
    """
    unused, count = unused_value(row), row["uses"] - row["used"]
    if row["state"] != "active":
        return PassRefund(0, "This pass is over already, so nothing more comes back.")
    if refund_words.is_open(row["disputed"]):
        text = "The bank of your card is looking into this payment. Until it has decided, nothing can be sent back."
        return PassRefund(0, text)
    if not count or not unused:
        return PassRefund(0, "All gatherings of this pass are taken, so nothing comes back for it.")
    whole = money.format_amount(unused, row["currency"])
    of = f"{whole}, the part of the price of {plural(count, 'unused gathering')}"
    if row["circle_state"] != "published":
        return PassRefund(unused, f"The circle takes no bookings now, so you get back {of}.")
    if not row["used"] and row["now"] < row["paid_at"] + GRACE:
        return PassRefund(unused, f"You paid a moment ago, so you get back all {whole}.")
    until, terms = refund_until(row), Terms.of(row)
    if row["now"] > until:
        when = clock.format_when(until, row["zone"], viewer)
        return PassRefund(
            0, f"It could be given back until {when}. That time is over, so nothing comes back for it."
        )
    amount = terms_value(terms, unused, count)
    if not amount:
        return PassRefund(0, "Gatherings that are not used are not paid back under the terms of this pass.")
    if amount == unused:
        return PassRefund(amount, f"You get back {of}.")
    part = money.format_amount(amount, row["currency"])
    return PassRefund(amount, f"You get back {part} under the terms of your pass, of {of}.")


# What pages and mails say

END_TEXTS: Final = {
    "not_paid": "It was not paid in time, so nothing was charged.",
    "no_checkout": "The payment page could not be opened. Nothing was charged.",
    "let_go": "You let it go. Nothing was charged.",
    "payment_failed": "The payment did not arrive, so the pass did not begin.",
    "payment_differs": "An organizer looked at its payment and ended it.",
    "paid_late": "Its payment came too late, so it goes back to you.",
    "by_member": "You gave it back.",
    "by_organizer": "An organizer ended it.",
    "circle_ended": "The circle has ended.",
    "circle_paused": "The circle was paused when its time was over.",
    "suspended": "It ended with your account.",
    "expired": "Its time is over.",
    "refunded": "Its payment went back.",
}


def end_text(cause: str) -> str:
    """How a pass ended. A cause of a newer version says nothing."""
    return END_TEXTS.get(cause, "This pass is over.")


def end_cause(outcome: str, *, let_go: bool) -> str:
    """Why a pass ended that was not paid. outcome: how its checkout ended, see payments.on_settled."""
    if outcome == "differs":
        return "payment_differs"
    if let_go:
        return "let_go"
    return {"failed": "no_checkout", "debit_failed": "payment_failed"}.get(outcome, "not_paid")


def end_cause_now(row: Row, cause: str) -> str:
    """Why a locked pass ends, that was to end for a cause; empty where it need not any more."""
    if row["state"] != "active":
        return ""
    if row["circle_state"] == "archived":
        return "circle_ended"
    if row["valid_until"] < row["now"]:
        return "circle_paused" if row["circle_state"] == "paused" else "expired"
    return cause if cause == "refunded" and not row["kept"] else ""


LET_GO_NOTICES: Final = {
    "lapsed": ("The pass was let go. Nothing was charged.", "calm"),
    "active": ("This pass was paid for already, so it is yours.", "good"),
    "held": ("The card company cannot be reached now. The pass is let go as soon as it can be.", "warn"),
    "looked_at": ("An organizer looks at the payment of this pass first.", "warn"),
    "undecided": ("A payment for this pass is on its way. If it arrives, the pass is yours.", "warn"),
}


# What an organizer may send back of a pass, in words.
REFUNDS: Final = {
    "terms": "By the terms of the pass",
    "unused": "All that is not used",
    "all": "All that is left of the payment",
}


def organizer_refusals(row: Row, what: str, reason: str) -> Iterator[Reason]:
    """Why an organizer cannot pay a pass back. what: "terms", "unused" or "all"."""
    if what not in REFUNDS:
        yield Reason("no_choice", "Please choose what goes back.", "what")
    if not reason.strip():
        yield Reason("no_reason", "Please say in a few words why.", "reason")
    elif len(reason) > MAX_REASON:
        yield Reason("reason_too_long", f"Please use {MAX_REASON} letters at most.", "reason")
    if refund_words.is_open(row["disputed"]):
        yield DISPUTED
    if row["state"] in ("held", "lapsed"):
        yield Reason("not_paid", "This pass was never paid, so nothing can go back.")
    elif row["state"] == "ended" and what != "all":
        yield Reason(
            "over", "This pass is over already. What is left of its payment can go back as a whole.", "what"
        )


MAX_REASON: Final = 300


def amount_of(row: Row, what: str) -> int:
    """What an organizer pays back: under the terms, all that is not used, or all that is left of the payment."""
    if what == "all":
        return row["kept"]
    unused = unused_value(row)
    if what == "terms" and row["now"] > refund_until(row):
        return 0
    return unused if what == "unused" else terms_value(Terms.of(row), unused, row["uses"] - row["used"])
