"""Money: Stripe's checkout, what arrived and what went back. Other rooms may call what is named here."""

from circles.payments import practice_hooks, reconcile  # their jobs and timetable must be known to the worker
from circles.payments.actions import (
    checkout_url,
    look_soon,
    on_settled,
    paid_total,
    pay_address,
    prepare,
    release,
    start,
    troubles,
)
from circles.payments.gateway import Unreachable, close
from circles.payments.refunds import refund
from circles.payments.rules import Outcome, Trouble

__all__ = [
    "Outcome",
    "Trouble",
    "Unreachable",
    "checkout_url",
    "close",
    "look_soon",
    "on_settled",
    "paid_total",
    "pay_address",
    "practice_hooks",
    "prepare",
    "reconcile",
    "refund",
    "release",
    "start",
    "troubles",
]
