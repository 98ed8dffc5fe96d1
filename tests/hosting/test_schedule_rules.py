"""The dates of a schedule against their definition, over zones and years; its words; its refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as other_tz
from hypothesis import given
from hypothesis import strategies as st

from circles.hosting.schedule import calendar as schedule_calendar
from circles.hosting.schedule import rules
from circles.hosting.schedule.rules import LAST_DAY, Rule, Terms

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOW.date()
ZONES = (
    "America/New_York",
    "America/Denver",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "UTC",
)
TERMS = Terms(time(18), "America/New_York", 90, 8, 1)

days = st.dates(date(1995, 1, 1), date(2060, 12, 31))
weekdays = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
ends = st.one_of(
    st.just({}),
    st.builds(lambda times: {"times": times}, st.integers(1, 60)),
    st.builds(lambda length: {"length": length}, st.integers(0, 1500)),
)


def ended(first: date, end: dict[str, int]) -> dict[str, Any]:
    """The end of a rule, as a keyword of `Rule`."""
    return {"until": first + timedelta(days=end["length"])} if "length" in end else dict(end)


def by_definition(rule: Rule, is_date: Callable[[date], bool]) -> list[date]:
    """The first sixty dates, by trying every day."""
    days = takewhile(
        lambda day: day <= (rule.until or LAST_DAY), (rule.first + timedelta(days=n) for n in count())
    )
    return list(islice(filter(is_date, days), min(rule.times or 60, 60)))


def in_month(rule: Rule, day: date) -> bool:
    months = (day.year - rule.first.year) * 12 + day.month - rule.first.month
    return months % rule.every == 0


def ours(rule: Rule) -> list[date]:
    return list(islice(rules.all_dates(rule), 60))


@given(days, st.integers(1, 8), weekdays, ends)
def test_dates_by_weeks_are_those_of_the_definition(
    first: date, every: int, on: tuple[int, ...], end: dict[str, int]
) -> None:
    rule = Rule("weekly", first, every, on, **ended(first, end))
    monday = first - timedelta(days=first.weekday())
    assert ours(rule) == by_definition(
        rule, lambda day: day.weekday() in on and (day - monday).days // 7 % every == 0
    )


@given(days, st.integers(1, 4), st.integers(0, 6), st.sampled_from([1, 2, 3, 4, -1]), ends)
def test_weekdays_of_months_are_those_of_the_definition(
    first: date, every: int, on: int, nth: int, end: dict[str, int]
) -> None:
    rule = Rule("monthly_weekday", first, every, (on,), nth, **ended(first, end))

    def is_date(day: date) -> bool:
        is_last = (day + timedelta(weeks=1)).month != day.month
        which = is_last if nth == -1 else (day.day - 1) // 7 + 1 == nth
        return in_month(rule, day) and day.weekday() == on and which

    assert ours(rule) == by_definition(rule, is_date)


@given(days, st.integers(1, 4), st.integers(1, 31), ends)
def test_dates_of_months_fit_the_definition(first: date, every: int, day: int, end: dict[str, int]) -> None:
    rule = Rule("monthly_date", first, every, month_day=day, **ended(first, end))
    assert ours(rule) == by_definition(rule, lambda other: in_month(rule, other) and other.day == day)


@given(st.dates(date(1995, 1, 1), date(2035, 12, 31)), st.times(), st.sampled_from(ZONES))
def test_the_wall_time_stays_across_clock_changes(first: date, at: time, zone: str) -> None:
    at = at.replace(second=0, microsecond=0)
    rule = Rule("weekly", first, 1, (first.weekday(),), times=53)
    terms = Terms(at, zone, 90, 8, 0)
    there = other_tz.gettz(zone)
    for day in rules.all_dates(rule):
        moment, wall = terms.moment(day), datetime.combine(day, at)
        assert moment.utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment.wall
        exists = other_tz.datetime_exists(wall, there)
        assert (moment.oddity == "missing") == (not exists)
        if exists:
            first_of_two = other_tz.enfold(wall.replace(tzinfo=there), 0)
            assert moment.utc == first_of_two.astimezone(UTC)
            assert (moment.oddity == "doubled") == other_tz.datetime_ambiguous(wall, there)
        else:
            assert moment.wall > wall
            assert moment.utc == other_tz.resolve_imaginary(wall.replace(tzinfo=there)).astimezone(UTC)


def test_the_missing_hour_moves_by_the_gap_and_the_doubled_is_the_first() -> None:
    terms = Terms(time(2, 30), "America/New_York", 90, 8, 0)
    early = Terms(time(1, 30), "America/New_York", 90, 8, 0)
    spring, autumn = terms.moment(date(2027, 3, 14)), early.moment(date(2027, 11, 7))
    assert (spring.wall.time(), spring.oddity) == (time(3, 30), "missing")
    assert (autumn.utc, autumn.oddity) == (datetime(2027, 11, 7, 5, 30, tzinfo=UTC), "doubled")
    howe = Terms(time(2, 10), "Australia/Lord_Howe", 90, 8, 0).moment(date(2026, 10, 4))
    assert (howe.wall.time(), howe.oddity) == (time(2, 40), "missing")


@given(days, st.integers(1, 4), weekdays, ends, st.integers(0, 40))
def test_a_rule_cut_in_two_keeps_its_dates(
    first: date, every: int, on: tuple[int, ...], end: dict[str, int], cut: int
) -> None:
    rule = Rule("weekly", first, every, on, **ended(first, end))
    dates = ours(rule)
    if not dates:
        return
    early, late = rules.split(rule, dates[min(cut, len(dates) - 1)])
    assert (list(rules.all_dates(early)) + list(islice(rules.all_dates(late), 60)))[: len(dates)] == dates


def test_listed_dates_are_sorted_and_distinct() -> None:
    listed = (date(2027, 1, 9), date(2026, 12, 5), date(2027, 1, 9))
    rule = Rule("dates", date(2026, 12, 5), dates=listed, skipped=frozenset({date(2026, 12, 5)}))
    assert list(rules.all_dates(rule)) == [date(2026, 12, 5), date(2027, 1, 9)]
    assert rules.dates(rule, TODAY, date(2027, 12, 31)) == [date(2027, 1, 9)]


def test_a_date_that_no_month_has_gives_no_dates() -> None:
    assert not list(rules.all_dates(Rule("monthly_date", date(2027, 2, 1), 12, month_day=30)))


FIRST = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            Rule("weekly", FIRST, 2, (1,), until=date(2027, 6, 30)),
            "every other Tuesday, 6:00 pm to 7:30 pm New York time, from November 24, until June 30, 2027",
        ),
        (Rule("weekly", date(2026, 1, 6), 1, (1,)), "every Tuesday, 6:00 pm to 7:30 pm New York time"),
        (Rule("weekly", TODAY, 1, (1, 3)), "every Tuesday and Thursday, 6:00 pm to 7:30 pm New York time"),
        (Rule("weekly", TODAY, 2, (1, 3)), "every other week on Tuesday and Thursday, 6:00 pm to 7:30 pm"),
        (Rule("weekly", TODAY, 5, (0, 1, 6), times=1), "every 5 weeks on Monday, Tuesday and Sunday, 6"),
        (Rule("weekly", TODAY, 1, tuple(range(7))), "every day, 6:00 pm"),
        (Rule("monthly_weekday", TODAY, 1, (1,), 2), "the second Tuesday of every month, 6:00 pm"),
        (Rule("monthly_weekday", TODAY, 2, (4,), -1), "the last Friday of every other month, 6:00 pm"),
        (Rule("monthly_date", TODAY, 3, month_day=22), "the 22nd every 3 months, 6:00 pm"),
        (
            Rule("monthly_date", TODAY, month_day=31),
            "the 31st of every month (a month without a 31st is left",
        ),
        (Rule("dates", TODAY, dates=(FIRST,)), "on one chosen date, 6:00 pm"),
        (
            Rule(
                "weekly", TODAY, 1, (1,), times=9, skipped=frozenset({date(2026, 12, 29), date(2026, 1, 6)})
            ),
            "every Tuesday, 6:00 pm to 7:30 pm New York time, 9 times, not on December 29",
        ),
    ],
)
def test_a_schedule_in_words(rule: Rule, words: str) -> None:
    assert rules.words(rule, TERMS, TODAY).startswith(words)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule("weekly", FIRST, 1, (1,), until=FIRST - timedelta(days=1)), "ends_before_start"),
        (Rule("weekly", FIRST, 1, (1,), until=FIRST + timedelta(weeks=400)), "too_many"),
        (Rule("weekly", FIRST, 1, (1,), times=401), "too_many"),
        (Rule("weekly", FIRST, 1, (3,), until=FIRST), "plants_nothing"),
        (Rule("weekly", date(2020, 1, 1), 1, (1,), times=5), "plants_nothing"),
        (Rule("weekly", FIRST, 1, (1,), times=1, skipped=frozenset({FIRST})), "plants_nothing"),
        (Rule("dates", FIRST), "plants_nothing"),
        (Rule("monthly_date", date(2027, 2, 1), 12, month_day=31), "plants_nothing"),
    ],
)
def test_refused_rules(rule: Rule, code: str) -> None:
    assert [reason.code for reason in rules.refusals(rule, TERMS, NOW)] == [code]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("weekly", FIRST, 1, (1,), until=FIRST + timedelta(weeks=399)),
        Rule("weekly", FIRST, 1, (1,), times=400),
        Rule("weekly", date(2001, 1, 2), 1, (1,)),
    ],
)
def test_allowed_rules(rule: Rule) -> None:
    assert rules.refusals(rule, TERMS, NOW) == []


def test_a_preview_shows_skipped_dates_too() -> None:
    dates = rules.next_dates(Rule("weekly", FIRST, 1, (1,), skipped=frozenset({FIRST})), TERMS, NOW)
    assert (dates[0], len(dates)) == (FIRST, 26)


@pytest.mark.parametrize(
    ("rule", "weeks"),
    [
        (Rule("weekly", TODAY, 1, tuple(range(7))), 26),
        (Rule("weekly", TODAY, 1, tuple(range(7)), until=TODAY + timedelta(weeks=3)), 26),
        (Rule("weekly", TODAY, 1, tuple(range(7)), until=TODAY + timedelta(weeks=40)), 40),
        (Rule("weekly", TODAY, 1, tuple(range(7)), until=TODAY + timedelta(weeks=200)), 53),
        (Rule("weekly", TODAY, 1, (TODAY.weekday(),), times=31), 30),
        (Rule("dates", TODAY, dates=(TODAY, TODAY + timedelta(weeks=50))), 50),
    ],
)
def test_how_far_a_schedule_is_planted(rule: Rule, weeks: int) -> None:
    assert rules.horizon(rule, TODAY) == TODAY + timedelta(weeks=weeks)


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        (Rule("weekly", date(2026, 11, 24), 1, (1,)), None),
        (Rule("weekly", date(2026, 11, 24), 1, (3,)), date(2026, 11, 26)),
        (Rule("monthly_weekday", date(2026, 11, 24), 1, (1,), 1), date(2026, 12, 1)),
        (Rule("monthly_date", date(2026, 11, 24), month_day=15), date(2026, 12, 15)),
        (Rule("monthly_date", date(2026, 11, 24), month_day=24), None),
    ],
)
def test_a_first_date_that_is_not_one_is_asked_about(rule: Rule, first: date | None) -> None:
    assert rules.first_meeting(rule) == first
    assert {reason.code for reason in rules.first_meeting_refusals(rule)} == (
        {"first_day"} if first else set()
    )


def test_the_preview_warns_of_clock_changes_up_to_the_horizon() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    terms = Terms(time(2, 30), "America/New_York", 90, 8, 1)
    rule = Rule("weekly", date(2026, 11, 29), 1, (6,))
    preview = schedule_calendar.preview(rule, terms, now)
    assert [month.name for month in preview.months][-1] == "May 2027"
    (warning,) = preview.warnings
    assert warning.startswith("On Sunday, March 14")
    assert warning.endswith("the clocks in New York skip 2:30 am. It starts at 3:30 am.")
    skipped = replace(rule, skipped=frozenset({date(2027, 3, 14)}))
    assert schedule_calendar.preview(skipped, terms, now).warnings == ()
