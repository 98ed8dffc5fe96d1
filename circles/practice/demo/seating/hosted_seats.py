"""The demo community around the door: somebody who came without a booking, and a seat that was given for cash."""

from __future__ import annotations

from datetime import timedelta

from circles.practice.demo.money import CURRENCY
from circles.practice.demo.plan import Plan

CASH = 2000
WALK_IN = "Wren"


def add_hosted_seats(plan: Plan) -> None:
    """A walk-in on a chair in the room under way, and a community seat of a gathering ahead that was paid in cash."""
    meeting = plan.meeting("open")
    at = min(meeting.starts_at + timedelta(minutes=4), plan.now)
    row = {
        "gathering_id": meeting.id,
        "name": WALK_IN,
        "person_id": None,
        "seat": None,
        "added_by": meeting.lead,
    }
    walk_in = plan.add("walk_ins", **row, added_at=at, removed_at=None, removed_by=None)
    details = {"seat": None, "over": False, "account": False}
    plan.event("walk_in.added", walk_in, at, meeting.lead, after="came", **details)
    _give_for_cash(plan)


def _give_for_cash(plan: Plan) -> None:
    ahead = [meeting for meeting in plan.meetings if meeting.index >= 0 and meeting.circle.scale[2] > 0]
    seats = [seat for seat in plan.bookings_of(ahead, confirmed=True) if seat["kind"] != "paid"]
    if not seats:
        return
    seat = seats[-1]
    lead = next(meeting.lead for meeting in ahead if meeting.id == seat["gathering_id"])
    person, at = plan.find("people", id=seat["person_id"]), seat["created_at"]
    seat.update(kind="free", scale_minimum=0)
    given = {"booking_id": seat["id"], "given_by": lead, "name": person["name"], "email": person["email"]}
    plan.add("given_seats", **given, made_account=False, given_at=at, answered_at=at)
    cash = {
        "booking_id": seat["id"],
        "walk_in_id": None,
        "kind": "received",
        "amount": CASH,
        "currency": CURRENCY,
    }
    noted = plan.add("cash_rows", **cash, at=at, noted_by=lead, note="")
    plan.event("cash.noted", noted, at, lead, after="received")
