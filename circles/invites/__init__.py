"""Invites: the calendar mail of a booking, the private calendar feed, and the page "My gatherings"."""

from circles.invites.actions import resend
from circles.invites.changes import announce_changes, announce_circle
from circles.invites.feeds import end_feeds, renew_feed_within
from circles.invites.hosts.actions import tell_hosts
from circles.invites.rules import fingerprint as invite_fingerprint
from circles.invites.rules import title
from circles.invites.suggested_dates import CALENDAR, SuggestedDate, suggested_dates_file
from circles.invites.withdrawing import Withdrawal, withdraw_within

__all__ = [
    "CALENDAR",
    "SuggestedDate",
    "Withdrawal",
    "announce_changes",
    "announce_circle",
    "end_feeds",
    "invite_fingerprint",
    "renew_feed_within",
    "resend",
    "suggested_dates_file",
    "tell_hosts",
    "title",
    "withdraw_within",
]
