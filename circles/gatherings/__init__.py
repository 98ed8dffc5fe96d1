"""Circles and their dated gatherings: who hosts them, what they ask, when they are."""

from circles.gatherings.offers import Offer, booking_finder, offer, offers, on_cancelled

__all__ = ["Offer", "booking_finder", "offer", "offers", "on_cancelled"]
