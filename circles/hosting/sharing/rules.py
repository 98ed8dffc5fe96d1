"""Short addresses: what one may be, and those to suggest. Pure, no I/O."""

from __future__ import annotations

import re
from typing import Final

from circles.base import discreet, names
from circles.base.errors import Reason

MIN_LENGTH, MAX_LENGTH = 3, 40
# A poster that hangs somewhere keeps leading to its circle, so no address of a circle is ever given to another one.
MAX_ADDRESSES = 10
_FORM: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SUGGESTIONS = 20


def slug_of(name: str) -> str:
    """A name as a short address: "Tuesday group" as "tuesday-group". Empty where too little of it is Latin letters."""
    letters = re.sub(r"[^a-z0-9]+", "-", names.fold(name)).strip("-")
    slug = letters[:MAX_LENGTH].rstrip("-")
    return slug if len(slug) >= MIN_LENGTH else ""


def suggestions(discreet_name: str) -> list[str]:
    """Addresses that go with a circle's discreet name, the best one first."""
    base = slug_of(discreet_name) or "group"
    return [base, *(f"{base[: MAX_LENGTH - 3].rstrip('-')}-{number}" for number in range(2, _SUGGESTIONS))]


def read_slug(typed: str) -> str:
    """An address as somebody typed it, perhaps with capitals, spaces, or the whole URL. Not yet checked."""
    return re.sub(r"\s+", "-", names.fold(typed.strip().rstrip("/").rsplit("/", 1)[-1]))


def slug_refusals(slug: str) -> list[Reason]:
    """Why an address cannot be one."""
    if not slug:
        return [Reason("required", "Write the short address that you wish for.", "slug")]
    reasons = []
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH:
        reasons.append(
            Reason("length", f"Use between {MIN_LENGTH} and {MAX_LENGTH} letters and numbers.", "slug")
        )
    if not _FORM.fullmatch(slug):
        reasons.append(Reason("form", "Use letters, numbers, and single hyphens between words.", "slug"))
    shows = "This address stays in browsers and shows in chats"
    return reasons + discreet.refusals(slug.replace("-", " "), "slug", shows=shows)


def taken(slug: str) -> Reason:
    """The refusal of an address that is another circle's."""
    return Reason("taken", f"Another circle has the address {slug}. Please choose another one.", "slug")


def too_many() -> Reason:
    """The refusal of one address more than MAX_ADDRESSES."""
    return Reason(
        "too_many",
        f"This circle has had {MAX_ADDRESSES} addresses, and each still leads here. Choose one of those.",
        "slug",
    )


def frame_html(frame_url: str) -> str:
    """The HTML with which another site shows a circle's next dates."""
    return (
        f'<iframe src="{frame_url}" title="Next dates" width="100%" height="420" style="border: 0" '
        'loading="lazy" referrerpolicy="no-referrer"></iframe>'
    )
