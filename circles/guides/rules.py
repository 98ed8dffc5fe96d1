"""When to come after a medicine session. Hours are elapsed hours, across a clock change too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from circles.base import clock, zones
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.gatherings import PlaceFilter

# Counted from the end of the medicine session. Nothing earlier than REST is shown, not even online.
REST = timedelta(hours=24)
# The end of the best time.
FRESH = timedelta(hours=72)
# A driver sets out this long before the start, and that must be after the rest and on another day.
WAY_THERE = timedelta(hours=1)
# The gatherings of this many days are shown, from the end of the rest or from now on.
SOON = timedelta(days=7)

_FARTHEST = timedelta(days=366)

Season = Literal["ahead", "open", "passed"]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often to come: every `weeks`, `times` times, each time at a gathering at most `within` away."""

    words: str
    weeks: int
    times: int
    within: timedelta


# `within` is less than half of the step, so that no gathering is nearest to two dates.
RHYTHMS: Mapping[str, Rhythm] = {
    "induction": Rhythm("every week", 1, 6, timedelta(days=3)),
    "early": Rhythm("every two weeks", 2, 5, timedelta(days=5)),
    "later": Rhythm("once a month", 4, 3, timedelta(days=10)),
    "single": Rhythm("every week, for as long as it helps", 1, 4, timedelta(days=3)),
    "": Rhythm("every week, for as long as it helps", 1, 4, timedelta(days=3)),
}

# The stages of a course of treatment: value, name, explanation.
STAGES = (
    ("induction", "At the start", "The first four to six weeks, with medicine sessions close together."),
    ("early", "In early maintenance", "The first course is over, and sessions come now and then."),
    ("later", "Later", "Sessions are rare by now, or over."),
    ("single", "A single session", "One medicine session, and no course."),
    ("", "I would rather not say", ""),
)
WAYS = (("online", "Online"), ("in_person", "In person"))


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of the form. Never stored. ends: when the medicine session ends, or ended."""

    ends: clock.Moment
    stage: str
    coming: PlaceFilter
    drives: bool

    @property
    def rhythm(self) -> Rhythm:
        return RHYTHMS[self.stage]


def read(values: Mapping[str, str], now: datetime) -> Answers:
    """Read the form. Raises Refused with every reason at once."""
    reader = Reader(values)
    zone = values.get("zone", "")
    if not clock.is_zone(zone):
        reader.reasons.append(Reason("zone", "Please choose a time zone from the list.", "zone"))
        zone = "UTC"
    ends = reader.take(lambda: clock.parse_wall(values.get("date", ""), values.get("time", ""), zone), None)
    stage = values.get("stage", "").strip()
    if stage not in RHYTHMS:
        reader.reasons.append(Reason("unknown_choice", "Please choose one of these, or none.", "stage"))
        stage = ""
    ways = {way.strip() for way in values.get("come", "").split(",")} & {name for name, _ in WAYS}
    city = reader.line("city", max_length=80, required=False)
    if not ways:
        reader.reasons.append(Reason("no_way", "Please choose online, in person, or both.", "come"))
    if ends and ends.utc > now + _FARTHEST:
        message = "Please give a day within the coming year. Gatherings are not planned farther than that."
        reader.reasons.append(Reason("too_far", message, "date"))
    if ends is None or reader.reasons:
        raise Refused(reader.reasons)
    coming = PlaceFilter("online" in ways, "in_person" in ways, city)
    return Answers(ends, stage, coming, values.get("drives", "") == "on")


@dataclass(frozen=True, slots=True)
class Window:
    """When a gathering after a medicine session may begin: from when on online and in person, and until when."""

    online_from: datetime
    in_person_from: datetime
    until: datetime


def window(answers: Answers) -> Window:
    """The window in which integration works best, never before the rest is over.

    An hour that the clocks show twice may be either: the rest counts from the second, the end of the window from
    the first.
    """
    latest = _second_occurrence(answers.ends)
    rested = latest + REST
    by_car = max(rested, _next_day(latest, answers.ends.zone)) + WAY_THERE
    return Window(rested, by_car if answers.drives else rested, answers.ends.utc + FRESH)


def _second_occurrence(ends: clock.Moment) -> datetime:
    return ends.wall.replace(tzinfo=zones.of(ends.zone), fold=1).astimezone(UTC)


def _next_day(at: datetime, zone: str) -> datetime:
    """When the day after this moment begins in the zone."""
    day = at.astimezone(zones.of(zone)).date() + timedelta(days=1)
    return clock.moment(datetime.combine(day, time()), zone).utc


def shown_week(window: Window, now: datetime) -> Window:
    """The week of which gatherings are shown: never before the rest is over, and the whole window is in it."""
    begin = max(window.online_from, now)
    until = max(window.until, begin + SOON)
    return Window(begin, max(window.in_person_from, now), until)


def season(window: Window, now: datetime) -> Season:
    """Whether the window is still ahead, is open now, or has passed."""
    if now > window.until:
        return "passed"
    return "ahead" if now < window.online_from else "open"


def anchor(window: Window, now: datetime, first: datetime | None) -> datetime:
    """What the rhythm counts from: the first gathering there is, else the middle of the window, else now."""
    if first:
        return first
    if season(window, now) == "passed":
        return now
    return window.online_from + (window.until - window.online_from) / 2


def dates(rhythm: Rhythm, start: datetime, zone: str) -> list[datetime]:
    """The moments of a rhythm after its anchor: the same weekday and hour in this zone, across a clock change too."""
    wall = start.astimezone(zones.of(zone)).replace(tzinfo=None, second=0, microsecond=0)
    steps = (timedelta(weeks=rhythm.weeks * number) for number in range(1, rhythm.times + 1))
    return [clock.moment(wall + step, zone).utc for step in steps]
