"""Sign-in by mail: codes, links, their limits, and why one is refused."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from circles.base import clock, text
from circles.base.errors import Reason, Refused

SIGN_IN_LASTS = timedelta(days=30)
CODE_LASTS = timedelta(minutes=10)  # and the link in the same mail
NAME_LASTS = timedelta(minutes=30)  # for a new person to give a name after the code or link was right
KNOWN_LASTS = timedelta(days=400)  # what browsers keep a cookie for at most
MAX_TRIES = 5
# The digits of a code, by the wrong codes there were for an address: a guess is right once in 10 ** digits. Ten wrong
# ones are forgotten after a month, so at six digits somebody may guess 120 times a year.
CODE_DIGITS = ((10, 6), (50, 8))
MAX_DIGITS = 10
TOLD_FROM = 10  # wrong codes of several requests, from which on the person is told
FAILURES_LAST = timedelta(days=30)
_DIGITS = re.compile(r"[0-9](?:[\s\-\u2010-\u2015.]*[0-9])*")  # a number with gaps in it
_NUMBERS = {6: "six", 8: "eight", 10: "ten"}

# Limits of sign-in mails: (how many, in what time). Only mails that were sent count.
# One address from one network: so nobody uses up what the person has elsewhere.
ADDRESS_LIMITS = ((6, timedelta(minutes=15)), (30, timedelta(days=1)))
# One address in a browser in which its account was signed in before: nobody else can use it up.
KNOWN_LIMITS = ((10, timedelta(minutes=15)), (60, timedelta(days=1)))
# One address from all networks, so that nobody fills a mailbox from many.
MAILBOX_LIMITS = ((30, timedelta(minutes=10)), (150, timedelta(days=1)))
# One address where one of the two above is used up. It lasts as long as a link, and the button in the newest mail works
# in every browser: so its reader can sign in at any time, whatever others ask for, also from their network.
SPARE_LIMIT = (1, CODE_LASTS)
# All addresses from one network, which a household, a clinic or a whole community may share.
NETWORK_LIMITS = ((150, timedelta(minutes=15)),)


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
                "Many sign-in mails were asked for in a short time. The button in the newest one works for ten "
                f"minutes, in any browser. Or try again in {span}.",
            )
        )


def code_digits(failures: int) -> int:
    """How many digits the next code of an address has. failures: wrong codes that no right one followed."""
    return next((digits for below, digits in CODE_DIGITS if failures < below), MAX_DIGITS)


def digits_words(digits: int) -> str:
    """The number of digits in words, such as "six digits"."""
    return f"{_NUMBERS[digits]} digits"


def parse_code(typed: str, field: str = "code", *, digits: int = 6) -> str:
    """The code out of what was typed or pasted: with gaps in it, in any script, and with words around it.

    digits: how many it has. Raises Refused for none, or for several that differ.
    """
    plain = text.plain_digits(text.normalized("NFKC", typed))
    whole = rf"(?<![0-9])(?<![0-9][.,\-])[0-9]{{{digits}}}(?![0-9])"
    codes = set(re.findall(whole, plain))
    if not codes:
        numbers = {re.sub(r"[^0-9]", "", match[0]) for match in _DIGITS.finditer(plain)}
        codes = {number for number in numbers if len(number) == digits}
    if not codes:  # a number next to it that is none of it
        half = f"([0-9]{{{digits // 2}}})"
        halves = rf"(?<![0-9]){half}[\s\-\u2010-\u2015.,]{half}(?![0-9])"
        codes = {"".join(parts) for parts in re.findall(halves, plain)}
    if len(codes) != 1:
        sentence = f"The code has {digits_words(digits)}. It is in the mail we sent."
        raise Refused(Reason("code_unreadable", sentence, field))
    return codes.pop()


def code_hash(key: bytes, request_id: UUID, digits: str) -> bytes:
    """How a code is stored. Keyed, since its digits are few, and bound to its request."""
    return hmac.digest(key, b"sign-in code " + request_id.bytes + digits.encode(), "sha256")


def is_code(keys: Sequence[bytes], request_id: UUID, digits: str, stored: bytes) -> bool:
    """Whether these are the digits of a request, under one of the keys that count."""
    return any(hmac.compare_digest(code_hash(key, request_id, digits), stored) for key in keys)


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


def short_code_refusals(digits: int, failures: int) -> list[Reason]:
    """Why a code that has too few digits by now cannot sign in. The link in its mail still does."""
    if digits >= code_digits(failures):
        return []
    sentence = (
        "Somebody typed many wrong codes for this address, so codes have more digits now. Please ask for a new one, or "
        "press the button in the mail you have."
    )
    return [Reason("too_short", sentence, "code")]


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
