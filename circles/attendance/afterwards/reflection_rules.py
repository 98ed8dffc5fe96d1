"""The hosts' private reflection after a gathering: reading its form, when it can be written."""

from __future__ import annotations

from collections.abc import Mapping

from circles.base.errors import Reason
from circles.base.reading import Reader

MAX_CHARACTERS = 2_000


def read(values: Mapping[str, str]) -> dict[str, str]:
    """What went well and what to carry on; either may be empty. Raises Refused with every reason at once."""
    reader = Reader(values)
    texts = {
        name: reader.body(name, max_length=MAX_CHARACTERS, required=False)
        for name in ("went_well", "carry_on")
    }
    reader.raise_refusals()
    return texts


def refusals(state: str, has_begun: bool) -> list[Reason]:
    """Every reason why no reflection can be written."""
    if state != "open":
        return [Reason("not_held", "This gathering did not take place.")]
    if not has_begun:
        return [Reason("too_early", "You can look back once the gathering has begun.")]
    return []
