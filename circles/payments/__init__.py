"""Payments: Stripe checkouts, the ledger of money received and refunded, refunds."""

from circles.payments.checkout import on_settled, pay_address, prepare, release, start, sync_checkout_soon
from circles.payments.gateway import (
    PRACTICE_KEY,
    Unreachable,
    accepted_parameters,
    call_options,
    close,
    use_practice_transport,
    webhook_secret,
)
from circles.payments.key_check import check_key
from circles.payments.queries import failed_calls, paid_total
from circles.payments.refunds import refund
from circles.payments.rules import from_stripe, local_path

__all__ = [
    "PRACTICE_KEY",
    "Unreachable",
    "accepted_parameters",
    "call_options",
    "check_key",
    "close",
    "failed_calls",
    "from_stripe",
    "local_path",
    "on_settled",
    "paid_total",
    "pay_address",
    "prepare",
    "refund",
    "release",
    "start",
    "sync_checkout_soon",
    "use_practice_transport",
    "webhook_secret",
]
