"""Joining two accounts of one person: every refusal. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.base.errors import Reason
from circles.base.row import Row

# As the table `merges` has it.
LASTS: Final = timedelta(days=14)

SAME: Final = Reason("same", "These are one account already. Choose another one.", "other")


def merge_refusals(kept_id: UUID, gone_id: UUID, standing: Row) -> list[Reason]:
    """Every reason against joining two accounts."""
    if kept_id == gone_id:
        return [SAME]
    reasons = (
        ("is_erased", "One of these accounts was erased."),
        ("is_merged", "One of these accounts was joined with another one already."),
        ("is_suspended", "One of these accounts is suspended, or it is being decided. Lift that first."),
        ("are_apart", "These two are kept apart from each other in a circle, so they are two people."),
        ("has_dispute", "A bank still decides a dispute of one of them. Wait until it has."),
        ("has_two_listings", "Both have a listing in the directory. Hand one over first."),
        (
            "has_two_introductions",
            "Both have an open introduction to the same therapist. One of them has to end first.",
        ),
        (
            "pays_twice",
            "Both have a seat at the same gathering, and one is not paid yet. Try again in an hour.",
        ),
    )
    return [Reason(name, text, "other") for name, text in reasons if standing[name]]


def answer_refusals(row: Row) -> list[Reason]:
    """Why somebody cannot agree to a request any more."""
    if row["state"] == "done":
        return [Reason("done", "Both accounts are one now.")]
    if row["state"] != "open" or row["is_over"]:
        return [Reason("over", "This question is no longer open.")]
    return []
