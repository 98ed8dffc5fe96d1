"""Seats that are given and taken back: what is refused, what is asked once more, what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from circles.base.english import choose
from circles.base.errors import Reason
from circles.base.row import Row

# Seats that one person may give in a day; each sends a mail to an address that somebody typed.
MAX_GIVEN_A_DAY: Final = 30
MAX_MESSAGE: Final = 500
MAX_LEFT_NOTE: Final = 300

# What of a payment by card comes back, as the host chooses it. They never read how much that is.
REFUNDS: Final = ("all", "terms", "none")

OWN_SEAT: Final = Reason(
    "own",
    "This is your own seat, so no more than the terms say goes back from here. Organizers can send more back on the "
    "page of its payment.",
    "refund",
)


@dataclass(frozen=True, slots=True)
class Gift:
    """A seat that is given. key: of its cash. cash: minor units, 0: free. over: over the limit of newcomers."""

    key: UUID
    email: str
    name: str
    cash: int = 0
    over: bool = False


def give_refusals(gathering: Row, standing: Row, gift: Gift) -> list[Reason]:
    """Every reason why this seat cannot be given. gathering: locked; standing: of the address there."""
    reasons = when_refusals(gathering)
    if reasons:
        return reasons
    if standing["has_seat"]:
        text = "Somebody with this address has a seat at this gathering, or is paying for one."
        return [Reason("has_seat", text, "email")]
    # The seat that is offered to them is theirs to be given.
    if gathering["seats_taken"] - standing["is_offered"] >= gathering["capacity"]:
        text = "Every seat is taken. Take somebody off first, or change how many seats there are."
        return [Reason("full", text)]
    if standing["kept_apart"]:
        may_know = gathering["part"] != "stand_in"
        return [Reason("kept_apart", APART if may_know else APART_UNSAID, "email")]
    if _over_newcomers(gathering, standing) and not gift.over:
        return [_newcomers_reason(gathering["newcomers_most"])]
    return []


APART: Final = (
    "They are kept apart from somebody who has a seat here, so no seat can be given to them. "
    "Please speak with one of them first; the circle’s page says who is kept apart."
)
APART_UNSAID: Final = "No seat can be given to them here. Please ask a host of this circle."


def when_refusals(gathering: Row) -> list[Reason]:
    """Why no seat of a gathering can be given at all."""
    if gathering["state"] == "cancelled":
        return [Reason("cancelled", "This gathering was canceled.")]
    if gathering["state"] != "open" or gathering["circle_state"] != "published":
        return [Reason("not_published", "This gathering is not published, so nobody can come to it yet.")]
    if gathering["starts_at"] <= gathering["now"]:
        text = "The gathering has begun. Add somebody who is there in the room, or in its register."
        return [Reason("has_begun", text)]
    return []


def _over_newcomers(gathering: Row, standing: Row) -> bool:
    """Asked of every address alike, so that nobody learns whether theirs is a newcomer."""
    most = gathering["newcomers_most"]
    return most is not None and standing["newcomers"] >= most


def _newcomers_reason(most: int) -> Reason:
    limit = choose(most, "one newcomer", f"{most} newcomers")
    text = (
        f"This circle takes {limit} at once, and has them. Please tick that you give the seat all the same."
    )
    return Reason("newcomers", text, "over")


def take_off_refusals(state: str, starts_at: datetime, now: datetime) -> list[Reason]:
    """Why somebody cannot be taken off."""
    if state == "held":
        return [Reason("not_paid_yet", "This seat is not paid yet. It is let go by itself if nobody pays.")]
    if state != "confirmed":
        return [Reason("ended_already", "They do not have this seat any more.")]
    if starts_at <= now:
        return [Reason("has_begun", "The gathering has begun. Mark them absent or excused in the register.")]
    return []


def left_note_refusals(state: str) -> list[Reason]:
    """Why there is no note of why somebody left."""
    if state in ("cancelled", "lapsed"):
        return []
    return [Reason("still_there", "They have their seat. A note is for somebody who left.", "left_note")]
