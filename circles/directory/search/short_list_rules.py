"""A short list in an address: a few codes, one for each listing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import reading

MAX_LISTINGS: Final = 12
PATH: Final = "/therapists/short-list"


def code(listing_id: UUID) -> str:
    """A listing's id in 22 letters, so that twelve of them still make a short address."""
    return urlsafe_b64encode(listing_id.bytes).decode().rstrip("=")


def listing_id(code: str) -> UUID | None:
    """The id of a code, or of a UUID in its usual form; None for anything else."""
    if len(code) != 22:
        return reading.uuid_or_none(code)
    try:
        return UUID(bytes=urlsafe_b64decode(code + "=="))
    except (ValueError, Error):
        return None


def read(joined: str) -> tuple[str, ...]:
    """The codes in an address, in their order: valid ones, none twice, at most MAX_LISTINGS."""
    codes: dict[str, None] = {}
    for typed in joined.split(","):
        known = listing_id(typed.strip())
        if known is not None:
            codes[code(known)] = None
    return tuple(codes)[:MAX_LISTINGS]


def ids(codes: Iterable[str]) -> list[UUID]:
    """The ids of codes, in their order."""
    return [known for known in map(listing_id, codes) if known is not None]


def add(codes: Sequence[str], one: str) -> tuple[str, ...]:
    """The list with one more on it; the same list when it is full."""
    return tuple(dict.fromkeys([*codes, one]))[:MAX_LISTINGS]


def remove(codes: Sequence[str], one: str) -> tuple[str, ...]:
    """The list without one."""
    return tuple(code for code in codes if code != one)


def url_to_add(codes: Sequence[str], one: str) -> str:
    """The address that adds one to a list; without a list, to the one kept in the account."""
    return f"{PATH}?{urlencode([*(('t', code) for code in codes), ('put', one)])}"


def query_string(codes: Sequence[str]) -> str:
    """The query string that takes the list along to a therapist's page. Empty without a list."""
    return f"?{urlencode([('t', code) for code in codes])}" if codes else ""


def url(codes: Sequence[str]) -> str:
    """The address of the page of a list; of an empty one, which is not the same as no list, too."""
    return f"{PATH}?{urlencode([('t', code) for code in codes] or [('t', '')])}"
