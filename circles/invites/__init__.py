"""Invites: the calendar mail of a booking, the private feed, and the page of one's own gatherings."""

from circles.invites.actions import feed_address
from circles.invites.rules import title
from circles.invites.suggesting import CALENDAR, Suggestion, suggestions_file

__all__ = ["CALENDAR", "Suggestion", "feed_address", "suggestions_file", "title"]
