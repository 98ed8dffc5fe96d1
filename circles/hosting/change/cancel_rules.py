"""Canceling a gathering: why it cannot be, and what was shown before it was confirmed."""

from __future__ import annotations

import hashlib

from circles.base.errors import Reason
from circles.base.row import Row


def cancel_refusals(gathering: Row) -> list[Reason]:
    """Why an open gathering cannot be canceled."""
    if gathering["state"] == "draft":
        return [Reason("draft", "Nobody has seen this draft yet. You can throw it away instead.")]
    if gathering["is_over"]:
        return [Reason("over", "This gathering is over, so it cannot be canceled.")]
    return []


def cancel_fingerprint(gathering: Row) -> str:
    """What was shown: when it is, whose seats end, who stands in. When it differs by then, it is shown again."""
    lines = [gathering["id"], gathering["starts_at"], gathering["zone"], gathering["stand_in_name"]]
    return hashlib.sha256("\n".join(map(str, [*lines, *gathering["booking_ids"]])).encode()).hexdigest()[:32]


def out_of_date() -> Reason:
    """The reason when a confirmation does not fit what would happen by now."""
    message = (
        "Something changed since you looked: somebody booked or left, or it was moved. Please look once more."
    )
    return Reason("out_of_date", message)
