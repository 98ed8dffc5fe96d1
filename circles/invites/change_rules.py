"""Mails about changes: which bookings are due one, the subject, and the words. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from circles.base import clock
from circles.base.english import plural
from circles.gatherings import DISCREET, Difference, Facts, differences, kinds_of
from circles.invites import rules

# What a subject says of a change that leaves the day and the hour alone.
_NEWS: Mapping[str, str] = {
    "length": "a new length",
    "place": "a new place",
    "link": "a new link to join",
    "hosts": "who hosts it",
}
_OTHER_NEWS = "something changed"


@dataclass(frozen=True, slots=True)
class Changed:
    """One gathering that changed, for one person. booking: its row as stored; was: None where nobody knows any more."""

    booking: Mapping[str, Any]
    was: Facts | None
    now: Facts
    differences: Sequence[Difference]

    @classmethod
    def of(cls, booking: Mapping[str, Any], names: Mapping[UUID, str]) -> Changed:
        """The change of a booking, for a mail: without what others may not read."""
        was, now = Facts.read_stored(booking["last_told"]), Facts.read(booking["facts"])
        viewer = rules.viewer(booking)
        differing = differences(was, now, names, viewer=viewer, shown=DISCREET) if was else []
        return cls(booking, was, now, differing)

    @property
    def lines(self) -> Sequence[str]:
        """What hosts wrote to those booked since the last mail."""
        return self.booking.get("lines") or ()

    @property
    def heading(self) -> str:
        """When it was to be, by which the person knows it, in their own time."""
        at = self.now if self.was is None or self.was.keeps_wall_time(self.now) else self.was
        return clock.format_when(at.starts_at, at.zone, rules.viewer(self.booking))

    @property
    def moves(self) -> bool:
        return (
            self.was is not None
            and self.was.starts_at != self.now.starts_at
            and not self.was.keeps_wall_time(self.now)
        )

    @property
    def may_cancel(self) -> bool:
        """Whether the person may still cancel with a full refund, since the time moved."""
        until = self.booking["full_refund_until"]
        return until is not None and until > self.booking["now"]

    @property
    def is_hidden(self) -> bool:
        """Whether something changed that only the page of the booking shows."""
        return any(one.kind not in DISCREET for one in self.differences)


def subject(changes: Sequence[Changed]) -> str:
    """The subject of one mail about changes of one circle: its old day first, by which a member knows it.

    "Tuesday group: Tuesday, December 1 moved to Wednesday, December 2", in the reader's own days. A new name does not
    hide that something moved.
    """
    first, new_name = changes[0], changes[0].now.discreet_name
    name = next((old for old in map(_old_name, changes) if old != new_name), new_name)
    moved = [change for change in changes if change.moves]
    if name != new_name:
        if not moved:
            return f"{name} is now called {new_name}"
        name = f"{name} (now {new_name})"
    if len(changes) == 1:
        return f"{name}{_one(first)}"
    if not moved:
        return f"{name}: {plural(len(changes), 'gathering')} changed"
    return f"{name}: {plural(len(changes), 'gathering')} changed, {_move(moved[0])}"


def _old_name(change: Changed) -> str:
    return (change.was or change.now).discreet_name


def _one(change: Changed) -> str:
    if change.was and change.was.keeps_wall_time(change.now):
        return f", {_day(change, change.now)}: the clocks change"
    if change.moves:
        return f": {_move(change)}"
    kinds = kinds_of(change.was, change.now) if change.was else []
    news = [_NEWS[kind] for kind in kinds if kind in _NEWS]
    return f", {_day(change, change.now)}: {news[0] if len(news) == len(kinds) == 1 else _OTHER_NEWS}"


def _move(change: Changed) -> str:
    was, now = change.was or change.now, change.now
    old, new = _day(change, was), _day(change, now)
    if old != new:
        return f"{old} moved to {new}"
    return f"{old}, {_time(change, was)} moved to {_time(change, now)}"


def _day(change: Changed, facts: Facts) -> str:
    return clock.format_date(facts.day(rules.viewer(change.booking)))


def _time(change: Changed, facts: Facts) -> str:
    return clock.format_moment(facts.starts_at, facts.zone, rules.viewer(change.booking))


def new_hosts(changes: Sequence[Changed]) -> list[UUID]:
    """The hosts that a gathering did not have before, for a mail to say who they are."""
    before = {host for change in changes if change.was for host in change.was.hosts}
    now = {host for change in changes if change.was for host in change.now.hosts}
    return sorted(now - before)


def last_known(
    booking: Mapping[str, Any], told: Mapping[str, Any] | None, was: datetime | None
) -> dict[str, Any]:
    """What the mail and the calendar of an ended booking say: the time and the name that its person knows.

    told: what the calendar mail before said, if there was one. was: the start that others know, if it moved since.
    """
    if told is None and was is not None:
        return {"starts_at": was, "ends_at": was + (booking["ends_at"] - booking["starts_at"])}
    facts = Facts.read_stored(told or booking["known"])
    if facts is None:
        return {}
    return {
        "starts_at": facts.starts_at,
        "ends_at": facts.ends_at,
        "zone": facts.zone,
        "length_minutes": facts.length_minutes,
        "discreet_name": facts.discreet_name,
    }
