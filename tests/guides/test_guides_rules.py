"""When to come, as pure decisions: real hours, days, rhythms, across the clock changes of any zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import clock
from circles.base.errors import Refused
from circles.gatherings import PlaceFilter
from circles.guides import rules
from circles.guides.rules import Answers

NOW = datetime(2027, 3, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONES = st.sampled_from(
    [
        "America/New_York",
        "America/Los_Angeles",
        "Australia/Lord_Howe",  # its clocks change by half an hour
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Pacific/Apia",  # skipped a whole day in 2011
        "Africa/Cairo",  # changes at midnight
        "America/Havana",
        "Europe/Berlin",
        "UTC",
    ]
)
WALLS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
STAGES = st.sampled_from(sorted(rules.RHYTHMS))


def answers(wall: datetime, zone: str = "America/New_York", *, drives: bool = False) -> Answers:
    return Answers(clock.moment(wall, zone), "induction", PlaceFilter(online=True, in_person=True), drives)


def typed(**more: str) -> Mapping[str, str]:
    return {
        "date": "2027-03-10",
        "time": "15:00",
        "zone": "America/New_York",
        "stage": "early",
        "come": "online,in_person",
        "drives": "on",
        "city": "Denver",
    } | more


# The form


def test_every_answer_is_read() -> None:
    read = rules.read(typed(), NOW)
    assert read.ends.utc == datetime(2027, 3, 10, 20, tzinfo=UTC)
    assert read.coming == PlaceFilter(online=True, in_person=True, city="Denver")
    assert (read.stage, read.drives, read.rhythm.weeks) == ("early", True, 2)


def test_every_reason_is_given_at_once() -> None:
    with pytest.raises(Refused) as caught:
        rules.read({"date": "soon", "zone": "Mars/Olympus", "come": "by boat"}, NOW)
    assert caught.value.codes == {"zone", "date_unreadable", "no_way"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"time": "25:00"}, "time_unreadable"),
        ({"time": ""}, "time_unreadable"),
        ({"date": "2027-03-14", "time": "02:30"}, "time_missing"),  # the clocks skip it
        ({"date": "2028-03-14"}, "too_far"),
        ({"date": "9999-12-31"}, "date_far"),
        ({"stage": "never"}, "unknown_choice"),
        ({"come": ""}, "no_way"),
        ({"city": "x" * 81}, "too_long"),
        ({"city": "a\x00"}, "bad_character"),
    ],
)
def test_what_cannot_be_read_is_refused(more: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.read(typed(**more), NOW)
    assert caught.value.codes == {code}


def test_a_session_long_ago_is_read_too() -> None:
    assert rules.read(typed(date="2001-03-10"), NOW).ends.utc.year == 2001


# The window


def test_on_an_ordinary_day() -> None:
    window = rules.window(answers(datetime(2027, 6, 8, 15)))
    end = datetime(2027, 6, 8, 19, tzinfo=UTC)
    assert window.online_from == window.in_person_from == end + 24 * HOUR
    assert window.until == end + 72 * HOUR


def test_who_drives_sets_out_a_day_later() -> None:
    window = rules.window(answers(datetime(2027, 6, 8, 15), drives=True))
    end = datetime(2027, 6, 8, 19, tzinfo=UTC)
    assert window.online_from == end + 24 * HOUR
    assert window.in_person_from == end + 25 * HOUR


def test_a_night_that_loses_an_hour_still_has_its_24_real_hours() -> None:
    # Saturday 15:00 in New York; the clocks skip an hour on Sunday, so 24 hours later they show 16:00.
    window = rules.window(answers(datetime(2027, 3, 13, 15)))
    shown = window.online_from.astimezone(ZoneInfo("America/New_York"))
    assert (shown.day, shown.hour) == (14, 16)


def test_after_24_hours_of_a_day_of_25_it_is_still_the_same_day_so_nobody_drives() -> None:
    # On 7 November 2027 New York's day has 25 hours: 24 hours after 0:10 it is 23:10 of that same day.
    window = rules.window(answers(datetime(2027, 11, 7, 0, 10), drives=True))
    assert window.online_from.astimezone(ZoneInfo("America/New_York")).strftime("%d %H:%M") == "07 23:10"
    assert window.in_person_from.astimezone(ZoneInfo("America/New_York")).strftime("%d %H:%M") == "08 01:00"


def test_an_hour_that_comes_twice_is_rested_from_the_second() -> None:
    window = rules.window(answers(datetime(2027, 11, 7, 1, 30)))
    assert window.online_from == datetime(2027, 11, 8, 6, 30, tzinfo=UTC)
    assert window.until == datetime(2027, 11, 10, 5, 30, tzinfo=UTC)


@given(WALLS, ZONES, st.booleans())
def test_nothing_is_ever_shown_too_early_or_too_late(wall: datetime, zone: str, drives: bool) -> None:
    questions = answers(wall, zone, drives=drives)
    window, there = rules.window(questions), ZoneInfo(zone)
    # Whichever of the two readings of a doubled hour was meant.
    for fold in (0, 1):
        end = questions.ends.wall.replace(tzinfo=there, fold=fold).astimezone(UTC)
        assert window.online_from >= end + 24 * HOUR
        assert window.until <= end + 72 * HOUR
        if drives:
            leaves = window.in_person_from - rules.WAY_THERE
            assert leaves >= end + 24 * HOUR
            assert leaves.astimezone(there).date() > end.astimezone(there).date()
    assert window.online_from < window.in_person_from + HOUR <= window.until


@given(WALLS, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_the_season_follows_the_clock(wall: datetime, off: timedelta) -> None:
    window = rules.window(answers(wall))
    now = window.online_from + off
    season = rules.season(window, now)
    assert (season == "ahead") == (now < window.online_from)
    assert (season == "passed") == (now > window.until)


# The rhythm


@given(WALLS, ZONES, STAGES)
def test_a_rhythm_keeps_its_hour_and_weekday(wall: datetime, zone: str, stage: str) -> None:
    rhythm, there = rules.RHYTHMS[stage], ZoneInfo(zone)
    start = clock.moment(wall, zone)
    dates = rules.dates(rhythm, start.utc, zone)
    assert len(dates) == rhythm.times
    for number, at in enumerate(dates, start=1):
        due = start.wall + timedelta(weeks=rhythm.weeks * number)
        assert at == clock.moment(due, zone).utc
        if not clock.moment(due, zone).oddity:
            assert at.astimezone(there).replace(tzinfo=None) == due


@given(WALLS, ZONES, STAGES, st.booleans(), st.none() | st.floats(0, 1))
def test_no_date_comes_near_the_rest_and_no_gathering_is_nearest_to_two(
    wall: datetime, zone: str, stage: str, drives: bool, found_at: float | None
) -> None:
    questions, rhythm = answers(wall, zone, drives=drives), rules.RHYTHMS[stage]
    window = rules.window(questions)
    first = None if found_at is None else window.online_from + (window.until - window.online_from) * found_at
    start = rules.anchor(window, window.online_from, first)
    spans = [(at - rhythm.within, at + rhythm.within) for at in rules.dates(rhythm, start, zone)]
    assert spans[0][0] > window.until
    for (_, ends), (begins, _) in pairwise(spans):
        assert ends < begins


def test_what_the_rhythm_counts_from() -> None:
    window = rules.window(answers(datetime(2027, 6, 8, 15)))
    middle = window.online_from + 24 * HOUR
    assert rules.anchor(window, window.online_from, None) == middle
    assert rules.anchor(window, window.online_from, window.until) == window.until
    late = window.until + HOUR
    assert rules.anchor(window, late, None) == late


def test_the_rhythm_is_that_of_the_field() -> None:
    assert {stage: (rhythm.words, rhythm.weeks) for stage, rhythm in rules.RHYTHMS.items()} == {
        "induction": ("every week", 1),
        "early": ("every two weeks", 2),
        "later": ("once a month", 4),
        "single": ("every week, for as long as it helps", 1),
        "": ("every week, for as long as it helps", 1),
    }
    assert [stage for stage, *_ in rules.STAGES] == list(rules.RHYTHMS)
