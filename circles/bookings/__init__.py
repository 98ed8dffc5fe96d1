"""Bookings: one person's numbered seat at one gathering, from the hold to the end."""

from circles.bookings.actions import (
    find_active,
    gathering_cancelled,
    gathering_moved,
    gathering_tightened,
    seats_taken_back,
    settle,
)
from circles.bookings.screening.rules import CALL as CALL_QUESTIONS

__all__ = [
    "CALL_QUESTIONS",
    "find_active",
    "gathering_cancelled",
    "gathering_moved",
    "gathering_tightened",
    "seats_taken_back",
    "settle",
]
