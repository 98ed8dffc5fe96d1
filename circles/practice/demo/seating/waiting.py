"""Waiting lists in the demo community: a line at a full gathering, and a seat that is offered to somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from circles.bookings import offer_ends_at
from circles.practice.demo.money import CURRENCY
from circles.practice.demo.plan import Meeting, Plan

FULL: Final = "tuesday"
OFFERED: Final = "table"
LINES: Final = ("amount", "community", "amount")


def add_waiting(plan: Plan) -> None:
    """Add three people who wait at a full gathering, and one who is offered a seat at another."""
    full, offered = plan.meeting(FULL), plan.meeting(OFFERED)
    for number, (person, line) in enumerate(zip(_known(plan, full), LINES, strict=False)):
        _wait(plan, full, person, line, hours=50 - 11 * number)
    taken = {row["seat"] for row in plan.bookings_of([offered]) if row["state"] in ("held", "confirmed")}
    free = [number for number in range(1, offered.circle.capacity + 1) if number not in taken]
    at = plan.now - timedelta(hours=2)
    ends_at = offer_ends_at(at, offered.starts_at)
    if free and ends_at > plan.now:
        offer: dict[str, Any] = {
            "state": "offered",
            "seat": free[0],
            "offered_at": at,
            "offer_ends_at": ends_at,
        }
        _wait(plan, offered, _known(plan, offered)[0], "amount", hours=30, **offer)


def _known(plan: Plan, meeting: Meeting) -> list[UUID]:
    """Those who had a seat in the circle before, and never one at this gathering."""
    here = {row["person_id"] for row in plan.bookings_of([meeting])}
    past = [one for one in plan.meetings_of(meeting.circle.key) if one.index < 0]
    people = [row["person_id"] for row in plan.bookings_of(past, confirmed=True)]
    return [person for person in dict.fromkeys(people) if person not in here | {plan.mira}]


def _wait(plan: Plan, meeting: Meeting, person: UUID, line: str, *, hours: int, **more: Any) -> None:
    _, suggested, _ = meeting.circle.scale
    at = plan.now - timedelta(hours=hours)
    waiting: dict[str, Any] = {"state": "waiting", "seat": None, "offered_at": None, "offer_ends_at": None}
    plan.add(
        "waits",
        gathering_id=meeting.id,
        person_id=person,
        line=line,
        amount=suggested if line == "amount" else 0,
        currency=CURRENCY,
        acceptance_id=plan.accept(person, plan.versions[meeting.circle_id], at),
        joined_at=at,
        moved_at=at,
        **waiting | more,
    )
