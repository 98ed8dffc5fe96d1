"""The iCalendar bytes: what the RFCs ask of them, and what two parsers we did not write read in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import recurring_ical_events
import vobject
from hypothesis import given
from hypothesis import strategies as st

from circles.base.clock import NOBODY
from circles.invites import ics, rules

START = datetime(2027, 3, 16, 22, 0, tzinfo=UTC)
ORGANIZER = ics.Party("circles@example.org", "Circles")
MIRA = ics.Party("mira@example.org", "Mira")

# What may reach a calendar: anything at all, for what was stored before a rule existed is still there.
ANYTHING = st.text(max_size=200)
# Aware times of any fineness, as the database gives them.
TIMES = st.floats(0, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def entry(**more: Any) -> ics.Entry:
    return ics.Entry(
        **{
            "uid": "place-1@circles.test",
            "sequence": 0,
            "starts_at": START,
            "ends_at": START + timedelta(minutes=90),
            "summary": "Tuesday group",
            "description": rules.description(
                START, "America/New_York", 90, "https://circles.test/my/gatherings", NOBODY
            ),
            "url": "https://circles.test/my/gatherings",
            "changed_at": START - timedelta(days=7),
            "organizer": ORGANIZER,
        }
        | more
    )


def lines(body: bytes) -> list[str]:
    """The content lines, unfolded by RFC 5545, 3.1: by bytes, before decoding."""
    return body.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def first(body: bytes) -> Any:
    """The first gathering of a calendar, as icalendar reads it."""
    return icalendar.Calendar.from_ical(body).events[0]


def well_formed(body: bytes) -> None:
    """RFC 5545, 3.1: CRLF after every line, none longer than 75 octets, no control characters (3.3.11)."""
    assert body.endswith(b"\r\n")
    physical = body.removesuffix(b"\r\n").split(b"\r\n")
    for line in physical:
        assert len(line) <= 75
        line.decode()  # a fold never splits a character
    assert not any(byte < 32 for line in physical for byte in line)
    assert all(b"\n" not in line and b"\r" not in line for line in physical)


def test_the_exact_content_of_a_request() -> None:
    body = ics.invite("REQUEST", entry(), MIRA)
    well_formed(body)
    content = lines(body)
    assert content[0] == "BEGIN:VCALENDAR"
    assert content[-2:] == ["END:VEVENT", "END:VCALENDAR"]
    for line in (
        "VERSION:2.0",
        "METHOD:REQUEST",
        "UID:place-1@circles.test",
        "SEQUENCE:0",
        "DTSTART:20270316T220000Z",
        "DTEND:20270316T233000Z",
        "DTSTAMP:20270309T220000Z",
        "LAST-MODIFIED:20270309T220000Z",
        "SUMMARY:Tuesday group",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "CLASS:PRIVATE",
        "ORGANIZER;CN=Circles:mailto:circles@example.org",
        "ATTENDEE;CN=Mira;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:mira@example.org",
        "URL:https://circles.test/my/gatherings",
    ):
        assert content.count(line) == 1, line
    names = {line.split(":")[0].split(";")[0] for line in content}
    assert not names & {"RRULE", "RDATE", "LOCATION", "TZID", "X-WR-CALNAME"}
    assert not {"BEGIN:VTIMEZONE", "BEGIN:VALARM"} & set(content)


def test_a_cancel_takes_out_the_same_entry() -> None:
    body = ics.invite("CANCEL", entry(sequence=1, canceled=True), MIRA)
    well_formed(body)
    content = lines(body)
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1", "UID:place-1@circles.test"} <= set(content)
    assert "TRANSP:TRANSPARENT" in content


def test_the_description_has_the_wall_time_of_the_circle() -> None:
    description = first(ics.publish([entry()]))["description"]
    assert description.startswith("Tuesday, March 16")
    assert "6:00 pm in New York, 90 minutes." in description
    assert description.endswith("https://circles.test/my/gatherings")


def test_a_feed_names_itself_and_nobody_else() -> None:
    body = ics.publish([entry(), entry(uid="place-2@circles.test", canceled=True)], "Circles")
    well_formed(body)
    content = lines(body)
    assert {"METHOD:PUBLISH", "NAME:Circles", "X-WR-CALNAME:Circles"} <= set(content)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in content
    assert not any(line.startswith("ATTENDEE") for line in content)
    assert content.count("BEGIN:VEVENT") == 2
    assert [line for line in content if line.startswith("STATUS")] == ["STATUS:CONFIRMED", "STATUS:CANCELLED"]


def test_a_feed_without_gatherings_is_still_a_calendar() -> None:
    body = ics.publish([], "Circles")
    well_formed(body)
    assert icalendar.Calendar.from_ical(body).events == []


def test_the_same_state_is_the_same_bytes() -> None:
    assert ics.publish([entry()], "Circles") == ics.publish([entry()], "Circles")


def read_by_icalendar(body: bytes) -> tuple[str, str, datetime, datetime, str]:
    event = first(body)
    return event["uid"], event["summary"], event.start, event.end, event["attendee"].params["CN"]


def read_by_vobject(body: bytes) -> tuple[str, str, datetime, datetime, str]:
    event = vobject.readOne(body.decode()).vevent
    cn = event.attendee.params["CN"][0]
    return event.uid.value, event.summary.value, event.dtstart.value, event.dtend.value, cn


@pytest.mark.parametrize("read", [read_by_icalendar, read_by_vobject])
@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("Tuesday group", "Mira"),
        ("Tea; cake, and a \\ backslash", "O'Brien, Mira: the second"),
        ("Grüne Runde 🌿 am Dienstagabend im Haus am See, wie immer um achtzehn Uhr dreißig", "Zoë 🧑‍🤝‍🧑"),
        ("長い名前" * 9, "名前" * 30),
    ],
)
def test_other_parsers_read_what_was_meant(read: Any, summary: str, name: str) -> None:
    body = ics.invite("REQUEST", entry(summary=summary), ics.Party("mira@example.org", name))
    well_formed(body)
    uid, title, start, end, cn = read(body)
    assert (uid, title, cn) == ("place-1@circles.test", summary, name)
    assert start == START
    assert end - start == timedelta(minutes=90)


def test_a_calendar_view_shows_each_gathering_once_on_its_day() -> None:
    week = timedelta(days=7)
    # Across the change of the clocks on 14 March 2027: 18:00 in New York is 23:00 and then 22:00 in UTC.
    before = entry(
        uid="a@x", starts_at=START - week + timedelta(hours=1), ends_at=START - week + timedelta(hours=2)
    )
    body = ics.publish([before, entry(uid="b@x")])
    view = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(
        START - 2 * week, START + week
    )
    assert [event["uid"] for event in view] == ["a@x", "b@x"]


def test_a_quotation_mark_in_a_name_becomes_an_apostrophe() -> None:
    body = ics.invite("REQUEST", entry(), ics.Party("mira@example.org", 'Mira "Mi" Delgado'))
    assert read_by_vobject(body)[4] == "Mira 'Mi' Delgado"


def test_an_address_in_another_script_is_a_proper_uri() -> None:
    body = ics.invite("REQUEST", entry(), ics.Party("jürgen+circle@example.org", "Jürgen"))
    assert any(line.endswith(":mailto:j%C3%BCrgen+circle@example.org") for line in lines(body))


@given(ANYTHING, ANYTHING, ANYTHING, TIMES, st.integers(15, 480), st.integers(0, 10_000))
def test_nothing_breaks_the_calendar_or_adds_to_it(
    summary: str, name: str, description: str, starts_at: datetime, minutes: int, sequence: int
) -> None:
    made = entry(
        summary=summary,
        description=description,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
        sequence=sequence,
    )
    made = replace(made, organizer=ics.Party("circles@example.org", name))
    body = ics.invite("REQUEST", made, ics.Party("m@example.org", name))
    well_formed(body)
    calendar = icalendar.Calendar.from_ical(body)
    assert len(calendar.events) == 1
    event = first(body)
    assert (calendar["method"], event["uid"], event["sequence"]) == ("REQUEST", made.uid, sequence)
    assert event.start == starts_at.replace(microsecond=0)
    assert "\n" not in event["summary"]
    assert sum(line.startswith("ATTENDEE") for line in lines(body)) == 1
    vobject.readOne(body.decode())
