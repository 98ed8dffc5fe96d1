"""What pages say of somebody's own place on a waiting list; see bookings/seat_rules.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from circles.base import clock
from circles.base.clock import NOBODY, Viewer
from circles.base.row import Row
from circles.gatherings import MySeat


@dataclass(frozen=True, slots=True)
class OwnWait:
    """Somebody's place on the waiting list of a gathering. is_free: a seat of their line is free for anybody."""

    id: UUID
    state: str
    line: str
    place: int
    offer_ends_at: datetime | None = None
    is_free: bool = False

    @classmethod
    def of(cls, row: Row) -> OwnWait:
        """From a row, or from JSON, whose times and ids are text."""
        ends_at = row["offer_ends_at"]
        if isinstance(ends_at, str):
            ends_at = datetime.fromisoformat(ends_at)
        return cls(
            UUID(str(row["id"])),
            row["state"],
            row["line"],
            row["place"],
            ends_at,
            row["is_free"],
        )


def seat_of_wait(wait: OwnWait, now: datetime, zone: str, viewer: Viewer = NOBODY) -> MySeat | None:
    """How a place on the waiting list is; None for one that ended. may_book: a seat can be taken on its page."""
    if wait.state == "offered":
        return _offered(wait, now, zone, viewer)
    if wait.state != "waiting":
        return None
    if wait.is_free:
        text = "The first to answer has it. You are on the waiting list."
        seat = MySeat("seat_free", "A seat is free just now", text, "Seat free", "first", may_book=True)
        return replace(seat, href=_href(wait), more="See the free seat", waiting=True)
    text = f"{place_text(wait.place, wait.line)}. You get a mail as soon as a seat is offered to you."
    seat = MySeat("waiting", "You are on the waiting list", text, "Waiting list")
    return replace(seat, href=_href(wait), more="See your place", waiting=True)


def _offered(wait: OwnWait, now: datetime, zone: str, viewer: Viewer) -> MySeat:
    if wait.offer_ends_at is None or now >= wait.offer_ends_at:
        text = (
            "The seat is offered to the next person. You keep your place in line, if it was your first offer."
        )
        seat = MySeat("offer_over", "The time for this offer is over", text)
        return replace(seat, href=_href(wait), more="See your place", waiting=True)
    until = clock.format_when(wait.offer_ends_at, zone, viewer)
    text = f"It is kept for you until {until}. If you do not want it, let it go, so that the next person has it sooner."
    seat = MySeat("offered", "A seat is free for you", text, "Seat offered", "first", may_book=True)
    return replace(seat, href=_href(wait), more="See the offer", waiting=True)


def _href(wait: OwnWait) -> str:
    return f"/waits/{wait.id}"


def place_text(place: int, line: str) -> str:
    """Somebody's place in line."""
    where = "You are first in line" if place == 1 else f"You are number {place} in line"
    return f"{where} for a community seat" if line == "community" else where
