"""The starting texts of guidelines: three formats, each online and in person, composed from shared parts."""

from __future__ import annotations

import re
from typing import Final

_BODY: Final = """\
## What stays here

What is said in the circle stays in the circle. You may tell others what *you* found. You may not tell
what somebody else said, or that they were here. If you meet somebody from the circle elsewhere, let them
be the one to speak of it.

## How we speak

- Speak from your own experience. Say “I”, not “one” or “you”.
- You may always pass, with no reason given.
- We listen without fixing. Nobody gives advice unless it was asked for.
- Leave room for others. One person speaks at a time.
- There is no better or worse experience. We do not compare or explain each other’s.

{shape}

## What does not belong here

- Nobody sells, sources, shares or doses any medicine here, and we do not talk about where to get it or
  how much to take. For that, ask your clinic.
- Nobody offers paid help of their own in the circle or after it.
- {touch}

## Coming to the circle

- Come clear-headed: not under a medicine, alcohol or another drug. After a medicine session, wait until
  the next day at the least.
- {road}
- Come on time. {late}
- {devices}
- {bring}

## When it gets hard

Strong feelings are welcome. {pause} {distress} {after}

A circle is not therapy, medical care or crisis help. If you are in danger, or thinking of ending your
life, call or text 988 in the United States, or your local emergency number. If you are in acute crisis,
a circle is not the right place today, and {host} will help you find one that is.

## If something is not right

{concern} You can also write to the organizers of this community. Whoever raises a concern will be
heard and will not be asked to leave for it. Somebody who breaks these guidelines may be asked to go.
"""

# The parts that depend on the place.
_PLACES: Final[dict[str, dict[str, str]]] = {
    "online": {
        "touch": "We meet on screens, so nobody is touched. If some of us ever meet in a room, nobody touches\n"
        "  anybody without asking first and hearing a clear yes.",
        "road": "Do not join while a medicine still acts, and never from behind the wheel of a car.",
        "devices": "Come from a room where nobody else can see or listen, with headphones if you share a home,\n"
        "  and with your camera on if you can. Nobody records, takes pictures of the screen or lets a machine take\n"
        "  notes. Close whatever else is open.",
        "pause": "You may turn off your camera, go away for a while, or ask for quiet.",
        "after": "If you are suddenly gone, we will write to you, so please tell {host} how to reach you.",
    },
    "in_person": {
        "touch": "No touching without asking first and hearing a clear yes. That goes for a hug at the door too.",
        "road": "Do not come, and above all do not drive, while a medicine still acts. The day of a medicine\n"
        "  session somebody else drives you, and the circle waits for another day.",
        "devices": "Switch your phone off, or leave it outside the circle. Nobody records, takes pictures or lets\n"
        "  a machine take notes.",
        "pause": "You may go out, come back, or ask for quiet.",
        "after": "Nobody sets out for home alone before they feel steady.",
    },
}

# The parts that depend on the format. A part that depends on both has the place in its name.
_FORMATS: Final[dict[str, dict[str, str]]] = {
    "facilitated": {
        "shape": """\
## How we spend the time

The facilitator opens, says these guidelines aloud and keeps the time. We go around once to check in, then
take up a theme or what is alive in the room, and close together. The facilitator may stop a round that
hurts somebody.""",
        "late": "After ten minutes the door is closed, so that the circle can settle.",
        "distress": "The facilitator will stay with you, or ask somebody to, and talk with you afterwards about\n"
        "what would help.",
        "host": "the facilitator",
        "concern": "Tell the facilitator, in the circle or after it. If it is about the facilitator, say so to\n"
        "the other host if there is one.",
        "bring_online": "Have water near you.",
        "bring_in_person": "Take what the room offers: water, a blanket, a chair by the door.",
    },
    "ceremony": {
        "shape": """\
## How we spend the time

We open and close with a simple ritual, and there is music and silence between. The facilitator says
beforehand what will happen. You may take part in any of it or sit it out, and no belief is asked of you.
No medicine is given or taken, before or during the circle.""",
        "late": "Once the opening has begun nobody comes in, so that it stays whole.",
        "distress": "If music or silence is too much, raise a hand: the facilitator will lower or stop it, and\n"
        "somebody will be with you.",
        "host": "the facilitator",
        "concern": "Tell the facilitator or a helper, that day or later. If it is about the facilitator, tell the\n"
        "helper. Nobody who leads a ceremony is beyond question.",
        "bring_online": "Have water near you, and something warm to wear.",
        "bring_in_person": "Bring water, and something warm to wear.",
    },
    "peer": {
        "shape": """\
## How we spend the time

Nobody here is in charge of anybody else’s process. One of us hosts: opens, reads these guidelines aloud,
keeps the time and closes. The host is a peer and shares like everyone. We go around once, each with the
same time, and then once more for whoever wants it.""",
        "late": "If you come late, come in quietly and wait for a pause.",
        "distress": "Say what you need: a break, or one person to stay with. The host will stop the round for\n"
        "you if need be. We are peers, and we know when to call for more help than we can give.",
        "host": "the host",
        "concern": "Tell the host, or anybody in the circle you trust. If it is about the host, the others will\n"
        "hear you out.",
        "bring_online": "Have water near you.",
        "bring_in_person": "Help to put the chairs out and away, if you can.",
    },
}

# Line breaks inside a paragraph are for the source code; in the form they would be in the way.
_OUR_BREAKS: Final = re.compile(r"(?<!\n)\n *(?=[^\s#-])")


def _compose(format_: str, place: str) -> str:
    parts = _PLACES[place] | _FORMATS[format_]
    parts["after"] = parts["after"].format(host=parts["host"])
    return _OUR_BREAKS.sub(" ", _BODY.format(bring=parts[f"bring_{place}"], **parts)).strip()


# By format and place, as gatherings names them.
STARTING_TEXTS: Final[dict[tuple[str, str], str]] = {
    (format_, place): _compose(format_, place) for format_ in _FORMATS for place in _PLACES
}


def starting_text(format_: str, place: str) -> str:
    """The starting text for a format and a place; that of a facilitated circle online for unknown ones."""
    return STARTING_TEXTS.get((format_, place), STARTING_TEXTS["facilitated", "online"])
