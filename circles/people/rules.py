"""What the people room decides by itself: who a person is, which addresses and names it takes, which codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

# How long a browser stays signed in.
SIGN_IN_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; may be member, facilitator, organizer, any of them at once."""

    id: UUID
    email: str
    name: str
    pronouns: str
    zone: str
    is_facilitator: bool
    is_organizer: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """One training or licence a facilitator states: what, from whom, since when (None: not said)."""

    id: UUID
    kind: str
    body: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What circle pages say of a facilitator. `about` is plain text."""

    id: UUID
    name: str
    pronouns: str
    about: str
    credentials: tuple[Credential, ...]
