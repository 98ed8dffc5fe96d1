"""The hosts' private reflection after a gathering: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping

from circles.base import text
from circles.base.errors import Reason, Refused

MAX_CHARACTERS = 2_000


def read(values: Mapping[str, str]) -> dict[str, str]:
    """What went well and what to carry on; either may be empty. Raises Refused with every reason at once."""
    found: dict[str, str] = {}
    reasons: list[Reason] = []
    for name in ("went_well", "carry_on"):
        try:
            found[name] = text.body(values.get(name, ""), name, most=MAX_CHARACTERS, required=False)
        except Refused as refused:
            reasons.extend(refused.reasons)
    if reasons:
        raise Refused(reasons)
    return found


def refusals(state: str, has_begun: bool) -> list[Reason]:
    """Every reason why there is nothing to look back on."""
    if state != "open":
        return [Reason("not_held", "This gathering did not take place.")]
    if not has_begun:
        return [Reason("too_early", "You can look back once the gathering has begun.")]
    return []
