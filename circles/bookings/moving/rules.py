"""Rules of moving a seat: what it needs, why it is refused, and which refund terms hold afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base.errors import Reason
from circles.base.row import Row
from circles.bookings import end_rules, rules
from circles.bookings.end_rules import Refund
from circles.bookings.rules import Eligibility
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import BookableGathering

# How often a member may move one seat, so that no seat wanders through a calendar while others wait.
MAX_MOVES: Final = 5

FULL_THERE: Final = Reason(
    "full",
    "Every seat at that date is taken by now. Your seat here is still yours. Please choose another date.",
)
_OTHER_CIRCLE: Final = Reason(
    "other_circle", "That date is of another circle. A seat can be moved to another date of its own circle."
)
_BOOKED_THERE: Final = Reason(
    "booked_there", "There is a seat at that date already. Please choose another one."
)
_NO_COMMUNITY_SEAT: Final = Reason(
    "no_community_seat",
    "The community seats of that date are taken. Your seat here is still yours. Please choose another date.",
)
_MOVED_OFTEN: Final = Reason(
    "moved_often",
    f"This seat was moved {MAX_MOVES} times already. Please ask your host to move it, or cancel it and book anew.",
)
NO_REASON: Final = Reason(
    "no_reason", "Please write a line that says why. The person reads it in their mail.", "reason"
)


def seat_refusals(state: str, starts_at: datetime, moves: int, now: datetime) -> list[Reason]:
    """Why a seat cannot be moved anywhere. moves: how often its member moved it."""
    if state == "held":
        text = "This seat is not paid yet. Pay for it first, or let it go and book the other date."
        return [Reason("not_paid_yet", text)]
    if state != "confirmed":
        return [Reason("ended_already", "This booking has ended, so there is no seat to move.")]
    if starts_at <= now:
        return [Reason("has_begun", "The gathering has begun, so its seats can no longer be moved.")]
    return [_MOVED_OFTEN] if moves >= MAX_MOVES else []


def date_refusals(row: Row, gathering: BookableGathering, eligibility: Eligibility) -> list[Reason]:
    """Why the seat of a booking cannot move to this gathering. row: of `transitions.lock`."""
    if gathering.circle_id != row["circle_id"]:
        return [_OTHER_CIRCLE]
    if eligibility.booking:
        return [_BOOKED_THERE]
    closed = rules.booking_closed(gathering, eligibility.now)
    if closed:
        return [
            FULL_THERE if closed.code == "full" else Reason(closed.code, f"{closed.title}. {closed.text}")
        ]
    if row["kind"] == "community" and gathering.community_left <= 0:
        return [_NO_COMMUNITY_SEAT]
    return []


def member_refusals(
    row: Row,
    gathering: BookableGathering,
    eligibility: Eligibility,
    *,
    both: Collection[UUID],
    version_id: UUID | None,
    agreed: bool,
) -> list[Reason]:
    """What else keeps a member from moving their own seat: whom the circle admits there, overlaps, the guidelines."""
    reasons = screening_rules.admission_refusals(
        eligibility.admission, gathering.starts_at, gathering.zone, eligibility.now
    )
    others = [overlap for overlap in eligibility.overlaps if overlap.booking_id != row["id"]]
    reasons += rules.overlap_refusals(others, both)
    if row["must_agree"]:
        reasons += rules.guidelines_refusals(eligibility.version_id, version_id, agreed=agreed)
    return reasons


def terms_start_after(row: Row) -> datetime | None:
    """The start that the refund terms of a booking count from once it moves; None: that of its new gathering.

    Moving never improves what would be refunded: where the time for a full refund has passed, it stays passed.
    """
    counted = row["terms_start"] or row["starts_at"]
    passed = counted - row["now"] < timedelta(hours=row["refund_hours"])
    return counted if passed else None


def refund_after(row: Mapping[str, Any], gathering: BookableGathering) -> Refund:
    """What canceling would refund right after a member moved the seat of this booking to a gathering."""
    full_until = row["full_refund_until"]
    values = {
        **row,
        "starts_at": gathering.starts_at,
        "terms_start": terms_start_after(row),
        "full_refund_until": min(full_until, gathering.starts_at) if full_until else None,
    }
    return end_rules.refund_for(values)
