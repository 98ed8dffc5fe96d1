"""The form of a single gathering."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from circles.base.errors import Refused
from circles.base.money import Scale
from circles.hosting.schedule import forms as schedule_forms

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FREE = Scale(0, 0, 0, "USD")
PAID = Scale(3000, 4500, 8000, "USD")


def gathering(**changed: str) -> dict[str, str]:
    return {
        "date": "2026-03-10",
        "time": "18:00",
        "length_minutes": "90",
        "capacity": "8",
        "community_seats": "1",
    } | changed


def refusals(zone: str = "America/New_York", scale: Scale = PAID, **changed: str) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        schedule_forms.read_gathering(gathering(**changed), zone, scale, NOW)
    return {reason.field: reason.code for reason in refused.value.reasons}


def test_a_gathering_is_read_in_its_circles_zone() -> None:
    plan = schedule_forms.read_gathering(gathering(), "America/New_York", PAID, NOW)
    assert plan.start.utc == datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
    assert plan.ends_at - plan.start.utc == timedelta(minutes=90)


@pytest.mark.parametrize("length", ["0", "-90"])
def test_a_gathering_ends_after_it_starts(length: str) -> None:
    assert refusals(length_minutes=length) == {"length_minutes": "ends_before_start"}


def test_what_has_passed_cannot_be_planned() -> None:
    assert refusals(date="2026-02-27", capacity="0") == {"date": "past", "capacity": "number"}


def test_a_skipped_time_is_refused_with_the_next_one() -> None:
    with pytest.raises(Refused) as refused:
        schedule_forms.read_gathering(
            gathering(date="2026-03-08", time="02:30"), "America/New_York", PAID, NOW
        )
    assert "3:30 am" in refused.value.reasons[0].text


def test_a_doubled_time_takes_the_first() -> None:
    plan = schedule_forms.read_gathering(
        gathering(date="2026-11-01", time="01:30"), "America/New_York", PAID, NOW
    )
    assert (plan.start.oddity, plan.start.utc.hour) == ("doubled", 5)


def test_no_community_seats_where_all_are_free() -> None:
    assert refusals(scale=FREE) == {"community_seats": "community_seats"}
