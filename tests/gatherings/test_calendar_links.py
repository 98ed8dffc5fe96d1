"""Links that add an entry to a calendar on the web: the discreet name and the times in UTC, no more."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from circles.gatherings import calendar_links

# 6:00 pm in New York in winter.
START = datetime(2026, 11, 24, 18, 0, tzinfo=ZoneInfo("America/New_York"))


def test_times_are_in_utc() -> None:
    google, outlook, office = calendar_links("Tuesday group", START, START + timedelta(minutes=90))
    assert google.url == (
        "https://calendar.google.com/calendar/render?action=TEMPLATE&text=Tuesday%20group"
        "&dates=20261124T230000Z%2F20261125T003000Z"
    )
    for link in (outlook, office):
        values = parse_qs(urlsplit(link.url).query)
        assert values["startdt"] == ["2026-11-24T23:00:00Z"]
        assert values["enddt"] == ["2026-11-25T00:30:00Z"]
        assert values["subject"] == ["Tuesday group"]
        assert set(values) == {"path", "rru", "subject", "startdt", "enddt"}


@given(st.text(max_size=40))
def test_any_name_stays_in_its_place(name: str) -> None:
    for link in calendar_links(name, START, START + timedelta(hours=1)):
        values = parse_qs(urlsplit(link.url).query, keep_blank_values=True)
        assert len(values.get("text", []) + values.get("subject", [])) == 1
        assert not set(values) - {"action", "text", "dates", "path", "rru", "subject", "startdt", "enddt"}
