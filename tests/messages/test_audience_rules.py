"""The rules of messages to a circle: set times over zones and clock changes, audiences, limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.messages import audience_rules
from circles.messages.audience_rules import AUDIENCES, MAX_AHEAD, MAX_LATE, Timing

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
ZONES = ("America/New_York", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")
# In both halves of the year, so that clocks go forward in one of the zones and back in another.
STARTS = (NOW, datetime(2027, 10, 25, 12, tzinfo=UTC))


@given(
    ahead=st.timedeltas(timedelta(days=-2), timedelta(days=35)),
    zone=st.sampled_from(ZONES),
    now=st.sampled_from(STARTS),
)
def test_a_set_time_is_what_clocks_show_in_the_circle_s_zone(
    ahead: timedelta, zone: str, now: datetime
) -> None:
    wall = (now + ahead).replace(second=0, microsecond=0, tzinfo=None)
    typed = {"date": wall.date().isoformat(), "time": wall.time().isoformat("minutes")}
    try:
        moment = audience_rules.read_moment(typed, Timing(zone, 24, now))
    except Refused as refused:
        (code,) = refused.codes
        utc = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        shown = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        expected = {"time_missing": shown != wall, "past": utc <= now, "far": utc > now + MAX_AHEAD}
        assert expected[code]
    else:
        assert moment
        assert moment.wall == wall
        assert moment.utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
        assert now < moment.utc <= now + MAX_AHEAD


@pytest.mark.parametrize(
    ("date", "time", "code"),
    [
        ("2027-03-14", "02:30", "time_missing"),  # New York skips it
        ("2027-03-01", "06:59", "past"),
        ("2027-03-30", "12:00", "far"),
        ("", "12:00", "date_missing"),
        ("2027-03-02", "", "time_unreadable"),
        ("1.3.2027", "12:00", "date_unreadable"),
        ("2027-03-20", "12:00", "too_late"),
    ],
)
def test_times_that_are_refused(date: str, time: str, code: str) -> None:
    last = datetime(2027, 3, 19, tzinfo=UTC) if code == "too_late" else None
    with pytest.raises(Refused) as refused:
        audience_rules.read_moment({"date": date, "time": time}, Timing("America/New_York", 12, NOW, last))
    assert refused.value.codes == {code}


def test_an_empty_time_is_none() -> None:
    assert audience_rules.read_moment({"date": " ", "time": ""}, Timing("America/New_York", 12, NOW)) is None


@pytest.mark.parametrize(("late", "held"), [(MAX_LATE, False), (MAX_LATE + timedelta(seconds=1), True)])
def test_what_is_too_late_is_held(late: timedelta, held: bool) -> None:
    assert bool(audience_rules.late_refusals(NOW, NOW + late)) is held


def test_organizers_have_no_audience_of_the_register() -> None:
    assert set(audience_rules.audiences_for("organizer")) == {"ahead", "waiting"}
    assert set(audience_rules.audiences_for("lead")) == set(AUDIENCES)
    for audience in AUDIENCES:
        assert bool(audience_rules.part_refusals(audience, "organizer")) == (
            audience not in ("ahead", "waiting")
        )
        assert not audience_rules.part_refusals(audience, "co")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_limits_of_a_day(audience: str) -> None:
    most = audience_rules.MAX_TO_CHOSEN if audience == "chosen" else audience_rules.MAX_TO_CIRCLE
    for sent, refused in ((most - 1, False), (most, True)):
        today = {"to_one": sent, "to_all": 0} if audience == "chosen" else {"to_one": 0, "to_all": sent}
        assert bool(audience_rules.circle_limit_refusals(audience, today)) is refused
