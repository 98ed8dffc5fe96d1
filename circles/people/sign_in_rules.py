"""Sign-in by mail: codes, links, their limits, and why one is refused."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from circles.base import clock, text
from circles.base.errors import Reason, Refused

SIGN_IN_LASTS = timedelta(days=30)
CODE_LASTS = timedelta(minutes=10)  # and the link in the same mail
NAME_LASTS = timedelta(minutes=30)  # for a new person to give a name after the code or link was right
MAX_TRIES = 5
_DIGITS = re.compile(r"[0-9](?:[\s\-\u2010-\u2015.]*[0-9])*")  # a number with gaps in it
_SIX = re.compile(r"(?<![0-9])(?<![0-9][.,\-])[0-9]{6}(?![0-9])")
_HALVES = re.compile(r"(?<![0-9])([0-9]{3})[\s\-\u2010-\u2015.,]([0-9]{3})(?![0-9])")

# Limits of sign-in mails: (how many, in what time). An address gets few, so that no mailbox is filled and no code
# is guessed by requesting many. A network gets more, since a household or a clinic may share it.
ADDRESS_LIMITS = ((6, timedelta(minutes=15)), (30, timedelta(days=1)))
NETWORK_LIMITS = ((40, timedelta(minutes=15)),)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What was typed to sign in, as the rules return it. name: empty when none was given."""

    email: str
    name: str = ""
    pronouns: str = ""
    zone: str = ""
    clock_hours: int | None = None
    next_path: str = ""


@dataclass(frozen=True, slots=True)
class RequestState:
    """The state of a sign-in request.

    proven: the code or link was right, and a new person's name is missing. used: a browser was signed in by it.
    """

    expired: bool
    tries: int
    proven: bool
    used: bool


class TooManyRequests(Refused):
    """A limit of sign-in mails is reached. wait: until the next one is allowed."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        span = clock.format_span(max(wait, timedelta(minutes=1)) + timedelta(minutes=1))
        super().__init__(
            Reason(
                "too_often",
                f"Many sign-in mails were asked for in a short time. Please try again in {span}. "
                "A code that came in the last ten minutes still works.",
            )
        )


def parse_code(typed: str, field: str = "code") -> str:
    """Six digits out of what was typed or pasted: with gaps in them, in any script, and with words around them.

    Raises Refused for none, or for several that differ.
    """
    plain = text.plain_digits(unicodedata.normalize("NFKC", typed))
    codes = set(_SIX.findall(plain))
    if not codes:
        numbers = {re.sub(r"[^0-9]", "", match[0]) for match in _DIGITS.finditer(plain)}
        codes = {number for number in numbers if len(number) == 6}
    if not codes:  # a number next to it that is none of it
        codes = {"".join(halves) for halves in _HALVES.findall(plain)}
    if len(codes) != 1:
        raise Refused(Reason("code_unreadable", "The code has six digits. It is in the mail we sent.", field))
    return codes.pop()


def code_hash(key: bytes, request_id: UUID, digits: str) -> bytes:
    """How a code is stored. Keyed, since six digits are few, and bound to its request."""
    return hmac.digest(key, b"sign-in code " + request_id.bytes + digits.encode(), "sha256")


def code_refusals(request: RequestState | None) -> list[Reason]:
    """Why no code can sign in now."""
    if request is None:
        return [
            Reason(
                "nothing_asked",
                "No code was asked for in this browser. A code works only where it was asked for; "
                "the link in the mail works anywhere.",
                "code",
            )
        ]
    if request.used or request.proven:
        return [Reason("used", "This code was used already. Please ask for a new one.", "code")]
    if request.expired:
        return [Reason("expired", "This code is older than ten minutes. Please ask for a new one.", "code")]
    if request.tries >= MAX_TRIES:
        return [
            Reason("tried_out", f"The code was wrong {MAX_TRIES} times. Please ask for a new one.", "code")
        ]
    return []


def wrong_code_refusal(tries: int) -> Reason:
    """The refusal of a wrong code. tries: wrong codes so far, with this one."""
    left = MAX_TRIES - tries
    if left <= 0:
        return Reason("tried_out", f"The code was wrong {MAX_TRIES} times. Please ask for a new one.", "code")
    count = "one more time" if left == 1 else f"{left} more times"
    return Reason("wrong", f"This is not the code from the newest mail. You can try {count}.", "code")


def link_refusals(request: RequestState | None) -> list[Reason]:
    """Why a link from a mail cannot sign in."""
    if request is None:
        return [Reason("unknown", "This link is old or not complete. Please open it from the mail again.")]
    if request.used or request.proven:
        return [Reason("used", "This link was used already. It works once.")]
    if request.expired:
        return [Reason("expired", "This link is older than ten minutes, or a newer mail took its place.")]
    return []


def name_refusals(request: RequestState | None) -> list[Reason]:
    """Why a name given now cannot finish a first sign-in."""
    if request is None or request.used or not request.proven or request.expired:
        return [Reason("expired", "This took longer than half an hour. Please ask for a new code.")]
    return []


def time_left(per: timedelta, now: datetime) -> timedelta:
    """How long until the window of a limit ends; windows are counted from the start of 2000."""
    return per - (now - datetime(2000, 1, 1, tzinfo=UTC)) % per
