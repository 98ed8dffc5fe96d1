"""Needs of money: what /organize/money lists."""

from __future__ import annotations

from datetime import timedelta

from circles import payments
from circles.base import clock, money
from circles.base.clock import Viewer
from circles.organizing.needs.rules import Kind, Need, Words
from circles.store import db

SQL = db.queries("organizing/needs")


def _whose(need: Need) -> str:
    return f"{need.facts['name']}, {need.facts['circle']}"


def _key(need: Need, viewer: Viewer) -> Words:
    return Words(
        "Stripe refuses the key of the site, or a right of it.",
        "Nobody is charged twice. Until the key is mended, nobody can pay and nothing is sent back.",
        "See what it says",
        "/organize/money",
    )


def _refund(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"A refund did not arrive: {_whose(need)}.",
        "The money is still in the account at Stripe, and nothing is sent twice.",
        "Try again or settle",
        f"/organize/money/refunds/{need.about}",
    )


def _refund_asked(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"{need.facts['asker']} asks for a refund of their own payment.",
        "Nothing goes out before another organizer agrees.",
        "Look and decide",
        f"/organize/payments/{need.facts['payment']}",
    )


def _finding(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"Stripe answered something other than was asked: {_whose(need)}.",
        "The seat is held meanwhile, and no money moves by itself.",
        "Look and settle",
        f"/organize/money/findings/{need.about}",
    )


def _part(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"Stripe did not move a facilitator’s part of a payment: {need.facts['name']}.",
        "The member is not affected, and nothing moves twice.",
        "Try again or settle",
        f"/organize/accounts/parts/{need.about}",
    )


def _part_differs(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"Stripe sent another part of a payment than was asked: {need.facts['name']}.",
        "What is missing stays owed; more than the part was taken back.",
        "Look at it",
        "/organize/accounts#differing",
    )


def _payment(need: Need, viewer: Viewer) -> Words:
    return Words(
        f"A bank has not decided a payment for longer than banks take: {_whose(need)}.",
        "The seat is held meanwhile.",
        "Ask again or stop waiting",
        f"/organize/money/payments/{need.about}",
    )


def _dispute(need: Need, viewer: Viewer) -> Words:
    until = f" Answer it by {clock.format_record(need.due, viewer)}." if need.due else ""
    return Words(
        f"A payment is disputed: {_whose(need)}.{until}",
        "The page has what there is as evidence. While it is open, nothing of this payment is sent back by itself.",
        "See the dispute",
        f"/organize/disputes/{need.about}",
    )


def _difference(need: Need, viewer: Viewer) -> Words:
    kind = payments.kind_of_difference(need.facts["kind"])
    return Words(f"{kind.title}.", kind.safe, "Look and settle", f"/organize/reconciliation/{need.about}")


def _payout(need: Need, viewer: Viewer) -> Words:
    amount = money.format_amount(need.facts["amount"], need.facts["currency"])
    return Words(
        f"{amount} is due to {need.facts['name']} for more than six weeks.",
        "It stands in their statements, and nothing is paid out by itself.",
        "See what is due",
        f"/organize/payout-sheet/{need.facts['person']}/{need.facts['currency']}",
    )


KINDS = (
    Kind(
        "key",
        SQL.key_refused,
        "refusal of the site's key by Stripe",
        _key,
        "pressing",
        many="refusals by Stripe",
    ),
    Kind("refund", SQL.refund, "refund", _refund, "pressing"),
    Kind(
        "refund_asked",
        SQL.refund_asked,
        "refund to agree to",
        _refund_asked,
        many="refunds to agree to",
        is_mailed=False,
    ),
    Kind("finding", SQL.finding, "payment that differs", _finding, "pressing", many="payments that differ"),
    Kind("part", SQL.part, "part of a facilitator", _part, "pressing", many="parts of facilitators"),
    Kind(
        "part_differs",
        SQL.part_differs,
        "part that differs",
        _part_differs,
        "soon",
        many="parts that differ",
    ),
    Kind("payment", SQL.payment, "undecided payment", _payment, "pressing"),
    Kind("dispute", SQL.dispute, "dispute", _dispute, "pressing", pressing_within=timedelta(days=7)),
    Kind(
        "difference",
        SQL.difference,
        "difference from Stripe’s books",
        _difference,
        many="differences from Stripe’s books",
    ),
    Kind("payout", SQL.payout, "payout to a facilitator", _payout, "soon", many="payouts to facilitators"),
)
