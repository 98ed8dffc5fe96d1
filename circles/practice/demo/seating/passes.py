"""A circle of the demo community that sells a pass, and somebody who has one."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.practice.demo.money import CURRENCY, HOLD, pay
from circles.practice.demo.plan import Meeting, Plan, Row

CIRCLE: Final = "noon"
USES: Final = 6
WEEKS: Final = 8


def add_pass(plan: Plan) -> None:
    """Add the offer, a pass that was bought three weeks ago, and the seats that were booked with it."""
    meetings = [one for one in plan.meetings_of(CIRCLE) if one.index >= 0 and one.state == "open"]
    offer = _add_offer(plan, meetings[0])
    booked = {row["person_id"] for row in plan.bookings_of(meetings)}
    person = next(one for one in plan.members if one not in booked and one != plan.mira)
    row = _buy(plan, meetings[0], person, offer)
    for place, meeting in enumerate(meetings[1:3], start=1):
        _use(plan, meeting, row, place)


def _add_offer(plan: Plan, meeting: Meeting) -> Row:
    at = plan.now - timedelta(days=60)
    minimum, suggested, maximum = (5 * amount for amount in meeting.circle.scale)
    about: Row = {"circle_id": meeting.circle_id, "number": 1, "is_sold": True, "uses": USES, "weeks": WEEKS}
    about |= {"minimum": minimum, "suggested": suggested, "maximum": maximum, "currency": CURRENCY}
    about |= {"refund_kind": "percent", "refund_percent": 100, "refund_per_use": 0, "refund_weeks": WEEKS}
    offer = plan.add("pass_offers", **about, published_by=meeting.lead, published_at=at)
    plan.event("pass.offered", meeting.circle_id, at, meeting.lead, after="sold", offer=str(offer))
    return plan.find("pass_offers", id=offer)


def _buy(plan: Plan, meeting: Meeting, person: UUID, offer: Row) -> Row:
    at = plan.now - timedelta(days=21)
    paid_at, amount = at + timedelta(minutes=2), offer["suggested"]
    about: Row = {"offer_id": offer["id"], "circle_id": meeting.circle_id, "person_id": person, "uses": USES}
    about |= {"amount": amount, "currency": CURRENCY, "state": "active", "paid_at": paid_at}
    about |= {"created_at": at, "held_until": at + HOLD, "valid_until": paid_at + timedelta(weeks=WEEKS)}
    acceptance = plan.accept(person, plan.versions[meeting.circle_id], at)
    pass_id = plan.add("passes", **about, acceptance_id=acceptance)
    plan.event("pass.held", pass_id, at, person, after="held")
    plan.event("pass.active", pass_id, paid_at, person, "held", "active")
    paid = pay(plan, meeting.circle.discreet_name, pass_id, amount, at, paid_at)
    for table in ("operations", "money_rows"):  # the payment is of the pass, and not of a booking
        for row in plan.rows[table]:
            if row.get("booking_id") == pass_id:
                row["pass_id"] = row.pop("booking_id")
    plan.find("checkouts", id=paid.checkout)["covers"] = "pass"
    plan.add("checkout_lines", checkout_id=paid.checkout, position=1, pass_id=pass_id, amount=amount)
    return plan.find("passes", id=pass_id)


def _use(plan: Plan, meeting: Meeting, row: Row, place: int) -> None:
    """A seat on the pass: the first that is free."""
    at, circle = plan.now - timedelta(days=2), meeting.circle
    taken = {booking["seat"] for booking in plan.bookings_of([meeting], confirmed=True)}
    seat = next(seat for seat in range(1, circle.capacity + 1) if seat not in taken)
    about: Row = {"gathering_id": meeting.id, "person_id": row["person_id"], "seat": seat, "kind": "free"}
    about |= {"amount": 0, "currency": CURRENCY, "scale_minimum": 0, "scale_maximum": 0}
    about |= {"refund_hours": circle.refund_hours, "late_refund_percent": circle.late_refund_percent}
    about |= {"acceptance_id": row["acceptance_id"], "created_at": at, "moves": 0, "held_until": None}
    about |= {"state": "confirmed", "confirmed_at": at, "ended_at": None, "end_cause": ""}
    booking = plan.add("bookings", **about)
    plan.event("booking.confirmed", booking, at, row["person_id"], after="confirmed")
    value = row["amount"] // USES
    plan.add("pass_uses", booking_id=booking, pass_id=row["id"], place=place, value=value, used_at=at)
    plan.event("pass.used", row["id"], at, None, booking=str(booking), place=place)
