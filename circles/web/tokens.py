"""Keys in the addresses of pages that open without a sign-in: an id, signed for one purpose."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from typing import Final
from uuid import UUID

_KEY_BYTES: Final = 16


def make(key: bytes, purpose: str, id_: UUID) -> str:
    """The key of an id for one purpose. key: the site's own, so that nobody can make one."""
    return urlsafe_b64encode(id_.bytes + _signature(key, purpose, id_)).rstrip(b"=").decode()


def read(keys: Iterable[bytes], purpose: str, typed: str) -> UUID | None:
    """The id of a key; None for one not made here. keys: the present one and that of before."""
    try:
        raw = urlsafe_b64decode(typed.encode("ascii") + b"==")
    except (NotBase64, ValueError):
        return None
    if len(raw) != 16 + _KEY_BYTES:
        return None
    id_ = UUID(bytes=raw[:16])
    ours = any(hmac.compare_digest(raw[16:], _signature(key, purpose, id_)) for key in keys)
    return id_ if ours else None


def _signature(key: bytes, purpose: str, id_: UUID) -> bytes:
    return hmac.digest(key, f"{purpose}|{id_}".encode(), "sha256")[:_KEY_BYTES]
