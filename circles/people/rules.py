"""What the people room decides by itself: which names, addresses and codes it takes, and who may be what."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from circles.base import clock, text
from circles.base.errors import Reason, Refused

# How long a browser stays signed in; how long a code and a link work; how long somebody new may take to say
# what they want to be called.
SIGN_IN_LASTS = timedelta(days=30)
CODE_LASTS = timedelta(minutes=10)
NAME_LASTS = timedelta(minutes=30)
MAX_TRIES = 5
MAX_CREDENTIALS = 12
MAX_NEEDS = 500

# How often a mail may be asked for: (what is counted, how many, in what time). One address gets few, so that
# nobody's mailbox is filled and a code cannot be guessed by asking for many; one network gets more, since a
# whole household or clinic may share it.
ADDRESS_LIMITS = ((6, timedelta(minutes=15)), (30, timedelta(days=1)))
NETWORK_LIMITS = ((40, timedelta(minutes=15)),)

Part = Literal["facilitator", "organizer"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; may be member, facilitator, organizer, any of them at once.

    is_host: of a signed-in browser's person, whether they are a facilitator or help to hold some circle.
    """

    id: UUID
    email: str
    name: str
    pronouns: str
    zone: str
    is_facilitator: bool
    is_organizer: bool
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """One training or license a facilitator states: what, from whom, since when (None: not said).

    link: where it can be looked up. seen_at: when an organizer saw the papers of this very version.
    """

    id: UUID
    kind: str
    body: str
    year: int | None
    link: str = ""
    seen_at: datetime | None = None
    version: int = 1

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Credential:
        """A credential out of the JSON of a query."""
        seen = told["seen_at"]
        return cls(
            UUID(told["id"]),
            told["kind"],
            told["body"],
            told["year"],
            told["link"],
            datetime.fromisoformat(seen) if seen else None,
            told["version"],
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What the pages of circles and of facilitators say of one. about, approach: plain text.

    picture: the hash in its address, or nothing. has_page: whether they may host, so that they have a page.
    """

    id: UUID
    name: str
    pronouns: str
    about: str
    credentials: tuple[Credential, ...]
    approach: str = ""
    languages: str = ""
    picture: str = ""
    has_page: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """What somebody typed who wants to sign in, made tidy. name is empty when they gave none."""

    email: str
    name: str = ""
    pronouns: str = ""
    zone: str = ""
    next_path: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """How an asking for a sign-in mail stands."""

    expired: bool
    tries: int
    proven: bool
    used: bool


class TooOften(Refused):
    """Asked too many times. wait: how long until it is worth trying again."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        words = clock.format_span(max(wait, timedelta(minutes=1)) + timedelta(minutes=1))
        super().__init__(
            Reason(
                "too_often",
                f"Many sign-in mails were asked for in a short time. Please try again in {words}. "
                "A code that came in the last ten minutes still works.",
            )
        )


def parse_address(typed: str, field: str = "email") -> str:
    """A mail address as it is stored: lower case, a domain in other letters in its ASCII form (RFC 5891).

    Raises Refused for what is no address, or one whose name part our mail cannot reach.
    """
    found = _as_stored(text.line(typed, field, max_length=254))
    if not found:
        raise Refused(
            Reason("address_unreadable", "Please give a mail address such as name@example.org.", field)
        )
    return found


@lru_cache(maxsize=64)
def _as_stored(given: str) -> str:
    """An address as it is stored; empty for what is none. The last few are kept: a form is read more than once."""
    # Here, because it compiles for a while when it is imported.
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(given, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    return (found.ascii_email or found.normalized).lower()


def name(typed: str, field: str = "name") -> str:
    """What a person is called: one line of at most 80 characters that shows something. Raises Refused."""
    found = text.line(typed, field, max_length=80)
    if not any(unicodedata.category(character)[0] in "LNSP" for character in found):
        raise Refused(Reason("name_invisible", "Please give a name that can be seen.", field))
    return found


def pronouns(typed: str, field: str = "pronouns") -> str:
    """Pronouns, or nothing: one line of at most 40 characters. Raises Refused."""
    return text.line(typed, field, max_length=40, required=False)


def zone(typed: str, field: str = "zone") -> str:
    """A time zone the site knows, or nothing. Raises Refused."""
    if typed and not clock.is_zone(typed):
        raise Refused(Reason("zone_unknown", "Please choose one of these.", field))
    return typed


def year(typed: str, field: str = "year") -> int | None:
    """The year of a training, or None when none was given. Raises Refused."""
    given = typed.strip()
    if not given:
        return None
    if not re.fullmatch(r"[0-9]{4}", given) or not 1950 <= int(given) <= clock.now().year:
        raise Refused(
            Reason("year_unreadable", f"Please give a year from 1950 to {clock.now().year}.", field)
        )
    return int(given)


def languages(typed: str, field: str = "languages") -> str:
    """The languages a facilitator speaks, parted by commas, tidied; or nothing. Raises Refused."""
    given = text.line(typed, field, max_length=120, required=False)
    said = dict.fromkeys(found for each in given.split(",") if (found := each.strip()))
    return ", ".join(said)


def link(typed: str, field: str = "link") -> str:
    """An https address where a credential can be looked up, or nothing. Raises Refused."""
    given = text.line(typed, field, max_length=500, required=False)
    if not given:
        return ""
    try:
        host = urlsplit(given).hostname
    except ValueError:
        host = None
    if not given.startswith("https://") or " " in given or not host or "." not in host:
        raise Refused(
            Reason("link_unreadable", "Please give a whole address that begins with https://.", field)
        )
    return given


def code(typed: str, field: str = "code") -> str:
    """Six digits out of what was typed, with spaces, dashes or full-width digits. Raises Refused."""
    found = re.sub(r"[\s\-\u2010-\u2015.]", "", unicodedata.normalize("NFKC", typed))
    if not re.fullmatch(r"[0-9]{6}", found):
        raise Refused(Reason("code_unreadable", "The code has six digits. It is in the mail we sent.", field))
    return found


def code_hash(key: bytes, request_id: UUID, digits: str) -> bytes:
    """How a code is stored. Keyed, since six digits are few, and bound to its own asking."""
    return hmac.digest(key, b"sign-in code " + request_id.bytes + digits.encode(), "sha256")


def code_reasons(asked: Asked | None) -> list[Reason]:
    """Why a code typed now cannot sign in, whatever its digits."""
    if asked is None:
        return [
            Reason(
                "nothing_asked",
                "No code was asked for in this browser. A code works only where it was asked for; "
                "the link in the mail works anywhere.",
                "code",
            )
        ]
    if asked.used or asked.proven:
        return [Reason("used", "This code was used already. Please ask for a new one.", "code")]
    if asked.expired:
        return [Reason("expired", "This code is older than ten minutes. Please ask for a new one.", "code")]
    if asked.tries >= MAX_TRIES:
        return [
            Reason("tried_out", f"The code was wrong {MAX_TRIES} times. Please ask for a new one.", "code")
        ]
    return []


def wrong_code(tries: int) -> Reason:
    """What to say of a wrong code. tries: how many wrong ones there were with it."""
    left = MAX_TRIES - tries
    if left <= 0:
        return Reason("tried_out", f"The code was wrong {MAX_TRIES} times. Please ask for a new one.", "code")
    count = "one more time" if left == 1 else f"{left} more times"
    return Reason("wrong", f"This is not the code from the newest mail. You can try {count}.", "code")


def link_reasons(asked: Asked | None) -> list[Reason]:
    """Why a link from a mail cannot sign in."""
    if asked is None:
        return [Reason("unknown", "This link is old or not complete. Please open it from the mail again.")]
    if asked.used or asked.proven:
        return [Reason("used", "This link was used already. It works once.")]
    if asked.expired:
        return [Reason("expired", "This link is older than ten minutes, or a newer mail took its place.")]
    return []


def name_reasons(asked: Asked | None) -> list[Reason]:
    """Why a name given now cannot finish a first sign-in."""
    if asked is None or asked.used or not asked.proven or asked.expired:
        return [Reason("expired", "This took longer than half an hour. Please ask for a new code.")]
    return []


def part_reasons(person: Person, organizers: int, part: Part, on: bool) -> list[Reason]:
    """Why a person cannot be given a part, or have it taken away. organizers: how many there are now."""
    if part == "organizer" and not on and person.is_organizer and organizers <= 1:
        return [
            Reason(
                "last_organizer",
                f"{person.name} is the only organizer. Make somebody else an organizer first.",
            )
        ]
    return []


def wait_of(per: timedelta, now: datetime) -> timedelta:
    """How long until the window of a limit ends; windows are counted from the start of 2000."""
    return per - (now - datetime(2000, 1, 1, tzinfo=UTC)) % per
