"""Circles and gatherings as visitors see them and bookings need them."""

from circles.gatherings.cards import Card, GatheringDate, HostedDate, card_html
from circles.gatherings.nearby import PlaceFilter, open_between, open_nearest
from circles.gatherings.queries import Offer, offer, offers, set_booking_finder
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
    "GatheringDate",
    "HostedDate",
    "Offer",
    "PlaceFilter",
    "card_html",
    "offer",
    "offers",
    "open_between",
    "open_nearest",
    "room_is_open",
    "set_booking_finder",
    "terms_words",
    "why_closed",
]
