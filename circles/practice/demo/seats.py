"""Bookings of the demo community, with their payments and registers. Pure: adds to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.bookings import seat_uid
from circles.invites import invite_fingerprint
from circles.practice.demo.data import Circle
from circles.practice.demo.money import CURRENCY, HOLD, Payment, leave_unpaid, pay, refund
from circles.practice.demo.plan import Meeting, Plan, Row

Kind = Literal["paid", "community", "free"]

# The shares of seats taken at the next gatherings; later ones get the last share.
FULLNESS: Final = (0.8, 0.6, 0.45, 0.25, 0.1)
# Fixed numbers of seats taken, by (circle, index).
EXACTLY: Final = {
    ("tuesday", 0): 8,
    ("tuesday", 1): 7,
    ("open", 0): 5,
    ("open", 1): 4,
    ("noon", 0): 9,
    ("noon", 1): 5,
    ("ember", 0): 10,
    ("table", 0): 8,
    ("hours", 0): 4,
    ("letters", 0): 3,
}
# The gatherings Mira has a seat at: a few past ones, and one in two days.
MIRA: Final = {("tuesday", -4), ("tuesday", -2), ("ember", -2), ("open", -1), ("open", 1)}
HOST: Final = "demo.example.org"
MARKS: Final = ("came",) * 17 + ("absent",) * 2 + ("excused",)


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person booked at one gathering, and when. amount: minor units."""

    meeting: Meeting
    person: UUID
    seat: int
    kind: Kind
    amount: int
    at: datetime
    acceptance: UUID

    @property
    def confirmed_at(self) -> datetime:
        return self.at + timedelta(minutes=2 if self.kind == "paid" else 0)


def fill_seats(plan: Plan) -> None:
    """Fill the gatherings of a plan."""
    regulars = {circle_id: plan.chance.sample(plan.members, 18) for circle_id in plan.versions}
    for meeting in sorted(plan.meetings, key=lambda meeting: meeting.starts_at):
        if meeting.state != "draft":
            _fill(plan, meeting, regulars[meeting.circle_id])


def _fill(plan: Plan, meeting: Meeting, regulars: list[UUID]) -> None:
    """Fill one gathering: the seats taken, then bookings that were canceled or lapsed."""
    taken = _seats_taken(plan, meeting)
    people = plan.chance.sample(regulars, min(len(regulars), taken + 2))
    if (meeting.circle.key, meeting.index) in MIRA:
        people.insert(0, plan.mira)
    sitting, others = people[:taken], people[taken:]
    community = meeting.circle.community_seats
    for number, person in enumerate(sitting, start=1):
        kind, amount = _choice(plan, meeting, person, community)
        community -= kind == "community"
        at = _booked_at(plan, meeting)
        acceptance = plan.accept(person, plan.versions[meeting.circle_id], at)
        chosen = Choice(meeting, person, number, kind, amount, at, acceptance)
        if meeting.state == "cancelled":
            _cancel(plan, chosen, plan.now - timedelta(hours=1), "gathering_cancelled")
        else:
            _seat(plan, chosen)
    if meeting.state == "open":
        _add_ended_bookings(plan, meeting, others)


def _seats_taken(plan: Plan, meeting: Meeting) -> int:
    exactly = EXACTLY.get((meeting.circle.key, meeting.index))
    if exactly is not None:
        return exactly
    full = plan.chance.uniform(0.55, 1.0) if meeting.index < 0 else FULLNESS[min(meeting.index, 4)]
    return max(1, round(meeting.circle.capacity * full))


def _choice(plan: Plan, meeting: Meeting, person: UUID, community: int) -> tuple[Kind, int]:
    """A kind of seat and its amount: a community seat, a free one, or an amount on the scale in whole $5."""
    minimum, suggested, maximum = meeting.circle.scale
    if maximum == 0:
        return "free", 0
    odds = 0.4 if meeting.index < 0 else 0.12  # so that some are left to book
    if community and person != plan.mira and plan.chance.random() < odds:
        return "community", 0
    if minimum == 0 and plan.chance.random() < 0.2:
        return "free", 0
    low = max(minimum, 500)
    chosen = suggested if person == plan.mira else _amount(plan, meeting.circle)
    return "paid", max(low, chosen - chosen % 500)


def _amount(plan: Plan, circle: Circle) -> int:
    """An amount from a shuffled list per circle, so that amounts cover the scale whatever the date."""
    pile = plan.amounts.setdefault(circle.key, [])
    if not pile:
        minimum, suggested, maximum = circle.scale
        low = max(minimum, 500)
        below, above = (low + suggested) // 2, (suggested + maximum) // 2
        pile += [low] * 2 + [below] * 2 + [suggested] * 4 + [above, maximum]
        plan.chance.shuffle(pile)
    return pile.pop()


def _booked_at(plan: Plan, meeting: Meeting) -> datetime:
    """A time in the two weeks before the start, at least two hours ago."""
    latest = min(meeting.starts_at, plan.now) - timedelta(hours=2)
    return latest - timedelta(minutes=round(plan.chance.uniform(0, 12 * 24 * 60)))


def _book(plan: Plan, chosen: Choice, **state: object) -> UUID:
    circle = chosen.meeting.circle
    return plan.add(
        "bookings",
        gathering_id=chosen.meeting.id,
        person_id=chosen.person,
        seat=chosen.seat,
        kind=chosen.kind,
        amount=chosen.amount,
        currency=CURRENCY,
        scale_minimum=circle.scale[0],
        scale_maximum=circle.scale[2],
        refund_hours=circle.refund_hours,
        late_refund_percent=circle.late_refund_percent,
        acceptance_id=chosen.acceptance,
        created_at=chosen.at,
        moves=0,
        held_until=chosen.at + HOLD if chosen.kind == "paid" else None,
        **{"confirmed_at": None, "ended_at": None, "end_cause": ""} | state,
    )


def _confirm(plan: Plan, chosen: Choice, booking: UUID) -> Payment | None:
    if chosen.kind != "paid":
        plan.event("booking.confirmed", booking, chosen.at, chosen.person, after="confirmed")
        return None
    plan.event("booking.held", booking, chosen.at, chosen.person, after="held")
    plan.event("booking.confirmed", booking, chosen.confirmed_at, chosen.person, "held", "confirmed")
    name = chosen.meeting.circle.discreet_name
    return pay(plan, name, booking, chosen.amount, chosen.at, chosen.confirmed_at)


def _seat(plan: Plan, chosen: Choice) -> None:
    booking = _book(plan, chosen, state="confirmed", confirmed_at=chosen.confirmed_at)
    _confirm(plan, chosen, booking)
    if chosen.meeting.ends_at < plan.now:
        _mark(plan, chosen, booking)


def _mark(plan: Plan, chosen: Choice, booking: UUID) -> None:
    meeting, host = chosen.meeting, chosen.meeting.lead
    mark = "came" if chosen.person == plan.mira else plan.chance.choice(MARKS)
    at = meeting.starts_at + timedelta(minutes=plan.chance.randint(1, meeting.circle.length_minutes - 5))
    late = mark == "came" and (chosen.seat + meeting.index) % 9 == 1
    left_early = mark == "came" and (chosen.seat + meeting.index) % 14 == 2
    row = {
        "gathering_id": meeting.id,
        "booking_id": booking,
        "mark": mark,
        "late": late,
        "left_early": left_early,
    }
    plan.mark(row | {"made_at": at, "received_at": at, "made_by": host, "source": "tap"})
    plan.event("attendance.marked", booking, at, host, after=mark)


def _cancel(plan: Plan, chosen: Choice, ended_at: datetime, cause: str) -> None:
    """A confirmed booking that was canceled and refunded in full."""
    dates = {"confirmed_at": chosen.confirmed_at, "ended_at": ended_at}
    booking = _book(plan, chosen, state="cancelled", end_cause=cause, **dates)
    paid = _confirm(plan, chosen, booking)
    actor = chosen.person if cause == "by_member" else chosen.meeting.lead
    plan.event("booking.cancelled", booking, ended_at, actor, "confirmed", "cancelled")
    if paid:
        refund(plan, paid, cause, ended_at)


def _add_ended_bookings(plan: Plan, meeting: Meeting, others: list[UUID]) -> None:
    """At random, one booking canceled in good time, and one that lapsed unpaid."""
    for person, odds, then in zip(others, (0.3, 0.15), (_cancel_early, _lapse), strict=False):
        kind, amount = _choice(plan, meeting, person, 0)
        if person != plan.mira and plan.chance.random() < odds and kind == "paid":
            at = min(meeting.starts_at, plan.now) - timedelta(days=plan.chance.uniform(5, 13))
            acceptance = plan.accept(person, plan.versions[meeting.circle_id], at)
            then(plan, Choice(meeting, person, meeting.circle.capacity, kind, amount, at, acceptance))


def _cancel_early(plan: Plan, chosen: Choice) -> None:
    _cancel(plan, chosen, chosen.at + timedelta(hours=plan.chance.randint(1, 24)), "by_member")


def _lapse(plan: Plan, chosen: Choice) -> None:
    ended_at = chosen.at + HOLD
    booking = _book(plan, chosen, state="lapsed", ended_at=ended_at, end_cause="not_paid")
    plan.event("booking.held", booking, chosen.at, chosen.person, after="held")
    plan.event("booking.lapsed", booking, ended_at, None, "held", "lapsed")
    leave_unpaid(plan, chosen.meeting.circle.discreet_name, booking, chosen.amount, chosen.at)


def send_invites(plan: Plan) -> None:
    """Record the invite of every seat as sent, so that a change is mailed as one, and the end of those that ended."""
    meetings = {meeting.id: meeting for meeting in plan.meetings}
    for booking in plan.rows["bookings"]:
        if booking["state"] in ("confirmed", "cancelled"):
            _send_invite(plan, meetings[booking["gathering_id"]], booking)


def _send_invite(plan: Plan, meeting: Meeting, booking: Row) -> None:
    sent_at = booking["confirmed_at"] + timedelta(minutes=1)
    about = {"gathering_id": meeting.id, "person_id": booking["person_id"]}
    has_ended = booking["state"] == "cancelled"
    changed_at = booking["ended_at"] if has_ended else sent_at
    uid = seat_uid(meeting.id, booking["person_id"], HOST)
    invite = plan.add("invites", **about, uid=uid, changed_at=changed_at, sequence=int(has_ended))
    facts = invite_fingerprint(meeting.starts_at, meeting.ends_at, meeting.circle.discreet_name)
    row = {"invite_id": invite, "booking_id": booking["id"], "facts": facts}
    sendings = plan.rows.setdefault("sendings", [])
    sendings.append(row | {"sent_at": sent_at, "method": "REQUEST", "sequence": 0})
    plan.event("invite.sent", invite, sent_at, None)
    if has_ended:
        sendings.append(row | {"sent_at": changed_at, "method": "CANCEL", "sequence": 1})
        plan.event("invite.withdrawn", invite, changed_at, None)
