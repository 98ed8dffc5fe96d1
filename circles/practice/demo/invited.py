"""What the demo community's members have in their calendars: the invite each was sent for a seat ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.invites import invite_facts, invite_uid
from circles.practice.demo.plan import Meeting, Plan, Row

HOST: Final = "demo.example.org"


def invite(plan: Plan) -> None:
    """Note that every confirmed seat ahead was told, so that a change of its evening is told as a change."""
    ahead = {each.id: each for each in plan.meetings if each.index >= 0}
    for booking in plan.rows["bookings"]:
        if booking["state"] == "confirmed" and booking["gathering_id"] in ahead:
            _sent(plan, booking, ahead[booking["gathering_id"]])


def _sent(plan: Plan, booking: Row, meeting: Meeting) -> None:
    sent_at = booking["confirmed_at"] + timedelta(minutes=1)
    invite_id = plan.add(
        "invites",
        gathering_id=meeting.id,
        person_id=booking["person_id"],
        uid=invite_uid(meeting.id, booking["person_id"], HOST),
        changed_at=sent_at,
    )
    plan.add(
        "sendings",
        invite_id=invite_id,
        booking_id=booking["id"],
        facts=invite_facts(meeting.starts_at, meeting.ends_at, meeting.circle.discreet_name),
        sent_at=sent_at,
    )
    plan.event("invite.sent", invite_id, sent_at, None, ("", ""))
