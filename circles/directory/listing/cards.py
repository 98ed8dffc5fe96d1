"""Listings as small cards: the rows they are made of, what they say in words, their HTML, kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from circles.base import money
from circles.directory.listing import words
from circles.store import db, templates

SQL = db.queries("directory/search")


@dataclass(frozen=True, slots=True)
class Card:
    """One shown listing as a list shows it. Equal cards look the same, so their HTML is kept by the card.

    licensed: the areas where a license counts today. ways: (way, credential or empty, school or empty). Fees in
    minor units. marked: nobody has said for a long time that it still holds.
    """

    id: UUID
    name: str
    letters: str
    pronouns: str
    headline: str
    city: str
    area: str
    telehealth: bool
    in_person: bool
    licensed: tuple[str, ...]
    ways: tuple[tuple[str, str, str], ...]
    experience: str
    works_with: tuple[str, ...]
    languages: tuple[str, ...]
    currency: str
    fee_minimum: int
    fee_maximum: int
    sliding_floor: int | None
    lowest_fee: int
    pro_bono_places: int
    takes_insurance: bool
    gives_superbills: bool
    free_consultation: int
    room: str
    picture_hash: str | None
    latitude: float | None
    longitude: float | None
    marked: bool

    @property
    def where_words(self) -> str:
        """How one meets: "Telehealth and in person in Miami, Florida"."""
        at = f"in person in {self.place_words}" if self.in_person else ""
        found = " and ".join(each for each in ("telehealth" if self.telehealth else "", at) if each)
        return found[:1].upper() + found[1:]

    @property
    def place_words(self) -> str:
        """The town and the state or country of the practice, as far as they are told."""
        return ", ".join(each for each in (self.city, words.AREAS.get(self.area, self.area)) if each)

    @property
    def licensed_words(self) -> str:
        """Where a license counts today: "Licensed in Florida and Georgia"."""
        areas = [words.AREAS.get(area, area) for area in self.licensed]
        return f"Licensed in {listed(areas)}" if areas else "No license that counts today"

    @property
    def way_words(self) -> tuple[str, ...]:
        """Each way of working by its credential, or its own name where there is none; where they trained, for KAP."""
        return tuple(
            way_words(way, credential, school if way in ("kap", "other") else "")
            for way, credential, school in self.ways
        )

    @property
    def fee_words(self) -> str:
        """What an hour costs: "$150 to $200, sliding from $60"."""
        slides = self.sliding_floor is not None and self.sliding_floor < self.fee_minimum
        return f"{self.full_fee_words}, sliding from {self.floor_words}" if slides else self.full_fee_words

    @property
    def full_fee_words(self) -> str:
        """What an hour costs where no sliding fee is agreed: "$150 to $200"."""
        return full_fee_words(self.fee_minimum, self.fee_maximum, self.currency)

    @property
    def floor_words(self) -> str:
        """The lowest that an hour can cost."""
        return money.format_amount(self.lowest_fee, self.currency) if self.lowest_fee else "nothing"


def full_fee_words(low: int, high: int, currency: str) -> str:
    """A range of fees: "$150 to $300", one amount where both are the same, and plain words for nothing."""
    if high == 0:
        return "Free of charge"
    return (
        money.format_amount(low, currency)
        if low == high
        else f"{money.format_amount(low, currency)} to {money.format_amount(high, currency)}"
    )


def listed(several: Iterable[str], last: str = "and") -> str:
    """Words in a row: "a", "a and b", "a, b and c"."""
    *most, end = list(several) or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def way_words(way: str, credential: str, school: str) -> str:
    """One way of working in words: its credential, else its name; of another way, what it is called."""
    if way == "other":
        return school or words.WAYS[way]
    said = words.CREDENTIALS.get(way, {}).get(credential) or words.WAYS.get(way, way)
    return f"{said}, {school}" if school and credential else said


_LISTS = ("licensed", "works_with", "languages")
_FIELDS = tuple(name for name in Card.__dataclass_fields__ if name not in (*_LISTS, "ways"))


def card(row: db.Record) -> Card:
    """The card of a row of the query."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    values |= {name: tuple(row[name]) for name in _LISTS}
    return Card(**values, ways=tuple((way, by, school) for way, by, school in row["ways"]))


async def cards(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """The cards of listings by their ids; those that are not shown are not in it. One query."""
    asked = list(ids)
    if not asked:
        return {}
    return {row["id"]: card(row) for row in await db.rows(SQL.cards(tx, ids=asked))}


@lru_cache(maxsize=4096)
def html(of: Card, note: str = "", carry: str = "") -> str:
    """A card's HTML, of which up to 4,096 are kept.

    note: a few words about it, such as how far it is. carry: the short list, at the end of its page's address.
    """
    return templates.render("directory/search/_card.html", card=of, note=note, carry=carry)
