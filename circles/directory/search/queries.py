"""Looking for therapists: the place of a ZIP, one query for counts and order, one for the cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from circles.base import clock
from circles.directory.listing import cards, places
from circles.directory.listing.cards import Card
from circles.directory.listing.places import Place
from circles.directory.search import rules as search_rules
from circles.directory.search.rules import Search, Where
from circles.store import db
from circles.store.context import Context

SQL = db.queries("directory/search")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: one page of cards, how many there are in all, and the counts of every facet.

    counts: by facet ("way:ifs"), each under all other choices; "near" for offices near the ZIP; "without:way" for
    all who would fit without that choice.
    """

    search: Search
    where: Where
    cards: tuple[Card, ...]
    how_many: int
    counts: Mapping[str, int]

    def note(self, card: Card) -> str:
        """How far the office is from the ZIP, where it is near enough to say."""
        near = self.where.near
        if near is None or not card.in_person or card.latitude is None or card.longitude is None:
            return ""
        if card.area != self.where.area or self.search.how == "telehealth":
            return ""
        far = places.miles(near, Place("", "", card.area, card.latitude, card.longitude))
        if far > self.search.within:
            return ""
        return (
            "less than a mile from you"
            if far < 1
            else f"about {round(far)} mile{'s'[: round(far) > 1]} from you"
        )


async def look(
    context: Context, search: Search, *, most: int = search_rules.PER_PAGE, wishes: Sequence[str] = ()
) -> Found:
    """Everybody who fits, in two queries. Nobody is found while it is not known where they would have to be licensed.

    wishes: facets that nobody need have; who has more of them comes first.
    """
    at = search_rules.where(search, places.find(search.zip) if search.zip else None)
    arguments = search_rules.arguments(search, at, clock.now().date(), most=most)
    if wishes:
        arguments |= {"several": list(wishes), "few": search_rules.EVERYBODY}
    async with context.db.reading() as tx:
        row = await SQL.search(tx, **arguments)
        counts: dict[str, int] = row["counts"] or {}
        if not at.open:
            return Found(search, at, (), 0, counts)
        shown = await cards.cards(tx, row["ids"])
    found = tuple(shown[each] for each in row["ids"] if each in shown and at.holds(shown[each].licensed))
    return Found(search, at, found, counts.get("all", 0), counts)
