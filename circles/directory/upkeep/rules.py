"""When a listing must be confirmed again, is marked and hidden; the signed links that confirm it. Pure."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.directory.listing.rules import is_license_valid
from circles.directory.listing.values import License

ASK_AFTER: Final = timedelta(days=180)
LICENSE_AHEAD: Final = timedelta(days=30)
MARK_AFTER: Final = timedelta(days=14)
HIDE_AFTER: Final = timedelta(days=30)

Step = Literal["", "ask", "mark", "hide", "clear"]
HideReason = Literal["", "unconfirmed", "licence"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """When a shown listing was confirmed, asked to confirm again and marked; and its licenses."""

    confirmed_at: datetime
    asked_at: datetime | None
    marked_at: datetime | None
    licenses: tuple[License, ...]


def next_step(listing: Confirmation, now: datetime) -> Step:
    """The step of upkeep that is due for a shown listing; empty for none.

    A confirmation is requested first, and again 14 days later with the mark; hidden 30 days after the first request,
    never before it was marked. One expired license of several hides nothing: it is only no longer valid.
    """
    if not is_stale(listing.confirmed_at, now) and are_licenses_settled(listing.licenses, now):
        return "clear" if listing.asked_at else ""
    if listing.asked_at is None:
        return "ask"
    if listing.marked_at is None:
        return "mark" if now - listing.asked_at >= MARK_AFTER else ""
    return "hide" if hide_reason(listing, now) else ""


def is_stale(confirmed_at: datetime, now: datetime) -> bool:
    """Whether the listing was not confirmed for 180 days."""
    return now - confirmed_at >= ASK_AFTER


def are_licenses_settled(licenses: tuple[License, ...], now: datetime) -> bool:
    """Whether there is nothing to ask about the licenses."""
    return has_valid_license(licenses, now) and not expiring_licenses(licenses, now)


def has_valid_license(licenses: Iterable[License], now: datetime) -> bool:
    """Whether at least one license is valid today."""
    return any(is_license_valid(license, now.date()) for license in licenses)


def expiring_licenses(licenses: Iterable[License], now: datetime) -> tuple[License, ...]:
    """The valid licenses that expire within 30 days."""
    today = now.date()
    return tuple(
        license
        for license in licenses
        if is_license_valid(license, today)
        and license.expires_on is not None
        and license.expires_on <= today + LICENSE_AHEAD
    )


def hide_reason(listing: Confirmation, now: datetime) -> HideReason:
    """Why a listing without the requested confirmation is hidden now; empty if it is not."""
    if listing.asked_at is None or now - listing.asked_at < HIDE_AFTER:
        return ""
    if not has_valid_license(listing.licenses, now):
        return "licence"
    # The question may have been about a license first; a stale listing has thirty days of its own.
    asked_as_stale = max(listing.asked_at, listing.confirmed_at + ASK_AFTER)
    return "unconfirmed" if now - asked_as_stale >= HIDE_AFTER else ""


def confirm_token(key: bytes, listing_id: UUID, asked_at: datetime) -> str:
    """The signed end of a link that confirms a listing without signing in. Valid for this one question."""
    return urlsafe_b64encode(listing_id.bytes + _signature(key, listing_id, asked_at)).rstrip(b"=").decode()


def _signature(key: bytes, listing_id: UUID, asked_at: datetime) -> bytes:
    moment = int(asked_at.timestamp() * 1_000_000)
    return hmac.digest(key, b"listing confirm " + listing_id.bytes + str(moment).encode(), "sha256")[:16]


def listing_of_token(token: str) -> UUID | None:
    """The listing id in a token, unverified: `is_token_valid` checks the signature. None for a malformed one."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 32 else None


def is_token_valid(key: bytes, token: str, listing_id: UUID, asked_at: datetime | None) -> bool:
    """Whether a token was signed by us for this question."""
    return asked_at is not None and hmac.compare_digest(
        token.encode(), confirm_token(key, listing_id, asked_at).encode()
    )
