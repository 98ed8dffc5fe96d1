"""Who of the demo community sits where: bookings, what was paid, and the registers. Pure: adds to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.invites import invite_fingerprint, invite_uid
from circles.practice.demo.data import Circle
from circles.practice.demo.money import CURRENCY, HOLD, Payment, leave_unpaid, pay, refund
from circles.practice.demo.plan import Meeting, Plan

Kind = Literal["paid", "community", "free"]

# How full the next gatherings are; what lies further ahead has fewer bookings.
FULLNESS: Final = (0.8, 0.6, 0.45, 0.25, 0.1)
# Seats taken where chance shall have no say: (circle, index).
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
# Where Mira sits: a few past ones, and one in two days.
MIRA: Final = {("tuesday", -4), ("tuesday", -2), ("ember", -2), ("open", -1), ("open", 1)}
HOST: Final = "demo.example.org"
MARKS: Final = ("came",) * 17 + ("absent",) * 2 + ("excused",)


@dataclass(frozen=True, slots=True)
class Place:
    """What one person chose at one gathering."""

    meeting: Meeting
    person: UUID
    seat: int
    kind: Kind
    amount: int


def fill_seats(plan: Plan) -> None:
    """Fill the gatherings of a plan."""
    regulars = {circle_id: plan.chance.sample(plan.members, 18) for circle_id in plan.versions}
    for meeting in sorted(plan.meetings, key=lambda each: each.starts_at):
        if meeting.state != "draft":
            _fill(plan, meeting, regulars[meeting.circle_id])


def _fill(plan: Plan, meeting: Meeting, regulars: list[UUID]) -> None:
    """One gathering: those with a seat, then whoever gave one back or never paid for it."""
    taken = _how_many(plan, meeting)
    people = plan.chance.sample(regulars, min(len(regulars), taken + 2))
    if (meeting.circle.key, meeting.index) in MIRA:
        people.insert(0, plan.mira)
    sitting, others = people[:taken], people[taken:]
    community = meeting.circle.community_seats
    for number, person in enumerate(sitting, start=1):
        kind, amount = _choice(plan, meeting, person, community)
        community -= kind == "community"
        place = Place(meeting, person, number, kind, amount)
        booked_at = _booked_at(plan, meeting)
        acceptance = plan.accept(person, plan.versions[meeting.circle_id], booked_at)
        if meeting.state == "cancelled":
            _called_off(plan, place, booked_at, acceptance)
        else:
            _sit(plan, place, booked_at, acceptance)
    if meeting.state == "open":
        _also_wanted(plan, meeting, others)


def _how_many(plan: Plan, meeting: Meeting) -> int:
    exactly = EXACTLY.get((meeting.circle.key, meeting.index))
    if exactly is not None:
        return exactly
    full = plan.chance.uniform(0.55, 1.0) if meeting.index < 0 else FULLNESS[min(meeting.index, 4)]
    return max(1, round(meeting.circle.capacity * full))


def _choice(plan: Plan, meeting: Meeting, person: UUID, community: int) -> tuple[Kind, int]:
    """What somebody pays: a community seat, nothing where that is asked, or a place on the scale in whole $5."""
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
    """An amount from a shuffled pile per circle, so that all over the scale somebody pays, whatever the date."""
    pile = plan.amounts.setdefault(circle.key, [])
    if not pile:
        minimum, suggested, maximum = circle.scale
        low = max(minimum, 500)
        below, above = (low + suggested) // 2, (suggested + maximum) // 2
        pile += [low] * 2 + [below] * 2 + [suggested] * 4 + [above, maximum]
        plan.chance.shuffle(pile)
    return pile.pop()


def _booked_at(plan: Plan, meeting: Meeting) -> datetime:
    """Some time in the two weeks before the start, and never later than two hours ago."""
    latest = min(meeting.starts_at, plan.now) - timedelta(hours=2)
    return latest - timedelta(minutes=round(plan.chance.uniform(0, 12 * 24 * 60)))


def _book(plan: Plan, place: Place, at: datetime, acceptance: UUID, **state: object) -> UUID:
    circle = place.meeting.circle
    return plan.add(
        "bookings",
        gathering_id=place.meeting.id,
        person_id=place.person,
        seat=place.seat,
        kind=place.kind,
        amount=place.amount,
        currency=CURRENCY,
        scale_minimum=circle.scale[0],
        scale_maximum=circle.scale[2],
        refund_hours=circle.refund_hours,
        late_refund_percent=circle.late_refund_percent,
        acceptance_id=acceptance,
        created_at=at,
        held_until=at + HOLD if place.kind == "paid" else None,
        **{"confirmed_at": None, "ended_at": None, "end_cause": ""} | state,
    )


def _confirm(plan: Plan, place: Place, at: datetime, booking: UUID) -> Payment | None:
    """The seat is theirs: at once, or two minutes later when there was something to pay."""
    if place.kind != "paid":
        plan.event("booking.confirmed", booking, at, place.person, after="confirmed")
        return None
    plan.event("booking.held", booking, at, place.person, after="held")
    paid_at = at + timedelta(minutes=2)
    plan.event("booking.confirmed", booking, paid_at, place.person, "held", "confirmed")
    return pay(plan, place.meeting.circle.discreet_name, booking, place.amount, at, paid_at)


def _sit(plan: Plan, place: Place, at: datetime, acceptance: UUID) -> None:
    confirmed_at = at + timedelta(minutes=2 if place.kind == "paid" else 0)
    booking = _book(plan, place, at, acceptance, state="confirmed", confirmed_at=confirmed_at)
    _confirm(plan, place, at, booking)
    if place.meeting.ends_at < plan.now:
        _mark(plan, place, booking)


def _mark(plan: Plan, place: Place, booking: UUID) -> None:
    """The register was kept during the gathering."""
    meeting = place.meeting
    host = meeting.lead
    mark = "came" if place.person == plan.mira else plan.chance.choice(MARKS)
    at = meeting.starts_at + timedelta(minutes=plan.chance.randint(1, meeting.circle.length_minutes - 5))
    plan.add("attendance", booking_id=booking, mark=mark, marked_by=host, marked_at=at)
    plan.event("attendance.marked", booking, at, host, after=mark)


def _end(plan: Plan, place: Place, at: datetime, acceptance: UUID, ended_at: datetime, cause: str) -> None:
    """A confirmed seat given back, with all of its money."""
    booking = _book(
        plan,
        place,
        at,
        acceptance,
        state="cancelled",
        confirmed_at=at + timedelta(minutes=2 if place.kind == "paid" else 0),
        ended_at=ended_at,
        end_cause=cause,
    )
    paid = _confirm(plan, place, at, booking)
    who = place.person if cause == "by_member" else place.meeting.lead
    plan.event("booking.cancelled", booking, ended_at, who, "confirmed", "cancelled")
    if paid:
        refund(plan, paid, cause, ended_at)


def _called_off(plan: Plan, place: Place, at: datetime, acceptance: UUID) -> None:
    """The host cancelled this gathering an hour ago."""
    _end(plan, place, at, acceptance, plan.now - timedelta(hours=1), "gathering_cancelled")


def _also_wanted(plan: Plan, meeting: Meeting, others: list[UUID]) -> None:
    """Now and then somebody gave their seat back in good time, and somebody else never paid."""
    for person, odds, then in zip(others, (0.3, 0.15), (_gave_back, _never_paid), strict=False):
        kind, amount = _choice(plan, meeting, person, 0)
        if person != plan.mira and plan.chance.random() < odds and kind == "paid":
            at = min(meeting.starts_at, plan.now) - timedelta(days=plan.chance.uniform(5, 13))
            acceptance = plan.accept(person, plan.versions[meeting.circle_id], at)
            then(plan, Place(meeting, person, meeting.circle.capacity, kind, amount), at, acceptance)


def _gave_back(plan: Plan, place: Place, at: datetime, acceptance: UUID) -> None:
    _end(plan, place, at, acceptance, at + timedelta(hours=plan.chance.randint(1, 24)), "by_member")


def _never_paid(plan: Plan, place: Place, at: datetime, acceptance: UUID) -> None:
    """Went to the checkout and left it open until it ended."""
    ended_at = at + HOLD
    booking = _book(plan, place, at, acceptance, state="lapsed", ended_at=ended_at, end_cause="not_paid")
    plan.event("booking.held", booking, at, place.person, after="held")
    plan.event("booking.lapsed", booking, ended_at, None, "held", "lapsed")
    leave_unpaid(plan, place.meeting.circle.discreet_name, booking, place.amount, at)


def send_invites(plan: Plan) -> None:
    """Every confirmed seat ahead has had its invite, so that a change is sent as a change."""
    for meeting in (each for each in plan.meetings if each.index >= 0):
        for booking in plan.bookings_of([meeting], confirmed=True):
            sent_at = booking["confirmed_at"] + timedelta(minutes=1)
            uid = invite_uid(meeting.id, booking["person_id"], HOST)
            about = {"gathering_id": meeting.id, "person_id": booking["person_id"]}
            invite = plan.add("invites", **about, uid=uid, changed_at=sent_at)
            facts = invite_fingerprint(meeting.starts_at, meeting.ends_at, meeting.circle.discreet_name)
            row = {"invite_id": invite, "booking_id": booking["id"], "facts": facts, "sent_at": sent_at}
            plan.rows.setdefault("sendings", []).append(row | {"method": "REQUEST", "sequence": 0})
            plan.event("invite.sent", invite, sent_at, None)
