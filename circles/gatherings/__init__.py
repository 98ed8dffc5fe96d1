"""Circles and their dated gatherings: who hosts them, what they ask, when they are."""

from circles.gatherings.cards import Card
from circles.gatherings.cards import html as card_html
from circles.gatherings.front import (
    Offer,
    booking_finder,
    offer,
    offers,
    on_cancelled,
    on_moved,
    on_taken_back,
    on_tightened,
)
from circles.gatherings.near import Coming, open_between, open_nearest
from circles.gatherings.readiness_actions import open_room, shut_room
from circles.gatherings.readiness_rules import OPENS_BEFORE as ROOM_OPENS_BEFORE
from circles.gatherings.readiness_rules import Asked as AskedOfHosts
from circles.gatherings.readiness_rules import is_open as room_is_open
from circles.gatherings.rules import Closed, terms_words, why_closed

__all__ = [
    "ROOM_OPENS_BEFORE",
    "AskedOfHosts",
    "Card",
    "Closed",
    "Coming",
    "Offer",
    "booking_finder",
    "card_html",
    "offer",
    "offers",
    "on_cancelled",
    "on_moved",
    "on_taken_back",
    "on_tightened",
    "open_between",
    "open_nearest",
    "open_room",
    "room_is_open",
    "shut_room",
    "terms_words",
    "why_closed",
]
