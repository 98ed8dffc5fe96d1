"""Names that somebody looks up: posted, and encrypted in the address of the results.

An address stays in logs of proxies and in the history of a browser. What it has of a name can be read by the site
alone, for the same person, for some hours.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from uuid import UUID

from starlette.requests import Request

from circles.base import clock
from circles.base.settings import Settings

FIELD = "find"
LASTS = timedelta(hours=12)
MAX_SEALED = 2000
_NONCE, _MARK, _TIME = 16, 16, 8  # bytes
_PADDED_TO = 64  # bytes, so that the length says little of the name


def sealed(request: Request, text: str) -> str:
    """A text that the signed-in person typed, for an address; empty for nothing."""
    if not text:
        return ""
    settings: Settings = request.app.state.context.settings
    nonce = secrets.token_bytes(_NONCE)
    plain = int(clock.now().timestamp()).to_bytes(_TIME) + text.encode()
    body = encrypt(_key(settings) + nonce, plain + b" " * (-len(plain) % _PADDED_TO))
    mark = _mark(settings, request.state.person.id, nonce + body)
    return urlsafe_b64encode(nonce + mark + body).decode().rstrip("=")


def opened(request: Request) -> str:
    """The text in the address of this request; empty for none, another person's, a changed or an old one."""
    value = request.query_params.get(FIELD, "")
    if not value.isascii() or len(value) > MAX_SEALED:
        return ""
    try:
        data = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return ""
    settings: Settings = request.app.state.context.settings
    nonce, mark, body = data[:_NONCE], data[_NONCE : _NONCE + _MARK], data[_NONCE + _MARK :]
    if not hmac.compare_digest(mark, _mark(settings, request.state.person.id, nonce + body)):
        return ""
    plain = encrypt(_key(settings) + nonce, body)
    age = clock.now().timestamp() - int.from_bytes(plain[:_TIME])
    return plain[_TIME:].decode().rstrip(" ") if age <= LASTS.total_seconds() else ""


def encrypt(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt: a key stream of SHAKE-256 (FIPS 202), from a random key that is used for one text alone."""
    stream = hashlib.shake_256(key).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def _key(settings: Settings) -> bytes:
    return hmac.digest(settings.signing_key(), b"searched names", "sha256")


def _mark(settings: Settings, person_id: UUID, data: bytes) -> bytes:
    return hmac.digest(_key(settings), person_id.bytes + data, "sha256")[:_MARK]
