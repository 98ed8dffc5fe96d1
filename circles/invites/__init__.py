"""Invites: the calendar mail of a booking, the private calendar feed, and the page "My gatherings"."""

from circles.invites.actions import send_change_soon
from circles.invites.rules import fingerprint as invite_fingerprint
from circles.invites.rules import title
from circles.invites.rules import uid as invite_uid
from circles.invites.suggested_dates import CALENDAR, SuggestedDate, suggested_dates_file

__all__ = [
    "CALENDAR",
    "SuggestedDate",
    "invite_fingerprint",
    "invite_uid",
    "send_change_soon",
    "suggested_dates_file",
    "title",
]
