"""Rules of the waiting list: the states of a wait, how long an offer lasts, and what a person reads of their place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from circles.base import money, text
from circles.base.english import choose
from circles.base.errors import Reason, Refused
from circles.bookings import rules as booking_rules
from circles.bookings.rules import BookingInput, Eligibility
from circles.gatherings import BookableGathering

State = Literal["waiting", "offered", "accepted", "declined", "left", "lapsed", "closed"]

# offered to waiting: the offer lapsed for the first time, or went on because the person could not take it.
# accepted to waiting: the payment could not begin, since the card company was away.
MOVES: Final[Mapping[State, frozenset[State]]] = {
    "waiting": frozenset({"offered", "accepted", "left", "closed"}),
    "offered": frozenset({"waiting", "accepted", "declined", "lapsed", "closed"}),
    "accepted": frozenset({"waiting"}),
    "declined": frozenset(),
    "left": frozenset(),
    "lapsed": frozenset(),
    "closed": frozenset(),
}

# How long an offer holds its seat, at most and at least, and the share of the time to the start.
MAX_OFFER: Final = timedelta(hours=24)
MIN_OFFER: Final = timedelta(minutes=30)
OFFER_SHARE: Final = 4
# So long before the start a free seat is offered to everybody on the list at once, and the first to answer has it.
LAST_HOURS: Final = timedelta(hours=2)
# With so many offers that they did not answer somebody leaves the list: nobody holds up a line for ever.
MAX_LAPSES: Final = 2
# Waits are deleted so many days after they ended.
KEEP_DAYS: Final = 30
# How many letters a host's reason has at most.
MAX_REASON: Final = 500
# Fewer full gatherings than these say nothing about how often a seat comes free.
MIN_COUNTED: Final = 4


def offer_ends_at(now: datetime, starts_at: datetime) -> datetime:
    """Until when a seat offered now is kept: a day, at most a quarter of the time to the start, never past it."""
    length = max(MIN_OFFER, min(MAX_OFFER, (starts_at - now) / OFFER_SHARE))
    return min(now + length, starts_at)


def is_for_all(now: datetime, starts_at: datetime) -> bool:
    """Whether a free seat is for the first of the list to answer, since the start is near."""
    return starts_at - now < LAST_HOURS


def seats_of_line(gathering: BookableGathering, line: str) -> int:
    """How many seats are free for a line."""
    if line == "community":
        return gathering.community_left if gathering.offers_community else 0
    return gathering.seats_left


class NotFull(Refused):
    """A seat of that kind is free, so there is nothing to wait for."""

    def __init__(self) -> None:
        super().__init__(
            Reason("not_full", "A seat is free here just now, so there is no need to wait. You can book it.")
        )


def line_of(sent: BookingInput, gathering: BookableGathering) -> str:
    """The line somebody joins: amount or community."""
    return "community" if sent.choice == "community" and not gathering.scale.is_free else "amount"


def join_refusals(gathering: BookableGathering, eligibility: Eligibility, sent: BookingInput) -> list[Reason]:
    """Every reason why somebody cannot join this waiting list, but for that it is not full.

    That newcomers are too many, or that they are booked elsewhere at that hour, keeps nobody from waiting.
    """
    closed = booking_rules.booking_closed(gathering, eligibility.now)
    if closed and closed.code != "full":
        return [Reason(closed.code, f"{closed.title}. {closed.text}")]
    reasons = []
    if not eligibility.admission.approved:
        text = (
            "This circle answers requests first. Once the hosts have said yes, you can join the waiting list."
        )
        reasons.append(Reason("not_approved", text))
    if not gathering.scale.is_free and sent.choice not in ("amount", "community"):
        reasons.append(Reason("no_choice", "Please choose an amount or a community seat.", "choice"))
    elif line_of(sent, gathering) == "community" and not gathering.community_planned:
        text = "This gathering has no community seats. You can choose an amount."
        reasons.append(Reason("no_community_seat", text, "choice"))
    else:
        reasons += _amount_refusals(gathering.scale, sent)
    return reasons + booking_rules.guidelines_refusals(
        eligibility.version_id, sent.version_id, agreed=sent.agreed
    )


def _amount_refusals(scale: money.Scale, sent: BookingInput) -> list[Reason]:
    try:
        booking_rules.read_amount(scale, sent)
    except Refused as refused:
        return list(refused.reasons)
    return []


def is_amount_kept(scale: money.Scale, line: str, amount: int, currency: str) -> bool:
    """Whether the amount somebody chose when they joined can still be paid."""
    sent = BookingInput(line, amount, None, agreed=True, currency=currency)
    return not _amount_refusals(scale, sent)


_ENDED: Final = {
    "accepted": "You took a seat here already.",
    "declined": "You let this offer go, so the seat was offered to the next person.",
    "left": "You left this waiting list.",
    "lapsed": "The time for this offer is over, and the seat was offered to the next person.",
    "closed": "This waiting list is closed.",
}
LAPSED: Final = Reason(
    "offer_lapsed",
    "The time for this offer is over, and the seat was offered to the next person. You keep your place in line: the "
    "next seat that comes free is offered to you again.",
)
LAPSED_TWICE: Final = Reason(
    "offer_lapsed",
    "The time for this offer is over, and the seat was offered to the next person. It was the second one, so you are "
    "no longer on this waiting list. You can join it again.",
)
NOT_FREE: Final = Reason(
    "not_free",
    "No seat is free just now. You keep your place in line, and get a mail when one is offered to you.",
)
MUST_AGREE: Final = Reason(
    "guidelines_changed", "The guidelines of this circle changed. Please read them and agree first.", "agreed"
)


def take_refusals(
    state: str, offer_ends_at: datetime | None, now: datetime, *, lapses: int, is_free: bool, must_agree: bool
) -> list[Reason]:
    """Why somebody who waits cannot take a seat now. is_free: a seat of their line is free for anybody.

    An offer that is over, and one that nobody took from them yet, are answered alike.
    """
    if state == "lapsed":
        return [LAPSED_TWICE]
    if state in _ENDED:
        return [Reason("wait_ended", _ENDED[state])]
    is_over = state == "offered" and offer_ends_at is not None and now >= offer_ends_at
    if is_over:
        return [LAPSED_TWICE if lapses + 1 >= MAX_LAPSES else LAPSED]
    if state == "waiting" and not is_free:
        return [LAPSED if lapses else NOT_FREE]
    return [MUST_AGREE] if must_agree else []


def ended_text(state: str) -> str:
    """What the page of a wait that is over says."""
    return _ENDED.get(state, "")


def likelihood(gatherings: int, freed: int) -> str:
    """How often a seat came free lately, in words. gatherings: full ones of the circle; freed: with a seat given up."""
    if gatherings < MIN_COUNTED:
        return "Too few gatherings of this circle were full so far to say how often a seat comes free."
    if not freed:
        return (
            f"No seat came free at the last {gatherings} full gatherings of this circle, so please look at other dates "
            "as well."
        )
    often = "A seat came free at every one of" if freed == gatherings else f"A seat came free at {freed} of"
    return f"{often} the last {gatherings} full gatherings of this circle."


def line_text(waiting: int) -> str:
    """How many wait already, for somebody who thinks about joining."""
    return choose(waiting, "One person waits already.", f"{waiting} people wait already.") if waiting else ""


def read_reason(typed: str) -> str:
    """Why a host offers a seat out of turn. Raises Refused."""
    return text.body(typed, "reason", max_length=MAX_REASON)
