"""Bookings: one person's numbered seat at one gathering, from the hold to the end."""

from circles.bookings.actions import (
    book,
    cancel,
    find_active,
    gathering_cancelled,
    gathering_moved,
    gathering_tightened,
    let_go,
    seats_taken_back,
    settle,
)
from circles.bookings.agreeing import agree
from circles.bookings.rules import AlreadyBooked, Booking, Refund, refund_due

__all__ = [
    "AlreadyBooked",
    "Booking",
    "Refund",
    "agree",
    "book",
    "cancel",
    "find_active",
    "gathering_cancelled",
    "gathering_moved",
    "gathering_tightened",
    "let_go",
    "refund_due",
    "seats_taken_back",
    "settle",
]
