"""When to come after a medicine session: pure decisions. Hours are real hours, across a clock change too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from circles.base import clock
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.gatherings import PlaceFilter

# Counted from the end of the medicine session. Before REST nothing is shown, not even online: that day stays free.
REST = timedelta(hours=24)
# Until then the memory is fresh.
FRESH = timedelta(hours=72)
# Who drives sets out this long before the start, and that too must lie after the rest and on another day.
WAY_THERE = timedelta(hours=1)
# Where the window has passed, the gatherings of so many days are shown instead.
SOON = timedelta(days=7)

_FARTHEST = timedelta(days=366)

Season = Literal["ahead", "open", "passed"]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often to come: every so many weeks, so many times, each by a gathering at most `within` away."""

    words: str
    weeks: int
    times: int
    within: timedelta


# Within is less than half of the step, so that no gathering is nearest to two dates.
RHYTHMS: Mapping[str, Rhythm] = {
    "induction": Rhythm("every week", 1, 6, timedelta(days=3)),
    "early": Rhythm("every two weeks", 2, 5, timedelta(days=5)),
    "later": Rhythm("once a month", 4, 3, timedelta(days=10)),
}

# Where somebody is in their course: value, name, and what it means.
STAGES = (
    ("induction", "At the start", "The first four to six weeks, with medicine sessions close together."),
    ("early", "In early maintenance", "The first course is over, and sessions come now and then."),
    ("later", "Later", "Sessions are rare by now, or over."),
)
WAYS = (("online", "Online"), ("in_person", "In person"))


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody told the page. It lives for one request. ends: when the medicine session ends, or ended."""

    ends: clock.Moment
    stage: str
    coming: PlaceFilter
    drives: bool

    @property
    def rhythm(self) -> Rhythm:
        """How often to come, by where they are in their course."""
        return RHYTHMS[self.stage]


def read(values: Mapping[str, str], now: datetime) -> Answers:
    """Read the form. Raises Refused with every reason at once."""
    reader = Reader(values)
    zone = values.get("zone", "")
    if not clock.is_zone(zone):
        reader.reasons.append(Reason("zone", "Please choose a time zone from the list.", "zone"))
        zone = "UTC"
    ends = reader.take(lambda: clock.parse_wall(values.get("date", ""), values.get("time", ""), zone), None)
    stage = reader.choice("stage", RHYTHMS, "Please choose where you are in your course.")
    ways = {way.strip() for way in values.get("come", "").split(",")} & {name for name, _ in WAYS}
    city = reader.line("city", max_length=80, required=False)
    if not ways:
        reader.reasons.append(Reason("no_way", "Please choose online, in person, or both.", "come"))
    if ends and ends.utc > now + _FARTHEST:
        says = "Please give a day within the coming year. Gatherings are not planned farther than that."
        reader.reasons.append(Reason("too_far", says, "date"))
    if ends is None or reader.reasons:
        raise Refused(reader.reasons)
    coming = PlaceFilter("online" in ways, "in_person" in ways, city)
    return Answers(ends, stage, coming, values.get("drives", "") == "on")


@dataclass(frozen=True, slots=True)
class Window:
    """When a gathering after a medicine session may begin: online, in person, and at the latest."""

    online_from: datetime
    in_person_from: datetime
    until: datetime


def window(answers: Answers) -> Window:
    """The span in which integration works best, and never sooner than the rest allows.

    An hour that the clocks show twice may be either: the rest counts from the second, the end from the first.
    """
    latest = _second_reading(answers.ends)
    rested = latest + REST
    by_car = max(rested, _next_day(latest, answers.ends.zone)) + WAY_THERE
    return Window(rested, by_car if answers.drives else rested, answers.ends.utc + FRESH)


def _second_reading(ends: clock.Moment) -> datetime:
    return ends.wall.replace(tzinfo=ZoneInfo(ends.zone), fold=1).astimezone(UTC)


def _next_day(at: datetime, zone: str) -> datetime:
    """When the day after this moment begins there."""
    day = at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return clock.moment(datetime.combine(day, time()), zone).utc


def season(found: Window, now: datetime) -> Season:
    """Whether the window is still ahead, is open now, or has passed."""
    if now > found.until:
        return "passed"
    return "ahead" if now < found.online_from else "open"


def anchor(found: Window, now: datetime, first: datetime | None) -> datetime:
    """What the rhythm counts from: the first gathering found, else the middle of the window, else now."""
    if first:
        return first
    if season(found, now) == "passed":
        return now
    return found.online_from + (found.until - found.online_from) / 2


def dates(rhythm: Rhythm, start: datetime, zone: str) -> list[datetime]:
    """The moments of a rhythm after its anchor: the same weekday and hour in this zone, across a clock change too."""
    wall = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)
    steps = (timedelta(weeks=rhythm.weeks * number) for number in range(1, rhythm.times + 1))
    return [clock.moment(wall + step, zone).utc for step in steps]
