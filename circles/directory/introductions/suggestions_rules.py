"""What a facilitator may suggest to one member: the directory, or up to three listings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from circles.base import text
from circles.base.english import join_names
from circles.base.errors import Reason, Refused, refuse_if
from circles.base.row import Row
from circles.directory.introductions.rules import read_ids
from circles.directory.listing.words import AREAS

MAX_LISTINGS = 3
MAX_WORDS = 600
# By one facilitator to one member in a day; counted apart, so that the count does not show whether one was deleted.
MAX_A_DAY = 3
KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The directory (no listings), or these listings; with a few words, if any."""

    listings: tuple[UUID, ...] = ()
    words: str = ""


def read(values: Mapping[str, str]) -> Suggestion:
    """A suggestion as typed. Raises Refused with every reason."""
    reasons: list[Reason] = []
    what = values.get("what", "")
    listings = tuple(read_ids(values.get("listings", ""))) if what == "listings" else ()
    if what not in ("directory", "listings"):
        reasons.append(Reason("nothing", "Please choose what you would like to suggest.", "what"))
    elif what == "listings" and not listings:
        message = "Please look for a therapist by name and tick at least one, or suggest the directory."
        reasons.append(Reason("no_listing", message, "name"))
    elif len(listings) > MAX_LISTINGS:
        reasons.append(
            Reason("too_many", f"That is {len(listings)}. Please keep it to {MAX_LISTINGS}.", "listings")
        )
    words = ""
    try:
        words = text.body(values.get("words", ""), "words", max_length=MAX_WORDS, required=False)
    except Refused as refused:
        reasons.extend(refused.reasons)
    refuse_if(reasons)
    return Suggestion(listings, words)


def too_often() -> Reason:
    """The refusal of more than MAX_A_DAY."""
    return Reason(
        "too_often",
        "You suggested something to this person several times today. Please leave it at that for now.",
    )


def listing_options(listings: Iterable[Row], none: str = "") -> list[tuple[str, str, str]]:
    """Listings as options of a form field: value, name with letters, where they are and where licensed.

    none: the text of a first option without a listing.
    """
    options = [(str(row["id"]), _name(row), _where(row)) for row in listings]
    return [("", none, ""), *options] if none and options else options


def _name(row: Row) -> str:
    return ", ".join(part for part in (row["name"], row["letters"]) if part)


def _where(row: Row) -> str:
    place = ", ".join(part for part in (row["city"], AREAS.get(row["area"], row["area"])) if part)
    ways = " and ".join(
        way
        for way in ("telehealth" if row["telehealth"] else "", "in person" if row["in_person"] else "")
        if way
    )
    licensed = f"Licensed in {areas_words(row['licensed'])}"
    return ". ".join(part for part in (place, ways.capitalize(), licensed) if part)


def areas_words(areas: Iterable[str]) -> str:
    """Areas by name: "Florida and Georgia"."""
    return join_names([AREAS.get(area, area) for area in areas])
