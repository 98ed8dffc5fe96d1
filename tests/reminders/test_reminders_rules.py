"""The rules of reminders over zones and clock changes, and the key that switches them off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import clock
from circles.base.clock import Viewer
from circles.reminders import rules
from circles.reminders.rules import DAY, HOUR, Kind

START = datetime(2026, 11, 1, 18, tzinfo=UTC)
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
# Around the days on which clocks change, on both sides of the equator.
walls = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10)).map(
    lambda wall: wall.replace(microsecond=0)
)
minutes = st.integers(-3 * 24 * 60, 60).map(lambda count: timedelta(minutes=count))


@pytest.mark.parametrize(
    ("kind", "before", "booked_before", "due"),
    [
        (DAY, "24:00", "48:00", True),
        (DAY, "24:01", "48:00", False),
        (DAY, "06:01", "48:00", True),
        (DAY, "06:00", "48:00", False),  # after an outage, too late to be of use
        (DAY, "23:00", "24:00", True),
        (DAY, "02:00", "03:00", False),  # booked three hours before
        (DAY, "20:00", "23:00", False),
        (HOUR, "01:00", "03:00", True),
        (HOUR, "01:01", "03:00", False),
        (HOUR, "00:01", "03:00", True),
        (HOUR, "00:00", "03:00", False),
        (HOUR, "00:19", "00:20", False),  # booked twenty minutes before
    ],
)
def test_when_each_kind_is_due(kind: Kind, before: str, booked_before: str, due: bool) -> None:
    def at(text: str) -> datetime:
        hours, _, minutes = text.partition(":")
        return START - timedelta(hours=int(hours), minutes=int(minutes))

    assert kind.is_due(starts_at=START, confirmed_at=at(booked_before), now=at(before)) is due


@given(wall=walls, zone=st.sampled_from(ZONES), booked=minutes, reader=st.sampled_from(ZONES))
def test_once_a_minute_each_reminder_is_due_in_one_window(
    wall: datetime, zone: str, booked: timedelta, reader: str
) -> None:
    starts_at = clock.moment(wall, zone).utc
    confirmed_at = starts_at + booked - timedelta(hours=1)
    for kind in rules.KINDS.values():
        times = [
            starts_at - kind.lead - timedelta(minutes=5) + timedelta(minutes=count) for count in range(1500)
        ]
        due = [at for at in times if kind.is_due(starts_at=starts_at, confirmed_at=confirmed_at, now=at)]
        assert bool(due) == (confirmed_at <= starts_at - kind.lead)
        if due:
            assert due[0] == starts_at - kind.lead
            assert due[-1] + timedelta(minutes=1) == kind.useful_until(starts_at)
            assert due == [due[0] + timedelta(minutes=count) for count in range(len(due))]
    # What the mail says is the moment on the reader's own clock, whatever the clocks did in between.
    local = starts_at.astimezone(ZoneInfo(reader))
    assert str(local.day) in clock.format_when(starts_at, zone, Viewer.of(reader, 24))


@given(person=st.uuids(), key=st.binary(min_size=16, max_size=40), other=st.binary(min_size=16, max_size=40))
def test_a_key_opens_the_choice_of_its_person_alone(person: UUID, key: bytes, other: bytes) -> None:
    token = rules.token(key, person)
    assert rules.person_of([key], token) == person
    assert rules.person_of([other, key], token) == person
    assert other == key or rules.person_of([other], token) is None
    assert len(token) == 43


@given(st.text(max_size=60))
def test_what_this_site_did_not_make_opens_nothing(typed: str) -> None:
    assert rules.person_of([b"a key of the site"], typed) is None


def test_a_token_of_somebody_else_s_id_opens_nothing() -> None:
    token = rules.token(b"key", UUID(int=1 << 100))
    other = rules.token(b"key", UUID(int=2 << 100))
    assert rules.person_of([b"key"], other[:21] + token[21:]) is None


@pytest.mark.parametrize(
    ("day", "hour", "text"),
    [
        (True, True, "We remind you the day before and an hour before."),
        (True, False, "We remind you the day before."),
        (False, True, "We remind you an hour before."),
        (False, False, "You get no reminders."),
    ],
)
def test_the_choice_in_words(day: bool, hour: bool, text: str) -> None:
    assert rules.choice_text({"remind_day": day, "remind_hour": hour}) == text
