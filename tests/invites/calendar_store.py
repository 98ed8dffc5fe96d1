"""A calendar as programs keep it: entries by UID, of which the highest SEQUENCE counts (RFC 5546, 2.1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import icalendar


class Kept(NamedTuple):
    """What a calendar shows of one entry."""

    starts_at: datetime
    ends_at: datetime
    summary: str


class CalendarStore:
    """One person's calendar, which takes iTIP messages in any order and any number of times."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._newest: dict[str, tuple[tuple[int, datetime], str, Any]] = {}

    def take(self, calendar: str) -> None:
        """Take one message: one of an older or the same revision, or of another organizer, changes nothing."""
        message = icalendar.Calendar.from_ical(calendar)
        event: Any
        (event,) = message.events
        assert event["attendee"] == f"mailto:{self.address}"
        revision = (int(event["sequence"]), event["dtstamp"].dt)
        kept = self._newest.get(str(event["uid"]))
        if kept is not None:
            assert kept[2]["organizer"] == event["organizer"], "a program would refuse it"
            # Two messages of one revision say the same, or a calendar would depend on their order.
            assert revision[0] != kept[0][0] or (message["method"], event.to_ical()) == (
                kept[1],
                kept[2].to_ical(),
            )
            if revision <= kept[0]:
                return
        self._newest[str(event["uid"])] = (revision, str(message["method"]), event)

    def shown(self) -> list[Kept]:
        """What is in the calendar by now, by time."""
        return sorted(
            Kept(event.start, event.end, str(event["summary"]))
            for _, method, event in self._newest.values()
            if method == "REQUEST"
        )


def stores_of(mails: Iterable[Any]) -> dict[str, CalendarStore]:
    """The calendars of everybody who got these mails, in this order."""
    stores: dict[str, CalendarStore] = {}
    for mail in mails:
        store = stores.setdefault(mail["to_address"], CalendarStore(mail["to_address"]))
        for calendar in (mail["calendar"], *mail["more_calendars"]):
            if calendar:
                store.take(calendar)
    return stores
