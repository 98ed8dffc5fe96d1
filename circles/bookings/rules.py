"""Booking rules: the states of a booking, and who may book which seat for how much."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from circles.base import money
from circles.base.english import choose, join_names
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.bookings.passes.own import OwnPass
from circles.bookings.screening import rules as screening_rules
from circles.bookings.screening.rules import Admission
from circles.gatherings import BookableGathering, Closed, Overlap, why_closed

State = Literal["held", "confirmed", "lapsed", "cancelled"]

# A booking that is to be paid starts as held, any other as confirmed.
# lapsed to confirmed: paid late, and a seat was free.
MOVES: Final[Mapping[State, frozenset[State]]] = {
    "held": frozenset({"confirmed", "lapsed"}),
    "confirmed": frozenset({"cancelled"}),
    "lapsed": frozenset({"confirmed"}),
    "cancelled": frozenset(),
}

# The namespace of UIDs, so that the same seat always has the same one.
_NAMESPACE: Final = UUID("6b0f3c1e-52a4-4c3e-9d5b-0a4c1a7b9f61")

# Seats one person may have held and not paid at the same time, so that nobody empties a calendar by clicking.
MAX_HELD = 3


# Booking a seat


@dataclass(frozen=True, slots=True)
class ActiveBooking:
    """The held or confirmed booking a person has at a gathering already. amount: minor units."""

    id: UUID
    state: str
    kind: str
    amount: int
    currency: str
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What decides whether a person may book a gathering, beside the gathering itself.

    version_id, guidelines: the version in force and its text. held: how many seats are held for the person
    anywhere. admission: whom the circle admits, and how far this person is admitted. overlaps: their seats at
    overlapping hours. wait_id: their place on the waiting list; is_offered: a seat is kept for them there. own_pass:
    one of theirs that can be used there.
    """

    now: datetime
    version_id: UUID
    guidelines: str
    booking: ActiveBooking | None = None
    held: int = 0
    admission: Admission = screening_rules.OPEN
    overlaps: tuple[Overlap, ...] = ()
    wait_id: UUID | None = None
    is_offered: bool = False
    own_pass: OwnPass | None = None


@dataclass(frozen=True, slots=True)
class BookingInput:
    """The booking form as a person sent it.

    choice: "amount", "community" or "pass". amount: as typed, or minor units. currency: the one the form showed, or
    empty. version_id: the guidelines they read. agreed: whether they ticked that they agree. both: the bookings at
    overlapping hours that they were shown, where they ticked that they want both. pass_id: the pass that they use.
    """

    choice: str
    amount: str | int
    version_id: UUID | None
    agreed: bool
    currency: str = ""
    both: frozenset[UUID] = frozenset()
    pass_id: UUID | None = None


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
    """The person has an active booking there. same: it is the very seat they want now."""

    def __init__(self, booking: ActiveBooking, same: bool) -> None:
        self.booking, self.same = booking, same
        held = booking.state == "held"
        text = "A seat is held for you here already." if held else "You have a seat here already."
        super().__init__(Reason("held_already" if held else "booked_already", text))


class Full(Refused):
    """No seat is left, and nothing else matters then. wait_id: their place in line, if any."""

    def __init__(self, gathering: BookableGathering, wait_id: UUID | None = None) -> None:
        self.gathering, self.wait_id = gathering, wait_id
        super().__init__(FULL)


_MANY_HELD = Reason(
    "many_held",
    f"{MAX_HELD} seats are held for you and not paid yet. Please pay for one or let it go first: see My gatherings.",
)
FULL = Reason("full", "The last seat was taken a moment ago. Nothing was charged.")


def amount_due(gathering: BookableGathering, eligibility: Eligibility, sent: BookingInput) -> int:
    """The amount this person is to pay, in minor units; 0 for a seat that is free of charge.

    Raises AlreadyBooked, Full, OutOfDate when the guidelines changed meanwhile, or Refused with every reason.
    """
    if eligibility.booking:
        raise AlreadyBooked(eligibility.booking, is_same(eligibility.booking, gathering, sent))
    reasons = booking_refusals(gathering, eligibility, sent)
    if FULL in reasons:
        raise Full(gathering, eligibility.wait_id)
    if any(reason.code == "guidelines_changed" for reason in reasons):
        raise OutOfDate(reasons)
    refuse_if(reasons)
    return read_amount(gathering.scale, sent)


def booking_refusals(
    gathering: BookableGathering, eligibility: Eligibility, sent: BookingInput
) -> list[Reason]:
    """Every reason why this booking cannot be made, those of the gathering first."""
    closed = booking_closed(gathering, eligibility.now)
    reasons = [_closed_reason(closed)] if closed else _choice_refusals(gathering, sent)
    reasons += screening_rules.admission_refusals(
        eligibility.admission, gathering.starts_at, gathering.zone, eligibility.now
    )
    try:
        if read_amount(gathering.scale, sent) and eligibility.held >= MAX_HELD:
            reasons.append(_MANY_HELD)
    except Refused as refused:
        reasons.extend(refused.reasons)
    reasons += overlap_refusals(eligibility.overlaps, sent.both)
    return reasons + guidelines_refusals(eligibility.version_id, sent.version_id, agreed=sent.agreed)


def overlap_refusals(overlaps: Collection[Overlap], both: Collection[UUID]) -> list[Reason]:
    """Why a person is asked once more: seats at overlapping hours. both: those they want all the same."""
    if all(overlap.booking_id in both for overlap in overlaps):
        return []
    names = join_names(dict.fromkeys(overlap.name for overlap in overlaps))
    text = f"You have a seat at overlapping hours: {names}. Please tick that you want both, or choose another date."
    return [Reason("overlap", text, "both")]


def booking_closed(gathering: BookableGathering, now: datetime) -> Closed | None:
    """Why nobody can book this gathering now, or None."""
    return why_closed(gathering.state, gathering.starts_at, gathering.seats_left, now, gathering.circle_state)


def _closed_reason(closed: Closed) -> Reason:
    return FULL if closed.code == "full" else Reason(closed.code, f"{closed.title}. {closed.text}")


def _choice_refusals(gathering: BookableGathering, sent: BookingInput) -> list[Reason]:
    if gathering.scale.is_free:
        return []
    if sent.choice not in ("amount", "community", "pass"):
        return [Reason("no_choice", "Please choose an amount or a community seat.", "choice")]
    if sent.choice == "community" and gathering.community_left <= 0:
        text = "There is no community seat left. You can still choose an amount, or another gathering."
        return [Reason("no_community_seat", text, "choice")]
    return []


def read_amount(scale: money.Scale, sent: BookingInput) -> int:
    """The amount in minor units, which lies within the scale and can be charged. Raises Refused.

    A community seat, one on a pass and a circle that asks nothing are 0, whatever was typed.
    """
    if sent.choice in ("community", "pass") or scale.is_free:
        return 0
    if sent.currency and sent.currency.upper() != scale.currency:
        raise Refused(scale.amount_refusals(scale.minimum, sent.currency))
    amount = sent.amount if isinstance(sent.amount, int) else money.parse(sent.amount, scale.currency)
    refuse_if(scale.amount_refusals(amount, scale.currency))
    least = money.min_charge(scale.currency)
    if 0 < amount < least:
        text = f"A card cannot be charged less than {money.format_amount(least, scale.currency)}."
        raise Refused(Reason("below_card", f"{text} Please choose more, or 0.", "amount"))
    return amount


def guidelines_refusals(in_force: UUID, read: UUID | None, *, agreed: bool) -> list[Reason]:
    """Why this is no agreement. in_force, read: versions of the guidelines."""
    if read != in_force:
        text = "The guidelines changed while this page was open. Please read the new text and agree to it."
        return [Reason("guidelines_changed", text, "agreed")]
    if not agreed:
        text = "Please read the guidelines and tick that you agree to them."
        return [Reason("not_agreed", text, "agreed")]
    return []


def kind_of(sent: BookingInput, scale: money.Scale, amount: int) -> str:
    """The kind of a booking: paid, community or free."""
    if sent.choice == "community" and not scale.is_free:
        return "community"
    return "paid" if amount else "free"


def uses_pass(sent: BookingInput, scale: money.Scale) -> bool:
    """Whether a form asks for a seat on a pass. A circle that asks nothing takes none."""
    return sent.choice == "pass" and not scale.is_free


def is_same(booking: ActiveBooking, gathering: BookableGathering, sent: BookingInput) -> bool:
    """Whether a booking is the very seat that a form asks for."""
    try:
        amount = read_amount(gathering.scale, sent)
    except Refused:
        return False
    return (kind_of(sent, gathering.scale, amount), amount) == (booking.kind, booking.amount)


def community_hint(left: int) -> str:
    """What the form says of the community seat. left: how many can still be given, at least one."""
    seats = choose(left, "One is left.", f"{left} are left.")
    return f"It costs nothing, and no proof is asked. Nobody in the room knows who has it. {seats}"


def seat_uid(gathering_id: UUID, person_id: UUID, host: str) -> str:
    """The first UID of one person's seat at one gathering (RFC 7986, 5.3: it reveals neither)."""
    return f"{uuid5(_NAMESPACE, f'{gathering_id}/{person_id}')}@{host}"


def uid_host(base_url: str) -> str:
    """The host of every UID."""
    return urlsplit(base_url).hostname or "localhost"
