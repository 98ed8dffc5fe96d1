"""How the guidelines of the demo community changed: a clearer sentence, a change that matters, a draft. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.practice.demo.plan import Meeting, Plan, Row


@dataclass(frozen=True, slots=True)
class Change:
    """The second version of a circle's guidelines: which words became which, and what its publisher said."""

    circle: str
    before: str
    after: str
    days_ago: int
    material: bool
    why: str


CLEARER: Final = Change(
    "tuesday",
    "so that the circle can settle.",
    "so that the circle can settle. If something holds you up, write to the facilitator before the start.",
    21,
    False,
    "Two people asked what to do when a train is late.",
)
TOUCH: Final = Change(
    "ember",
    "No touching without asking first and hearing a clear yes. That goes for a hug at the door too.",
    "Nobody touches anybody while the ceremony lasts. Before and after it, ask first and wait for a clear yes.",
    3,
    True,
    "Some of us asked for plainer words about touch while the music plays.",
)
DRAFT: Final = (
    "with headphones if you share a home,",
    "with headphones if you share a home, and never from a train or a café,",
)
# So many have not yet agreed to what changed in TOUCH.
WAITING: Final = 2


def agree(plan: Plan) -> None:
    """Publish second versions, have those who booked since rest on them, and ask the others again."""
    clearer = _publish(plan, CLEARER)
    _rest_on(plan, CLEARER, clearer)
    _draft(plan, clearer)
    touch = _publish(plan, TOUCH)
    _rest_on(plan, TOUCH, touch)
    _ask_again(plan, TOUCH, touch)


def _meetings(plan: Plan, key: str) -> dict[UUID, Meeting]:
    return {each.id: each for each in plan.meetings if each.circle.key == key}


def _at(plan: Plan, change: Change) -> datetime:
    return plan.now - timedelta(days=change.days_ago)


def _publish(plan: Plan, change: Change) -> Row:
    meeting = next(iter(_meetings(plan, change.circle).values()))
    first = next(
        row for row in plan.rows["guidelines_versions"] if row["id"] == plan.versions[meeting.circle_id]
    )
    at, lead = _at(plan, change), plan.hosts[meeting.circle.lead]
    version = plan.add(
        "guidelines_versions",
        guidelines_id=first["guidelines_id"],
        number=2,
        body=first["body"].replace(change.before, change.after),
        published_at=at,
        published_by=lead,
        material=change.material,
        why=change.why,
    )
    plan.event("guidelines.published", first["guidelines_id"], at, lead, ("", str(version)))
    return plan.rows["guidelines_versions"][-1]


def _accept(plan: Plan, person: UUID, version: Row, at: datetime) -> UUID:
    row = plan.accepted.get((person, version["id"]))
    if row is None:
        plan.add("acceptances", person_id=person, version_id=version["id"], accepted_at=at)
        row = plan.accepted[person, version["id"]] = plan.rows["acceptances"][-1]
    row["accepted_at"] = min(row["accepted_at"], at)
    return row["id"]


def _bookings(plan: Plan, change: Change) -> Iterable[tuple[dict[str, Any], Meeting]]:
    meetings = _meetings(plan, change.circle)
    return [
        (row, meetings[row["gathering_id"]])
        for row in plan.rows["bookings"]
        if row["gathering_id"] in meetings
    ]


def _rest_on(plan: Plan, change: Change, version: Row) -> None:
    """Whoever booked after it was published agreed to it then."""
    for booking, _ in _bookings(plan, change):
        if booking["created_at"] >= version["published_at"]:
            booking["acceptance_id"] = _accept(plan, booking["person_id"], version, booking["created_at"])


def _draft(plan: Plan, version: Row) -> None:
    """A third version in the making, saved yesterday."""
    at, lead = plan.now - timedelta(days=1), version["published_by"]
    plan.add(
        "guidelines_drafts",
        guidelines_id=version["guidelines_id"],
        body=version["body"].replace(*DRAFT),
        saved_at=at,
        saved_by=lead,
    )
    plan.event("guidelines.drafted", version["guidelines_id"], at, lead, ("", "1"))


def _ask_again(plan: Plan, change: Change, version: Row) -> None:
    """Those who had a seat ahead were asked; all but a few have agreed since."""
    asked = {
        booking["person_id"]: booking
        for booking, meeting in _bookings(plan, change)
        if booking["state"] == "confirmed"
        and meeting.ends_at > plan.now
        and (booking["person_id"], version["id"]) not in plan.accepted
    }
    for number, (person, booking) in enumerate(asked.items()):
        plan.add(
            "guidelines_asked", person_id=person, version_id=version["id"], asked_at=version["published_at"]
        )
        plan.event(
            "booking.asked_to_agree", booking["id"], version["published_at"], None, ("confirmed", "confirmed")
        )
        if number >= WAITING:
            at = version["published_at"] + timedelta(hours=3 + number)
            _accept(plan, person, version, at)
            plan.event("booking.agreed_again", booking["id"], at, person, ("confirmed", "confirmed"))
