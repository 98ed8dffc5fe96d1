"""How the guidelines of the demo community changed: a clearer sentence, a change that matters, a draft. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row

# So many have not yet agreed to the change that matters.
WAITING: Final = 2


def change_guidelines(plan: Plan) -> None:
    """Publish second versions, have those who booked since rest on them, and ask the others again."""
    texts = data.community()["guidelines"]
    clearer = _publish(plan, texts["clearer"])
    _add_draft(plan, clearer, texts["draft"])
    _ask_again(plan, texts["touch"]["circle"], _publish(plan, texts["touch"]))


def _publish(plan: Plan, change: Row) -> Row:
    """The second version; whoever booked after it was published agreed to it then."""
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
    """Those who had a seat ahead were asked; all but a few have agreed since."""
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
