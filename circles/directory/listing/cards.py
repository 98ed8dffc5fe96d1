"""Cards of listings, for lists: the value, its texts, its HTML (cached)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from circles.base import money
from circles.base.english import join_names
from circles.directory.listing import words
from circles.store import db, templates

SQL = db.queries("directory/search")


@dataclass(frozen=True, slots=True)
class Card:
    """One shown listing in a list. Equal cards have equal HTML, so the card is the key of the cache.

    licensed: the areas with a valid license. ways: (way, credential or empty, school or empty). Fees in minor
    units. What nobody said is None; a room that nobody said is empty. marked: upkeep has marked it as unconfirmed.
    """

    id: UUID
    name: str
    letters: str
    pronouns: str
    headline: str
    city: str
    area: str
    telehealth: bool | None
    in_person: bool | None
    licensed: tuple[str, ...]
    ways: tuple[tuple[str, str, str], ...]
    experience: str
    works_with: tuple[str, ...]
    languages: tuple[str, ...]
    currency: str
    fee_minimum: int | None
    fee_maximum: int | None
    sliding_floor: int | None
    lowest_fee: int
    pro_bono_places: int
    takes_insurance: bool | None
    gives_superbills: bool
    free_consultation: int
    room: str
    picture_hash: str | None
    latitude: float | None
    longitude: float | None
    marked: bool
    fee_slides: bool = False

    @property
    def where_words(self) -> str:
        """How they meet: "Telehealth and in person in Miami, Florida"."""
        at = f"in person in {self.place_words}" if self.in_person else ""
        text = " and ".join(part for part in ("telehealth" if self.telehealth else "", at) if part)
        if not text and self.telehealth is False:
            text = "not by telehealth" + (
                f"; the practice is in {self.place_words}" if self.place_words else ""
            )
        return text[:1].upper() + text[1:] or "How they meet is not said"

    @property
    def place_words(self) -> str:
        """The city and the state or country of the practice, as far as known."""
        return ", ".join(part for part in (self.city, words.AREAS.get(self.area, self.area)) if part)

    @property
    def licensed_words(self) -> str:
        """Where they have a valid license: "Licensed in Florida and Georgia"."""
        areas = [words.AREAS.get(area, area) for area in self.licensed]
        return f"Licensed in {join_names(areas)}" if areas else "No license that counts today"

    @property
    def way_words(self) -> tuple[str, ...]:
        """Each way of working by its credential, else its name; for KAP with the school."""
        return tuple(
            way_words(way, credential, school if way in ("kap", "other") else "")
            for way, credential, school in self.ways
        )

    @property
    def fee_words(self) -> str:
        """The fee for an hour: "$150 to $200, sliding from $60"."""
        floor, lowest = self.sliding_floor, self.fee_minimum
        slides = ""
        if floor is not None and (lowest is None or floor < lowest):
            slides = f"sliding from {self.floor_words}"
        elif self.fee_slides and floor is None:
            slides = "with a sliding scale"
        fee = self.full_fee_words if lowest is not None or not slides else "Fee not said"
        return f"{fee}, {slides}" if slides else fee

    @property
    def full_fee_words(self) -> str:
        """The fee for an hour without the sliding scale: "$150 to $200"."""
        if self.fee_minimum is None or self.fee_maximum is None:
            return "Fee not said"
        return full_fee_words(self.fee_minimum, self.fee_maximum, self.currency)

    @property
    def floor_words(self) -> str:
        """The lowest fee for an hour."""
        lowest = self.lowest_fee if self.sliding_floor is None else self.sliding_floor
        return money.format_amount(lowest, self.currency) if lowest else "nothing"


def full_fee_words(low: int, high: int, currency: str) -> str:
    """A range of fees in minor units: "$150 to $300", "$150", "Free of charge"."""
    if high == 0:
        return "Free of charge"
    return (
        money.format_amount(low, currency)
        if low == high
        else f"{money.format_amount(low, currency)} to {money.format_amount(high, currency)}"
    )


def way_words(way: str, credential: str, school: str) -> str:
    """One way of working: its credential, else its name; the way "other" by the name typed as its school."""
    if way == "other":
        return school or words.WAYS[way]
    name = words.CREDENTIALS.get(way, {}).get(credential) or words.WAYS.get(way, way)
    return f"{name}, {school}" if school and credential else name


_LISTS = ("licensed", "works_with", "languages")
_FIELDS = tuple(name for name in Card.__dataclass_fields__ if name not in (*_LISTS, "ways"))


def card(row: db.Record) -> Card:
    """The card of a row of the queries that return cards."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    values |= {name: tuple(row[name]) for name in _LISTS}
    return Card(**values, ways=tuple((way, by, school) for way, by, school in row["ways"]))


async def cards(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """The cards of these listings by id, without those that are not shown. At most one query."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row["id"]: card(row) for row in await db.rows(SQL.cards(tx, ids=wanted))}


@lru_cache(maxsize=4096)
def html(of: Card, note: str = "", carry: str = "") -> str:
    """A card's HTML, cached for up to 4,096 of them.

    note: such as the distance. carry: the short list, as the end of the query string of its page's address.
    """
    return templates.render("directory/search/_card.html", card=of, note=note, carry=carry)
