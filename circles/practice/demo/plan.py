"""Who and what the demo community is made of: people, circles, gatherings. Pure: rows for the tables, no I/O.

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
from circles.practice.demo.nights import begin, oddity
from circles.practice.demo.texts import CANCEL_REASON, CIRCLES, FACILITATORS, MEMBERS, Circle

Row = dict[str, Any]
ZONES: Final = ("America/New_York", "America/Chicago", "America/Los_Angeles")

# What a circle's row takes over from its plan as it is.
AS_PLANNED: Final = (
    *("name", "discreet_name", "purpose", "format", "place", "city", "address", "join_link", "zone"),
    *("capacity", "length_minutes", "community_seats", "refund_hours", "late_refund_percent", "state"),
)

# The open hour has no fixed day: (days from today, time of day).
OPEN_PAST: Final = (
    (-24, time(19, 0)),
    (-18, time(12, 0)),
    (-13, time(20, 0)),
    (-9, time(18, 30)),
    (-4, time(9, 0)),
)
OPEN_AHEAD: Final = (
    (2, time(18, 30)),
    (6, time(12, 0)),
    (9, time(20, 0)),
    (15, time(18, 30)),
    (20, time(9, 0)),
)

# Gatherings that are not simply open: (circle, index).
STATES: Final = {("noon", 1): "cancelled", ("tuesday", 4): "draft"}


@dataclass(frozen=True, slots=True)
class Meeting:
    """One gathering to come or past. index: 0 is the next one (or the one now), -1 the one before."""

    id: UUID
    circle: Circle
    circle_id: UUID
    starts_at: datetime
    ends_at: datetime
    index: int
    state: str


class Plan:
    """The rows of the demo community, table by table, and what the bookings are made of."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(second=0, microsecond=0)
        self.chance = Random("a community of circles")  # noise for a demonstration, no secret
        self.rows: dict[str, list[Row]] = {}
        self.hosts: dict[str, UUID] = {}
        self.members: list[UUID] = []
        self.mira = self.id()
        self.meetings: list[Meeting] = []
        self.versions: dict[UUID, UUID] = {}  # of the guidelines, by circle
        self.accepted: dict[tuple[UUID, UUID], Row] = {}  # the acceptances, by person and version

    def id(self) -> UUID:
        """The next id; the same in every demo community."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    def add(self, table: str, **row: Any) -> UUID:
        """One more row. Returns its id, made here when none is given."""
        row = {"id": row.get("id") or self.id(), **row}
        self.rows.setdefault(table, []).append(row)
        return row["id"]

    def event(self, what: str, about: UUID, at: datetime, who: UUID | None, states: tuple[str, str]) -> None:
        """One more line of who did what."""
        before, after = states
        self.rows.setdefault("events", []).append(
            {"what": what, "about": about, "at": at, "who": who, "before": before, "after": after}
        )

    def ago(self, least: float, most: float) -> datetime:
        """Some moment between so many days ago, to the minute."""
        return self.now - timedelta(minutes=round(self.chance.uniform(least, most) * 24 * 60))


def community(now: datetime) -> Plan:
    """The people, the circles and their gatherings, seen from `now`."""
    plan = Plan(now)
    _facilitators(plan)
    _members(plan)
    for circle in (begin(each, plan.now) for each in CIRCLES):
        circle_id = _circle(plan, circle)
        for index, starts_at in _starts(circle, plan.now):
            _gathering(plan, circle, circle_id, index, starts_at)
    return plan


def _facilitators(plan: Plan) -> None:
    for each in FACILITATORS:
        plan.hosts[each.key] = _person(
            plan,
            each.name,
            each.pronouns,
            zone=each.zone,
            email=f"{each.key}@example.org",
            about=each.about,
            is_facilitator=True,
            created_at=plan.ago(420, 500),
        )
        for kind, body, year in each.credentials:
            plan.add("credentials", person_id=plan.hosts[each.key], kind=kind, body=body, year=year)
    _person(
        plan,
        "Odile Marchetti",
        "she/her",
        zone=ZONES[0],
        email="odile@example.org",
        is_organizer=True,
        created_at=plan.ago(500, 510),
    )


def _members(plan: Plan) -> None:
    _person(plan, "Mira Solano", "she/her", zone=ZONES[0], email="mira@example.org", id=plan.mira)
    for name, pronouns in MEMBERS:
        plan.members.append(_person(plan, name, pronouns, zone=plan.chance.choice(ZONES)))


def _person(plan: Plan, name: str, pronouns: str, **more: Any) -> UUID:
    row: Row = {
        "name": name,
        "pronouns": pronouns,
        "email": _address(name),
        "about": "",
        "is_facilitator": False,
        "is_organizer": False,
        "created_at": plan.ago(160, 400),
    }
    return plan.add("people", **row | more)


def _address(name: str) -> str:
    plain = name.lower().replace("ø", "o").replace("é", "e").replace("í", "i")
    return f"{plain.replace(' ', '.')}@example.org"


def _circle(plan: Plan, circle: Circle) -> UUID:
    lead, began = plan.hosts[circle.lead], plan.ago(200, 400)
    agreement = plan.add("guidelines", created_at=began)
    version = plan.add(
        "guidelines_versions",
        guidelines_id=agreement,
        number=1,
        body=guidelines.starting_text(circle.format, circle.place),
        published_at=began,
        published_by=lead,
    )
    minimum, suggested, maximum = circle.scale
    circle_id = plan.add(
        "circles",
        minimum=minimum,
        suggested=suggested,
        maximum=maximum,
        guidelines_id=agreement,
        created_by=lead,
        created_at=began,
        **{name: getattr(circle, name) for name in AS_PLANNED},
    )
    plan.versions[circle_id] = version
    plan.event("guidelines.published", agreement, began, lead, ("", str(version)))
    plan.event("circle.published", circle_id, began + timedelta(hours=1), lead, ("draft", "published"))
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
    """The open hour keeps no rhythm, and one of them began within the last quarter of an hour."""
    today = now.astimezone(ZoneInfo(circle.zone)).date()
    past, ahead = (
        [_utc(today + timedelta(days=days), at, circle.zone) for days, at in planned]
        for planned in (OPEN_PAST, OPEN_AHEAD)
    )
    just_now = now - timedelta(minutes=now.minute % 15)
    return [(n - len(past), at) for n, at in enumerate([*past, just_now, *ahead])]


def _last_over(circle: Circle, now: datetime) -> date:
    """The newest day on which a gathering of this circle was over an hour ago."""
    day = now.astimezone(ZoneInfo(circle.zone)).date()
    while day.weekday() != circle.weekday or _over(circle, day) > now - timedelta(hours=1):
        day -= timedelta(days=1)
    return day


def _over(circle: Circle, day: date) -> datetime:
    return _utc(day, circle.start, circle.zone) + timedelta(minutes=circle.length_minutes)


def _utc(day: date, at: time, zone: str) -> datetime:
    return clock.moment(datetime.combine(day, at), zone).utc  # a wall time, which `moment` puts into its zone


def _gathering(plan: Plan, circle: Circle, circle_id: UUID, index: int, starts_at: datetime) -> None:
    state = STATES.get((circle.key, index), "open")
    meeting = Meeting(
        plan.id(),
        circle,
        circle_id,
        starts_at,
        starts_at + timedelta(minutes=circle.length_minutes),
        index,
        state,
    )
    plan.meetings.append(meeting)
    began = min(starts_at - timedelta(days=45), plan.now - timedelta(days=20))
    plan.add(
        "gatherings",
        id=meeting.id,
        circle_id=circle_id,
        wall_start=starts_at.astimezone(ZoneInfo(circle.zone)).replace(tzinfo=None),
        zone=circle.zone,
        length_minutes=circle.length_minutes,
        starts_at=starts_at,
        ends_at=meeting.ends_at,
        oddity=oddity(circle, starts_at),
        capacity=circle.capacity,
        community_seats=circle.community_seats,
        note=circle.notes[index % len(circle.notes)] if circle.notes else "",
        state=state,
        cancel_reason=CANCEL_REASON if state == "cancelled" else "",
        created_at=began,
    )
    lead = plan.hosts[circle.lead]
    if state != "draft":
        plan.event("gathering.published", meeting.id, began, lead, ("draft", "open"))
    if state == "cancelled":
        an_hour_ago = plan.now - timedelta(hours=1)
        plan.event("gathering.cancelled", meeting.id, an_hour_ago, lead, ("open", "cancelled"))
