"""Suspended accounts: the suspension as its person reads it, and the key of their page."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

Refund = Literal["all", "terms", "none"]

# How long the page can be read after a code or a link was right.
PAGE_LASTS = timedelta(hours=1)
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension as the suspended person may know it. reason: empty where the organizers did not share it."""

    since: datetime
    until: datetime | None
    reason: str


def page_key(key: bytes, person_id: UUID, at: datetime) -> str:
    """The value of the cookie by which a suspended person sees their page."""
    text = f"{person_id.hex}.{int(at.timestamp())}"
    return f"{text}.{_mark(key, text)}"


def person_of(keys: Iterable[bytes], typed: str, now: datetime) -> UUID | None:
    """Whose cookie it is; None for one that is not ours, or old."""
    text, _, mark = typed.rpartition(".")
    if not any(hmac.compare_digest(mark.encode(), _mark(key, text).encode()) for key in keys):
        return None
    person_id, _, at = text.partition(".")
    return UUID(person_id) if now.timestamp() - int(at) <= PAGE_LASTS.total_seconds() else None


def _mark(key: bytes, text: str) -> str:
    return hmac.digest(key, f"suspended|{text}".encode(errors="surrogatepass"), "sha256").hex()[:_KEY_BYTES]
