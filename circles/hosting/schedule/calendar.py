"""A schedule on its pages: a small calendar of its next dates, and one line in the list. Pure, no I/O."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from circles.base import clock
from circles.hosting.schedule import forms, rules
from circles.hosting.schedule.rules import Rule, Terms


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the small calendar. on: whether it is a date of the rule, skipped or not."""

    day: date
    on: bool
    skipped: bool
    oddity: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the small calendar: its name and its weeks, a day outside of it being None."""

    name: str
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A rule before it is saved: in words, its next months, and what a clock change does to its dates.

    first_meeting: its first date, where that is another day than the one typed; question: asks about it.
    """

    words: str
    months: tuple[Month, ...]
    warnings: tuple[str, ...]
    first_meeting: date | None = None
    question: str = ""


def preview(rule: Rule, terms: Terms, now: datetime, hours: int = 12) -> Preview:
    """The dates of a rule that are planted as months, and clock changes on any of them."""
    days = rules.next_dates(rule, terms, now)
    dates = {day: Day(day, True, day in rule.skipped, terms.moment(day).oddity) for day in days}
    months = tuple(
        _month(year, month, dates) for (year, month), _ in groupby(days, lambda day: (day.year, day.month))
    )
    words = rules.words(rule, terms, now.date(), hours)
    return Preview(
        words[0].upper() + words[1:],
        months,
        tuple(_warnings([day for day in days if day not in rule.skipped], terms, hours)),
        rules.first_meeting(rule),
        "".join(reason.text for reason in rules.first_meeting_refusals(rule)),
    )


def _month(year: int, month: int, dates: dict[date, Day]) -> Month:
    weeks = calendar.Calendar().monthdatescalendar(year, month)
    return Month(
        clock.format_month(date(year, month, 1)),
        tuple(
            tuple(dates.get(day, Day(day, False, False, "")) if day.month == month else None for day in week)
            for week in weeks
        ),
    )


def _warnings(days: Sequence[date], terms: Terms, hours: int) -> Iterable[str]:
    city, usual = clock.city(terms.zone), clock.format_hour(terms.at, hours)
    for day in days:
        at, date_text = terms.moment(day), clock.format_date(day)
        if at.oddity == "missing":
            starts = clock.format_hour(at.wall, hours)
            yield f"On {date_text}, the clocks in {city} skip {usual}. It starts at {starts}."
        elif at.oddity == "doubled":
            yield f"On {date_text}, the clocks in {city} show {usual} twice. It is the first."


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A schedule in the list of its circle: its rule, and what is planted of it, in words."""

    id: UUID
    words: str
    ahead: str


def list_schedules(rows: Iterable[Any], circle_state: str, today: date, hours: int) -> list[ScheduleLine]:
    """The schedules of a circle in words."""
    lines = []
    for row in rows:
        words = rules.words(forms.rule_of(row), forms.terms_of(row), today, hours)
        lines.append(ScheduleLine(row["id"], words[0].upper() + words[1:], _ahead_words(row, circle_state)))
    return lines


def _ahead_words(row: Any, circle_state: str) -> str:
    if row["how_many"]:
        by_hand = f", {row['by_hand']} of them changed by hand" if row["by_hand"] else ""
        return f"{row['how_many']} created ahead{by_hand}."
    if circle_state == "published":
        return "Nothing of it is ahead just now."
    return "Its gatherings are created once the circle takes bookings."
