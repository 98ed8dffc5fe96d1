"""What a host may write, to whom and when: pure decisions, and texts to begin with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from circles.base import reading, text
from circles.base.errors import Reason, Refused
from circles.base.row import Row

MAX_CHARACTERS: Final = 5_000
# Word about one's own booking is welcome; a newsletter is not.
MAX_TO_ALL: Final = 4
MAX_TO_ONE: Final = 24
# A thank you has its time. After that the booking is no reason to write any more.
WRITE_UNTIL: Final = timedelta(days=14)

# What a text to begin with leaves to be filled in, in square brackets; [words](address) is a link.
_GAP: Final = re.compile(r"\[[^\[\]\n]{1,80}\](?!\()")

# Texts to begin with: key: (what its button says, the text).
STARTS: Final[dict[str, tuple[str, str]]] = {
    "bring": (
        "What to bring",
        """A few things make the time together easier:

- something warm to sit in, and water
- a notebook, if you like to write
- anything that helps you feel at home, such as a blanket or a stone from a walk

Please eat lightly beforehand and come clear-headed. Nothing else is needed.""",
    ),
    "park": (
        "Where to park",
        """Here is how to find us:

- **By car:** you can park [where, and until when]. Please leave the spaces by the door to those who need them.
- **By bus or train:** the nearest stop is [stop], about [how many] minutes on foot.
- **At the door:** [which bell, which floor, whether there is a step or a lift].

We open the door 15 minutes before we begin. If you run late, ring the bell; somebody will let you in.""",
    ),
    "tech": (
        "Tech help",
        """We meet online, so here is how to join without hurry:

- The way in shows in “My gatherings” on this site, shortly before we begin. Please keep the link to yourself.
- Choose a room with a door, and headphones if others are near.
- Try your sound and picture five minutes early. A phone works as well as a computer.
- If you drop out, come in again by the same link. Nobody needs an apology.""",
    ),
    "thanks": (
        "Thank you",
        """Thank you for coming, and for the way you listened to one another.

What was said stays with us. What you noticed about yourself is yours to take along: one small thing you can do
this week is worth more than ten you plan.

If something still moves in you, write it down, go for a walk, or tell somebody you trust.""",
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wants to send: to one booking or (None) to everybody, and where answers go (empty: nowhere)."""

    booking_id: UUID | None
    body: str
    reply_to: str


def read(values: Mapping[str, str], address: Callable[[str, str], str]) -> Words:
    """Read the form. address: reads a mail address. Raises Refused with every reason at once."""
    reasons: list[Reason] = []
    booking_id, body, reply_to = None, "", ""
    try:
        booking_id = _booking(values.get("to", ""))
    except Refused as refused:
        reasons.extend(refused.reasons)
    try:
        body = text.body(values.get("body", ""), "body", max_length=MAX_CHARACTERS)
    except Refused as refused:
        reasons.extend(refused.reasons)
    try:
        reply_to = address(values["reply_to"], "reply_to") if values.get("reply_to", "").strip() else ""
    except Refused as refused:
        reasons.extend(refused.reasons)
    if reasons:
        raise Refused(reasons)
    return Words(booking_id, body, reply_to)


def _booking(typed: str) -> UUID | None:
    if typed in ("", "all"):
        return None
    booking_id = reading.uuid_or_none(typed)
    if booking_id is None:
        raise Refused(not_booked())
    return booking_id


def not_booked() -> Reason:
    """The reason given for a seat that nobody has any more."""
    return Reason("not_booked", "This person has no seat here any more. Please choose again.", "to")


def begin_with(typed: str, key: str) -> str:
    """A starting text, under whatever was typed already: nothing of that is lost."""
    start = STARTS[key][1] if key in STARTS else ""
    return "\n\n".join(part for part in (typed.rstrip(), start) if part.strip())


def gaps(body: str) -> list[str]:
    """The places in square brackets that nobody has filled in yet, each once."""
    return list(dict.fromkeys(_GAP.findall(body)))


def closed(gathering: Row) -> list[Reason]:
    """Every reason why nobody can be written to about this gathering now."""
    if gathering["state"] == "draft":
        return [Reason("draft", "This gathering is not published, so nobody is booked yet.")]
    if gathering["state"] == "cancelled":
        return [
            Reason(
                "cancelled", "This gathering was cancelled. Everybody booked was told then, with your words."
            )
        ]
    if too_late(gathering["ends_at"], gathering["now"]):
        return [
            Reason(
                "too_late",
                f"This gathering was more than {WRITE_UNTIL.days} days ago, too long to write about it still.",
            )
        ]
    if not gathering["booked"]:
        return [Reason("nobody", "Nobody is booked yet. You can write once somebody has a seat.")]
    return []


def too_late(ends_at: datetime, now: datetime) -> bool:
    """Whether a gathering was too long ago to write about it."""
    return now > ends_at + WRITE_UNTIL


def too_many(to_one: bool, today: Row) -> list[Reason]:
    """Why not one more today. today: messages of the last 24 hours, `to_all` and `to_one`."""
    if to_one and today["to_one"] >= MAX_TO_ONE:
        return [
            Reason(
                "too_many",
                f"{MAX_TO_ONE} messages went to single people about this gathering since yesterday. "
                "Please wait until tomorrow.",
            )
        ]
    if not to_one and today["to_all"] >= MAX_TO_ALL:
        return [
            Reason(
                "too_many",
                f"{MAX_TO_ALL} messages went to everybody about this gathering since yesterday. "
                "Please keep the rest for tomorrow.",
            )
        ]
    return []


def people_words(count: int) -> str:
    """How many people: 1 person, 7 people."""
    return f"{count} person" if count == 1 else f"{count} people"
