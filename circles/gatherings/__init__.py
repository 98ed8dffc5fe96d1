"""Circles and gatherings as visitors see them and bookings need them."""

from circles.gatherings.calendar_links import calendar_links
from circles.gatherings.cards import Card, GatheringDate, HostedDate, card_html
from circles.gatherings.facts import (
    DISCREET,
    Difference,
    Facts,
    UnseenChange,
    differences,
    host_ids,
    kinds_of,
)
from circles.gatherings.nearby import PlaceFilter, open_between, open_nearest
from circles.gatherings.own_seats import GatheringTimes, MySeat, Overlap, VisitorView, set_seat_rules
from circles.gatherings.queries import BookableGathering, bookable_gatherings, bookable_of
from circles.gatherings.rules import (
    FORMATS,
    GRACE,
    GRACE_ENDS_BEFORE,
    PLACES,
    ROOM_OPENS_BEFORE,
    Closed,
    room_is_open,
    terms_words,
    why_closed,
)
from circles.gatherings.sharing.rules import circle_path
from circles.gatherings.structured_data import circle_card

__all__ = [
    "DISCREET",
    "FORMATS",
    "GRACE",
    "GRACE_ENDS_BEFORE",
    "PLACES",
    "ROOM_OPENS_BEFORE",
    "BookableGathering",
    "Card",
    "Closed",
    "Difference",
    "Facts",
    "GatheringDate",
    "GatheringTimes",
    "HostedDate",
    "MySeat",
    "Overlap",
    "PlaceFilter",
    "UnseenChange",
    "VisitorView",
    "bookable_gatherings",
    "bookable_of",
    "calendar_links",
    "card_html",
    "circle_card",
    "circle_path",
    "differences",
    "host_ids",
    "kinds_of",
    "open_between",
    "open_nearest",
    "room_is_open",
    "set_seat_rules",
    "terms_words",
    "why_closed",
]
