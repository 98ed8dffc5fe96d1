"""What guidelines are: a version of a text, what may stand in it, and the texts a circle can start from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a text. It never changes; a correction is the next version."""

    id: UUID
    guidelines_id: UUID
    number: int
    body: str
    sha256: bytes
    published_at: datetime


_BODY = """\
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
- No touching without asking first and hearing a clear yes.

## Coming to the circle

- Come clear-headed: not under a medicine, alcohol or another drug. After a medicine session, wait until
  the next day at the least.
- Come on time. {late}
- Put your phone away. Nobody records, takes pictures or lets a machine take notes. {room}

## When it gets hard

Strong feelings are welcome. You may go out, come back, or ask for quiet. {distress}
A circle is not therapy, medical care or crisis help. If you are in danger, or thinking of ending your
life, call or text 988 in the United States, or your local emergency number. If you are in acute crisis,
a circle is not the right place today, and {host} will help you find one that is.

## If something is not right

{concern} You can also write to the organizers of this community. Whoever raises a concern will be
heard and will not be asked to leave for it. Somebody who breaks these guidelines may be asked to go.
"""

_ROOM = "If we meet online, come from a room where nobody can listen, with your camera on if you can."

_WRITTEN: dict[str, str] = {
    "facilitated": _BODY.format(
        shape="""\
## How we spend the time

The facilitator opens, says these guidelines aloud and keeps the time. We go around once to check in, then
take up a theme or what is alive in the room, and close together. The facilitator may stop a round that
hurts somebody.""",
        late="After ten minutes the door is closed, so that the circle can settle.",
        room=_ROOM,
        distress="The facilitator will stay with you, or ask somebody to, and talk with you afterwards\n"
        "about what would help.",
        host="the facilitator",
        concern="Tell the facilitator, in the circle or after it. If it is about the facilitator, say so to\n"
        "the other host if there is one.",
    ),
    "ceremony": _BODY.format(
        shape="""\
## How we spend the time

We open and close with a simple ritual, and there is music and silence between. The facilitator says
beforehand what will happen. You may take part in any of it or sit it out, and no belief is asked of you.
No medicine is given or taken, before or during the circle.""",
        late="Once the opening has begun nobody comes in, so that it stays whole.",
        room=_ROOM + "\n- Bring water, and something warm to wear.",
        distress="If music or silence is too much, raise a hand: somebody will sit with you or go out with\n"
        "you.",
        host="the facilitator",
        concern="Tell the facilitator or a helper, that day or later. Nobody who leads a ceremony is beyond\n"
        "question.",
    ),
    "peer": _BODY.format(
        shape="""\
## How we spend the time

Nobody here is in charge of anybody else’s process. One of us hosts: opens, reads these guidelines aloud,
keeps the time and closes. The host is a peer and shares like everyone. We go around once, each with the
same time, and then once more for whoever wants it.""",
        late="If you come late, come in quietly and wait for a pause.",
        room=_ROOM,
        distress="Say what you need: quiet, a break, or one person to stay with. We are peers, and we know\n"
        "when to call for more help than we can give.",
        host="the host",
        concern="Tell the host, or anybody in the circle you trust.",
    ),
}

# A line break inside a paragraph is ours, for reading the code; whoever goes on writing the text wants none.
_OUR_BREAKS = re.compile(r"(?<!\n)\n *(?=[^\s#-])")

STARTING_TEXTS: dict[str, str] = {name: _OUR_BREAKS.sub(" ", body).strip() for name, body in _WRITTEN.items()}
