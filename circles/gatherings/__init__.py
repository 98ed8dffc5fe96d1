"""Circles and their dated gatherings: who hosts them, what they ask, when they are."""

from circles.gatherings.cards import Card, Dated, Planned
from circles.gatherings.cards import html as card_html
from circles.gatherings.nearby import Coming, open_between, open_nearest
from circles.gatherings.queries import Offer, booking_finder, offer, offers
from circles.gatherings.rules import (
    FORMATS,
    PLACES,
    ROOM_OPENS_BEFORE,
    Closed,
    room_is_open,
    terms_words,
    why_closed,
)

__all__ = [
    "FORMATS",
    "PLACES",
    "ROOM_OPENS_BEFORE",
    "Card",
    "Closed",
    "Coming",
    "Dated",
    "Offer",
    "Planned",
    "booking_finder",
    "card_html",
    "offer",
    "offers",
    "open_between",
    "open_nearest",
    "room_is_open",
    "terms_words",
    "why_closed",
]
