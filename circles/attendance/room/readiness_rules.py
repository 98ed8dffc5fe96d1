"""Before a room opens: what is asked of its host, and from when on it can be opened. Pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from circles.base import text
from circles.base.errors import Reason, Refused
from circles.gatherings import ROOM_OPENS_BEFORE

MAX_WHY = 300

HERE, ALONE = "here", "alone"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a circle asks before its room opens: a second person who helps to hold it, a look at the crisis card."""

    co: bool = True
    card: bool = True


def read_checks(values: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    """What the host answered, as it is kept. Raises Refused with everything that is still missing."""
    reasons: list[Reason] = []
    co = values.get("co", "") if asked.co else ""
    if asked.co and co not in (HERE, ALONE):
        reasons.append(Reason("co_not_said", "Please say whether your co-facilitator is here.", "co"))
    why = _why(values, reasons) if co == ALONE else ""
    if asked.card and values.get("card") != "on":
        says = "Please read the crisis card before people come in, and tick that you did."
        reasons.append(Reason("card_not_read", says, "card"))
    if reasons:
        raise Refused(reasons)
    return {"co": co or "not asked", "why": why, "card": asked.card}


def _why(values: Mapping[str, str], reasons: list[Reason]) -> str:
    typed = values.get("why", "")
    if not typed.strip():
        reasons.append(Reason("no_why", "Please write why you go ahead alone this time.", "why"))
        return ""
    try:
        return text.line(typed, "why", most=MAX_WHY)
    except Refused as refused:
        reasons.extend(refused.reasons)
        return ""


def opening_problems(state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> list[Reason]:
    """Why this room cannot be opened now."""
    if state == "cancelled":
        return [Reason("cancelled", "This gathering was cancelled, so there is no room to open.")]
    if state != "open":
        return [Reason("not_published", "Publish this gathering first: nobody is booked yet.")]
    if now >= ends_at:
        return [Reason("over", "This gathering is over.")]
    if now < starts_at - ROOM_OPENS_BEFORE:
        return [Reason("too_early", "The room can be opened from an hour before the start.")]
    return []


def shutting_problems(ends_at: datetime, now: datetime) -> list[Reason]:
    """Why this room cannot be shut now."""
    return [Reason("over", "This gathering is over, so its room is shut already.")] if now >= ends_at else []
