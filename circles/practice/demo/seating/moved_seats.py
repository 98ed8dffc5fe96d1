"""The demo community has a seat that its member moved to a later date of the same circle."""

from __future__ import annotations

from datetime import datetime, timedelta

from circles.practice.demo.plan import Plan, Row


def add_moved_seat(plan: Plan) -> None:
    """One paid seat ahead was booked for the date before, where its person has none, and moved an hour later."""
    ahead = [meeting for meeting in plan.meetings if meeting.starts_at > plan.now]
    booked = {(seat["gathering_id"], seat["person_id"]) for seat in plan.bookings_of(ahead, confirmed=False)}
    for seat in plan.bookings_of(ahead, confirmed=True):
        meeting = next(one for one in ahead if one.id == seat["gathering_id"])
        before = [
            one
            for one in ahead
            if one.circle == meeting.circle
            and one.starts_at < meeting.starts_at
            and (one.id, seat["person_id"]) not in booked
        ]
        at = seat["confirmed_at"] + timedelta(hours=1)
        if seat["kind"] == "paid" and seat["person_id"] != plan.mira and before and at < plan.now:
            seat["moves"] = 1
            plan.event(
                "booking.moved",
                seat["id"],
                at,
                seat["person_id"],
                "confirmed",
                "confirmed",
                **{"from": str(before[-1].id), "to": str(meeting.id), "by": "member"},
            )
            _send_once_more(plan, seat, at)
            return


def _send_once_more(plan: Plan, seat: Row, at: datetime) -> None:
    """The calendar entry followed the move."""
    invite = plan.find("invites", gathering_id=seat["gathering_id"], person_id=seat["person_id"])
    first = plan.find("sendings", invite_id=invite["id"])
    invite.update(sequence=1, changed_at=at)
    plan.rows["sendings"].append(first | {"sent_at": at, "sequence": 1})
    plan.event("invite.sent", invite["id"], at, None)
