"""Shares: what the community keeps of a payment, what is due to a facilitator, and its statements and payouts."""

from circles.payments.shares.actions import (
    NewTerms,
    check_terms,
    community_today,
    community_zone,
    set_terms,
    terms_of,
)
from circles.payments.shares.closing import state_months
from circles.payments.shares.payouts import Payout, note_payout, owed, own_payout_refusals, take_payout_back
from circles.payments.shares.rules import (
    FEWEST,
    LEAST,
    MAX_AHEAD,
    MAX_PAYOUT,
    MAX_REASON,
    ShareTerms,
    day_start,
    describe,
    example,
    month_after,
    parse_percent,
)

__all__ = [
    "FEWEST",
    "LEAST",
    "MAX_AHEAD",
    "MAX_PAYOUT",
    "MAX_REASON",
    "NewTerms",
    "Payout",
    "ShareTerms",
    "check_terms",
    "community_today",
    "community_zone",
    "day_start",
    "describe",
    "example",
    "month_after",
    "note_payout",
    "owed",
    "own_payout_refusals",
    "parse_percent",
    "set_terms",
    "state_months",
    "take_payout_back",
    "terms_of",
]
