"""What public pages say to one visitor about their own seat. Bookings, a layer above, connect the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from circles.base.clock import NOBODY, Viewer
from circles.base.errors import Reason


@dataclass(frozen=True, slots=True)
class GatheringTimes:
    """A gathering as far as it decides about somebody's seat."""

    id: UUID
    state: str
    starts_at: datetime
    ends_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class MySeat:
    """How somebody's seat at a gathering, or their request for one, is now.

    code: the state, see bookings/seat_rules.py. label: a word or two for lists, empty where there is nothing to
    mark; mood: the kind of its badge. href, more: the page that says more, and its link. heading: of that page,
    where it is not the title. may_book: whether one may book (again). waits: the page updates until the state changes.
    waiting: it is a place on the waiting list, and a seat is booked on its own page.
    """

    code: str
    title: str
    text: str = ""
    label: str = ""
    mood: str = ""
    href: str = ""
    more: str = "See your booking"
    heading: str = ""
    may_pay: bool = False
    may_let_go: bool = False
    may_cancel: bool = False
    may_book: bool = False
    waits: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Overlap:
    """A seat somebody has at another gathering at overlapping hours. name: the discreet one."""

    booking_id: UUID
    name: str
    starts_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class VisitorView:
    """One gathering for one visitor.

    admission: what one meets before booking, in sentences. refusals: why this person cannot book it now, although
    there are seats. asks: whether they send the hosts a request instead of booking.
    """

    seat: MySeat | None = None
    admission: tuple[str, ...] = ()
    refusals: tuple[Reason, ...] = ()
    asks: bool = False
    overlaps: tuple[Overlap, ...] = ()


class SeatRules(Protocol):
    """What decides how a visitor's own seat is: pure functions of bookings, which are a layer above.

    own: what the SQL function own_seat says; admission: a row of admission_to, with the number of newcomers.
    """

    def seat(self, own: Mapping[str, Any], viewer: Viewer) -> MySeat | None: ...

    def view(self, row: Mapping[str, Any], viewer: Viewer, *, signed_in: bool) -> VisitorView: ...

    def circle_notes(self, admission: Mapping[str, Any]) -> tuple[str, ...]: ...


_rules: SeatRules | None = None


def set_seat_rules(rules: SeatRules) -> None:
    """Set what decides how a visitor's own seat is. Called by app.connect_features."""
    global _rules
    _rules = rules


def seat_rules() -> SeatRules:
    """What decides how a visitor's own seat is. Raises RuntimeError before they are connected."""
    if _rules is None:
        raise RuntimeError("the rules of own seats are not connected; app.connect_features does it")
    return _rules


def own_mark(own: Mapping[str, Any] | None) -> tuple[str, str]:
    """The label and its mood that mark an own seat in a list; both empty where there is none."""
    seat = seat_rules().seat(own, NOBODY) if own else None
    return (seat.label, seat.mood) if seat else ("", "")
