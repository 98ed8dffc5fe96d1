"""Addresses for invitations, as they are pasted or in a file. Pure, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from circles import people
from circles.base.english import Labels, plural
from circles.base.errors import Reason, Refused

MAX_ADDRESSES: Final = 500
MAX_A_DAY: Final = 1_000
MAX_CHARACTERS: Final = 60_000
# Mails in a minute, so that no mail server takes a community for a sender of advertising.
PER_MINUTE: Final = 40
_WITHIN: Final = re.compile(r"[^\s@<>,;:()\[\]\"“”|]+@[^\s@<>,;()\[\]\"“”|]+")
STATES: Final = Labels({"waiting": "Waiting", "sent": "Sent", "withdrawn": "Withdrawn"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """addresses: each once, as they are stored. unreadable: parts that are none."""

    addresses: tuple[str, ...]
    unreadable: tuple[str, ...] = ()


def read(typed: str) -> Addresses:
    """The addresses in a text: one a line, or with commas; names around them are left out. Raises Refused."""
    if len(typed) > MAX_CHARACTERS:
        raise Refused(Reason("too_long", "This is too long. Please invite them in parts.", "addresses"))
    addresses: dict[str, None] = {}
    unreadable: list[str] = []
    for match in _WITHIN.finditer(typed):
        try:
            addresses[people.parse_address(match[0].removeprefix("mailto:").rstrip(".").lower())] = None
        except Refused:
            unreadable.append(match[0])
    # A line without an address is one that somebody mistyped; a name beside an address is none.
    unreadable += [line.strip() for line in typed.split("\n") if line.strip(" ;,") and "@" not in line]
    return Addresses(tuple(addresses), tuple(dict.fromkeys(unreadable)))


def refusals(found: Addresses) -> list[Reason]:
    """Every reason against a list of addresses."""
    reasons = []
    if found.unreadable:
        shown = ", ".join(f"“{part[:40]}”" for part in found.unreadable[:5])
        text = f"These are no mail addresses: {shown}. Please correct or remove them."
        reasons.append(Reason("unreadable", text, "addresses"))
    elif not found.addresses:
        reasons.append(Reason("missing", "Please give at least one mail address.", "addresses"))
    if len(found.addresses) > MAX_ADDRESSES:
        count = plural(len(found.addresses), "address", "addresses")
        text = f"These are {count}; {MAX_ADDRESSES} can be invited at once."
        reasons.append(Reason("too_many", text, "addresses"))
    return reasons
