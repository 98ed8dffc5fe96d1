"""Invites: the calendar mail of a booking, the private feed, and the page of one's own gatherings."""

from circles.invites.actions import feed_address

__all__ = ["feed_address"]
