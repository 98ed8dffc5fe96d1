"""Joining two accounts of one person: every refusal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.base.errors import Reason
from circles.base.row import Row

# As the table `merges` has it.
LASTS: Final = timedelta(days=14)

SAME: Final = Reason("same", "These are one account already. Choose another one.", "other")

_CONFIDENTIAL: Final = Reason(
    "confidential",
    "These accounts cannot be joined, for a reason that is confidential. Both stay as they are.",
    "other",
)
_NOT_NOW: Final = Reason(
    "not_now",
    "You agreed, and that is noted. The accounts cannot be made one right now. The organizers see that, "
    "and can do it later.",
)


def merge_refusals(kept_id: UUID, gone_id: UUID, standing: Row) -> list[Reason]:
    """Every reason against joining two accounts."""
    if kept_id == gone_id:
        return [SAME]
    reasons = (
        ("is_erased", "One of these accounts was erased."),
        ("is_merged", "One of these accounts was joined with another one already."),
        ("is_suspended", "One of these accounts is suspended, or it is being decided. Lift that first."),
        ("has_dispute", "A bank still decides a dispute of one of them. Wait until it has."),
        ("has_two_listings", "Both have a listing in the directory. Hand one over first."),
        (
            "pays_twice",
            "Both have a seat at the same gathering, or a pass of the same circle, and it is not paid yet. "
            "Try again in an hour.",
        ),
    )
    return [Reason(name, text, "other") for name, text in reasons if standing[name]]


def late_refusals(standing: Row) -> list[Reason]:
    """What is looked at only once both agreed: it is confidential, and asking about two people must not tell it."""
    return [_CONFIDENTIAL] if standing["are_apart"] else []


def answer_refusals(row: Row) -> list[Reason]:
    """Why somebody cannot agree to a request any more."""
    if row["state"] == "done":
        return [Reason("done", "Both accounts are one now.")]
    if row["state"] != "open" or row["is_over"]:
        return [Reason("over", "This question is no longer open.")]
    return []


def shown_to_them(reasons: Sequence[Reason]) -> list[Reason]:
    """What somebody who answers reads of the reasons: those that may be about the other account become one."""
    own = [
        Reason(reason.code, reason.text) for reason in reasons if reason.code in ("done", "over", "changed")
    ]
    return own or [_NOT_NOW]
