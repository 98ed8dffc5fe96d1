"""Bookings: one person's numbered seat at one gathering, from the hold to the end."""

from circles.bookings.host_changes import allow_full_refunds, cancel_all, reseat, take_seats_back
from circles.bookings.queries import find_active
from circles.bookings.screening.rules import CALL_QUESTIONS
from circles.bookings.settle import settle

__all__ = [
    "CALL_QUESTIONS",
    "allow_full_refunds",
    "cancel_all",
    "find_active",
    "reseat",
    "settle",
    "take_seats_back",
]
