"""Second versions of the demo community's guidelines: an editorial change, a material change, a draft. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row

# How many members have not agreed to the material change yet.
WAITING: Final = 2


def change_guidelines(plan: Plan) -> None:
    """Publish second versions, date later bookings' acceptances to them, and request agreement from the others."""
    texts = data.community()["guidelines"]
    clearer = _publish(plan, texts["clearer"])
    _add_draft(plan, clearer, texts["draft"])
    _ask_again(plan, texts["touch"]["circle"], _publish(plan, texts["touch"]))


def _publish(plan: Plan, change: Row) -> Row:
    """Add the second version, and acceptances of it by those who booked after it was published."""
    meetings = plan.meetings_of(change["circle"])
    first = plan.find("guidelines_versions", id=plan.versions[meetings[0].circle_id])
    at = plan.now - timedelta(days=change["days_ago"])
    body = first["body"].replace(change["before"], change["after"])
    version = plan.publish_guidelines(
        *(first["guidelines_id"], 2, meetings[0].lead, at),
        body=body,
        material=change["material"],
        why=change["why"],
    )
    for booking in plan.bookings_of(meetings):
        if booking["created_at"] >= at:
            booking["acceptance_id"] = plan.accept(booking["person_id"], version, booking["created_at"])
    return plan.rows["guidelines_versions"][-1]


def _add_draft(plan: Plan, version: Row, change: Row) -> None:
    """A third version in the making, saved yesterday."""
    at, lead, about = plan.now - timedelta(days=1), version["published_by"], version["guidelines_id"]
    body = version["body"].replace(change["before"], change["after"])
    plan.add("guidelines_drafts", guidelines_id=about, body=body, saved_at=at, saved_by=lead)
    plan.event("guidelines.drafted", about, at, lead, after="1")


def _ask_again(plan: Plan, key: str, version: Row) -> None:
    """Request agreement from members with a seat ahead; all but WAITING have agreed since."""
    ahead = [meeting for meeting in plan.meetings_of(key) if meeting.ends_at > plan.now]
    at, same = version["published_at"], ("confirmed", "confirmed")
    to_ask = {
        booking["person_id"]: booking["id"]
        for booking in plan.bookings_of(ahead, confirmed=True)
        if (booking["person_id"], version["id"]) not in plan.accepted
    }
    for number, (person, booking) in enumerate(to_ask.items()):
        plan.add("guidelines_asked", person_id=person, version_id=version["id"], asked_at=at)
        plan.event("booking.asked_to_agree", booking, at, None, *same)
        if number >= WAITING:
            agreed_at = at + timedelta(hours=3 + number)
            plan.accept(person, version["id"], agreed_at)
            plan.event("booking.agreed_again", booking, agreed_at, person, *same)
