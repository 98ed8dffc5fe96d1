"""Money: Stripe's checkout, what arrived and what went back. Other rooms may call what is named here."""

from circles.payments.checkout import (
    look_soon,
    on_settled,
    paid_total,
    pay_address,
    prepare,
    release,
    start,
    troubles,
)
from circles.payments.gateway import (
    PRACTICE_KEY,
    Unreachable,
    accepted_parameters,
    call_options,
    close,
    use_practice_transport,
    webhook_secret,
)
from circles.payments.refunds import refund
from circles.payments.rules import from_stripe, on_this_site

__all__ = [
    "PRACTICE_KEY",
    "Unreachable",
    "accepted_parameters",
    "call_options",
    "close",
    "from_stripe",
    "look_soon",
    "on_settled",
    "on_this_site",
    "paid_total",
    "pay_address",
    "prepare",
    "refund",
    "release",
    "start",
    "troubles",
    "use_practice_transport",
    "webhook_secret",
]
