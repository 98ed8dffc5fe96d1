"""Bookings: one person's numbered seat at one gathering, from the hold to the end."""

from circles.bookings.given import actions as given_seats
from circles.bookings.given.actions import TakenOff
from circles.bookings.given.rules import MAX_LEFT_NOTE, MAX_MESSAGE, Gift, take_off_refusals
from circles.bookings.host_changes import (
    allow_full_refunds,
    cancel_all,
    close_for_gathering,
    end_wait,
    follow_change,
    make_room,
    take_seats_back,
)
from circles.bookings.moving.actions import move_by_host, moved_away
from circles.bookings.passes.ending import end_of_circle as end_passes_of_circle
from circles.bookings.passes.own import left_text
from circles.bookings.passes.rules import Terms as PassTerms
from circles.bookings.passes.rules import terms_text as pass_terms_text
from circles.bookings.passes.use_rules import ended_texts as pass_texts
from circles.bookings.pool.actions import count_pool
from circles.bookings.pool.rules import host_words as pool_words
from circles.bookings.refund_words import MoneyBack, refund_text, total_of
from circles.bookings.rules import seat_uid, uid_host
from circles.bookings.screening.closing import close_of_circle
from circles.bookings.screening.rules import CALL_QUESTIONS
from circles.bookings.seat_rules import seat_of_booking, seat_of_request
from circles.bookings.settle import settle
from circles.bookings.suspended import actions as suspended_seats
from circles.bookings.visitor import OwnSeatRules
from circles.bookings.waiting_list.places import OwnWait, seat_of_wait
from circles.bookings.waiting_list.rules import offer_ends_at

__all__ = [
    "CALL_QUESTIONS",
    "MAX_LEFT_NOTE",
    "MAX_MESSAGE",
    "Gift",
    "MoneyBack",
    "OwnSeatRules",
    "OwnWait",
    "PassTerms",
    "TakenOff",
    "allow_full_refunds",
    "cancel_all",
    "close_for_gathering",
    "close_of_circle",
    "count_pool",
    "end_passes_of_circle",
    "end_wait",
    "follow_change",
    "given_seats",
    "left_text",
    "make_room",
    "move_by_host",
    "moved_away",
    "offer_ends_at",
    "pass_terms_text",
    "pass_texts",
    "pool_words",
    "refund_text",
    "seat_of_booking",
    "seat_of_request",
    "seat_of_wait",
    "seat_uid",
    "settle",
    "suspended_seats",
    "take_off_refusals",
    "take_seats_back",
    "total_of",
    "uid_host",
]
