"""Times in words: one table of what is printed, in four zones and by both clocks; which clock a language has."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from babel import Locale, localedata

from circles.base import clock
from circles.base.clock import NOBODY, Viewer

NEW_YORK, LOS_ANGELES, BERLIN, SYDNEY = (
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Sydney",
)

# Starts of a circle in New York.
EVENING = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 29, 7, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 29, 5, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
FIRST_OF_TWO = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
SECOND_OF_TWO = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
AFTER_THE_GAP = datetime(2027, 3, 14, 7, 30, tzinfo=UTC)

# A start, a zone, the hours of a clock: what its reader is told.
TABLE = [
    (EVENING, "", 12, "Tuesday, November 24, 6:30 pm in New York"),
    (EVENING, "", 24, "Tuesday, November 24, 18:30 in New York"),
    (EVENING, NEW_YORK, 12, "Tuesday, November 24, 6:30 pm"),
    (EVENING, NEW_YORK, 24, "Tuesday, November 24, 18:30"),
    (EVENING, "America/Toronto", 12, "Tuesday, November 24, 6:30 pm"),
    (EVENING, LOS_ANGELES, 12, "Tuesday, November 24, 3:30 pm; 6:30 pm in New York"),
    (EVENING, LOS_ANGELES, 24, "Tuesday, November 24, 15:30; 18:30 in New York"),
    (
        EVENING,
        BERLIN,
        12,
        "Wednesday, November 25, 12:30 am, the night from Tuesday to Wednesday; Tuesday 6:30 pm in New York",
    ),
    (
        EVENING,
        BERLIN,
        24,
        "Wednesday, November 25, 00:30, the night from Tuesday to Wednesday; Tuesday 18:30 in New York",
    ),
    (EVENING, SYDNEY, 12, "Wednesday, November 25, 10:30 am; Tuesday 6:30 pm in New York"),
    (EVENING, SYDNEY, 24, "Wednesday, November 25, 10:30; Tuesday 18:30 in New York"),
    (NIGHT, "", 12, "Sunday, November 29, 2:30 am in New York, the night from Saturday to Sunday"),
    (NIGHT, NEW_YORK, 12, "Sunday, November 29, 2:30 am, the night from Saturday to Sunday"),
    (NIGHT, NEW_YORK, 24, "Sunday, November 29, 02:30, the night from Saturday to Sunday"),
    (
        NIGHT,
        LOS_ANGELES,
        12,
        "Saturday, November 28, 11:30 pm; 2:30 am in New York, the night from Saturday to Sunday",
    ),
    (
        NIGHT,
        BERLIN,
        12,
        "Sunday, November 29, 8:30 am; 2:30 am in New York, the night from Saturday to Sunday",
    ),
    (NIGHT, SYDNEY, 24, "Sunday, November 29, 18:30; 02:30 in New York, the night from Saturday to Sunday"),
    (MIDNIGHT, NEW_YORK, 12, "Sunday, November 29, 12:00 midnight, the night from Saturday to Sunday"),
    (MIDNIGHT, NEW_YORK, 24, "Sunday, November 29, 00:00, the night from Saturday to Sunday"),
    (NOON, NEW_YORK, 12, "Saturday, November 28, 12:00 noon"),
    (NOON, NEW_YORK, 24, "Saturday, November 28, 12:00"),
    (NOON, LOS_ANGELES, 12, "Saturday, November 28, 9:00 am; 12:00 noon in New York"),
    (NOON, LOS_ANGELES, 24, "Saturday, November 28, 09:00; 12:00 in New York"),
    (
        FIRST_OF_TWO,
        NEW_YORK,
        12,
        "Sunday, November 1, 1:30 am (the first one, before the clocks go back), the night from Saturday to Sunday",
    ),
    (
        SECOND_OF_TWO,
        NEW_YORK,
        24,
        "Sunday, November 1, 01:30 (the second one, after the clocks go back), the night from Saturday to Sunday",
    ),
    (
        FIRST_OF_TWO,
        BERLIN,
        12,
        "Sunday, November 1, 6:30 am; 1:30 am in New York (the first one, before the clocks go back), "
        "the night from Saturday to Sunday",
    ),
    (
        AFTER_THE_GAP,
        LOS_ANGELES,
        12,
        "Saturday, March 13, 2027, 11:30 pm; 3:30 am in New York, the night from Saturday to Sunday",
    ),
]


@pytest.mark.parametrize(("at", "zone", "hours", "words"), TABLE)
@time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC), tick=False)
def test_when_a_gathering_is(at: datetime, zone: str, hours: int, words: str) -> None:
    assert clock.format_when(at, NEW_YORK, Viewer(zone, hours)) == words


SHORTENED: list[tuple[Callable[[Viewer], str], str, str]] = [
    (
        lambda viewer: clock.format_short(EVENING, NEW_YORK, viewer),
        "Tue, Nov 24, 3:30 pm; 6:30 pm in New York",
        "Tue, Nov 24, 6:30 pm in New York",
    ),
    (
        lambda viewer: clock.format_named(EVENING, NEW_YORK, viewer),
        "Tuesday, November 24, 3:30 pm in Los Angeles; 6:30 pm in New York",
        "Tuesday, November 24, 6:30 pm in New York",
    ),
    (
        lambda viewer: clock.format_time(EVENING, NEW_YORK, viewer),
        "3:30 pm; 6:30 pm in New York",
        "6:30 pm in New York",
    ),
    (
        lambda viewer: clock.format_record(EVENING, viewer),
        "Tue, Nov 24, 3:30 pm",
        "Tue, Nov 24, 11:30 pm UTC",
    ),
    (
        lambda viewer: clock.format_record(EVENING, viewer, NEW_YORK),
        "Tue, Nov 24, 3:30 pm",
        "Tue, Nov 24, 6:30 pm in New York",
    ),
    (lambda viewer: clock.format_moment(EVENING, NEW_YORK, viewer), "3:30 pm", "6:30 pm in New York"),
    (
        lambda viewer: clock.format_day(NIGHT, NEW_YORK, viewer),
        "Saturday, November 28",
        "Sunday, November 29",
    ),
]


@pytest.mark.parametrize(("say", "known", "unknown"), SHORTENED)
@time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC), tick=False)
def test_the_other_forms(say: Callable[[Viewer], str], known: str, unknown: str) -> None:
    assert say(Viewer(LOS_ANGELES)) == known
    assert say(NOBODY) == unknown


def test_an_entry_that_goes_elsewhere_names_the_zone_even_where_it_is_the_readers() -> None:
    assert clock.format_named(EVENING, NEW_YORK, Viewer(NEW_YORK)).endswith("6:30 pm in New York")


@pytest.mark.parametrize(
    ("at", "twelve", "twenty_four"),
    [
        (time(0, 0), "12:00 midnight", "00:00"),
        (time(0, 5), "12:05 am", "00:05"),
        (time(9, 0), "9:00 am", "09:00"),
        (time(12, 0), "12:00 noon", "12:00"),
        (time(12, 30), "12:30 pm", "12:30"),
        (time(18, 30), "6:30 pm", "18:30"),
        (time(23, 59), "11:59 pm", "23:59"),
    ],
)
def test_an_hour(at: time, twelve: str, twenty_four: str) -> None:
    assert (clock.format_hour(at), clock.format_hour(at, 24)) == (twelve, twenty_four)


def test_a_date_names_its_year_when_it_is_another_one() -> None:
    day = date(2027, 1, 5)
    assert clock.format_date(day, date(2027, 6, 1)) == "Tuesday, January 5"
    assert clock.format_date(day, date(2026, 12, 31)) == "Tuesday, January 5, 2027"
    assert clock.format_short_date(day, date(2026, 12, 31)) == "Tue, Jan 5, 2027"


def test_an_unknown_zone_or_clock_of_a_person_stays_open() -> None:
    assert Viewer.of("Mars/Olympus", None) == NOBODY
    assert Viewer.of(BERLIN, 24) == Viewer(BERLIN, 24)


@pytest.mark.parametrize(
    ("accept_language", "hours"),
    [
        ("", 12),
        ("*", 12),
        ("en-US,en;q=0.9", 12),
        ("en-GB,en;q=0.9", 24),
        ("de-DE,de;q=0.9,en;q=0.8", 24),
        ("en;q=0.2, fr-CA;q=0.8", 24),
        ("es-US, es;q=0.9", 12),
        ("es", 24),
        ("zh-Hant", 12),
        ("zh-CN", 24),
        ("de;q=0", 12),
        (";;;q=x, ,", 12),
        ("de;q=0.5," * 10_000, 24),
    ],
)
def test_the_clock_of_a_browsers_language(accept_language: str, hours: int) -> None:
    assert clock.hours_of(accept_language) == hours


def test_the_clocks_of_languages_are_those_of_cldr() -> None:
    differing = []
    for name in localedata.locale_identifiers():
        # The scripts that no browser sends: Deseret, Shavian, and Inuktitut in Latin letters.
        if {"Dsrt", "Shaw"} & set(name.split("_")) or name.startswith("iu_Latn"):
            continue
        pattern = re.sub(r"'[^']*'", "", Locale.parse(name).time_formats["short"].pattern)
        if clock.hours_of(name.replace("_", "-")) != (24 if "H" in pattern else 12):
            differing.append(name)
    assert differing == []
