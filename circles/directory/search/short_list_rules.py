"""A short list as the address of its page holds it: a few codes, each of one listing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import reading

MOST: Final = 12
PATH: Final = "/therapists/short-list"


def code(listing_id: UUID) -> str:
    """A listing's id in 22 letters, so that twelve of them still make a short address."""
    return urlsafe_b64encode(listing_id.bytes).decode().rstrip("=")


def listing_id(code: str) -> UUID | None:
    """The id a code stands for; an id written out is one too. None for anything else."""
    if len(code) != 22:
        return reading.uuid_or_none(code)
    try:
        return UUID(bytes=urlsafe_b64decode(code + "=="))
    except (ValueError, Error):
        return None


def read(joined: str) -> tuple[str, ...]:
    """The codes of an address, in their order: none twice, at most twelve, and nothing that is no code."""
    found: dict[str, None] = {}
    for each in joined.split(","):
        known = listing_id(each.strip())
        if known is not None:
            found[code(known)] = None
    return tuple(found)[:MOST]


def ids(codes: Iterable[str]) -> list[UUID]:
    """The ids of codes, in their order."""
    return [known for known in map(listing_id, codes) if known is not None]


def put(codes: Sequence[str], one: str) -> tuple[str, ...]:
    """The list with one more on it; the same list when it is full."""
    return tuple(dict.fromkeys([*codes, one]))[:MOST]


def take(codes: Sequence[str], one: str) -> tuple[str, ...]:
    """The list without one."""
    return tuple(each for each in codes if each != one)


def putting(codes: Sequence[str], one: str) -> str:
    """The address that puts one more on a list; without a list, on the one kept in the account."""
    return f"{PATH}?{urlencode([*(('t', each) for each in codes), ('put', one)])}"


def carry(codes: Sequence[str]) -> str:
    """What a therapist's address ends with, so that the list is there on their page too. Empty without a list."""
    return f"?{urlencode([('t', each) for each in codes])}" if codes else ""


def url(codes: Sequence[str]) -> str:
    """The address of the page of a list. An empty list has one too: it is not the same as none given."""
    return f"{PATH}?{urlencode([('t', each) for each in codes] or [('t', '')])}"
