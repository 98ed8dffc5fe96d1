"""Rules of booking several dates at once: which can be chosen, what they cost together, what is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from uuid import UUID

from circles.base import clock, money
from circles.base.clock import Viewer
from circles.base.english import join_names, plural
from circles.base.errors import OutOfDate, Reason, Refused, refuse_if
from circles.bookings import rules
from circles.bookings.passes.own import OwnPass
from circles.bookings.rules import ActiveBooking, BookingInput, Eligibility
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import BookableGathering

# Community seats are few, and half a year of them would leave none for others. Who needs more books again later.
MAX_COMMUNITY: Final = 3
COMMUNITY_HINT: Final = (
    "They cost nothing, and no proof is asked. Nobody in the room knows who has one. "
    f"Please choose up to {MAX_COMMUNITY} dates at once, so that others find one too."
)
FIELD: Final = "dates"


@dataclass(frozen=True, slots=True)
class Date:
    """A coming gathering of a circle, and what decides whether somebody may book it."""

    gathering: BookableGathering
    eligibility: Eligibility

    @property
    def id(self) -> UUID:
        return self.gathering.gathering_id

    def day(self, viewer: Viewer) -> str:
        return clock.format_short(self.gathering.starts_at, self.gathering.zone, viewer)


@dataclass(frozen=True, slots=True)
class Order:
    """The dates that somebody chose, in the order of time, and what each costs in minor units; 0 for nothing to pay."""

    dates: tuple[Date, ...]
    amount: int

    @property
    def text(self) -> str:
        """What the form says of the sum."""
        if not self.dates:
            return "No date is chosen yet."
        count, currency = plural(len(self.dates), "date"), self.dates[0].gathering.scale.currency
        if not self.amount:
            return f"{count}, nothing to pay."
        each = money.format_amount(self.amount, currency)
        together = money.format_amount(len(self.dates) * self.amount, currency)
        return f"{count}, {each} each: {together} together."


def why_not(date: Date, viewer: Viewer) -> str:
    """Why a date cannot be chosen, in a few words; empty when it can."""
    gathering, eligibility = date.gathering, date.eligibility
    if eligibility.booking:
        return "a seat is held for you" if eligibility.booking.state == "held" else "you have a seat"
    closed = rules.booking_closed(gathering, eligibility.now)
    if eligibility.is_offered and closed and closed.code == "full":
        return "a seat is offered to you, and you can take it in My gatherings"
    if closed:
        return "full" if closed.code == "full" else closed.title
    if eligibility.overlaps:
        names = join_names(dict.fromkeys(overlap.name for overlap in eligibility.overlaps))
        return f"you have a seat elsewhere at that time, {names}"
    reasons = screening_rules.admission_refusals(
        eligibility.admission, gathering.starts_at, gathering.zone, eligibility.now, viewer
    )
    return reasons[0].text if reasons else ""


def option(date: Date, viewer: Viewer) -> tuple[str, str, str]:
    """A date to be ticked: its value, its words, and how many seats it has left."""
    gathering = date.gathering
    community = plural(gathering.community_left, "community seat") if gathering.community_left > 0 else ""
    left = ", ".join(filter(None, [f"{plural(gathering.seats_left, 'seat')} left", community]))
    return str(date.id), date.day(viewer), left


def common_pass(dates: Sequence[Date], viewer: Viewer) -> OwnPass | None:
    """The pass that can be used for the first of the dates that can be chosen; those it does not reach are refused."""
    return next((date.eligibility.own_pass for date in dates if not why_not(date, viewer)), None)


def seat_choices(
    own_pass: OwnPass | None, zone: str, viewer: Viewer, *, has_community: bool
) -> list[tuple[str, str, str]]:
    """The kinds of seat that can be chosen for all dates: value, words, hint."""
    choices = [("amount", "Choose what you pay", "You choose the amount of each date below.")]
    if own_pass:
        choices.insert(0, ("pass", "Use your pass", own_pass.hint(zone, viewer)))
    if has_community:
        choices.append(("community", "Community seats", COMMUNITY_HINT))
    return choices


def sum_text(dates: Sequence[Date], chosen: Collection[UUID], sent: BookingInput) -> str:
    """What the form says of the sum, before everything of it is decided."""
    picked = tuple(date for date in dates if date.id in chosen)
    try:
        return Order(picked, rules.read_amount(picked[0].gathering.scale, sent) if picked else 0).text
    except Refused as refused:
        return f"{plural(len(picked), 'date')}. {refused.reasons[0].text}"


def same_bookings(dates: Sequence[Date], chosen: Collection[UUID], sent: BookingInput) -> list[ActiveBooking]:
    """The seats that somebody has at every chosen date as they want it now, as after a second press; else none."""
    picked = [date for date in dates if date.id in chosen]
    bookings = [
        date.eligibility.booking
        for date in picked
        if date.eligibility.booking and rules.is_same(date.eligibility.booking, date.gathering, sent)
    ]
    return bookings if len(bookings) == len(chosen) else []


def order(
    dates: Sequence[Date],
    chosen: Collection[UUID],
    sent: BookingInput,
    viewer: Viewer,
    lost: Collection[UUID] = (),
) -> Order:
    """What somebody ordered, when all of it can be booked. lost: dates whose last seat was taken meanwhile.

    Raises OutOfDate when the guidelines changed meanwhile, or Refused with every reason.
    """
    picked = tuple(date for date in dates if date.id in chosen)
    reasons = [
        *_date_refusals(picked, chosen, viewer, lost),
        *_common_refusals(picked or dates[:1], sent, viewer),
    ]
    if any(reason.code == "guidelines_changed" for reason in reasons):
        raise OutOfDate(reasons)
    refuse_if(reasons)
    return Order(picked, rules.read_amount(picked[0].gathering.scale, sent))


def _date_refusals(
    picked: Sequence[Date], chosen: Collection[UUID], viewer: Viewer, lost: Collection[UUID]
) -> Iterator[Reason]:
    """What is wrong with the dates: none, one that is gone or cannot be booked, two at the same time."""
    if not chosen:
        yield Reason("no_date", "Please choose at least one date.", FIELD)
    if len(picked) < len(chosen):
        yield Reason(
            "date_gone", "A date that you chose takes no bookings any more. The others are kept.", FIELD
        )
    for date in picked:
        why = why_not(date, viewer)
        if date.id in lost and why == "full":
            text = f"The last seat on {date.day(viewer)} was taken a moment ago."
            yield Reason("full", f"{text} Nothing was charged, and your other dates are kept.", FIELD)
        elif why:
            yield Reason("date", f"{date.day(viewer)}: {why}. Your other dates are kept.", FIELD)
    for first, second in pairwise(picked):
        if second.gathering.starts_at < first.gathering.ends_at:
            text = f"{first.day(viewer)} and {second.day(viewer)} overlap. Please choose one of them."
            yield Reason("overlap", text, FIELD)


def _common_refusals(picked: Sequence[Date], sent: BookingInput, viewer: Viewer) -> Iterator[Reason]:
    """What is wrong with the kind of seat, the amount, the agreement, or with what is held for them already."""
    if not picked:
        return
    first = picked[0].gathering
    if sent.choice == "community" and not first.scale.is_free:
        yield from _community_refusals(picked, viewer)
    # What is of one date alone is said of each of them above.
    of_all = replace(picked[0].eligibility, booking=None, overlaps=())
    with_seat = replace(first, community_seats=1, community_taken=0)
    for reason in rules.booking_refusals(with_seat, of_all, sent):
        if reason.field or reason.code == "many_held":
            yield reason


def _community_refusals(picked: Sequence[Date], viewer: Viewer) -> Iterator[Reason]:
    none = [date.day(viewer) for date in picked if date.gathering.community_left <= 0]
    if none:
        text = f"No community seat is left on {join_names(none)}. Please choose other dates, or an amount."
        yield Reason("no_community_seat", text, FIELD)
    if len(picked) > MAX_COMMUNITY:
        text = f"Community seats are few, so please choose up to {MAX_COMMUNITY} dates at once. You can add more later."
        yield Reason("many_community", text, FIELD)


SEVERAL_HELD: Final = Reason(
    "many_held",
    "Seats of another booking are held for you and not paid yet. Please pay for them or let them go first: see My "
    "gatherings.",
)
