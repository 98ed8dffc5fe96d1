"""What a schedule is: its rule and terms, the dates of a rule, its words, every reason against it. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any, Literal

from dateutil.rrule import MO, MONTHLY, WEEKLY, rrule, weekday

from circles.base import clock
from circles.base.english import choose, join_names, plural
from circles.base.errors import Reason

Kind = Literal["weekly", "monthly_weekday", "monthly_date", "dates"]

MAX_GATHERINGS = 400
# How far ahead a schedule without an end is planted; one with an end is planted up to it, at most up to FARTHEST.
HORIZON = timedelta(weeks=26)
FARTHEST = timedelta(weeks=53)
LAST_DAY = date(2100, 12, 31)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Which dates a schedule has. weekdays: 0 is Monday; every: weeks or months; nth: -1 is the last.

    times counts the dates of the rule, the skipped ones too.
    """

    kind: Kind
    first: date
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0
    month_day: int = 0
    dates: tuple[date, ...] = ()
    until: date | None = None
    times: int | None = None
    skipped: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """What every gathering of a schedule has beside its date. join_link, city, address: empty is the circle's."""

    at: time
    zone: str
    length_minutes: int
    capacity: int
    community_seats: int
    note: str = ""
    join_link: str = ""
    city: str = ""
    address: str = ""

    def moment(self, day: date) -> clock.Moment:
        """When the gathering of this date starts: a missing hour moves forward, a doubled one is the first."""
        return clock.moment(datetime.combine(day, self.at), self.zone)


# The dates of a rule


def all_dates(rule: Rule) -> Iterator[date]:
    """Every date of a rule in order, the skipped ones too. May be endless but for the year 2100."""
    until = min(rule.until or LAST_DAY, LAST_DAY)
    if rule.kind == "dates":
        dates = (day for day in sorted(set(rule.dates)) if rule.first <= day <= until)
    else:
        first, last = (datetime.combine(day, time()) for day in (rule.first, until))
        dates = (
            at.date() for at in rrule(dtstart=first, until=last, interval=rule.every, **_recurrence(rule))
        )
    return islice(dates, rule.times)


def _recurrence(rule: Rule) -> dict[str, Any]:
    """The parts of RFC 5545's RRULE that a kind has. Weeks begin on Monday; a month without the date is left out."""
    if rule.kind == "weekly":
        return {"freq": WEEKLY, "wkst": MO, "byweekday": rule.weekdays}
    if rule.kind == "monthly_weekday":
        return {"freq": MONTHLY, "byweekday": weekday(rule.weekdays[0], rule.nth)}
    return {"freq": MONTHLY, "bymonthday": rule.month_day}


def dates(rule: Rule, after: date, until: date) -> list[date]:
    """The dates of a rule from one day to another, both included, without the skipped ones."""
    early = takewhile(lambda day: day <= until, all_dates(rule))
    return [day for day in early if day >= after and day not in rule.skipped]


def horizon(rule: Rule, today: date) -> date:
    """The day up to which a schedule is planted: its end, or half a year ahead where it has none."""
    if rule.kind != "dates" and not rule.until and not rule.times:
        return today + HORIZON
    farthest = today + FARTHEST
    last = max(takewhile(lambda day: day <= farthest, all_dates(rule)), default=today)
    return max(last, today + HORIZON)


def first_meeting(rule: Rule) -> date | None:
    """The first date of a rule where that is another one than its first day, which is then asked about."""
    first = next(all_dates(rule), None)
    return first if first and first != rule.first else None


def first_meeting_refusals(rule: Rule) -> list[Reason]:
    """A question instead of moving the first date silently."""
    first = first_meeting(rule)
    if first is None:
        return []
    message = (
        f"{clock.format_date(rule.first)} is not one of the days it repeats on. "
        f"The first one is {clock.format_date(first)}: please give that as the first date, or change the days."
    )
    return [Reason("first_day", message, "first_date")]


# Reasons against a rule


def refusals(rule: Rule, terms: Terms, now: datetime) -> list[Reason]:
    """Every reason against a rule."""
    if rule.until and rule.until < rule.first:
        message = f"The last date is before the first, {clock.format_day_of_year(rule.first, now.date())}."
        return [Reason("ends_before_start", message, "until")]
    if (rule.until or rule.times) and len(list(islice(all_dates(rule), MAX_GATHERINGS + 1))) > MAX_GATHERINGS:
        message = f"These are more than {MAX_GATHERINGS} gatherings. Please let it end earlier, or leave the end open."
        return [Reason("too_many", message, "until" if rule.until else "times")]
    if not any(_ahead(rule, terms, now)):
        message = "No gathering comes of this: every date of it is past or skipped."
        return [Reason("plants_nothing", message, "first_date")]
    return []


def _ahead(rule: Rule, terms: Terms, now: datetime) -> Iterator[date]:
    early = now.date() - timedelta(days=1)
    return (
        day
        for day in all_dates(rule)
        if day >= early and day not in rule.skipped and terms.moment(day).utc > now
    )


def planted_times(rule: Rule, terms: Terms, now: datetime) -> list[tuple[datetime, datetime]]:
    """Start and end, in UTC, of the gatherings that a new schedule plants at once."""
    days = dates(rule, now.date() - timedelta(days=1), horizon(rule, now.date()))
    starts = [start for day in days if (start := terms.moment(day).utc) > now]
    return [(start, start + timedelta(minutes=terms.length_minutes)) for start in starts]


def next_dates(rule: Rule, terms: Terms, now: datetime) -> list[date]:
    """The dates of a rule that are planted, for its preview, the skipped ones among them; at least the next one."""
    early, furthest = now.date() - timedelta(days=1), horizon(rule, now.date())
    ahead = (day for day in all_dates(rule) if day >= early and terms.moment(day).utc > now)
    first = next(ahead, None)
    return [first, *takewhile(lambda day: day <= furthest, ahead)] if first else []


def publish_refusals(circle_state: str) -> list[Reason]:
    """Why a gathering of a circle in this state cannot be open for booking."""
    if circle_state == "published":
        return []
    return [
        Reason("circle_not_published", "Publish the circle first: people see a gathering through its circle.")
    ]


# The words of a rule


def words(rule: Rule, terms: Terms, today: date, hours: int = 12) -> str:
    """A schedule in words: every other Tuesday, 6:00 pm to 7:30 pm New York time, until June 30."""
    ends = (datetime.combine(rule.first, terms.at) + timedelta(minutes=terms.length_minutes)).time()
    parts = [rhythm(rule), f"{clock.format_hours(terms.at, ends, hours)} {clock.city(terms.zone)} time"]
    if rule.first > today and rule.kind != "dates":
        parts.append(f"from {clock.format_day_of_year(rule.first, today)}")
    if rule.until:
        parts.append(f"until {clock.format_day_of_year(rule.until, today)}")
    if rule.times:
        parts.append("once" if rule.times == 1 else f"{rule.times} times")
    skipped = sorted(day for day in rule.skipped if day >= today)
    if skipped:
        parts.append(f"not on {join_names(clock.format_day_of_year(day, today) for day in skipped)}")
    return ", ".join(parts)


def saved_notice(rule: Rule, planted: int, circle_state: str, today: date) -> str:
    """The notice after a schedule is saved. planted: how many gatherings it planted at once."""
    if circle_state != "published":
        return "The schedule is saved. Its gatherings are created once the circle takes bookings."
    more = any(day > horizon(rule, today) for day in all_dates(rule))
    rest = "; the next ones follow by themselves." if more else ", and that is all of them."
    gatherings = f"{plural(planted, 'gathering')} {choose(planted, 'is', 'are')}"
    return f"The schedule is saved. {gatherings} open for booking{rest}"


def rhythm(rule: Rule) -> str:
    """Only the rhythm of a rule: every other Tuesday, or the last Friday of every month."""
    if rule.kind == "weekly":
        return _weekly_words(rule)
    months = {1: "every month", 2: "every other month"}.get(rule.every, f"every {rule.every} months")
    of = f"of {months}" if rule.every <= 2 else months
    if rule.kind == "monthly_weekday":
        return f"the {NTH[rule.nth]} {WEEKDAYS[rule.weekdays[0]]} {of}"
    if rule.kind == "monthly_date":
        short = f" (a month without a {ordinal(rule.month_day)} is left out)" if rule.month_day > 28 else ""
        return f"the {ordinal(rule.month_day)} {of}{short}"
    how_many = len(set(rule.dates))
    return "on one chosen date" if how_many == 1 else f"on {how_many} chosen dates"


def _weekly_words(rule: Rule) -> str:
    days = join_names(WEEKDAYS[day] for day in sorted(rule.weekdays))
    if len(rule.weekdays) == 7:
        on_days, every_day = "on every day", "every day"
    else:
        on_days, every_day = f"on {days}", f"every {days}"
    if rule.every == 1:
        return every_day
    if rule.every == 2 and len(rule.weekdays) == 1:
        return every_day.replace("every ", "every other ", 1)
    return f"every {'other week' if rule.every == 2 else f'{rule.every} weeks'} {on_days}"


def ordinal(number: int) -> str:
    """A number as in a date: 1st, 22nd, 13th."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


# Cutting a rule in two


def split(rule: Rule, at: date) -> tuple[Rule, Rule]:
    """The rule before a date of its own, and the rule from that date on; together they have the same dates.

    The rule before has no date at all when it is cut at its first.
    """
    before = sum(1 for day in takewhile(lambda day: day < at, all_dates(rule)))
    early = replace(
        rule,
        until=at - timedelta(days=1),
        times=None,
        dates=tuple(day for day in rule.dates if day < at),
        skipped=frozenset(day for day in rule.skipped if day < at),
    )
    late = replace(
        rule,
        first=at,
        times=rule.times - before if rule.times else None,
        dates=tuple(day for day in rule.dates if day >= at),
        skipped=frozenset(day for day in rule.skipped if day >= at),
    )
    return early, late
