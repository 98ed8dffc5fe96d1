"""Run a search: one query for the counts and the page, one for its cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from circles.base import clock
from circles.base.english import plural
from circles.directory.listing import cards, places
from circles.directory.listing.cards import Card
from circles.directory.listing.places import Place
from circles.directory.search import rules
from circles.directory.search.rules import Search, Where
from circles.store import db
from circles.store.context import Context

SQL = db.queries("directory/search")


@dataclass(frozen=True, slots=True)
class Results:
    """One page of the listings that fit, how many fit in all, and the counts of every facet.

    counts: by facet ("way:ifs"), each under all other choices; "near" for offices near the ZIP; "without:way" for
    all who would fit without that choice.
    """

    search: Search
    where: Where
    cards: tuple[Card, ...]
    total: int
    counts: Mapping[str, int]

    def note(self, card: Card) -> str:
        """The distance of an office from the ZIP, where it is within the search; empty otherwise."""
        near = self.where.near
        if near is None or not card.in_person or card.latitude is None or card.longitude is None:
            return ""
        if card.area != self.where.area or self.search.how == "telehealth":
            return ""
        far = places.miles(near, Place("", "", card.area, card.latitude, card.longitude))
        if far > self.search.within:
            return ""
        return "less than a mile from you" if far < 1 else f"about {plural(round(far), 'mile')} from you"


async def find(
    context: Context, search: Search, *, page_size: int = rules.PER_PAGE, wishes: Sequence[str] = ()
) -> Results:
    """Run a search. It has no cards while it is not known where a therapist has to be licensed.

    wishes: facets that are not required; the listings that have most of them come first.
    """
    at = rules.where(search, places.find(search.zip) if search.zip else None)
    arguments = rules.arguments(search, at, clock.now().date(), page_size=page_size)
    if wishes:
        arguments |= {"several": list(wishes), "max_ranked": rules.RANK_ALL}
    async with context.db.reading() as tx:
        row = await SQL.search(tx, **arguments)
        counts: dict[str, int] = row["counts"] or {}
        if not at.is_searchable:
            return Results(search, at, (), 0, counts)
        shown = await cards.cards(tx, row["ids"])
    page = [shown[id] for id in row["ids"] if id in shown]
    return Results(
        search, at, tuple(card for card in page if at.allows(card.licensed)), counts.get("all", 0), counts
    )
