"""The room on a host's phone: who is expected, the taps it sends, and the steps of its timer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from circles.attendance.register.rules import Seat
from circles.base import text
from circles.base.errors import Reason, Refused
from circles.base.row import Row

Mark = Literal["", "came", "absent", "excused"]

# A phone may have been without a network for so long; what it kept before is too old to be told apart.
OLDEST_TAP = timedelta(days=30)
MAX_TAPS = 500
# A tab may keep who is expected, for when its phone has no network, from so long before the start and until
# so long after the end.
KEPT_BEFORE = timedelta(hours=12)
KEPT_AFTER = timedelta(hours=3)
MAX_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Guest(Seat):
    """Somebody who is expected: their seat, and how many notes there are about them."""

    notes: int = 0

    @classmethod
    def of(cls, row: Row) -> Guest:
        """A guest from a row of those expected."""
        names = ("id", "seat", "name", "pronouns", "first_time", "mark", "access_needs", "notes")
        return cls(*(row[name] for name in names))


class Tap(BaseModel):
    """One tap on the register. key: given by the phone, once; ago: milliseconds before it was sent.

    How long ago, not when: the clock of a phone may be wrong, and its own differences are not.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    key: UUID
    booking: UUID
    mark: Mark
    ago: Annotated[int, Field(ge=0, le=OLDEST_TAP // timedelta(milliseconds=1))]


class _Taps(BaseModel):
    taps: Annotated[list[Tap], Field(max_length=MAX_TAPS)] = []


def read_taps(sent: bytes) -> list[Tap]:
    """The taps a phone sends, oldest first. Raises Refused for what is none."""
    try:
        found = _Taps.model_validate_json(sent).taps
    except ValidationError:
        raise Refused(Reason("taps_unreadable", "These marks could not be read.")) from None
    return sorted(found, key=lambda tap: -tap.ago)


def kept_for(state: str, starts_at: datetime, ends_at: datetime, now: datetime, *, closed: bool) -> timedelta:
    """How long from now a tab may keep the room's page, with the names; no time at all when it may not."""
    if state != "open" or closed or now < starts_at - KEPT_BEFORE:
        return timedelta(0)
    return max(ends_at + KEPT_AFTER - now, timedelta(0))


def unmarked(seats: Iterable[Seat]) -> list[Seat]:
    """Whoever the register says nothing of yet."""
    return [seat for seat in seats if not seat.mark]


def closing_problems(state: str, begun: bool, gaps: int) -> list[Reason]:
    """Why a register cannot be closed now. gaps: how many people are not marked."""
    if state != "open":
        return [Reason("no_register", "This gathering has no register to close.")]
    if not begun:
        return [Reason("too_early", "The register can be closed once the gathering has begun.")]
    if gaps:
        people = "One person is" if gaps == 1 else f"{gaps} people are"
        return [Reason("gaps", f"{people} not marked yet. Please say of each whether they came.")]
    return []


def read_note(values: dict[str, str], members: Iterable[UUID]) -> dict[str, Any]:
    """A hand-over note: about whom of those booked, and its words. Raises Refused with every reason."""
    reasons: list[Reason] = []
    about = next((each for each in members if str(each) == values.get("about")), None)
    if about is None:
        reasons.append(Reason("about_nobody", "Please choose who the note is about.", "about"))
    try:
        body = text.body(values.get("body", ""), "body", most=MAX_NOTE)
    except Refused as refused:
        reasons.extend(refused.reasons)
        body = ""
    if reasons:
        raise Refused(reasons)
    return {"about": about, "body": body}
