"""Discreet names: what mail, calendars and card statements show, where others may see it."""

from __future__ import annotations

import re

from circles.base import names
from circles.base.errors import Reason

# A discreet name has no word that reveals what a circle is about.
_REVEALING = re.compile(
    r"\bketa|psych|psiloc|mushroom|shroom|mdma|\blsd\b|ayahuasca|iboga|\bdmt\b|mescal|peyote|entheo|ecstasy"
    r"|\bacid\b|\btrip(s|ping|ped)?\b|\bdrugs?\b|medic|therap|integrat|ceremon|trauma|\bptsd\b|depress"
    r"|anxi|\bmental|recover|addict|crisis|heal(ing|th)|sacred"
)


def refusals(
    name: str, field: str = "discreet_name", *, shows: str = "This name shows in mail and on card statements"
) -> list[Reason]:
    """Why a name is not discreet. Letters are compared without accents, in one width and case.

    shows: the beginning of the sentence, which says where others may see it.
    """
    plain = names.fold(name)
    match = _REVEALING.search(plain)
    if not match:
        return []
    return [
        Reason(
            "not_discreet",
            f"{shows}, where others may see it. "
            f"Please leave out “{_whole_word(plain, match)}”; a day or a place works well.",
            field,
        )
    ]


def _whole_word(name: str, match: re.Match[str]) -> str:
    return next(word for word in re.findall(r"\S+", name[name.rfind(" ", 0, match.start()) + 1 :]))
