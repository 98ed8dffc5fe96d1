"""Walk-ins: what is typed of one, and when the host is asked once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles import people
from circles.base.english import choose
from circles.base.errors import Reason, Refused

# More than anybody brings to one room; a phone that sends more has gone wrong.
MAX_OF_GATHERING: Final = 60
# First names are forgotten after this; that somebody came stays in the register.
FORGOTTEN_AFTER: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody who came without a booking.

    key: made by the phone or the page, unique. name: a first name; person_id: somebody with an account instead.
    counts: whether they take a seat, if one is free, or a chair beyond the seats. over: whether the host was asked and
    wants them although all seats are taken. ago: how long before now they were added. cash: what they paid, as typed.
    """

    key: UUID
    name: str
    person_id: UUID | None = None
    counts: bool = False
    over: bool = False
    ago: timedelta = timedelta(0)
    cash: str = ""


def parse_name(typed: str) -> str:
    """A first name, as a host writes it down. Raises Refused."""
    return people.parse_name(typed, "walk_in")


def over_capacity(capacity: int, in_room: int) -> bool:
    """Whether one more is more than the room was planned for. in_room: seats taken, and walk-ins beyond them."""
    return in_room >= capacity


def full_reason(capacity: int) -> Reason:
    """The question before somebody is added to a full room."""
    seats = choose(capacity, "The one seat is taken.", f"All {capacity} seats are taken.")
    return Reason("over_capacity", f"{seats} Tick that they join all the same, or leave it.", "over")


def too_many() -> Refused:
    """The refusal of one more than MAX_OF_GATHERING."""
    text = f"{MAX_OF_GATHERING} people were added to this gathering already. Please check the list."
    return Refused(Reason("many_walk_ins", text, "walk_in"))
