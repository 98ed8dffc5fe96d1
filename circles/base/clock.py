"""Time: wall time in a zone, the missing and the repeated hour, dates and times in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import available_timezones

from circles.base.errors import Reason, Refused
from circles.base.zones import current_name
from circles.base.zones import of as zone_of

Oddity = Literal["", "missing", "doubled"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")

# From this hour on a time belongs to its day, before it to the night.
_MORNING = 5
_MAX_LANGUAGES = 200  # characters of Accept-Language that are read

# CLDR 48, the short times: the languages with a 12-hour clock, and the regions of a language with the other one. A test
# compares them with Babel, which is not asked here: it keeps every language that was looked up in memory, and which
# ones those are would be a stranger's choice.
_LANGUAGES_12 = """
    aa ak am ar as bal bem bgc bho bn brx byn cad ccp ceb chr cic ckb csw doi dz ee el en fil gaa gez gu haw hi iu kab
    km kn ko kok kpe ks kxv lkt mai mi mic ml mni moh mr ms mus naq nus ny om or osa pa qu raj sa sat sd sid so sq ssy
    syr ta te ti tig to tpi trv trw ur vai wal xnr yue
"""
_HOURS_12 = frozenset(_LANGUAGES_12.split())
_OTHER_CLOCK = {
    language: frozenset(regions.split())
    for language, regions in {
        "af": "na",
        "ar": "il km ma",
        "bo": "in",
        "ckb": "ir",
        "ee": "tg",
        "en": "150 ai at be bi bw bz cc ch ck cm cx cz de dg dk ee es fi fk fr gb ge gg gi gs hu id ie il im io it je "
        "jp ke lt lv mg ms mt mu mv nf ng nl no nr nu pl pn pt ro rw sc se sh si sk sx tk tr tv tz ua ug za zw",
        "es": "419 ar bo cl co cr cu do ec gt hn mx ni pa pe ph pr py sv us uy ve",
        "ff": "gh gm lr mr sl",
        "fr": "dj dz mr sy td tn vu",
        "ha": "gh",
        "ko": "cn",
        "kpe": "gn",
        "lrc": "iq",
        "ms": "id",
        "ne": "in",
        "om": "ke",
        "ps": "pk",
        "pt": "mo",
        "rhg": "bd",
        "so": "ke",
        "sq": "mk xk",
        "ss": "sz",
        "st": "ls",
        "ta": "lk",
        "tr": "cy",
        "yrl": "co ve",
        "yue": "cn hans",
        "zh": "hant hk mo my sg tw",
    }.items()
}


def now() -> datetime:
    """Now, in UTC. For pages; deadlines use the database's clock."""
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every IANA zone with a place in its name, and UTC."""
    return frozenset(
        z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/"))
    ) | {"UTC"}


def is_zone(name: str) -> bool:
    """Whether this is one of `zones`."""
    return name in zones()


def city(zone: str) -> str:
    """A zone's name on pages: its city, by today's name of it."""
    return current_name(zone).rsplit("/", 1)[-1].replace("_", " ")


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall time in a zone, and its instant in UTC.

    oddity: "missing" or "doubled" where a clock change skips or repeats the hour.
    """

    wall: datetime
    zone: str
    utc: datetime
    oddity: Oddity


def moment(wall: datetime, zone: str) -> Moment:
    """Derive UTC from a naive wall time.

    In a doubled hour it is the first of the two. A missing hour moves forward by the gap: `wall` is then the
    time that clocks show.
    """
    tz = zone_of(zone)
    first, second = wall.replace(tzinfo=tz, fold=0), wall.replace(tzinfo=tz, fold=1)
    utc = first.astimezone(UTC)
    actual = utc.astimezone(tz).replace(tzinfo=None)
    if actual != wall:
        return Moment(actual, zone, utc, "missing")
    return Moment(wall, zone, utc, "doubled" if first.utcoffset() != second.utcoffset() else "")


def wall_time(at: datetime, zone: str) -> datetime:
    """What clocks in a zone show at a moment, without the zone."""
    return at.astimezone(zone_of(zone)).replace(tzinfo=None)


def parse_date(typed: str, field: str = "date") -> date:
    """Read a date as browsers send it (2027-03-14). Raises Refused."""
    text = typed.strip()
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(
            Reason("date_unreadable", "Please give a date as year-month-day, such as 2027-03-14.", field)
        ) from None
    if not 2000 <= day.year <= 2100:
        raise Refused(Reason("date_far", "Please give a year between 2000 and 2100.", field))
    return day


def parse_date_ahead(typed: str, field: str, today: date, most: timedelta) -> date:
    """Read a date from today to so long ahead. Raises Refused."""
    day = parse_date(typed, field)
    if not today <= day <= today + most:
        message = f"Please give a date from today to {format_date(today + most)}."
        raise Refused(Reason("date_ahead", message, field))
    return day


def parse_wall(typed_date: str, typed_time: str, zone: str, hours: int = 12) -> Moment:
    """Read a date and a time of day in a zone. Raises Refused, for a time the clocks skip too.

    hours: the clock on which a refusal says times, 12 or 24.
    """
    day = parse_date(typed_date)
    match = _TIME.fullmatch(typed_time.strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise Refused(Reason("time_unreadable", "Please give a time such as 18:00.", "time"))
    wall = datetime.combine(day, time(int(match[1]), int(match[2])))
    result = moment(wall, zone)
    if result.oddity == "missing":
        raise Refused(
            Reason(
                "time_missing",
                f"On this day the clocks in {city(zone)} skip {format_hour(wall, hours)}. "
                f"The next time that exists is {format_hour(result.wall, hours)}.",
                "time",
            )
        )
    return result


# Dates and times in words. Every page, mail, subject, calendar entry and message takes them from here.


@dataclass(frozen=True, slots=True)
class Viewer:
    """On whose clock times are said. zone: empty when unknown; hours: 12 for "6:30 pm", 24 for "18:30"."""

    zone: str = ""
    hours: int = 12

    @classmethod
    def of(cls, zone: str, hours: int | None) -> Viewer:
        """A viewer from what is stored of a person; what is not known stays open."""
        return cls(zone if is_zone(zone) else "", hours or 12)


NOBODY = Viewer()


def format_date(day: date, today: date | None = None) -> str:
    """A date: Tuesday, November 24, with the year when it is not this one."""
    return f"{day:%A}, {format_day_of_year(day, today)}"


def format_short_date(day: date, today: date | None = None) -> str:
    """A date, short: Tue, Nov 24, with the year when it is not this one."""
    return f"{day:%a, %b} {day.day}{_year(day, today)}"


def format_day_of_year(day: date, today: date | None = None) -> str:
    """A date without its weekday: November 24, with the year when it is not this one."""
    return f"{day:%B} {day.day}{_year(day, today)}"


def format_month(day: date) -> str:
    """A month: November 2026."""
    return f"{day:%B %Y}"


def _year(day: date, today: date | None) -> str:
    return "" if day.year == (today or now().date()).year else f", {day.year}"


def format_hour(at: time | datetime, hours: int = 12) -> str:
    """A time of day: 6:30 pm, 12:00 noon, 12:00 midnight; by a 24-hour clock 18:30, 12:00, 00:00."""
    if hours == 24:
        return f"{at:%H:%M}"
    if at.minute == 0 and at.hour in (0, 12):
        return "12:00 midnight" if at.hour == 0 else "12:00 noon"
    return f"{at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'}"


def format_hours(begin: time | datetime, end: time | datetime, hours: int = 12) -> str:
    """From one time of day to another: 6:00 pm to 7:30 pm."""
    return f"{format_hour(begin, hours)} to {format_hour(end, hours)}"


def format_when(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """A moment on the viewer's clock, then on the circle's (`zone`) where that shows another time.

    "Tuesday, November 24, 3:00 pm; 6:00 pm in New York". Small hours name their night, an hour that a clock change
    repeats says which of the two it is. For an unknown viewer the circle's own: "6:00 pm in New York".
    """
    return _format_when(at, zone, viewer, format_date)


def format_short(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """The same with a short date: Tue, Nov 24, 3:00 pm; 6:00 pm in New York."""
    return _format_when(at, zone, viewer, format_short_date)


def format_named(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """The same with every zone named, for a text that goes elsewhere with its reader, such as a calendar entry.

    "Tuesday, November 24, 3:00 pm in Los Angeles; 6:00 pm in New York"
    """
    return _format_when(at, zone, viewer, format_date, named=True)


def format_time(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """The same without its date: 3:00 pm; 6:00 pm in New York."""
    return _format_when(at, zone, viewer, None)


def format_record(at: datetime, viewer: Viewer = NOBODY, zone: str = "UTC", *, kept: bool = False) -> str:
    """One time and no other, of what was recorded or ends: Tue, Nov 24, 3:00 pm.

    On the viewer's clock; on that of `zone` for an unknown viewer. kept: for a file that is kept, with its year always.
    """
    local = at.astimezone(zone_of(viewer.zone or zone))
    today = date.min if kept else None
    place = "" if viewer.zone else _in(zone)
    return f"{format_short_date(local.date(), today)}, {_exact_hour(local, viewer.hours, place)}"


def format_moment(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """The time of day alone, for today: 4:49 pm; for an unknown viewer 4:49 pm in New York."""
    local = at.astimezone(zone_of(viewer.zone or zone))
    return _exact_hour(local, viewer.hours, "" if viewer.zone else _in(zone))


def format_day(at: datetime, zone: str, viewer: Viewer = NOBODY) -> str:
    """The viewer's day of a moment, else the circle's: Tuesday, November 24. For subjects."""
    return format_date(local_day(at, zone, viewer))


def local_day(at: datetime, zone: str, viewer: Viewer = NOBODY) -> date:
    """The viewer's day of a moment, else the circle's."""
    return at.astimezone(zone_of(viewer.zone or zone)).date()


def _format_when(
    at: datetime, zone: str, viewer: Viewer, day_words: Callable[[date], str] | None, *, named: bool = False
) -> str:
    here = at.astimezone(zone_of(viewer.zone or zone))
    there = at.astimezone(zone_of(zone))
    same = here.utcoffset() == there.utcoffset()
    place = _in(zone if same else viewer.zone) if named or not viewer.zone else ""
    day = f"{day_words(here.date())}, " if day_words else ""
    text = f"{day}{_exact_hour(here, viewer.hours, place)}{_night(here)}"
    return text if same else f"{text}; {_elsewhere(there, here, zone, viewer.hours)}"


def _elsewhere(there: datetime, here: datetime, zone: str, hours: int) -> str:
    """A moment on the circle's clock after the viewer's: 6:00 pm in New York, with its day where that differs."""
    same_day = there.date() == here.date()
    night = "" if same_day and _night(here) else _night(there)
    day = "" if same_day or night else f"{there:%A} "
    return f"{day}{_exact_hour(there, hours, _in(zone))}{night}"


def _exact_hour(local: datetime, hours: int, place: str) -> str:
    """A time of day with its place, which says which one it is of the two that a clock change makes."""
    text = f"{format_hour(local, hours)}{place}"
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return text
    which = "the second one, after" if local.fold else "the first one, before"
    return f"{text} ({which} the clocks go back)"


def _in(zone: str) -> str:
    return " UTC" if zone == "UTC" else f" in {city(zone)}"


def _night(local: datetime) -> str:
    """In the small hours, the night they belong to: a date alone leaves open which of two nights is meant."""
    if local.hour >= _MORNING:
        return ""
    return f", the night from {local - timedelta(days=1):%A} to {local:%A}"


def hours_of(accept_language: str) -> int:
    """12 or 24: the clock of the language a browser prefers (RFC 9110, 12.5.4); 12 when it names none."""
    tags = [_weighted(item) for item in accept_language[:_MAX_LANGUAGES].split(",")]
    best = max(tags, key=lambda tag: tag[0], default=(0.0, ""))
    return _hours_of_tag(best[1]) if best[0] > 0 else 12


def _weighted(item: str) -> tuple[float, str]:
    tag, _, parameter = item.strip().partition(";")
    name, _, weight = parameter.strip().partition("=")
    try:
        return (float(weight) if name.strip() == "q" else 1.0), tag.strip()
    except ValueError:
        return 0.0, ""


def _hours_of_tag(tag: str) -> int:
    """The clock of a language tag (RFC 5646): en-US, zh-Hant-TW, de."""
    language, *rest = tag.lower().replace("_", "-").split("-")
    if not language.isalpha():
        return 12
    region = next((part for part in rest if len(part) == 2 or part.isdigit()), "")
    region = region or next((part for part in rest if part in ("hant", "hans")), "")
    is_12 = (language in _HOURS_12) != (region in _OTHER_CLOCK.get(language, ()))
    return 12 if is_12 else 24


def format_length(minutes: int) -> str:
    """A length in words: 90 minutes, 2 hours."""
    if minutes >= 120 and minutes % 60 == 0:
        return f"{minutes // 60} hours"
    return f"{minutes} minutes"


def format_span(length: timedelta) -> str:
    """A length of time, rounded down: 48 hours, 3 days, 20 minutes."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours <= 72 else f"{hours // 24} days"
