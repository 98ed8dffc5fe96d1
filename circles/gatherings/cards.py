"""Gatherings as cards: the rows they are made of, the days they stand under, their HTML, kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from circles.base import clock
from circles.gatherings.rules import FORMATS, Seats
from circles.store import db, templates


@dataclass(frozen=True, slots=True)
class Dated(Seats):
    """One gathering within its circle: when, and how full."""

    id: UUID
    starts_at: datetime
    zone: str
    length_minutes: int
    capacity: int
    seats_taken: int
    community_seats: int
    community_taken: int
    state: str

    @classmethod
    def read(cls, rows: Iterable[dict[str, Any]]) -> list[Self]:
        """Read the gatherings that a query gathered up as JSON."""
        return [
            cls(**(row | {"id": UUID(row["id"]), "starts_at": datetime.fromisoformat(row["starts_at"])}))
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Planned(Dated):
    """One gathering as its hosts see it: of a schedule or not, changed by hand, moved by the clock change."""

    by_hand: bool
    oddity: str
    planted: bool


@dataclass(frozen=True, slots=True)
class Card(Dated):
    """One gathering as the list shows it. Equal cards look the same, so their HTML is kept by the card."""

    circle_name: str
    place: str
    city: str
    format: str
    currency: str
    minimum: int
    suggested: int
    maximum: int
    host_names: tuple[str, ...]

    @property
    def format_words(self) -> str:
        """The format, and who holds it: "Facilitated circle, with Farid and Wren"."""
        names = self.host_names
        hosts = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
        return f"{FORMATS[self.format]}, with {hosts}" if hosts else FORMATS[self.format]


_FIELDS = tuple(name for name in Card.__dataclass_fields__ if name != "host_names")


def card(row: db.Record) -> Card:
    """The card of a row of the list's query."""
    return Card(**{name: row[name] for name in _FIELDS}, host_names=tuple(row["host_names"]))


@lru_cache(maxsize=4096)
def _html(of: Card, viewer_zone: str, year: int) -> str:
    # The year is a part of the key because a date names its year only when it is not this one.
    return templates.render("gatherings/_card.html", card=of, viewer_zone=viewer_zone)


def html(of: Card, viewer_zone: str) -> str:
    """A card's HTML. Rendering is what costs time here, so up to 4,096 are kept, by everything they show."""
    return _html(of, viewer_zone, clock.now().year)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the list with its cards, rendered."""

    date: date
    cards: tuple[str, ...]


def by_day(cards: Sequence[Card], viewer_zone: str) -> list[Day]:
    """Cards under their days: the visitor's days where their zone is known, else each circle's own."""
    days: dict[date, list[str]] = {}
    for each in cards:
        here = each.starts_at.astimezone(ZoneInfo(viewer_zone or each.zone)).date()
        days.setdefault(here, []).append(html(each, viewer_zone))
    return [Day(day, tuple(days[day])) for day in sorted(days)]
