"""Opening a room: the checks a circle requires of its host, and when it can be opened and shut."""

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
class Checks:
    """The checks a circle requires before its room opens: a co-facilitator is there, the crisis card was read."""

    co: bool = True
    card: bool = True


def read_answers(values: Mapping[str, str], required: Checks) -> dict[str, Any]:
    """The host's answers as JSON to store. Raises Refused with every check that is missing."""
    reasons: list[Reason] = []
    co = values.get("co", "") if required.co else ""
    if required.co and co not in (HERE, ALONE):
        reasons.append(Reason("co_not_said", "Please say whether your co-facilitator is here.", "co"))
    why = _why(values, reasons) if co == ALONE else ""
    if required.card and values.get("card") != "on":
        message = "Please read the crisis card before people come in, and tick that you did."
        reasons.append(Reason("card_not_read", message, "card"))
    if reasons:
        raise Refused(reasons)
    return {"co": co or "not asked", "why": why, "card": required.card}


def _why(values: Mapping[str, str], reasons: list[Reason]) -> str:
    typed = values.get("why", "")
    if not typed.strip():
        reasons.append(Reason("no_why", "Please write why you go ahead alone this time.", "why"))
        return ""
    try:
        return text.line(typed, "why", max_length=MAX_WHY)
    except Refused as refused:
        reasons.extend(refused.reasons)
        return ""


def opening_refusals(state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> list[Reason]:
    """Every reason why this room cannot be opened now."""
    if state == "cancelled":
        return [Reason("cancelled", "This gathering was canceled, so there is no room to open.")]
    if state != "open":
        return [Reason("not_published", "Publish this gathering first: nobody is booked yet.")]
    if now >= ends_at:
        return [Reason("over", "This gathering is over.")]
    if now < starts_at - ROOM_OPENS_BEFORE:
        return [Reason("too_early", "The room can be opened from an hour before the start.")]
    return []


def shutting_refusals(ends_at: datetime, now: datetime) -> list[Reason]:
    """Every reason why this room cannot be shut now."""
    return [Reason("over", "This gathering is over, so its room is shut already.")] if now >= ends_at else []
