"""What the booking desk decides: may this person take this seat, for how much, and what comes back later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from circles.base import money
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.bookings.screening import rules as screening_rules
from circles.bookings.screening.rules import Room
from circles.gatherings import Closed, Offer, why_closed

# A seat is held as long as its checkout can be paid; Stripe's shortest checkout is 30 minutes long.
HOLD_MINUTES = 31
# Seats one person may have held and not paid at the same time, so that nobody empties a calendar by clicking.
MAX_HELD = 3

# The least a card can be charged with, in minor units, where it is not 50 (Stripe: minimum charge amounts).
_MIN_CHARGE = {"GBP": 30, "DKK": 250, "HUF": 17500, "MXN": 1000, "NOK": 300, "PLN": 200, "SEK": 300}


@dataclass(frozen=True, slots=True)
class Mine:
    """The active booking a person has at a gathering already. amount: minor units."""

    id: UUID
    state: str
    kind: str
    amount: int
    currency: str
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk looks up for a person: the time, the guidelines in force, their active booking there.

    held: how many seats are held for them anywhere. room: whom the circle takes in, and how they stand there.
    """

    now: datetime
    version_id: UUID
    guidelines: str
    mine: Mine | None = None
    held: int = 0
    room: Room = screening_rules.OPEN_DOOR


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for.

    choice: "amount" or "community". amount: as typed, or minor units. currency: the one the form showed, or
    empty. version_id: the guidelines they read. agreed: whether they ticked that they agree.
    """

    choice: str
    amount: str | int
    version_id: UUID | None
    agreed: bool
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """One person's place at one gathering. amount: minor units. checkout_url: where to pay a held one."""

    id: UUID
    gathering_id: UUID
    person_id: UUID
    seat: int
    kind: str
    state: str
    amount: int
    currency: str
    held_until: datetime | None
    end_cause: str
    checkout_url: str = ""


class AlreadyBooked(Refused):
    """The person has an active booking there. same: it is the very seat they ask for now."""

    def __init__(self, mine: Mine, same: bool) -> None:
        self.mine, self.same = mine, same
        held = mine.state == "held"
        text = "A seat is held for you here already." if held else "You have a seat here already."
        super().__init__(Reason("held_already" if held else "booked_already", text))


class Full(Refused):
    """No seat is left, and nothing else matters then. offer: the gathering, as it was found."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        super().__init__(FULL)


_MANY_HELD = Reason(
    "many_held",
    f"{MAX_HELD} seats are held for you and not paid yet. Please pay for one or let it go first: see My gatherings.",
)
FULL = Reason("full", "The last seat was taken a moment ago. Nothing was charged.")


def check(offer: Offer, desk: Desk, wish: Wish) -> int:
    """The amount this person is to pay, in minor units; 0 for a seat that is free of charge.

    Raises AlreadyBooked, Full, OutOfDate when the guidelines changed meanwhile, or Refused with every reason.
    """
    if desk.mine:
        raise AlreadyBooked(desk.mine, _is_same(desk.mine, offer, wish))
    reasons = refusals(offer, desk, wish)
    if FULL in reasons:
        raise Full(offer)
    if any(reason.code == "guidelines_changed" for reason in reasons):
        raise OutOfDate(reasons)
    refuse_if(reasons)
    return read_amount(offer.scale, wish)


def refusals(offer: Offer, desk: Desk, wish: Wish) -> list[Reason]:
    """Every reason why this wish cannot be met, those of the gathering first."""
    shut = closed(offer, desk.now)
    reasons = [_shut(shut)] if shut else _seat_refusals(offer, wish)
    reasons += screening_rules.refusals(desk.room, offer.starts_at, offer.zone, desk.now)
    try:
        if read_amount(offer.scale, wish) and desk.held >= MAX_HELD:
            reasons.append(_MANY_HELD)
    except Refused as refused:
        reasons.extend(refused.reasons)
    return reasons + guidelines_refusals(desk.version_id, wish.version_id, agreed=wish.agreed)


def _shut(shut: Closed) -> Reason:
    return FULL if shut.code == "full" else Reason(shut.code, f"{shut.title}. {shut.text}")


def closed(offer: Offer, now: datetime) -> Closed | None:
    """Why nobody can book this gathering now, or None."""
    return why_closed(offer.state, offer.starts_at, offer.seats_left, now, offer.circle_state)


def _seat_refusals(offer: Offer, wish: Wish) -> list[Reason]:
    if offer.scale.is_free:
        return []
    if wish.choice not in ("amount", "community"):
        return [Reason("no_choice", "Please choose an amount or a community seat.", "choice")]
    if wish.choice == "community" and offer.community_left <= 0:
        text = "There is no community seat left. You can still choose an amount, or another gathering."
        return [Reason("no_community_seat", text, "choice")]
    return []


def read_amount(scale: money.Scale, wish: Wish) -> int:
    """The amount in minor units, which lies within the scale and can be charged. Raises Refused.

    A community seat and a circle that asks nothing are 0, whatever was typed.
    """
    if wish.choice == "community" or scale.is_free:
        return 0
    if wish.currency and wish.currency.upper() != scale.currency:
        raise Refused(scale.amount_refusals(scale.minimum, wish.currency))
    amount = wish.amount if isinstance(wish.amount, int) else money.parse(wish.amount, scale.currency)
    refuse_if(scale.amount_refusals(amount, scale.currency))
    least = least_charge(scale.currency)
    if 0 < amount < least:
        text = f"A card cannot be charged less than {money.format_amount(least, scale.currency)}."
        raise Refused(Reason("below_card", f"{text} Please choose more, or 0.", "amount"))
    return amount


def least_charge(currency: str) -> int:
    """The least a card can be charged with, in minor units."""
    return _MIN_CHARGE.get(currency, 50)


def guidelines_refusals(in_force: UUID, read: UUID | None, *, agreed: bool) -> list[Reason]:
    """Why this is no agreement. in_force, read: versions of the guidelines."""
    if read != in_force:
        text = "The guidelines changed while this page was open. Please read the new text and agree to it."
        return [Reason("guidelines_changed", text, "agreed")]
    if not agreed:
        text = "Please read the guidelines and tick that you agree to them."
        return [Reason("not_agreed", text, "agreed")]
    return []


def kind_of(wish: Wish, scale: money.Scale, amount: int) -> str:
    """The kind of a booking: paid, community or free."""
    if wish.choice == "community" and not scale.is_free:
        return "community"
    return "paid" if amount else "free"


def _is_same(mine: Mine, offer: Offer, wish: Wish) -> bool:
    try:
        amount = read_amount(offer.scale, wish)
    except Refused:
        return False
    return (kind_of(wish, offer.scale, amount), amount) == (mine.kind, mine.amount)


@dataclass(frozen=True, slots=True)
class Refund:
    """What comes back on cancelling: minor units, the share in percent, and how a person is told."""

    amount: int
    percent: int
    sentence: str


def refund_due(
    paid: int,
    starts_at: datetime,
    now: datetime,
    refund_hours: int,
    late_percent: int,
    currency: str = "USD",
    *,
    full_until: datetime | None = None,
) -> Refund:
    """What a person gets back who cancels now. paid: minor units; a part of a cent goes to the person.

    Up to `refund_hours` before the start all of it; later `late_percent` of it. full_until: until then all of
    it comes back whatever the terms say, since what was booked has changed.
    """
    if not paid:
        return Refund(0, 0, "You paid nothing, so there is nothing to pay back.")
    whole = money.format_amount(paid, currency)
    changed = full_until is not None and now < full_until
    if changed or late_percent == 100 or starts_at - now >= timedelta(hours=refund_hours):
        return Refund(paid, 100, f"You get back all of the {whole} you paid.")
    amount, late = -(-paid * late_percent // 100), f"The start is less than {hours_words(refund_hours)} away"
    if not amount:
        return Refund(0, 0, f"{late}, so none of the {whole} you paid comes back.")
    part = money.format_amount(amount, currency)
    return Refund(
        amount, late_percent, f"{late}, so you get back {part}, {late_percent}% of the {whole} you paid."
    )


def hours_words(hours: int) -> str:
    """A number of hours as people say it: 1 hour, 48 hours, 7 days."""
    if hours == 1:
        return "1 hour"
    return f"{hours // 24} days" if hours > 72 and hours % 24 == 0 else f"{hours} hours"


def end_cause(outcome: str, *, let_go: bool, gathering_cancelled: bool) -> str:
    """Why a held seat ended unpaid. outcome: what became of its checkout, "expired" or "failed"."""
    if gathering_cancelled:
        return "gathering_cancelled"
    if let_go:
        return "let_go"
    return "no_checkout" if outcome == "failed" else "not_paid"
