"""Invites: the calendar mail of a booking, the private feed, and the page of one's own gatherings."""

from circles.invites.rules import facts as invite_facts
from circles.invites.rules import title
from circles.invites.rules import uid as invite_uid
from circles.invites.suggesting import CALENDAR, Suggestion, suggestions_file

__all__ = [
    "CALENDAR",
    "Suggestion",
    "invite_facts",
    "invite_uid",
    "suggestions_file",
    "title",
]
