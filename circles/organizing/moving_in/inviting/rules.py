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
    lines = (line.strip(" ;,\r\t") for line in typed.split("\n"))
    unreadable += [line for line in lines if line and not _WITHIN.search(line)]
    # So is what has the sign of an address and is none, on a line with others: a@@b.
    parts = (part.strip(" \r\t") for part in re.split(r"[\n,;]", typed) if "@" in part)
    unreadable += [part for part in parts if not _WITHIN.search(part)]
    return Addresses(tuple(addresses), tuple(dict.fromkeys(unreadable)))


def may_be(cell: str) -> bool:
    """Whether a cell of a file may be meant as an address; “@ada” is a name elsewhere."""
    return bool(re.search(r"[^\s@]@", cell))


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
