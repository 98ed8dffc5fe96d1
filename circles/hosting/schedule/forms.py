"""The forms of schedules and of single gatherings: typed values to plans, stored rows to typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, get_args

from circles.base import clock, text
from circles.base.errors import Reason, Refused, refuse_if
from circles.base.money import Scale
from circles.base.reading import Reader
from circles.hosting.circle import forms as circle_forms
from circles.hosting.schedule import rules
from circles.hosting.schedule.rules import MAX_GATHERINGS, NTH, Kind, Rule, Terms

MAX_NAMED = 4  # how many of the dates that cannot be read are named
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
KINDS = {
    "weekly": "By weeks, on chosen weekdays",
    "monthly_weekday": "By months, on a weekday such as the second Tuesday",
    "monthly_date": "By months, on a date such as the 15th",
    "dates": "On the dates I list",
}
ENDS = {"open": "No end", "until": "On a date", "times": "After a number of gatherings"}
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


@dataclass(frozen=True, slots=True)
class GatheringPlan:
    """One dated meeting as its hosts typed it."""

    start: clock.Moment
    length_minutes: int
    capacity: int
    community_seats: int
    note: str

    @property
    def ends_at(self) -> datetime:
        """When it ends, in UTC: the length counts in real minutes, across a clock change too."""
        return self.start.utc + timedelta(minutes=self.length_minutes)


def read_schedule(values: Mapping[str, str], zone: str, scale: Scale, now: datetime) -> tuple[Rule, Terms]:
    """Read a schedule, in its circle's zone. Raises Refused with every reason at once."""
    reader = Reader(values)
    rule = _read_rule(reader, now)
    terms = read_terms(reader, zone, scale)
    if not reader.reasons:
        reader.reasons += rules.refusals(rule, terms, now)
    reader.raise_refusals()
    return rule, terms


def _read_rule(reader: Reader, now: datetime) -> Rule:
    values = reader.values
    kind = reader.choice("kind", KINDS, "Please choose how it repeats.")
    listed = _read_dates(reader, "dates") if kind == "dates" else ()
    begin = min(listed, default=now.date())
    first = begin if kind == "dates" else _read_date(reader, "first_date", begin)
    end = reader.choice("end", ENDS, "Please choose how it ends.") if kind != "dates" else "open"
    weekdays, nth = _read_weekdays(reader, kind)
    return Rule(
        kind=_KINDS[kind],
        first=first,
        every=1 if kind == "dates" else reader.whole("every", 1, 52, "Please give 1 to 52."),
        weekdays=weekdays,
        nth=nth,
        month_day=reader.whole("month_day", 1, 31, "Please give 1 to 31.") if kind == "monthly_date" else 0,
        dates=listed,
        until=_read_date(reader, "until", first) if end == "until" else None,
        times=reader.whole("times", 1, MAX_GATHERINGS, _MANY) if end == "times" else None,
        skipped=frozenset(_read_dates(reader, "skipped")) if values.get("skipped") else frozenset(),
    )


_MANY = f"Please give 1 to {MAX_GATHERINGS} gatherings."


def _read_date(reader: Reader, field: str, instead: date) -> date:
    return reader.take(lambda: clock.parse_date(reader.values.get(field, ""), field), instead)


def _read_dates(reader: Reader, field: str) -> tuple[date, ...]:
    typed = re.findall(r"[^\s,;]+", reader.value(field))
    if len(typed) > MAX_GATHERINGS:
        message = f"These are more than {MAX_GATHERINGS} dates. Please list fewer."
        reader.add(Reason("too_many", message, field))
        return ()
    if not typed and field == "dates":
        reader.add(Reason("no_dates", "Please list the dates, one in a line.", field))
    dates, unreadable = set[date](), list[str]()
    for word in typed:
        try:
            dates.add(clock.parse_date(word, field))
        except Refused:
            unreadable.append(word)
    if unreadable:
        reader.add(Reason("date_unreadable", _unreadable_words(unreadable), field))
    return tuple(sorted(dates))


def _unreadable_words(typed: Sequence[str]) -> str:
    """Names the first few of those listed that are no dates, each cut where it is long."""
    more = f" and {len(typed) - MAX_NAMED} more" if len(typed) > MAX_NAMED else ""
    named = ", ".join(f"“{text.tidy_line(word, max_length=20)}”" for word in typed[:MAX_NAMED])
    return f"Please write each date as 2027-03-14, from 2000 to 2100. We cannot read {named}{more}."


def _read_weekdays(reader: Reader, kind: str) -> tuple[tuple[int, ...], int]:
    """The weekdays of a rule and, for one by months, which of the month they are."""
    if kind == "weekly":
        weekdays = {int(typed) for typed in reader.value("weekdays").split(",") if typed in set("0123456")}
        if not weekdays:
            reader.add(Reason("no_weekday", "Please choose a weekday.", "weekdays"))
        return tuple(sorted(weekdays)), 0
    if kind != "monthly_weekday":
        return (), 0
    nth = reader.choice("nth", {str(number): "" for number in NTH}, "Please choose which one of the month.")
    weekday = reader.choice("weekday", dict.fromkeys("0123456"), "Please choose a weekday.")
    return (int(weekday),), int(nth)


def read_terms(reader: Reader, zone: str, scale: Scale) -> Terms:
    """What every gathering of a schedule has; the reader keeps the refusals."""
    values = reader.values
    capacity, community = circle_forms.read_seats(reader, scale)
    return Terms(
        at=reader.take(lambda: read_time(values.get("time", "")), time(18)),
        zone=zone,
        length_minutes=reader.take(
            lambda: circle_forms.read_length(values.get("length_minutes", "")), circle_forms.LENGTHS[0]
        ),
        capacity=capacity,
        community_seats=community,
        note=reader.body("note", max_length=500, required=False),
        join_link=reader.take(lambda: circle_forms.read_link(values.get("join_link", "")), ""),
        city=reader.line("city", max_length=80, required=False),
        address=reader.line("address", max_length=200, required=False),
    )


def read_time(typed: str) -> time:
    """Read a time of day, 18:00. Raises Refused."""
    match = _TIME.fullmatch(typed.strip())
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise Refused(Reason("time_unreadable", "Please give a time such as 18:00.", "time"))
    return time(int(match[1]), int(match[2]))


def read_moment(values: Mapping[str, str], terms: Terms, now: datetime) -> clock.Moment:
    """Read the date of one gathering whose terms are read already. Raises Refused."""
    day = clock.parse_date(values.get("date", ""))
    moment = clock.parse_wall(day.isoformat(), f"{terms.at:%H:%M}", terms.zone)
    past = Reason("past", "This time has passed. Please give one that is still ahead.", "date")
    refuse_if([past] if moment.utc <= now else [])
    return moment


def read_gathering(values: Mapping[str, str], zone: str, scale: Scale, now: datetime) -> GatheringPlan:
    """Read a gathering as typed, in its circle's zone. Raises Refused with every reason at once.

    now: the present moment, in UTC; what has begun cannot be planned.
    """
    reader = Reader(values)
    start = reader.take(lambda: clock.parse_wall(values.get("date", ""), values.get("time", ""), zone), None)
    length = reader.take(
        lambda: circle_forms.read_length(values.get("length_minutes", "")), circle_forms.LENGTHS[0]
    )
    capacity, community = circle_forms.read_seats(reader, scale)
    note = reader.body("note", max_length=500, required=False)
    if start and start.utc <= now:
        message = "This time has passed. Please give one that is still ahead."
        reader.add(Reason("past", message, "date"))
    if start is None or reader.reasons:
        raise Refused(reader.reasons)
    return GatheringPlan(start, length, capacity, community, note)


def typed(rule: Rule, terms: Terms) -> dict[str, str]:
    """A stored schedule as its form holds it."""
    return typed_terms(terms) | {
        "kind": rule.kind,
        "every": str(rule.every),
        "weekdays": ",".join(str(day) for day in rule.weekdays) if rule.kind == "weekly" else "",
        "weekday": str(rule.weekdays[0]) if rule.weekdays else "1",
        "nth": str(rule.nth or 1),
        "month_day": str(rule.month_day or rule.first.day),
        "dates": "\n".join(day.isoformat() for day in rule.dates),
        "first_date": rule.first.isoformat(),
        "end": "until" if rule.until else "times" if rule.times else "open",
        "until": rule.until.isoformat() if rule.until else "",
        "times": str(rule.times or ""),
        "skipped": ",".join(sorted(day.isoformat() for day in rule.skipped)),
    }


def typed_terms(terms: Terms) -> dict[str, str]:
    """What every gathering has, as a form holds it."""
    names = ("length_minutes", "capacity", "community_seats", "note", "join_link", "city", "address")
    return {"time": f"{terms.at:%H:%M}"} | {name: str(getattr(terms, name)) for name in names}


# Rows


def rule_of(row: Any) -> Rule:
    """The rule that a stored schedule holds."""
    return Rule(
        kind=row["kind"],
        first=row["first_date"],
        every=row["every"],
        weekdays=tuple(row["weekdays"]),
        nth=row["nth"],
        month_day=row["month_day"],
        dates=tuple(row["dates"]),
        until=row["until"],
        times=row["times"],
        skipped=frozenset(row["skipped"]),
    )


def terms_of(row: Any, at: time | None = None) -> Terms:
    """What a stored schedule gives each gathering; or what a gathering has, given its time of day."""
    names = ("zone", "length_minutes", "capacity", "community_seats", "note", "join_link", "city", "address")
    return Terms(at=at or row["wall_time"], **{name: row[name] for name in names})


def columns(rule: Rule, terms: Terms) -> dict[str, Any]:
    """A schedule as its row holds it."""
    plain = {name: getattr(rule, name) for name in ("kind", "every", "nth", "month_day", "until", "times")}
    lists = {"weekdays": list(rule.weekdays), "dates": list(rule.dates), "skipped": sorted(rule.skipped)}
    given = {name: getattr(terms, name) for name in Terms.__slots__ if name != "at"}
    return plain | lists | given | {"first_date": rule.first, "wall_time": terms.at}
