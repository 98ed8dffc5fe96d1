"""What a facilitator may suggest to one member: a look at the directory, or up to three listings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.base.row import Row
from circles.directory.introductions.rules import read_ids
from circles.directory.listing import words as codes
from circles.directory.listing.cards import listed

MAX_LISTINGS = 3
MAX_WORDS = 600
# By one facilitator to one member in a day. Counted apart from the suggestions themselves, so that the count
# says nothing of what became of them.
MAX_A_DAY = 3
KEEP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A look at the directory (no listings), or these listings; with a few words, if any."""

    listings: tuple[UUID, ...] = ()
    words: str = ""


def read(values: Mapping[str, str]) -> Suggestion:
    """A suggestion as typed. Raises Refused with every reason."""
    reasons: list[Reason] = []
    what = values.get("what", "")
    chosen = tuple(read_ids(values.get("listings", ""))) if what == "listings" else ()
    if what not in ("directory", "listings"):
        reasons.append(Reason("nothing", "Please choose what you would like to suggest.", "what"))
    elif what == "listings" and not chosen:
        says = "Please look for a therapist by name and tick at least one, or suggest the directory."
        reasons.append(Reason("no_listing", says, "name"))
    elif len(chosen) > MAX_LISTINGS:
        reasons.append(
            Reason("too_many", f"That is {len(chosen)}. Please keep it to {MAX_LISTINGS}.", "listings")
        )
    words = ""
    try:
        words = text.body(values.get("words", ""), "words", max_length=MAX_WORDS, required=False)
    except Refused as refused:
        reasons.extend(refused.reasons)
    if reasons:
        raise Refused(reasons)
    return Suggestion(chosen, words)


def too_often() -> Reason:
    """Said to a facilitator who suggests again and again to one member."""
    return Reason(
        "too_often",
        "You suggested something to this person several times today. Please leave it at that for now.",
    )


def options(found: Iterable[Row], none: str = "") -> list[tuple[str, str, str]]:
    """Listings as the choices of a form: name with letters, where they are and where they are licensed today.

    none: a choice of nobody, first.
    """
    rows = [(str(row["id"]), _name(row), _where(row)) for row in found]
    return [("", none, ""), *rows] if none and rows else rows


def _name(row: Row) -> str:
    return ", ".join(each for each in (row["name"], row["letters"]) if each)


def _where(row: Row) -> str:
    place = ", ".join(each for each in (row["city"], codes.AREAS.get(row["area"], row["area"])) if each)
    ways = " and ".join(
        each
        for each in ("telehealth" if row["telehealth"] else "", "in person" if row["in_person"] else "")
        if each
    )
    licensed = f"Licensed in {areas_words(row['licensed'])}"
    return ". ".join(each for each in (place, ways.capitalize(), licensed) if each)


def areas_words(areas: Iterable[str]) -> str:
    """Where somebody is licensed, in words: "Florida and Georgia"."""
    return listed([codes.AREAS.get(area, area) for area in areas])
