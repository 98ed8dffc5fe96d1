"""People, circles and gatherings of the demo community. Pure: rows for the tables, no I/O.

The same every time but for today's date, from which every other date is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from circles import guidelines
from circles.base import clock
from circles.practice.demo import data
from circles.practice.demo.data import Circle
from circles.practice.demo.nights import at_a_clock_change, oddity

Row = dict[str, Any]
ZONES: Final = ("America/New_York", "America/Chicago", "America/Los_Angeles")

# Columns of a circle that are copied from its data.
AS_PLANNED: Final = (
    *("name", "discreet_name", "purpose", "format", "place", "city", "address", "join_link", "zone"),
    *("capacity", "length_minutes", "community_seats", "refund_hours", "late_refund_percent", "state"),
)

# The open hour has no fixed day: (days from today, time of day).
OPEN_PAST: Final = ((-24, "19:00"), (-18, "12:00"), (-13, "20:00"), (-9, "18:30"), (-4, "09:00"))
OPEN_AHEAD: Final = ((2, "18:30"), (6, "12:00"), (9, "20:00"), (15, "18:30"), (20, "09:00"))

# Gatherings that are not simply open: (circle, index).
STATES: Final = {("noon", 1): "cancelled", ("tuesday", 4): "draft"}


@dataclass(frozen=True, slots=True)
class Meeting:
    """One gathering to come or past. index: 0 is the next one (or the one now), -1 the one before."""

    id: UUID
    circle: Circle
    circle_id: UUID
    lead: UUID
    starts_at: datetime
    ends_at: datetime
    index: int
    state: str


class Plan:
    """The rows of the demo community by table, and indexes that later steps need."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(second=0, microsecond=0)
        self.chance = Random("a community of circles")  # noise for a demonstration, no secret
        self.rows: dict[str, list[Row]] = {}
        self.hosts: dict[str, UUID] = {}
        self.members: list[UUID] = []
        self.mira = self.id()
        self.odile = self.mira
        self.meetings: list[Meeting] = []
        self.versions: dict[UUID, UUID] = {}  # of the guidelines, by circle
        self.amounts: dict[str, list[int]] = {}  # what the next to pay choose, by circle
        self.accepted: dict[tuple[UUID, UUID], Row] = {}  # the acceptances, by person and version

    def id(self) -> UUID:
        """The next id; the same in every demo community."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    def add(self, table: str, **row: Any) -> UUID:
        """Add a row. Returns its id, made here when none is given; tables without one leave it out."""
        row = {"id": row.get("id") or self.id(), **row}
        self.rows.setdefault(table, []).append(row)
        return row["id"]

    def mark(self, row: Row) -> None:
        """Add a mark of a register; triggers make the attendance of it."""
        self.rows.setdefault("register_marks", []).append(row)

    def find(self, table: str, **values: Any) -> Row:
        """The first row of a table with these values. Raises StopIteration when there is none."""
        return next(row for row in self.rows[table] if values.items() <= row.items())

    def event(
        self,
        kind: str,
        about: UUID,
        at: datetime,
        actor: UUID | None,
        before: str = "",
        after: str = "",
        **details: Any,
    ) -> None:
        """Add an event row."""
        row = {"what": kind, "about": about, "at": at, "who": actor, "before": before, "after": after}
        self.rows.setdefault("events", []).append(row | {"details": details})

    def ago(self, least: float, most: float) -> datetime:
        """A random moment between `least` and `most` days ago, to the minute."""
        return self.now - timedelta(minutes=round(self.chance.uniform(least, most) * 24 * 60))

    def meetings_of(self, key: str) -> list[Meeting]:
        """The gatherings of a circle, oldest first."""
        return [meeting for meeting in self.meetings if meeting.circle.key == key]

    def meeting(self, key: str, index: int = 0) -> Meeting:
        """One gathering of a circle."""
        return next(meeting for meeting in self.meetings_of(key) if meeting.index == index)

    def bookings_of(self, meetings: Iterable[Meeting], *, confirmed: bool = False) -> list[Row]:
        """The bookings of these gatherings, in the order they were planned."""
        ids = {meeting.id for meeting in meetings}
        return [
            row
            for row in self.rows["bookings"]
            if row["gathering_id"] in ids and (row["state"] == "confirmed" or not confirmed)
        ]

    def accept(self, person: UUID, version: UUID, at: datetime) -> UUID:
        """The acceptance of a version of guidelines by a person, dated at its first use. Returns its id."""
        row = self.accepted.get((person, version))
        if row is None:
            self.add("acceptances", person_id=person, version_id=version, accepted_at=at)
            row = self.accepted[person, version] = self.rows["acceptances"][-1]
        row["accepted_at"] = min(row["accepted_at"], at)
        return row["id"]

    def publish_guidelines(
        self, guidelines_id: UUID, number: int, actor: UUID, at: datetime, **row: Any
    ) -> UUID:
        """Add a version of guidelines with its event. Returns the version's id."""
        about: Row = {"guidelines_id": guidelines_id, "number": number, "published_at": at}
        version = self.add("guidelines_versions", **about, published_by=actor, **row)
        self.event("guidelines.published", guidelines_id, at, actor, after=str(version))
        return version


def community(now: datetime) -> Plan:
    """The people, the circles and their gatherings, as of `now`."""
    plan = Plan(now)
    _add_people(plan)
    for circle in (at_a_clock_change(circle, plan.now) for circle in data.circles()):
        circle_id = _add_circle(plan, circle)
        for index, starts_at in _starts(circle, plan.now):
            _add_gathering(plan, circle, circle_id, index, starts_at)
    return plan


def _add_people(plan: Plan) -> None:
    for facilitator in data.community()["facilitators"]:
        profile = {name: facilitator[name] for name in ("zone", "about")}
        profile |= {"email": f"{facilitator['key']}@example.org", "created_at": plan.ago(420, 500)}
        person = _add_person(
            plan, facilitator["name"], facilitator["pronouns"], is_facilitator=True, **profile
        )
        plan.hosts[facilitator["key"]] = person
        for kind, body, year in facilitator["credentials"]:
            plan.add("credentials", person_id=person, kind=kind, body=body, year=year)
    odile: Row = {"email": "odile@example.org", "is_organizer": True, "created_at": plan.ago(500, 510)}
    plan.odile = _add_person(plan, "Odile Marchetti", "she/her", zone=ZONES[0], **odile)
    _add_person(plan, "Mira Solano", "she/her", zone=ZONES[0], email="mira@example.org", id=plan.mira)
    for name, pronouns in data.community()["members"]:
        plan.members.append(_add_person(plan, name, pronouns, zone=plan.chance.choice(ZONES)))


def _add_person(plan: Plan, name: str, pronouns: str, **more: Any) -> UUID:
    plain = name.lower().replace("ø", "o").replace("é", "e").replace("í", "i")
    row: Row = {"email": f"{plain.replace(' ', '.')}@example.org", "created_at": plan.ago(160, 400)}
    return plan.add("people", name=name, pronouns=pronouns, **row | more)


def _add_circle(plan: Plan, circle: Circle) -> UUID:
    lead, began = plan.hosts[circle.lead], plan.ago(200, 400)
    agreement = plan.add("guidelines", created_at=began)
    body = guidelines.starting_text(circle.format, circle.place)
    version = plan.publish_guidelines(agreement, 1, lead, began, body=body)
    circle_id = plan.add(
        "circles",
        **dict(zip(("minimum", "suggested", "maximum"), circle.scale, strict=True)),
        guidelines_id=agreement,
        created_by=lead,
        created_at=began,
        **{name: getattr(circle, name) for name in AS_PLANNED},
    )
    plan.versions[circle_id] = version
    plan.event("circle.published", circle_id, began + timedelta(hours=1), lead, "draft", "published")
    plan.add("hosts", circle_id=circle_id, person_id=lead, part="lead")
    if circle.co:
        plan.add("hosts", circle_id=circle_id, person_id=plan.hosts[circle.co], part="co")
    return circle_id


def _starts(circle: Circle, now: datetime) -> Iterable[tuple[int, datetime]]:
    """When a circle's gatherings start (UTC), oldest first; from index 0 on they are not over yet."""
    if circle.weekday is None:
        return _open_hours(circle, now)
    last = _last_over(circle, now) - timedelta(weeks=circle.over_weeks)
    days = [last + timedelta(weeks=circle.every * (step + 1)) for step in range(-circle.past, circle.ahead)]
    return [(n - circle.past, _utc(day, circle.start, circle.zone)) for n, day in enumerate(days)]


def _open_hours(circle: Circle, now: datetime) -> Iterable[tuple[int, datetime]]:
    """The irregular gatherings of the open hour; one began within the last quarter of an hour."""
    today = now.astimezone(ZoneInfo(circle.zone)).date()
    past, ahead = (
        [_utc(today + timedelta(days=days), time.fromisoformat(at), circle.zone) for days, at in planned]
        for planned in (OPEN_PAST, OPEN_AHEAD)
    )
    just_now = now - timedelta(minutes=now.minute % 15)
    return [(n - len(past), at) for n, at in enumerate([*past, just_now, *ahead])]


def _last_over(circle: Circle, now: datetime) -> date:
    """The newest day on which a gathering of this circle was over an hour ago."""
    day = now.astimezone(ZoneInfo(circle.zone)).date()
    length = timedelta(minutes=circle.length_minutes)
    over = now - timedelta(hours=1) - length
    while day.weekday() != circle.weekday or _utc(day, circle.start, circle.zone) > over:
        day -= timedelta(days=1)
    return day


def _utc(day: date, at: time, zone: str) -> datetime:
    return clock.moment(datetime.combine(day, at), zone).utc


def _add_gathering(plan: Plan, circle: Circle, circle_id: UUID, index: int, starts_at: datetime) -> None:
    state, lead = STATES.get((circle.key, index), "open"), plan.hosts[circle.lead]
    ends_at = starts_at + timedelta(minutes=circle.length_minutes)
    meeting = Meeting(plan.id(), circle, circle_id, lead, starts_at, ends_at, index, state)
    plan.meetings.append(meeting)
    began = min(starts_at - timedelta(days=45), plan.now - timedelta(days=20))
    plan.add(
        "gatherings",
        id=meeting.id,
        circle_id=circle_id,
        wall_start=starts_at.astimezone(ZoneInfo(circle.zone)).replace(tzinfo=None),
        starts_at=starts_at,
        ends_at=ends_at,
        oddity=oddity(circle, starts_at),
        note=circle.notes[index % len(circle.notes)] if circle.notes else "",
        state=state,
        cancel_reason=data.community()["cancel_reason"] if state == "cancelled" else "",
        created_at=began,
        **{name: getattr(circle, name) for name in ("zone", "length_minutes", "capacity", "community_seats")},
    )
    if state != "draft":
        plan.event("gathering.published", meeting.id, began, lead, "draft", "open")
    if state == "cancelled":
        canceled_at = plan.now - timedelta(hours=1)
        plan.event("gathering.cancelled", meeting.id, canceled_at, lead, "open", "cancelled")
