"""Rules of pairs kept apart."""

from __future__ import annotations

from collections.abc import Collection

from circles.base.errors import Reason


def pair_refusals(one: str, other: str, known: Collection[str]) -> list[Reason]:
    """Why two people cannot be kept apart. one, other: ids as typed; known: ids of people known to the circle."""
    reasons = [
        Reason("nobody", "Please choose somebody.", field)
        for field, typed in (("one", one), ("other", other))
        if typed not in known
    ]
    if one == other and not reasons:
        reasons.append(Reason("same", "Please choose two different people.", "other"))
    return reasons
