"""Gatherings as cards: the rows they are made of, the days they are listed under, their cached HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from circles.base import clock, money
from circles.base.clock import Viewer
from circles.base.english import join_names
from circles.gatherings.own_seats import own_mark
from circles.gatherings.rules import FORMATS, Seats
from circles.store import db, templates


@dataclass(frozen=True, slots=True)
class GatheringDate(Seats):
    """One gathering in the list of its circle's dates: when, and how full.

    label, mood: the mark of the reader's own seat, which names nobody; empty where there is none.
    """

    id: UUID
    starts_at: datetime
    zone: str
    length_minutes: int
    capacity: int
    seats_taken: int
    community_seats: int
    community_taken: int
    state: str
    label: str = field(default="", kw_only=True)
    mood: str = field(default="", kw_only=True)

    @classmethod
    def read(cls, rows: Iterable[dict[str, Any]]) -> list[Self]:
        """From a JSON array of the dates, each perhaps with the reader's own seat."""
        return [cls._of_json(dict(row)) for row in rows]

    @classmethod
    def _of_json(cls, row: dict[str, Any]) -> Self:
        label, mood = own_mark(row.pop("own", None))
        starts_at = datetime.fromisoformat(row.pop("starts_at"))
        return cls(id=UUID(row.pop("id")), starts_at=starts_at, label=label, mood=mood, **row)


@dataclass(frozen=True, slots=True)
class HostedDate(GatheringDate):
    """The same for its hosts.

    planted: made by a schedule. by_hand: changed by itself since. oddity: what a clock change does to it.
    """

    by_hand: bool
    oddity: str
    planted: bool


@dataclass(frozen=True, slots=True)
class Card(GatheringDate):
    """One gathering as lists show it. Equal cards have equal HTML, so the card is the key of the cache."""

    circle_name: str
    place: str
    city: str
    format: str
    currency: str
    minimum: int
    suggested: int
    maximum: int
    host_names: tuple[str, ...]

    @classmethod
    def of(cls, row: db.Record) -> Card:
        label, mood = own_mark(row["own"])
        values = {name: row[name] for name in _COLUMNS}
        return cls(**values, host_names=tuple(row["host_names"]), label=label, mood=mood)

    @property
    def format_words(self) -> str:
        hosts = join_names(self.host_names)
        return f"{FORMATS[self.format]}, with {hosts}" if hosts else FORMATS[self.format]

    @property
    def place_words(self) -> str:
        return "Online" if self.place == "online" else f"In person, {self.city}"

    @property
    def price_words(self) -> str:
        """The scale from end to end: "$30 to $80", "$30", "Free of charge"."""
        if self.maximum == 0:
            return "Free of charge"
        least, most = (money.format_amount(amount, self.currency) for amount in (self.minimum, self.maximum))
        return least if least == most else f"{least} to {most}"


_COLUMNS = tuple(name for name in Card.__dataclass_fields__ if name not in ("host_names", "label", "mood"))


def card_html(card: Card, viewer: Viewer) -> str:
    """A card's HTML. Rendering is what costs time, so up to 4,096 are kept, by everything they show."""
    return _card_html(card, viewer, clock.now().year)


@lru_cache(maxsize=4096)
def _card_html(card: Card, viewer: Viewer, year: int) -> str:
    # The year is a part of the key because a date names its year only when it is not this one.
    return templates.render("gatherings/_card.html", card=card, viewer=viewer)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the list with its cards as HTML."""

    date: date
    cards: tuple[str, ...]


def by_day(cards: Sequence[Card], viewer: Viewer) -> list[Day]:
    """Cards under their days: the visitor's days where their zone is known, else each circle's own."""
    days: dict[date, list[str]] = {}
    for card in cards:
        day = clock.local_day(card.starts_at, card.zone, viewer)
        days.setdefault(day, []).append(card_html(card, viewer))
    return [Day(day, tuple(days[day])) for day in sorted(days)]
