"""Circles and their dated gatherings: who hosts them, what they ask, when they are."""

from circles.gatherings.front import Offer, booking_finder, offer, offers, on_cancelled
from circles.gatherings.rules import Closed, terms_words, why_closed

__all__ = [
    "Closed",
    "Offer",
    "booking_finder",
    "offer",
    "offers",
    "on_cancelled",
    "terms_words",
    "why_closed",
]
