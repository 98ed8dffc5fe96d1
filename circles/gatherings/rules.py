"""Circles and gatherings as visitors and bookings need them: formats, seats, terms, when booking is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from circles.base import clock
from circles.base.english import Labels

FORMATS = Labels(
    {"facilitated": "Facilitated circle", "ceremony": "Ceremony-style", "peer": "Informal peer support"}
)
PLACES = Labels({"online": "Online", "in_person": "In person"})


# A room can be opened this long before the start, so that its host has time to prepare.
ROOM_OPENS_BEFORE = timedelta(hours=1)


def place_words(place: str, city: str) -> str:
    """Where a circle meets, within a sentence: "online", "in person in Denver"."""
    return "online" if place == "online" else f"in person in {city}"


# Somebody who cancels so soon after paying gets all of it back whatever the terms, unless the start is so near.
GRACE: Final = timedelta(minutes=30)
GRACE_ENDS_BEFORE: Final = timedelta(hours=1)


def terms_words(refund_hours: int, late_refund_percent: int) -> str:
    """What is refunded to somebody who cancels, in one or two sentences."""
    if refund_hours == 0 or late_refund_percent == 100:
        return "Cancel any time before the start and all you paid comes back."
    until = "1 hour" if refund_hours == 1 else clock.format_span(timedelta(hours=refund_hours))
    first = f"Cancel {until} or more before the start and all you paid comes back."
    grace = ""
    if timedelta(hours=refund_hours) > GRACE_ENDS_BEFORE:
        grace = " Within 30 minutes of paying all of it comes back too, unless the start is less than an hour away."
    if late_refund_percent == 0:
        return f"{first} After that, nothing comes back.{grace}"
    share = "half" if late_refund_percent == 50 else f"{late_refund_percent} percent"
    return f"{first} After that, {share} of it comes back.{grace}"


class Seats:
    """Anything with a capacity and community seats: how many are free."""

    __slots__ = ()

    capacity: int
    seats_taken: int
    community_seats: int
    community_taken: int

    @property
    def seats_left(self) -> int:
        """How many seats are free."""
        return self.capacity - self.seats_taken

    @property
    def community_left(self) -> int:
        """How many community seats can still be given."""
        return min(self.community_seats - self.community_taken, self.seats_left)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a gathering takes no booking: a code, a title and what to do."""

    code: str
    title: str
    text: str


def why_closed(
    state: str, starts_at: datetime, seats_left: int, now: datetime, circle_state: str = "published"
) -> Closed | None:
    """Why no seat can be booked here now, or None when one can. Booking closes at the start."""
    if state == "cancelled":
        return Closed(
            "cancelled",
            "This gathering was canceled",
            "Everybody with a seat was told, and all they paid is on its way back. The circle goes on.",
        )
    if circle_state != "published":
        return Closed("not_open", "Booking is closed", "This circle takes no bookings at present.")
    if starts_at <= now:
        return Closed("past", "This gathering has begun or is over", "Booking closes at the start.")
    if seats_left <= 0:
        return Closed(
            "full",
            "Every seat is taken",
            "Sometimes a seat comes free again. Join the waiting list, and it is offered to you when it is your turn.",
        )
    return None


def room_is_open(opened_at: datetime | None, starts_at: datetime) -> bool:
    """Whether the room was opened for this start. After a move to a later time it has to be opened again."""
    return opened_at is not None and opened_at >= starts_at - ROOM_OPENS_BEFORE
