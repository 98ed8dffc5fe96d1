"""Payments: Stripe checkouts and what they move, refunds, fees, payouts, shares, and the ledger of all of it."""

from circles.payments import shares
from circles.payments.cash.actions import cash_of, correct_walk_in_cash, note_cash, note_walk_in_cash
from circles.payments.cash.rules import parse as parse_cash
from circles.payments.checkout import (
    end_additions,
    open_address,
    pay_address,
    prepare,
    prepare_addition,
    prepare_pass,
    prepare_several,
    release,
    start,
)
from circles.payments.connect import accounts as connected_accounts
from circles.payments.connect import rules as account_rules
from circles.payments.gateway import (
    PRACTICE_KEY,
    Unreachable,
    close,
    connect_secret,
    use_practice_transport,
    webhook_secret,
)
from circles.payments.gateway.parameters import accepted_parameters, call_options
from circles.payments.key_check import check_key
from circles.payments.ledger.sums import zone_of as ledger_zone
from circles.payments.reconciliation.rules import kind_of as kind_of_difference
from circles.payments.reconciliation.runs import compare_soon
from circles.payments.refunds.actions import refund, refund_addition, refund_everything, refund_part
from circles.payments.refunds.answering import prepare_answer
from circles.payments.rules import HOLD_MINUTES, MAX_LINES, Line, Settled, from_stripe, local_path
from circles.payments.stuck.rules import why_waits
from circles.payments.sync import on_settled, sync_checkout_for_page, sync_checkout_soon

__all__ = [
    "HOLD_MINUTES",
    "MAX_LINES",
    "PRACTICE_KEY",
    "Line",
    "Settled",
    "Unreachable",
    "accepted_parameters",
    "account_rules",
    "call_options",
    "cash_of",
    "check_key",
    "close",
    "compare_soon",
    "connect_secret",
    "connected_accounts",
    "correct_walk_in_cash",
    "end_additions",
    "from_stripe",
    "kind_of_difference",
    "ledger_zone",
    "local_path",
    "note_cash",
    "note_walk_in_cash",
    "on_settled",
    "open_address",
    "parse_cash",
    "pay_address",
    "prepare",
    "prepare_addition",
    "prepare_answer",
    "prepare_pass",
    "prepare_several",
    "refund",
    "refund_addition",
    "refund_everything",
    "refund_part",
    "release",
    "shares",
    "start",
    "sync_checkout_for_page",
    "sync_checkout_soon",
    "use_practice_transport",
    "webhook_secret",
    "why_waits",
]
