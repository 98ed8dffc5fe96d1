"""Calendars of hosts: what an entry shows, which news a mail brings, and its words. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import plural
from circles.base.row import Row

# What a mail says of its entries: it adds them, they changed, the gatherings are canceled, somebody else hosts them, or
# the host wants no such mail any more.
News = Literal["added", "changed", "canceled", "left", "unwanted"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a host's calendar entry shows, as the function host_entry_facts of the database gives it."""

    starts_at: datetime
    ends_at: datetime
    zone: str
    length_minutes: int
    discreet_name: str

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        return cls(
            datetime.fromtimestamp(facts["starts_at"], UTC),
            datetime.fromtimestamp(facts["ends_at"], UTC),
            facts["zone"],
            facts["length_minutes"],
            facts["discreet_name"],
        )

    @classmethod
    def in_calendar(cls, row: Row) -> Self:
        """What an entry shows now; one that is no longer hosted stays as its last mail showed it."""
        return cls.read(row["facts"] if row["hosting"] or row["told"] is None else row["told"])


def viewer(row: Row) -> Viewer:
    """On whose clock the mails and the entries of a host's row say times."""
    return Viewer.of(row["person_zone"], row["clock_hours"])


def feed_line(row: Row) -> str:
    """How full a gathering is, for its host's feed: Hosting: 5 of 8 seats. No number for who hosts it no more."""
    if row["hosting"]:
        return f"Hosting: {row['seats_taken']} of {plural(row['capacity'], 'seat')}."
    return "Canceled." if row["gathering_state"] == "cancelled" else "You no longer host this."


def description(shown: Shown, first_line: str, page: str, viewer: Viewer) -> str:
    """The description of a host's entry: the time on their clock and the circle's, and a link to the site."""
    when = clock.format_named(shown.starts_at, shown.zone, viewer)
    return f"{first_line}\n{when}, {clock.format_length(shown.length_minutes)}.\n\nWho comes: {page}"


def news_of(row: Row) -> News:
    """What the mail that is due for an entry brings. row: of `due_mails`."""
    if row["method"] == "REQUEST":
        return "changed" if row["mailed"] == "REQUEST" else "added"
    if row["gathering_state"] == "cancelled":
        return "canceled"
    return "unwanted" if row["hosting"] else "left"


@dataclass(frozen=True, slots=True)
class Entry:
    """One gathering in a mail to its host. was: what their calendar shows until this mail, if anything."""

    gathering_id: UUID
    circle_id: UUID
    news: News
    was: Shown | None
    now: Shown

    @classmethod
    def of(cls, row: Row) -> Self:
        news, now = news_of(row), Shown.in_calendar(row)
        was = Shown.read(row["told"]) if row["told"] is not None else None
        gone = news in ("canceled", "left", "unwanted")
        return cls(row["gathering_id"], row["circle_id"], news, was, was if gone and was else now)

    @property
    def subject_day(self) -> Shown:
        """That by which the host knows it."""
        return self.was if self.news == "changed" and self.was else self.now

    @property
    def moved(self) -> bool:
        return self.was is not None and self.was.starts_at != self.now.starts_at


# The mail of each kind of news: its heading, and the sentence below it. The number of gatherings decides the form.
HEADINGS: Mapping[News, tuple[str, str]] = {
    "added": ("You host this gathering", "You host these gatherings"),
    "changed": ("A gathering you host has changed", "Gatherings you host have changed"),
    "canceled": ("This gathering will not take place", "These gatherings will not take place"),
    "left": ("You no longer host this gathering", "You no longer host these gatherings"),
    "unwanted": ("Your calendar entry goes", "Your calendar entries go"),
}


def heading(entries: Sequence[Entry]) -> str:
    """The heading of a mail about entries with the same news."""
    return HEADINGS[entries[0].news][len(entries) > 1]


def subject(entries: Sequence[Entry], viewer: Viewer) -> str:
    """The subject of a mail about entries with the same news: discreet, with the day by which the host knows it."""
    news = entries[0].news
    if news == "unwanted":
        return "Calendar entries of what you host"
    name, first = entries[0].subject_day.discreet_name, entries[0].subject_day
    about = (
        f"{name}, {clock.format_day(first.starts_at, first.zone, viewer)}"
        if len(entries) == 1
        else f"{name}, {plural(len(entries), 'gathering')}"
    )
    if news == "canceled":
        return f"Canceled: {about}"
    return f"{about}: " + {"added": "you host", "changed": "changed", "left": "you no longer host"}[news]
