"""Circles and gatherings as visitors see them and bookings need them."""

from circles.gatherings.cards import Card, GatheringDate, HostedDate, card_html
from circles.gatherings.nearby import PlaceFilter, open_between, open_nearest
from circles.gatherings.queries import (
    BookableGathering,
    bookable_gathering,
    bookable_gatherings,
    set_booking_finder,
)
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
    "BookableGathering",
    "Card",
    "Closed",
    "GatheringDate",
    "HostedDate",
    "PlaceFilter",
    "bookable_gathering",
    "bookable_gatherings",
    "card_html",
    "open_between",
    "open_nearest",
    "room_is_open",
    "set_booking_finder",
    "terms_words",
    "why_closed",
]
