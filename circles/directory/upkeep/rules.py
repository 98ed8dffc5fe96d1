"""When a listing is asked about, marked, and hidden: pure decisions over dates."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.directory.listing.rules import counts
from circles.directory.listing.values import License

ASK_AFTER: Final = timedelta(days=180)
LICENSE_AHEAD: Final = timedelta(days=30)
MARK_AFTER: Final = timedelta(days=14)
HIDE_AFTER: Final = timedelta(days=30)

Step = Literal["", "ask", "mark", "hide", "clear"]
Why = Literal["", "unconfirmed", "licence"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shown listing stands: when it was confirmed, asked about and marked, and its licenses."""

    confirmed_at: datetime
    asked_at: datetime | None
    marked_at: datetime | None
    licenses: tuple[License, ...]


def running_out(licenses: Iterable[License], now: datetime) -> tuple[License, ...]:
    """The licenses that still count and run out within 30 days."""
    today = now.date()
    return tuple(
        each
        for each in licenses
        if counts(each, today) and each.expires_on is not None and each.expires_on <= today + LICENSE_AHEAD
    )


def none_left(licenses: Iterable[License], now: datetime) -> bool:
    """Whether no license counts today."""
    return not any(counts(each, now.date()) for each in licenses)


def licenses_settled(licenses: tuple[License, ...], now: datetime) -> bool:
    """Whether there is nothing to ask about the licenses."""
    return not running_out(licenses, now) and not none_left(licenses, now)


def stale(confirmed_at: datetime, now: datetime) -> bool:
    """Whether nobody has said for 180 days that the listing still holds."""
    return now - confirmed_at >= ASK_AFTER


def step(listing: Standing, now: datetime) -> Step:
    """What the timetable does about a shown listing now.

    Asked about first; 14 days later marked, and asked once more; 30 days after the first asking hidden. A license
    of several that ran out hides nothing: it only no longer counts. Nothing is hidden that was not marked before.
    """
    is_stale = stale(listing.confirmed_at, now)
    if not is_stale and licenses_settled(listing.licenses, now):
        return "clear" if listing.asked_at else ""
    if listing.asked_at is None:
        return "ask"
    if listing.marked_at is None:
        return "mark" if now - listing.asked_at >= MARK_AFTER else ""
    return "hide" if hides_because(listing, now) else ""


def hides_because(listing: Standing, now: datetime) -> Why:
    """Why a listing that was asked about is hidden now; empty: it is not."""
    if listing.asked_at is None or now - listing.asked_at < HIDE_AFTER:
        return ""
    if none_left(listing.licenses, now):
        return "licence"
    asked_for_it = max(listing.asked_at, listing.confirmed_at + ASK_AFTER)
    return "unconfirmed" if now - asked_for_it >= HIDE_AFTER else ""


def token(key: bytes, listing_id: UUID, asked_at: datetime) -> str:
    """The end of a link that confirms a listing without signing in. It is good for this one asking."""
    return urlsafe_b64encode(listing_id.bytes + _seal(key, listing_id, asked_at)).rstrip(b"=").decode()


def token_listing(said: str) -> UUID | None:
    """Which listing a link says it is for; whether it may, `token_holds` says."""
    try:
        raw = urlsafe_b64decode(said + "=" * (-len(said) % 4))
    except ValueError:
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 32 else None


def token_holds(key: bytes, said: str, listing_id: UUID, asked_at: datetime | None) -> bool:
    """Whether a link was made by us for this asking."""
    return asked_at is not None and hmac.compare_digest(
        said.encode(), token(key, listing_id, asked_at).encode()
    )


def _seal(key: bytes, listing_id: UUID, asked_at: datetime) -> bytes:
    moment = int(asked_at.timestamp() * 1_000_000)
    return hmac.digest(key, b"listing confirm " + listing_id.bytes + str(moment).encode(), "sha256")[:16]
