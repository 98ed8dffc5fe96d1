"""Bookings: one person's numbered seat at one gathering, from the hold to the end."""

from circles.bookings.host_changes import allow_full_refunds, cancel_all, reseat, take_seats_back
from circles.bookings.refund_words import MoneyBack, refund_text, total_of
from circles.bookings.rules import seat_uid, uid_host
from circles.bookings.screening.closing import close_for_gathering, close_of_circle
from circles.bookings.screening.rules import CALL_QUESTIONS
from circles.bookings.seat_rules import seat_of_booking, seat_of_request
from circles.bookings.settle import settle
from circles.bookings.visitor import OwnSeatRules

__all__ = [
    "CALL_QUESTIONS",
    "MoneyBack",
    "OwnSeatRules",
    "allow_full_refunds",
    "cancel_all",
    "close_for_gathering",
    "close_of_circle",
    "refund_text",
    "reseat",
    "seat_of_booking",
    "seat_of_request",
    "seat_uid",
    "settle",
    "take_seats_back",
    "total_of",
    "uid_host",
]
