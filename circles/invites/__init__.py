"""Invites: the calendar mail of a booking, the private feed, and the page of one's own gatherings."""

from circles.invites.actions import feed_address
from circles.invites.rules import title

__all__ = ["feed_address", "title"]
