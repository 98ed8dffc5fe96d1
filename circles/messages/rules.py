"""Messages of hosts to members: their form, when they may be sent, starting texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from circles.base import clock, reading
from circles.base.english import join_names, plural
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.base.row import Row
from circles.messages import audience_rules

MAX_CHARACTERS: Final = 5_000
# In 24 hours, about one gathering: members expect news about their booking, not a newsletter.
MAX_TO_ALL: Final = 4
MAX_TO_ONE: Final = 24
# How long after a gathering members may still be written to: enough for thanks.
WRITE_UNTIL: Final = timedelta(days=14)

# A placeholder of a starting text, in square brackets; [text](address) is a link.
_PLACEHOLDER: Final = re.compile(r"\[[^\[\]\n]{1,80}\](?!\()")

# The starting texts by key: the label of the button, the text.
STARTING_TEXTS: Final[dict[str, tuple[str, str]]] = {
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

- The join link shows in “My gatherings” on this site, shortly before we begin. Please keep the link to yourself.
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
class Draft:
    """The content of a message, and to whom it goes.

    booking_id: of one person booked at its gathering; None: everybody of the audience. reply_to: where answers go,
    or "". chosen: people of an audience of chosen people. is_short: the mail leaves the text out. moment: when it
    goes by itself; None: when its writer sends it.
    """

    booking_id: UUID | None
    body: str
    reply_to: str
    audience: str = "gathering"
    chosen: frozenset[UUID] = frozenset()
    is_short: bool = False
    moment: clock.Moment | None = None


def undelivered_texts(message: Row) -> list[str]:
    """What hosts read of those whom the mails of a message did not reach, or not yet."""
    texts = []
    if message["failed"]:
        texts.append(
            f"{join_names(message['failed'])} may not have had this mail. Please tell them another way."
        )
    if message["waits"]:
        texts.append(f"The mail to {join_names(message['waits'])} has not left yet. We keep trying.")
    return texts


def undelivered_summary(message: Row) -> str:
    """The same in a few words, for a list; empty when it reached everybody."""
    count = len(message["failed"]) + len(message["waits"])
    return f"{plural(count, 'person', 'people')} may not have had it" if count else ""


def recipient_label(booked: Row, name: str) -> str:
    """One person in the list of recipients."""
    return f"Only {name}" + (", may not have had our mail" if booked["unreached"] else "")


def unreached_text(names: Sequence[str]) -> str:
    """What hosts read before they write to people whom mail does not reach at present."""
    if not names:
        return ""
    return f"{join_names(names)} may not have had our mail of late, so this may not reach them either."


def read(
    values: Mapping[str, str],
    parse_address: Callable[[str, str], str],
    timing: audience_rules.Timing | None = None,
    audiences: Mapping[str, str] | None = None,
) -> Draft:
    """Read the form. Raises Refused with every reason at once.

    timing: how a set time is read; None: there is none. audiences: those of a circle; None: the form is of a gathering.
    """
    reader = Reader(values)
    booking_id, audience, chosen = None, "gathering", frozenset[UUID]()
    if audiences is None:
        if reader.value("to") == "waiting":
            audience = "waiting"
        else:
            booking_id = reader.take(lambda: _read_recipient(reader.value("to")))
    else:
        audience, chosen = audience_rules.read_audience(reader, audiences)
    body = reader.body("body", max_length=MAX_CHARACTERS)
    answers = reader.value("reply_to")
    reply_to = reader.take(lambda: parse_address(answers, "reply_to"), "") if answers.strip() else ""
    moment = reader.take(lambda: audience_rules.read_moment(reader.values, timing)) if timing else None
    reader.raise_refusals()
    return Draft(booking_id, body, reply_to, audience, chosen, reader.value("short") == "on", moment)


def _read_recipient(typed: str) -> UUID | None:
    if typed in ("", "all"):
        return None
    booking_id = reading.uuid_or_none(typed)
    if booking_id is None:
        raise Refused(not_booked())
    return booking_id


def not_booked() -> Reason:
    """The refusal for a seat that nobody has any more."""
    return Reason("not_booked", "This person has no seat here any more. Please choose again.", "to")


def add_starting_text(typed: str, key: str) -> str:
    """The typed text with a starting text below it."""
    starting_text = STARTING_TEXTS[key][1] if key in STARTING_TEXTS else ""
    return "\n\n".join(part for part in (typed.rstrip(), starting_text) if part.strip())


def placeholders(body: str) -> list[str]:
    """The placeholders that are not filled in yet, each once."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(body)))


def writing_refusals(gathering: Row) -> list[Reason]:
    """Every reason why no message can be written about this gathering now."""
    if gathering["state"] == "draft":
        return [Reason("draft", "This gathering is not published, so nobody is booked yet.")]
    if gathering["state"] == "cancelled":
        return [
            Reason(
                "cancelled", "This gathering was canceled. Everybody booked was told then, with your words."
            )
        ]
    if _is_too_late(gathering["ends_at"], gathering["now"]):
        return [
            Reason(
                "too_late",
                f"This gathering was more than {WRITE_UNTIL.days} days ago, too long to write about it still.",
            )
        ]
    if not gathering["booked"] and not gathering["waiting"]:
        return [Reason("nobody", "Nobody is booked yet. You can write once somebody has a seat.")]
    return []


def _is_too_late(ends_at: datetime, now: datetime) -> bool:
    return now > ends_at + WRITE_UNTIL


def limit_refusals(to_one: bool, today: Row) -> list[Reason]:
    """Every reason why not one more can be sent. today: counts of the last 24 hours, `to_all` and `to_one`."""
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


def fingerprint(message: Row, recipients: Sequence[Row]) -> str:
    """What the preview shows: the text, where answers go, and who gets it. When it differs, it is shown again."""
    lines = [message["body"], message["reply_to"], *sorted(str(row["id"]) for row in recipients)]
    lines += ["short"] if message["is_short"] else []
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def out_of_date() -> Reason:
    """The reason when what would be sent, or to whom, is not what was shown."""
    text = "The text or those booked changed since you looked. Please look once more, then send it."
    return Reason("out_of_date", text)
