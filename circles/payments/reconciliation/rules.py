"""Rules of reconciliation: months, and what the differences mean, what is safe, and what can be done. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from circles.base.errors import Reason, Refused
from circles.payments.stuck.rules import OVER, reason_refusals

# What is younger may still be on its way: a webhook here, a transaction at Stripe.
GRACE: Final = timedelta(minutes=15)
# A run compares so much of the time before it once more: Stripe may list late, and so may we.
OVERLAP: Final = timedelta(days=3)
# A run whose process has not said for so long that it works was left; another one may begin.
PATIENCE: Final = timedelta(seconds=60)
# Differences that are looked into at Stripe in one run. More of them have one cause, such as a key of another account.
MOST: Final = 500
PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of difference. title: what it is; meaning: what may have happened; safe: what is safe meanwhile.

    settled: what settling it by hand does.
    """

    title: str
    meaning: str
    safe: str
    settled: str


_ASSIGNS = (
    "Once settled, the money counts in the ledger as money at Stripe of which nobody knows whose it is. Should it turn "
    "out to be a payment of this site, it is moved there by itself."
)
_TAKES_OFF = (
    "Once settled, the ledger no longer counts it as held by Stripe, but as money of which nobody knows where it is. "
    "Should Stripe list it later, that is taken back by itself."
)
_NOTHING = "Once settled, it is not listed any more. No money moves, and the ledger stays as it is."

KINDS: Final[Mapping[str, Kind]] = {
    "payment_not_here": Kind(
        "Stripe has a payment that this site does not know",
        "Another site may use the same account at Stripe, or somebody took a payment at Stripe’s dashboard.",
        "No seat and no refund of this site depends on it.",
        _ASSIGNS,
    ),
    "refund_not_here": Kind(
        "Stripe has a refund that this site does not know",
        "It is of a payment that this site does not know either.",
        "Nothing of this site is refunded twice.",
        _ASSIGNS,
    ),
    "dispute_not_here": Kind(
        "A dispute moved money, and this site does not know its payment",
        "It is of a payment that was not made here. Answer it at Stripe.",
        "No payment of this site is disputed by it.",
        _ASSIGNS,
    ),
    "transfer_not_here": Kind(
        "Stripe moved money to or from a connected account, and this site did not ask for it",
        "Somebody may have transferred money at Stripe’s dashboard.",
        "What facilitators are owed here is unchanged.",
        _ASSIGNS,
    ),
    "other_not_here": Kind(
        "Stripe changed the balance in a way that has no counterpart here",
        "Stripe’s own description of it is at its dashboard: an adjustment, a reserve, a top-up.",
        "No payment and no refund is affected.",
        _ASSIGNS,
    ),
    "payment_not_there": Kind(
        "This site has a payment that Stripe does not list",
        "The key may have been of another account at Stripe when it was paid, or of its test mode.",
        "The seat stands. A refund of it would fail, and be listed.",
        _TAKES_OFF,
    ),
    "refund_not_there": Kind(
        "This site has a refund that Stripe does not list",
        "The key may have been of another account at Stripe when it was sent.",
        "Nothing is sent twice by itself.",
        _TAKES_OFF,
    ),
    "dispute_not_there": Kind(
        "This site has money that a dispute moved, and Stripe does not list it",
        "The key may have been of another account at Stripe then.",
        "Nothing is sent back by itself while a dispute is open.",
        _TAKES_OFF,
    ),
    "transfer_not_there": Kind(
        "This site has money that went to a connected account, and Stripe does not list it",
        "The key may have been of another account at Stripe then.",
        "Nothing is sent twice by itself.",
        _TAKES_OFF,
    ),
    "amount_differs": Kind(
        "An amount is another one at Stripe than here",
        "Both are shown. Compare with Stripe’s dashboard which is right.",
        "No money moves by itself.",
        "Once settled, the ledger says what Stripe says. What differs counts as money of nobody known.",
    ),
    "currency_differs": Kind(
        "A payment was counted in another currency at Stripe",
        "Stripe converts what comes in a currency for which the account has no bank account.",
        "The seat stands, and a refund goes out in the currency that was paid.",
        "Once settled, the ledger holds what Stripe holds, in its currency. What was paid is set against it.",
    ),
    "twice": Kind(
        "Stripe lists the same payment, refund or dispute twice",
        "This site has it once. The second may have been made at Stripe’s dashboard.",
        "The first is placed. Nothing is sent back by itself.",
        _ASSIGNS,
    ),
    "fee_unknown": Kind(
        "Stripe has a payment and does not say its fee",
        "Stripe may say it later; it is read again in every run.",
        "The payment itself is right.",
        _TAKES_OFF,
    ),
    "payout_does_not_add_up": Kind(
        "What is inside a payout is another sum than the payout",
        "A part of it may not have been read. It is added up anew in every run.",
        "The payout itself is as Stripe says.",
        _NOTHING,
    ),
    "payout_failed": Kind(
        "A payout did not reach the bank",
        "The bank sent it back. Look at Stripe’s dashboard whether the bank account is right.",
        "The money is at Stripe, and goes out with a later payout.",
        _NOTHING,
    ),
    "payout_unknown": Kind(
        "Money left for the bank, and Stripe does not know the payout any more",
        "Stripe’s dashboard says what became of it.",
        "The ledger counts it as paid out.",
        _NOTHING,
    ),
    "balance_differs": Kind(
        "Stripe’s balance is not the sum of what it lists",
        "The account may have held money before this site took its first payment, or something was not listed yet.",
        "Every payment, refund and dispute is compared one by one beside this.",
        "Once settled, the difference counts in the ledger as money at Stripe of which nobody knows whose it is.",
    ),
}
OTHER: Final = Kind(
    "Something differs from what Stripe says",
    "A newer version of this site found it.",
    "No money moves by itself.",
    _NOTHING,
)

# What our rows have and Stripe does not hold, at least not in their currency.
TAKEN_OFF: Final = frozenset(
    (
        "payment_not_there",
        "refund_not_there",
        "dispute_not_there",
        "transfer_not_there",
        "fee_unknown",
        "currency_differs",
    )
)

# How a difference ended, in words.
ENDS: Final[Mapping[str, str]] = {
    "mended": "Mended by itself",
    "gone": "Holds no longer",
    "settled": "Settled by hand",
}
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def month(text: str, now: datetime) -> tuple[datetime, datetime]:
    """The first moments of a month and of the next, UTC as Stripe counts its months. Raises Refused."""
    match = _MONTH.fullmatch(text)
    if not match:
        raise Refused(Reason("month", "Please name a month as 2026-11.", "month"))
    year, number = int(match[1]), int(match[2])
    if not datetime(2000, 1, 1, tzinfo=UTC) <= datetime(year or 1, number, 1, tzinfo=UTC) <= now:
        raise Refused(Reason("month", "Please name a month that has begun, of this century.", "month"))
    following = (year + number // 12, number % 12 + 1)
    return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def broken_off_text(outcome: str) -> str:
    """Why a run did not compare everything."""
    return (
        "Stripe could not be reached, or refuses the key of this site."
        if outcome == "unreachable"
        else "the program was stopped."
    )


def kind_of(name: str) -> Kind:
    """A kind of differences, also of one that this version does not know."""
    return KINDS.get(name, OTHER)


def posted_by_settling(difference: Mapping[str, Any]) -> int:
    """What settling a difference adds, with what it added before, to what the ledger says that Stripe holds.

    Of a transaction of Stripe's its own placing does that. What was paid in another currency is set against that.
    """
    ours, theirs = difference["ours"] or 0, difference["stripe"] or 0
    if difference["kind"] in TAKEN_OFF:
        return -ours
    if difference["kind"] == "balance_differs":
        return difference["posted"] + theirs - ours
    return difference["posted"]


def settle_refusals(difference: Mapping[str, Any], reason: str) -> list[Reason]:
    """Why a difference cannot be settled by hand."""
    if difference["ended_at"]:
        return [OVER]
    return list(reason_refusals(reason))
