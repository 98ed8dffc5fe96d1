"""iCalendar objects (RFC 5545, RFC 5546) as bytes. The only place that imports icalendar.

Each gathering is its own VEVENT with its start and end in UTC: no VTIMEZONE and no RRULE, which several
calendar programs misread. A VALARM only for who asked for alarms: calendars add their own reminders by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote

from circles.base import text

# icalendar is imported at its first use: it takes a tenth of the time to start.
if TYPE_CHECKING:
    from icalendar import Alarm, Calendar, Event, vCalAddress, vText

Method = Literal["REQUEST", "CANCEL"]

# RFC 5545, 3.7.3: who made the object. It names the program, never the community.
PRODID = "-//Circles//Gatherings 1//EN"

# How often a calendar program may fetch a feed again.
REFRESH_INTERVAL = timedelta(hours=1)

MAX_SEQUENCE = 2**31 - 1  # RFC 5545, 3.3.8

# What needs no escape in a mailto URI besides letters, digits and -._~ (RFC 6068, 2: some-delims and @).
_MAILTO = "@!$'*+"


@dataclass(frozen=True, slots=True)
class Party:
    """A calendar user: a mail address and a name to show."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One gathering in one person's calendar.

    sequence: counts the changes sent; changed_at: when it last changed; all times are aware. tentative: the person
    has no seat yet. alarms: how long before the start the person wants their calendar to remind them.
    organizer: the mailbox that sends it; None for a public entry, which nobody is invited to.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    url: str
    changed_at: datetime
    canceled: bool = False
    tentative: bool = False
    alarms: tuple[timedelta, ...] = ()
    organizer: Party | None = None


def invite(method: Method, entry: Entry, attendee: Party, *, rsvp: bool = False) -> bytes:
    """The message that puts a gathering into a calendar or takes it out (RFC 5546, 3.2.2 and 3.2.5).

    The only attendee is that person, already ACCEPTED: they booked the seat themselves (RFC 5545, 3.2.12). rsvp:
    whether an answer has an effect (3.2.17).
    """
    event = _event(entry)
    event.add(
        "attendee", _party(attendee, PARTSTAT="ACCEPTED", ROLE="REQ-PARTICIPANT", RSVP=str(rsvp).upper())
    )
    return _calendar(method, [event]).to_ical()


@dataclass(frozen=True, slots=True)
class Reply:
    """What an attendee answered to an entry (RFC 5546, 3.2.3). attendee: their mail address, in small letters."""

    uid: str
    sequence: int
    attendee: str
    answer: str
    answered_at: datetime


ANSWERS = frozenset(("accepted", "tentative", "declined"))


def read_replies(data: bytes) -> list[Reply]:
    """The answers in a calendar of METHOD:REPLY; none in any other. What cannot be read is left out."""
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(data)
        if str(calendar.get("method", "")).upper() != "REPLY":
            return []
        return [reply for event in calendar.walk("VEVENT") for reply in _answers(event)]
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError):
        # The library raises any of these for lines that are no iCalendar.
        return []


def _answers(event: Any) -> Iterator[Reply]:
    attendees = event.get("attendee", [])
    stamp = event["dtstamp"].dt
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        answer = str(attendee.params.get("PARTSTAT", "")).lower()
        if answer in ANSWERS and isinstance(stamp, datetime):
            yield Reply(
                uid=str(event["uid"]),
                sequence=min(max(int(event.get("sequence", 0)), 0), MAX_SEQUENCE),
                attendee=unquote(str(attendee)).casefold().removeprefix("mailto:").strip(),
                answer=answer,
                answered_at=stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC),
            )


def publish(entries: Iterable[Entry], name: str = "") -> bytes:
    """One person's gatherings without attendees (RFC 5546, 3.2.1): a file to open, or a feed.

    name: makes it a feed of that name (RFC 7986, 5.1, and the older X-WR-CALNAME that most programs read)
    with a refresh interval (RFC 7986, 5.7).
    """
    calendar = _calendar("PUBLISH", [_event(entry) for entry in entries])
    if name:
        _name(calendar, name)
    return calendar.to_ical()


def public_feed(entries: Iterable[Entry], name: str) -> bytes:
    """A feed for everybody. Without METHOD, so that it needs no ORGANIZER (RFC 5545, 3.8.4.3; RFC 5546, 3.2.1)."""
    calendar = _calendar("", [_event(entry) for entry in entries])
    _name(calendar, name)
    return calendar.to_ical()


def _name(calendar: Calendar, name: str) -> None:
    from icalendar import vText

    calendar.add("name", _plain(name))
    calendar.add("x-wr-calname", _plain(name))
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))


def _calendar(method: str, events: list[Event]) -> Calendar:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    for event in events:
        calendar.add_component(event)
    return calendar


def _event(entry: Entry) -> Event:
    """RFC 5545, 3.6.1. DTSTAMP is the last change, so that the same state is always the same bytes."""
    from icalendar import Event, vUri

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", _second(entry.changed_at))
    event.add("last-modified", _second(entry.changed_at))
    event.add("dtstart", _second(entry.starts_at))
    event.add("dtend", _second(entry.ends_at))
    event.add("summary", _plain(entry.summary))
    event.add("description", _lines(entry.description))
    event.add("url", vUri(entry.url))
    if entry.organizer:
        event.add("organizer", _party(entry.organizer))
    event.add("status", "CANCELLED" if entry.canceled else "TENTATIVE" if entry.tentative else "CONFIRMED")
    # Somebody who subscribes to what everybody may come to is not busy at all of it.
    is_public = entry.organizer is None and not entry.tentative
    event.add("transp", "TRANSPARENT" if entry.canceled or is_public else "OPAQUE")
    event.add("class", "PRIVATE" if entry.organizer else "PUBLIC")
    for before in () if entry.canceled else entry.alarms:
        event.add_component(_alarm(before, entry.summary))
    return event


def _alarm(before: timedelta, text: str) -> Alarm:
    """An alarm that shows a text (RFC 5545, 3.6.6), the discreet name alone: it appears on locked screens."""
    from icalendar import Alarm

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _plain(text))
    alarm.add("trigger", -before)
    return alarm


def _party(party: Party, **parameters: str) -> vCalAddress:
    """A calendar user address (RFC 5545, 3.3.3) with a name to show, where there is one."""
    from icalendar import vCalAddress, vText

    address = vCalAddress(f"mailto:{quote(party.email, safe=_MAILTO)}")
    # A parameter's value cannot contain a quotation mark (RFC 5545, 3.2).
    name = _plain(party.name).replace('"', "'")
    if name:
        address.params["CN"] = vText(name)
    for key, value in parameters.items():
        address.params[key] = vText(value)
    return address


def _second(at: datetime) -> datetime:
    """In UTC and whole seconds: iCalendar knows no smaller part (RFC 5545, 3.3.12)."""
    return at.astimezone(UTC).replace(microsecond=0)


def _plain(value: str) -> vText:
    from icalendar import vText

    return vText(text.tidy_line(value))


def _lines(value: str) -> vText:
    """Several lines, each made tidy: the library would let control characters through."""
    from icalendar import vText

    return vText("\n".join(text.tidy_line(line, max_length=500) for line in value.splitlines()))
